"""The light curve that an LSST packet brings with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.as_sent import reals
from linnet.core.lightcurve import IN_PACKET, NO_ID, OWN, Flat, exposure_key, packet_history
from linnet.core.lists import letters_of, row_of
from linnet.core.vocabulary import DETECTION, FORCED, LIMIT

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BAND = re.compile(r"[A-Za-z0-9_+-]{1,12}")


@dataclass(frozen=True)
class _Part:
    """One kind of points and the fields of the packet that hold them, by the name of what they are."""

    path: str
    kind: int
    fields: dict[str, str]
    rank: int = IN_PACKET
    always: dict[str, str] = field(default_factory=lambda: {"mjd": "midpointMjdTai", "band": "band"})


_MEASURED = {"flux": "psfFlux", "flux_err": "psfFluxErr", "withdrawn": "timeWithdrawnMjdTai"}
_PLACE = {"ra": "ra", "dec": "dec"}
_PARTS = (
    _Part("diaSource", DETECTION, {"id": "diaSourceId", **_MEASURED, **_PLACE}, OWN),
    _Part("prvDiaSources", DETECTION, {"id": "diaSourceId", **_MEASURED, **_PLACE}),
    _Part("prvDiaForcedSources", FORCED, {"id": "diaForcedSourceId", **_MEASURED}),
    _Part("prvDiaNondetectionLimits", LIMIT, {"flux_err": "diaNoise"}),
)


def light_curves(sent: Mapping[str, pa.Array], rows: int) -> dict[str, pa.Array]:
    """The `lc_*` columns, `lc_n_future` and `withdrawn_*` of a batch.

    Points are the diaSource and `prvDiaSources` (detections), `prvDiaForcedSources` (forced) and, up to version 7.4,
    `prvDiaNondetectionLimits` (limits, whose `diaNoise` is taken as the one-sigma noise in nJy). A point is known by
    the survey's own id; several of one exposure and band are several points. Withdrawn points have a
    `timeWithdrawnMjdTai` (9.0 and later).

    Args:
        sent: columns by the packet's fields.
        rows: number of alerts.
    """
    points, places = _points(sent, rows)
    return packet_history(points, reals(sent["diaSource.midpointMjdTai"]), places)


def band_codes(bands: pa.Array) -> pa.DictionaryArray:
    """Band names as a dictionary column, unknown ones kept, what cannot be a band's name null."""
    codes, names = _coded([bands])
    coded = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(coded, pa.array(names, pa.string()))


def _coded(parts: Sequence[pa.Array]) -> tuple[Ints, tuple[str, ...]]:
    """The bands of all parts, one behind the other, as (index into names, -1 where null; names)."""
    letters = [each for part in parts if (each := letters_of(part)) is not None]
    if len(letters) == len(parts):
        joined: npt.NDArray[np.uint8] = np.concatenate(letters)
        used = np.bincount(joined, minlength=256) > 0
        numbers = [number for number in np.flatnonzero(used).tolist() if _BAND.fullmatch(chr(number))]
        table = np.full(256, -1, dtype=np.int64)
        table[numbers] = np.arange(len(numbers))
        return table[joined], tuple(map(chr, numbers))
    coded = pa.concat_arrays(parts).dictionary_encode()
    names = coded.dictionary.to_pylist()
    kept = tuple(name for name in names if name is not None and _BAND.fullmatch(name))
    place = {name: i for i, name in enumerate(kept)}
    table = np.array([place.get(name, -1) for name in names] + [-1], dtype=np.int64)
    return table[coded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)], kept


def _points(sent: Mapping[str, pa.Array], rows: int) -> tuple[Flat, tuple[Floats, Floats]]:
    """The points of all packets, one part after the other, and where each was measured (NaN: not)."""
    parts = [_columns(sent, part, rows) for part in _PARTS]
    sizes = [len(part["row"]) for part in parts]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name != "band"}
    codes, names = _coded([part["band"] for part in parts])
    ids, places = joined.pop("id"), (joined.pop("ra"), joined.pop("dec"))
    points = Flat(
        **joined,
        band=codes,
        kind=np.repeat([part.kind for part in _PARTS], sizes).astype(np.int64),
        source_id=ids,
        key=_keys(ids, joined["mjd"], codes, names),
        public=np.ones(len(ids), dtype=bool),
        rank=np.repeat([part.rank for part in _PARTS], sizes).astype(np.int64),
        bands=names,
    )
    return points, places


def _columns(sent: Mapping[str, pa.Array], part: _Part, rows: int) -> dict[str, Any]:
    """The values of one part: numpy arrays, but for the bands."""
    found = {name: sent[f"{part.path}.{each}"] for name, each in (part.fields | part.always).items()}
    if part.rank == OWN:
        row = np.arange(rows)
    else:
        row = row_of(found["mjd"])
        found = {name: array.flatten() for name, array in found.items()}
    size = len(row)
    measured = {n: reals(found[n]) if n in found else np.full(size, np.nan) for n in ("flux", "ra", "dec")}
    return {
        **measured,
        "row": row,
        "band": found["band"],
        "mjd": reals(found["mjd"]),
        "flux_err": reals(found["flux_err"]),
        "withdrawn": _withdrawn(found.get("withdrawn"), size),
        "id": _ids(found["id"]) if "id" in found else np.full(size, NO_ID, dtype=np.int64),
    }


def _withdrawn(times: pa.Array | None, size: int) -> npt.NDArray[np.bool_]:
    if times is None or times.null_count == size:
        return np.zeros(size, dtype=bool)
    return np.isfinite(reals(times))


def _ids(array: pa.Array) -> Ints:
    filled = array.fill_null(int(NO_ID)) if array.null_count else array
    values: Ints = filled.to_numpy(zero_copy_only=False)
    return values


def _keys(ids: Ints, mjd: Floats, codes: Ints, names: tuple[str, ...]) -> Ints:
    """Identities: the survey's ids; without one, an exposure in one band sees a place once."""
    none = ids == NO_ID
    if not none.any():
        return ids
    letter = np.array([ord(name[0]) for name in names] + [0], dtype=np.int64)
    when = mjd[none]
    usable = np.abs(when) < 1e5  # beyond it, and for NaN, no date fits in the key; such points are not taken anyway
    keys = ids.copy()
    keys[none] = exposure_key(np.where(usable, when, 0.0), letter[codes[none]], np.zeros(len(when), dtype=np.int64))
    return keys
