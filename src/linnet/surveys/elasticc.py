"""ELAsTiCC v0.9: the simulated LSST alerts of the DESC challenge of that name, at the door of all surveys.

Light curves by SNANA (Kessler et al. 2009, PASP 121, 1028), much as in PLAsTiCC (Kessler et al. 2019, PASP 131,
094501), sent as alerts in 2022 and 2023. Two schemas go by this version. Drafts have fluxes at SNANA's zero point of
27.5, and 0 and 111111 where nothing was filled in; what was sent from August 2022 on (its hosts have a `hostgal_zspec`)
has nanojansky, zero point 31.4. There are no images, and no packet says what was simulated; rewritten ones bring it
beside the packet's own fields (`elasticc_true_*`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core import magnitudes, sky, times
from linnet.core.as_sent import as_sent, integers, reals, without
from linnet.core.column import Column, schema_of
from linnet.core.decoding import Schema, Wanted
from linnet.core.lightcurve import IN_PACKET, OWN, Flat, packet_history
from linnet.core.lists import Floats, Ints, missing_in, numbers, row_of
from linnet.core.survey import Stamp
from linnet.core.vocabulary import DETECTION, FORCED, PACKET

DRAFT_ZERO = 27.5  # zero point of the drafts' fluxes, SNANA's FLUXCAL
NIGHT_TURNS_AT = 12.0  # hours UTC at which the observing day of the Rubin Observatory begins
NO_VISIT = (111111, -1)  # `ccdVisitId` of drafts, and of packets that another broker rewrote
SENTINELS = (-9.0, 999.0, -999.0, -9999.0)  # what hosts and truth have in place of a number

_BANDS = "ugrizY"
_HOST = [
    *("ellipticity", "sqradius", "ra", "dec", "snsep", "z", "z_err", "zspec", "zspec_err", "zphot", "zphot_err"),
    *(f"zphot_{n}" for n in ("p50", "q99", *(f"q{n}" for n in range(10, 100, 10)))),
    *(f"zphot_q{n:03}" for n in range(0, 110, 10)),
    *(f"{what}_{band}" for what in ("mag", "magerr") for band in _BANDS),
]
_DUST = ["mwebv", "mwebv_err", "z_final", "z_final_err"]
_OBJECT = [*_DUST, *(f"hostgal{n}_{what}" for n in ("", "2") for what in _HOST)]
_UNFILLED = {*_DUST, *(f"hostgal{n}_{what}" for n in ("", "2") for what in _HOST[:4])}  # 0 in drafts: unset
_COUNTS = ["SNID", "GENTYPE", "SIM_TEMPLATE_INDEX", "NOBS", "NOBS_SATURATE", "GALID"]
_TRUTH = [
    *("ZCMB", "ZHELIO", "MWEBV", "RV", "AV", "MU", "LENSDMU", "GALSNSEP", "SNRMAX"),
    *("PEAKMJD", "MJD_DETECT_FIRST", "MJD_DETECT_LAST"),
    *(f"PEAKMAG_{band}" for band in _BANDS),
]
_POINT = {"midPointTai": pa.float64(), "filterName": pa.string(), "psFlux": pa.float32(), "psFluxErr": pa.float32()}
_SOURCE = {
    **dict.fromkeys(("diaSourceId", "ccdVisitId", "diaObjectId", "parentDiaSourceId"), pa.int64()),
    **_POINT,
    **dict.fromkeys(("ra", "decl"), pa.float64()),
    **dict.fromkeys(("snr", "nobs"), pa.float32()),
}
_PARTS = (
    ("diaSource", DETECTION, "diaSourceId"),
    ("prvDiaSources", DETECTION, "diaSourceId"),
    ("prvDiaForcedSources", FORCED, "diaForcedSourceId"),
)
_SAME = {"alert_id": "diaSourceId", "visit": "ccdVisitId", "mjd": "midPointTai", "ra": "ra", "dec": "decl"}
_ID, _BAND = re.compile(r"[1-9][0-9]{0,18}"), re.compile(r"[A-Za-z0-9_+-]{1,12}")


def _own() -> Iterator[tuple[str, str, Column]]:
    """Path in the packet, name and declaration of every column of its own."""
    for field, kind in _SOURCE.items():
        null = "; null where 111111 or -1" if field == "ccdVisitId" else ""
        yield f"diaSource.{field}", f"elasticc_{field}", Column(kind, f"{field} of diaSource, as sent{null}.")
    for field in _OBJECT:
        null = f"null where -9, -999, -9999, 999{' or 0' if field in _UNFILLED else ''}"
        column = Column(pa.float32(), f"{field} of diaObject, as sent; {null}.")
        yield f"diaObject.{field}", f"elasticc_object_{field}", column
    for field in (*_COUNTS, *_TRUTH):
        sentence = f"Truth that a rewritten packet brings: {field} of SNANA; null where there is none."
        yield field, f"elasticc_true_{field}", Column(pa.int64() if field in _COUNTS else pa.float64(), sentence)


_COLUMNS = {name: column for _, name, column in _own()}
_PATHS = {path: column.type for path, _, column in _own()}
_LISTS = {path: {identity: pa.int64(), **_POINT} for path, _, identity in _PARTS[1:]}
_KNOWN = "alertId RA DEC cutoutDifference cutoutTemplate prvDiaNondetectionLimits diaObject.diaObjectId"
_WANTED = Wanted(
    scalars=_PATHS,
    lists=_LISTS,
    known=frozenset([*_KNOWN.split(), *(f"diaObject.{n}" for n in ("ra", "decl", "simVersion"))]),
)
_SCHEMA = schema_of({**PACKET, **_COLUMNS})


@dataclass(frozen=True)
class Elasticc:
    """Alerts of ELAsTiCC v0.9, drafts and sent ones. See `linnet.core.survey.Survey` for what each member promises."""

    name: str = "elasticc"
    topics: tuple[str, ...] = (r"^(alerts[-_.])?elasticc.*",)
    raw_codec: Literal["null", "zstandard"] = "zstandard"

    @property
    def own_columns(self) -> Mapping[str, Column]:
        """Every scalar that either schema declares: `elasticc_*`, `elasticc_object_*`, and `elasticc_true_*`."""
        return _COLUMNS

    def recognise(self, schema: Schema, topic: str) -> bool:  # noqa: ARG002 - the schema alone says it
        """Whether this is a schema of ELAsTiCC, as sent or rewritten by Spark.

        Told by structure: PLAsTiCC and LSST before 5.0 have the same names of fluxes and times, and no such objects.
        """
        source, thing = (_fields(_fields(schema).get(record)) for record in ("diaSource", "diaObject"))
        return {*_SAME.values(), *_POINT} - {"ccdVisitId"} <= source.keys() and "hostgal_snsep" in thing

    def named_schema(self, schema_id: int) -> Schema | None:  # noqa: ARG002 - no ids were ever given out
        """None: ELAsTiCC numbered no schemas."""
        return None

    def foresees(self, schema: Schema, schema_id: int) -> bool:  # noqa: ARG002 - as above
        """False: the challenge is over."""
        return False

    def fields(self) -> Wanted:
        """Every declared scalar, and of the histories what makes points."""
        return _WANTED

    def columns(self, decoded: pa.RecordBatch) -> pa.RecordBatch:
        """Columns of `vocabulary.PACKET` and `own_columns` of decoded fields, row by row."""
        sent, scale = _cleaned(decoded), _nanojansky(decoded)
        common = {**_identity(sent), **_place(sent), **_brightness(sent, scale), **_light_curves(sent, scale)}
        arrays = [common.get(name, PACKET[name].empty(decoded.num_rows)) for name in PACKET]
        return pa.RecordBatch.from_arrays([*arrays, *(sent[path] for path in _PATHS)], schema=_SCHEMA)

    def stamps(self, datum: bytes, schema: Schema) -> dict[str, Stamp]:  # noqa: ARG002 - nothing to look for
        """None: the challenge simulated no images."""
        return {}

    def key(self, object_id: str) -> int | None:
        """A diaObjectId in digits as a number, or None for any other text."""
        return int(object_id) if _ID.fullmatch(object_id) and int(object_id) <= np.iinfo(np.int64).max else None

    def id(self, key: int) -> str:
        """The digits of a number that `key` gave."""
        return str(key)

    def night(self, mjd: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
        """Nights (YYYYMMDD) of times in MJD TAI: the date of UTC - 12 h."""
        return times.evening(mjd, NIGHT_TURNS_AT)


def _fields(kind: Any) -> dict[str, Any]:
    """The fields of a record, be it nullable or not; none for other types."""
    for branch in kind if isinstance(kind, list) else [kind]:
        fields = branch.get("fields") if isinstance(branch, Mapping) else None
        if isinstance(fields, list):
            return {f["name"]: f.get("type") for f in fields if isinstance(f, Mapping) and "name" in f}
    return {}


def _cleaned(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    """Decoded fields with null in place of what says nothing."""
    names = decoded.schema.names
    hosts = [n for n in names if n.startswith("diaObject.") or n in _TRUTH]
    sent = dict(zip(names, as_sent(decoded.columns), strict=True))
    sent |= zip(hosts, as_sent([sent[n] for n in hosts], SENTINELS), strict=True)
    sent |= {f"diaObject.{n}": without(sent[f"diaObject.{n}"], 0) for n in _UNFILLED}
    visit = sent["diaSource.ccdVisitId"]
    return {**sent, "diaSource.ccdVisitId": without(without(visit, NO_VISIT[0]), NO_VISIT[1])}


def _nanojansky(decoded: pa.RecordBatch) -> Floats:
    """Nanojansky per unit of flux of each packet. Drafts have a `hostgal_z`, at least a sentinel; sent ones do not."""
    return np.where(missing_in(decoded.column("diaObject.hostgal_z")), 1.0, magnitudes.flux(DRAFT_ZERO))


def _identity(sent: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    object_key = without(sent["diaSource.diaObjectId"], 0)
    no = np.zeros(len(object_key), dtype=bool)
    return {
        **{name: sent[f"diaSource.{field}"] for name, field in _SAME.items()},
        "survey": pa.DictionaryArray.from_arrays(pa.array(no.astype(np.int32)), pa.array(["elasticc"])),
        "object_id": object_key.cast(pa.string()),
        "object_key": object_key,
        "is_moving": pa.array(no),
        "is_public": pa.array(~no),
        "ebv": sent["diaObject.mwebv"],
        "extra": sent["extra"],
    }


def _place(sent: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    mjd, ra, dec = (reals(sent[f"diaSource.{n}"]) for n in ("midPointTai", "ra", "decl"))
    ra = np.where((ra < 0) & (ra >= -180), ra + 360.0, ra)  # some objects lie at -0.2 deg
    placed = np.isfinite(ra) & (np.abs(dec) <= 90.0)
    lon, lat = np.where(placed, ra, np.nan), np.where(placed, dec, np.nan)
    angles = (("gal", sky.galactic(lon, lat)), ("ecl", sky.ecliptic(lon, lat)))
    codes, names = _coded([sent["diaSource.filterName"]])
    band = pa.array(codes, pa.int32(), mask=codes < 0)
    return {
        "night": pa.array(times.evening(mjd, NIGHT_TURNS_AT)),
        "band": pa.DictionaryArray.from_arrays(band, pa.array(names, pa.string())),
        "ra": numbers(ra, pa.float64()),
        "healpix": pa.array(sky.healpix29(lon, lat)),
        **{f"{n}_{end}": numbers(v[i], pa.float32()) for n, v in angles for i, end in enumerate(("lon", "lat"))},
    }


def _brightness(sent: Mapping[str, pa.Array], scale: Floats) -> dict[str, pa.Array]:
    """Signal to noise is our own: in drafts the packet's is a constant."""
    flux, error = (reals(sent[f"diaSource.{n}"]) * scale for n in ("psFlux", "psFluxErr"))
    snr = np.abs(flux) / np.where(error > 0, error, np.nan)
    values = {"flux": flux, "flux_err": error, "mag": magnitudes.mag(flux), "snr": snr}
    values["mag_err"] = magnitudes.mag_error(flux, error)
    found = {name: numbers(value, pa.float32()) for name, value in values.items()}
    return {**found, "is_positive": pa.array(flux > 0, mask=np.isnan(flux))}


