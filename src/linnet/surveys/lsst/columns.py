"""LSST packets in the common vocabulary."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core import magnitudes, sky, times
from linnet.core.column import schema_of
from linnet.core.vocabulary import PACKET
from linnet.surveys.lsst.bodies import body_id, body_sep
from linnet.surveys.lsst.fields import Own, own
from linnet.surveys.lsst.points import band_codes, floats, light_curves
from linnet.surveys.lsst.quality import quality_bits

Floats = npt.NDArray[np.float64]

SURVEY = "lsst"

NIGHT_TURNS_AT = 12.0
"""Hours UTC at which the observing day of the Rubin Observatory begins (dayObs, SITCOMTN-032)."""


def columns_of(decoded: pa.RecordBatch) -> pa.RecordBatch:
    """Decoded fields as columns of `vocabulary.PACKET` followed by the survey's own, row by row."""
    common = {
        **_identity(decoded),
        **_when_and_where(decoded),
        **_brightness(decoded),
        **_trust(decoded),
        **light_curves(decoded),
    }
    declared = {name: each.column for name, each in own().items()}
    arrays = [common[name] if name in common else PACKET[name].empty(decoded.num_rows) for name in PACKET]
    arrays += [_own_column(decoded, each) for each in own().values()]
    return pa.RecordBatch.from_arrays(arrays, schema=schema_of({**PACKET, **declared}))


def night_of(mjd: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Nights (YYYYMMDD) of times in MJD TAI: the date of UTC - 12 h, as in Rubin's dayObs and visit numbers."""
    return times.evening(mjd, NIGHT_TURNS_AT)


def _identity(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    object_key = _not_zero(decoded.column("diaSource.diaObjectId"))
    body = _not_zero(decoded.column("diaSource.ssObjectId"))
    return {
        "survey": _one_code(SURVEY, np.ones(decoded.num_rows, dtype=bool)),
        "alert_id": decoded.column("diaSource.diaSourceId"),
        "object_id": object_key.cast(pa.string()),
        "object_key": object_key,
        "body_id": body_id(decoded),
        "body_sep": body_sep(decoded),
        "is_moving": pc.and_(body.is_valid(), object_key.is_null()),
    }


def _when_and_where(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    mjd, ra, dec = (floats(decoded.column(f"diaSource.{n}")) for n in ("midpointMjdTai", "ra", "dec"))
    placed = np.isfinite(ra) & (np.abs(dec) <= 90.0)
    lon, lat = np.where(placed, ra, np.nan), np.where(placed, dec, np.nan)
    gal, ecl = sky.galactic(lon, lat), sky.ecliptic(lon, lat)
    return {
        "mjd": _float64(mjd),
        "night": pa.array(night_of(mjd)),
        "visit": decoded.column("diaSource.visit"),
        "detector": decoded.column("diaSource.detector"),
        "band": band_codes(decoded.column("diaSource.band")),
        "ra": _float64(ra),
        "dec": _float64(dec),
        "ra_err": _finite(decoded.column("diaSource.raErr")),
        "dec_err": _finite(decoded.column("diaSource.decErr")),
        "healpix": pa.array(sky.healpix29(lon, lat)),
        "gal_lon": _float32(gal[0]),
        "gal_lat": _float32(gal[1]),
        "ecl_lon": _float32(ecl[0]),
        "ecl_lat": _float32(ecl[1]),
    }


def _brightness(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    """Fluxes as sent, with magnitudes, signal to noise and sign of our own.

    The packet's `snr` is that of the detection, and its `isNegative` does not always have the flux's sign.
    """
    names = {"flux": "psfFlux", "science_flux": "scienceFlux", "template_flux": "templateFlux"}
    sent = {f"{name}{end}": f"{field}{e}" for name, field in names.items() for end, e in (("", ""), ("_err", "Err"))}
    columns = {name: _finite(decoded.column(f"diaSource.{field}")) for name, field in sent.items()}
    flux, flux_err, total, total_err = (
        floats(columns[name]) for name in ("flux", "flux_err", "science_flux", "science_flux_err")
    )
    measured = flux_err > 0
    return {
        **columns,
        "mag": _float32(magnitudes.mag(flux)),
        "mag_err": _float32(magnitudes.mag_error(flux, flux_err)),
        "snr": _float32(np.where(measured, np.abs(flux) / np.where(measured, flux_err, 1.0), np.nan)),
        "is_positive": pc.greater(columns["flux"], 0.0),
        "total_mag": _float32(magnitudes.mag(total)),
        "total_mag_err": _float32(magnitudes.mag_error(total, total_err)),
    }


def _trust(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    reliability = _finite(decoded.column("diaSource.reliability"))
    return {
        "reliability": reliability,
        "reliability_kind": _one_code("reliability", reliability.is_valid().to_numpy(zero_copy_only=False)),
        "is_public": pa.array(np.ones(decoded.num_rows, dtype=bool)),
        "quality_bits": quality_bits(decoded),
        "extra": decoded.column("extra"),
    }


def _own_column(decoded: pa.RecordBatch, each: Own) -> pa.Array:
    values, *others = (decoded.column(path) for path in each.paths)
    if others:
        values = pc.coalesce(values, *others)
    if values.null_count == len(values):
        return values
    if each.has_sentinel:
        values = _not_zero(values)
    return _finite(values) if pa.types.is_floating(values.type) else values


def _not_zero(values: pa.Array) -> pa.Array:
    return pc.if_else(pc.not_equal(values, pa.scalar(0, values.type)), values, None)


def _finite(values: pa.Array) -> pa.Array:
    """The same values with null where they are NaN or infinite."""
    return pc.if_else(pc.fill_null(pc.is_finite(values), False), values, None)


def _float64(values: Floats) -> pa.Array:
    return pa.array(values, mask=~np.isfinite(values))


def _float32(values: Floats) -> pa.Array:
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    return pa.array(narrow, mask=~np.isfinite(narrow))


def _one_code(text: str, where: npt.NDArray[np.bool_]) -> pa.DictionaryArray:
    codes = pa.array(np.zeros(len(where), dtype=np.int32), mask=~where)
    return pa.DictionaryArray.from_arrays(codes, pa.array([text]))
