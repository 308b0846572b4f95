"""The light curve that an LSST packet brings with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.lightcurve import IN_PACKET, NO_ID, OWN, Flat, exposure_key, packet_history
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
_PARTS = (
    _Part("diaSource", DETECTION, {"id": "diaSourceId", **_MEASURED}, OWN),
    _Part("prvDiaSources", DETECTION, {"id": "diaSourceId", **_MEASURED}),
    _Part("prvDiaForcedSources", FORCED, {"id": "diaForcedSourceId", **_MEASURED}),
    _Part("prvDiaNondetectionLimits", LIMIT, {"flux_err": "diaNoise"}),
)


def light_curves(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    """The `lc_*` columns, `lc_n_future` and `withdrawn_*` of a batch.

    Points are the diaSource and `prvDiaSources` (detections), `prvDiaForcedSources` (forced) and, up to version 7.4,
    `prvDiaNondetectionLimits` (limits, whose `diaNoise` is taken as the one-sigma noise in nJy). A point is known by
    the survey's own id; several of one exposure and band are several points. Withdrawn points have a
    `timeWithdrawnMjdTai` (9.0 and later).
    """
    alert_mjd = floats(decoded.column("diaSource.midpointMjdTai"))
    return packet_history(_points(decoded), alert_mjd)


def band_codes(bands: pa.Array) -> pa.DictionaryArray:
    """Band names as a dictionary column, unknown ones kept, what cannot be a band's name null."""
    coded = bands.dictionary_encode()
    names = coded.dictionary.to_pylist()
    kept = [name for name in names if name is not None and _BAND.fullmatch(name)]
    place = {name: i for i, name in enumerate(kept)}
    table = np.array([place.get(name, -1) for name in names] + [-1], dtype=np.int32)
    codes = table[coded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)]
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(kept, pa.string()))


def floats(array: pa.Array) -> Floats:
    """Values as float64, NaN where null."""
    values: Floats = array.to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def _points(decoded: pa.RecordBatch) -> Flat:
    """The points of all packets, one part after the other."""
    parts = [_columns(decoded, part) for part in _PARTS]
    sizes = [len(part["row"]) for part in parts]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name != "band"}
    band = band_codes(pa.concat_arrays([part["band"] for part in parts]))
    names = tuple(band.dictionary.to_pylist())
    codes = band.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    ids = joined.pop("id")
    return Flat(
        **joined,
        band=codes,
        kind=np.repeat([part.kind for part in _PARTS], sizes).astype(np.int64),
        source_id=ids,
        key=np.where(ids == NO_ID, _exposures(joined["mjd"], codes, names), ids),
        public=np.ones(len(ids), dtype=bool),
        rank=np.repeat([part.rank for part in _PARTS], sizes).astype(np.int64),
        bands=names,
    )


def _columns(decoded: pa.RecordBatch, part: _Part) -> dict[str, pa.Array]:
    """The values of one part: numpy arrays, but for the bands."""
    found = {name: decoded.column(f"{part.path}.{each}") for name, each in (part.fields | part.always).items()}
    if part.rank == OWN:
        row = np.arange(decoded.num_rows)
    else:
        row = pc.list_parent_indices(found["mjd"]).to_numpy(zero_copy_only=False).astype(np.int64)
        found = {name: array.flatten() for name, array in found.items()}
    size = len(row)
    return {
        "row": row,
        "band": found["band"],
        "mjd": floats(found["mjd"]),
        "flux": floats(found["flux"]) if "flux" in found else np.full(size, np.nan),
        "flux_err": floats(found["flux_err"]),
        "withdrawn": np.isfinite(floats(found["withdrawn"])) if "withdrawn" in found else np.zeros(size, dtype=bool),
        "id": _ids(found["id"]) if "id" in found else np.full(size, NO_ID, dtype=np.int64),
    }


def _ids(array: pa.Array) -> Ints:
    values: Ints = array.fill_null(int(NO_ID)).to_numpy(zero_copy_only=False)
    return values


def _exposures(mjd: Floats, codes: Ints, names: tuple[str, ...]) -> Ints:
    """Keys of points without an id: one exposure in one band sees a place once."""
    letter = np.array([ord(name[0]) for name in names] + [0], dtype=np.int64)
    usable = np.abs(mjd) < 1e5  # beyond it, and for NaN, no date fits in the key; such points are not taken anyway
    return exposure_key(np.where(usable, mjd, 0.0), letter[codes], np.zeros(len(mjd), dtype=np.int64))