def _light_curves(sent: Mapping[str, pa.Array], scale: Floats) -> dict[str, pa.Array]:
    """The `lc_*` columns. `prvDiaNondetectionLimits`, which the schema has, were never sent."""
    parts = [_points(sent, *part, scale) for part in _PARTS]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name != "band"}
    codes, names = _coded([part["band"] for part in parts])
    yes, key = np.ones(len(codes), dtype=bool), joined["source_id"]
    points = Flat(**joined, band=codes, key=key, public=yes, withdrawn=~yes, bands=names)
    return packet_history(points, reals(sent["diaSource.midPointTai"]))


def _points(sent: Mapping[str, pa.Array], path: str, kind: int, identity: str, scale: Floats) -> dict[str, Any]:
    """The points of one part of all packets, one behind the other: numpy arrays, but for the bands."""
    own = path == "diaSource"
    row = np.arange(len(scale)) if own else row_of(sent[f"{path}.midPointTai"])
    found = {n: sent[f"{path}.{n}"] if own else sent[f"{path}.{n}"].flatten() for n in (identity, *_POINT)}
    return {
        "row": row,
        "band": found["filterName"],
        "mjd": reals(found["midPointTai"]),
        "flux": reals(found["psFlux"]) * scale[row],
        "flux_err": reals(found["psFluxErr"]) * scale[row],
        "kind": np.full(len(row), kind, np.int64),
        "source_id": integers(found[identity])[0],
        "rank": np.full(len(row), OWN if own else IN_PACKET, np.int64),
    }


def _coded(parts: Sequence[pa.Array]) -> tuple[Ints, tuple[str, ...]]:
    """Bands, one part behind the other, as (index into names, -1 where null; names). SNANA's Y is y."""
    coded = pa.concat_arrays(parts).dictionary_encode()
    sent = ["y" if name == "Y" else name for name in coded.dictionary.to_pylist()]
    names = tuple(dict.fromkeys(name for name in sent if _BAND.fullmatch(name)))
    table = np.array([names.index(name) if name in names else -1 for name in sent] + [-1], dtype=np.int64)
    return table[coded.indices.fill_null(len(sent)).to_numpy(zero_copy_only=False)], names
