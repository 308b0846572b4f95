"""LSST packets in the common vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core import magnitudes, sky, times
from linnet.core.as_sent import as_sent, reals, without
from linnet.core.column import schema_of
from linnet.core.lists import missing_in
from linnet.core.vocabulary import PACKET
from linnet.surveys.lsst.bodies import body_id, one_of
from linnet.surveys.lsst.fields import Own, own
from linnet.surveys.lsst.points import band_codes, light_curves
from linnet.surveys.lsst.quality import quality_bits

Floats = npt.NDArray[np.float64]

SURVEY = "lsst"

NIGHT_TURNS_AT = 12.0
"""Hours UTC at which the observing day of the Rubin Observatory begins (dayObs, SITCOMTN-032)."""

_ERRORS = (("", ""), ("_err", "Err"))


def columns_of(decoded: pa.RecordBatch) -> pa.RecordBatch:
    """Decoded fields as columns of `vocabulary.PACKET` followed by the survey's own, row by row."""
    sent = dict(zip(decoded.schema.names, as_sent(decoded.columns), strict=True))
    rows = decoded.num_rows
    common = {
        **_identity(sent, rows),
        **_when_and_where(sent),
        **_brightness(sent),
        **_trust(sent, rows),
        **light_curves(sent, rows),
    }
    arrays = [common[name] if name in common else PACKET[name].empty(rows) for name in PACKET]
    arrays += [_own_column(sent, each) for each in own().values()]
    return pa.RecordBatch.from_arrays(arrays, schema=_schema())


@cache
def _schema() -> pa.Schema:
    return schema_of({**PACKET, **{name: each.column for name, each in own().items()}})


def night_of(mjd: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Nights (YYYYMMDD) of times in MJD TAI: the date of UTC - 12 h, as in Rubin's dayObs and visit numbers."""
    return times.evening(mjd, NIGHT_TURNS_AT)


def _identity(sent: Mapping[str, pa.Array], rows: int) -> dict[str, pa.Array]:
    object_key = without(sent["diaSource.diaObjectId"], 0)
    body = without(sent["diaSource.ssObjectId"], 0)
    return {
        "survey": _one_code(SURVEY, np.ones(rows, dtype=bool)),
        "alert_id": sent["diaSource.diaSourceId"],
        "object_id": object_key.cast(pa.string()),
        "object_key": object_key,
        "body_id": body_id(sent),
        "body_sep": sent["ssSource.ephOffset"],
        "is_moving": pa.array(~missing_in(body) & missing_in(object_key)),
    }


def _when_and_where(sent: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    mjd, ra, dec = (reals(sent[f"diaSource.{n}"]) for n in ("midpointMjdTai", "ra", "dec"))
    placed = np.isfinite(ra) & (np.abs(dec) <= 90.0)
    lon, lat = np.where(placed, ra, np.nan), np.where(placed, dec, np.nan)
    gal, ecl = sky.galactic(lon, lat), sky.ecliptic(lon, lat)
    return {
        "mjd": sent["diaSource.midpointMjdTai"],
        "night": pa.array(night_of(mjd)),
        "visit": sent["diaSource.visit"],
        "detector": sent["diaSource.detector"],
        "band": band_codes(sent["diaSource.band"]),
        "ra": sent["diaSource.ra"],
        "dec": sent["diaSource.dec"],
        "ra_err": sent["diaSource.raErr"],
        "dec_err": sent["diaSource.decErr"],
        "healpix": pa.array(sky.healpix29(lon, lat)),
        "gal_lon": _float32(gal[0]),
        "gal_lat": _float32(gal[1]),
        "ecl_lon": _float32(ecl[0]),
        "ecl_lat": _float32(ecl[1]),
    }


def _brightness(sent: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Fluxes as sent, with magnitudes, signal to noise and sign of our own.

    The packet's `snr` is that of the detection, and its `isNegative` does not always have the flux's sign.
    """
    names = {"flux": "psfFlux", "science_flux": "scienceFlux", "template_flux": "templateFlux"}
    columns = {f"{name}{end}": sent[f"diaSource.{field}{e}"] for name, field in names.items() for end, e in _ERRORS}
    flux, flux_err, total, total_err = (
        reals(columns[name]) for name in ("flux", "flux_err", "science_flux", "science_flux_err")
    )
    measured = flux_err > 0
    return {
        **columns,
        "mag": _float32(magnitudes.mag(flux)),
        "mag_err": _float32(magnitudes.mag_error(flux, flux_err)),
        "snr": _float32(np.where(measured, np.abs(flux) / np.where(measured, flux_err, 1.0), np.nan)),
        "is_positive": pa.array(flux > 0, mask=np.isnan(flux)),
        "total_mag": _float32(magnitudes.mag(total)),
        "total_mag_err": _float32(magnitudes.mag_error(total, total_err)),
    }


def _trust(sent: Mapping[str, pa.Array], rows: int) -> dict[str, pa.Array]:
    reliability = sent["diaSource.reliability"]
    return {
        "reliability": reliability,
        "reliability_kind": _one_code("reliability", ~missing_in(reliability)),
        "is_public": pa.array(np.ones(rows, dtype=bool)),
        "quality_bits": quality_bits(sent, rows),
        "extra": sent["extra"],
    }


def _own_column(sent: Mapping[str, pa.Array], each: Own) -> pa.Array:
    values = one_of([sent[path] for path in each.paths])
    return without(values, 0) if each.has_sentinel else values


def _float32(values: Floats) -> pa.Array:
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    return pa.array(narrow, mask=~np.isfinite(narrow))


def _one_code(text: str, where: npt.NDArray[np.bool_]) -> pa.DictionaryArray:
    codes = pa.array(np.zeros(len(where), dtype=np.int32), mask=~where)
    return pa.DictionaryArray.from_arrays(codes, pa.array([text]))
