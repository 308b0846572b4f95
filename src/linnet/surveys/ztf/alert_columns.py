"""From decoded ZTF fields to the columns of the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core import magnitudes, sky, times
from linnet.core.column import schema_of
from linnet.core.lists import numbers, whole
from linnet.core.vocabulary import PACKET
from linnet.surveys.ztf import object_ids
from linnet.surveys.ztf.fields import CANDIDATE, OWN, SENTINELS, TOP
from linnet.surveys.ztf.history import light_curve, middle, positive, public
from linnet.surveys.ztf.packet import (
    NULL_TEXT,
    Bools,
    Floats,
    band_codes,
    integers,
    reals,
    says_something,
    signs,
    texts,
)

NIGHT_TURNS_UTC = 20.0
"""Hours UTC at which a night at Palomar begins to count: local noon."""

MATCH_RADIUS_PIXELS = 1.5
"""A source of the reference image nearer than this is the source itself (distnr is in pixels of 1.01 arcsec)."""

QUALITY_BITS: Mapping[str, int] = MappingProxyType(
    {
        "bad_pixels": 0,
        "below_limit": 1,
        "target_of_opportunity": 2,
        "bad_pixels_unknown": 32,
        "below_limit_unknown": 33,
        "target_of_opportunity_unknown": 34,
    }
)
"""Bit numbers of `quality_bits`: nbad > 0; magpsf fainter than diffmaglim; tooflag = 1. A field that the packet lacks
sets the bit of the same name with `_unknown` instead, since a null flag is not false."""

_SCHEMA = schema_of({**PACKET, **OWN})


def columns(decoded: pa.RecordBatch) -> pa.RecordBatch:
    """All columns of `vocabulary.PACKET` and the survey's own, one row per alert."""
    found = {**_own_columns(decoded), **_identity(decoded), **_time_and_place(decoded), **_brightness(decoded)}
    found |= _trust(decoded)
    found |= light_curve(decoded, found)
    rows = decoded.num_rows
    arrays = [found[f.name] if f.name in found else pa.nulls(rows, f.type) for f in _SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def _own_columns(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    paths = {**{n: n for n in TOP}, **{n: f"candidate.{n}" for n in CANDIDATE}}
    return {f"ztf_{name}": _as_sent(decoded.column(path)) for name, path in paths.items()}


def _as_sent(column: pa.Array) -> pa.Array:
    """The values of one field, null where they say nothing.

    A hundred columns pass here for every batch, however small, so what needs no change is not touched.
    """
    if column.null_count == len(column):
        return column
    if pa.types.is_string(column.type):
        return texts(column)
    if pa.types.is_floating(column.type):
        values = column.to_numpy(zero_copy_only=False)
        return pa.array(values, mask=~says_something(values))
    numbers_sent, missing = integers(column)
    sentinel = numbers_sent == SENTINELS[0]
    return whole(numbers_sent, missing | sentinel, column.type) if sentinel.any() else column


def _identity(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    rows = decoded.num_rows
    object_id = texts(decoded.column("objectId"))
    separation = reals(decoded.column("candidate.ssdistnr"))
    named = texts(decoded.column("candidate.ssnamenr"))
    near = (separation >= 0) & named.is_valid().to_numpy(zero_copy_only=False)
    return {
        "survey": _codes(np.zeros(rows, dtype=np.int64), ("ztf",)),
        "alert_id": decoded.column("candidate.candid"),
        "object_id": object_id,
        "object_key": object_ids.keys(object_id),
        "body_id": pc.if_else(pa.array(near), named, NULL_TEXT),
        "body_sep": numbers(np.where(near, separation, np.nan), pa.float32()),
        "is_moving": pa.array(np.zeros(rows, dtype=bool)),
    }


def _time_and_place(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    jd, exptime, ra, dec = (reals(decoded.column(f"candidate.{n}")) for n in ("jd", "exptime", "ra", "dec"))
    mjd = middle(jd, exptime)
    pid, _ = integers(decoded.column("candidate.pid"))
    gal_lon, gal_lat = sky.galactic(ra, dec)
    ecl_lon, ecl_lat = sky.ecliptic(ra, dec)
    angles = {"gal_lon": gal_lon, "gal_lat": gal_lat, "ecl_lon": ecl_lon, "ecl_lat": ecl_lat}
    return {
        "mjd": numbers(mjd, pa.float64()),
        "night": pa.array(times.evening(mjd, NIGHT_TURNS_UTC)),
        "visit": whole(pid // 10**4, pid <= 0, pa.int64()),
        "detector": decoded.column("candidate.rcid"),
        "band": _codes(*band_codes(decoded.column("candidate.fid"))),
        "ra": numbers(ra, pa.float64()),
        "dec": numbers(dec, pa.float64()),
        "healpix": pa.array(sky.healpix29(ra, dec)),
        **{name: numbers(values, pa.float32()) for name, values in angles.items()},
    }


def _brightness(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    sign = signs(decoded.column("candidate.isdiffpos"))
    mag, mag_err = (reals(decoded.column(f"candidate.{n}")) for n in ("magpsf", "sigmapsf"))
    mag_err = positive(mag_err)
    flux = sign * magnitudes.flux(mag)
    flux_err = magnitudes.flux_error(flux, mag_err)
    above = flux > 0
    template, template_err = _template(decoded)
    science, science_err = template + flux, np.hypot(template_err, flux_err)
    values = {
        "flux": flux,
        "flux_err": flux_err,
        "mag": np.where(above, mag, np.nan),
        "mag_err": np.where(above, mag_err, np.nan),
        "snr": magnitudes.POGSON / mag_err,
        "science_flux": science,
        "science_flux_err": science_err,
        "template_flux": template,
        "template_flux_err": template_err,
        "total_mag": magnitudes.mag(science),
        "total_mag_err": magnitudes.mag_error(science, science_err),
    }
    return {
        **{name: numbers(array, pa.float32()) for name, array in values.items()},
        "is_positive": pa.array(sign > 0, mask=np.isnan(sign)),
    }


def _template(decoded: pa.RecordBatch) -> tuple[Floats, Floats]:
    """Flux and error of the source in the reference image: its nearest source, where that is near enough."""
    mag, mag_err, distance = (reals(decoded.column(f"candidate.{n}")) for n in ("magnr", "sigmagnr", "distnr"))
    same = (mag > 0) & (distance >= 0) & (distance < MATCH_RADIUS_PIXELS)
    flux = magnitudes.flux(np.where(same, mag, np.nan))
    return flux, magnitudes.flux_error(flux, positive(mag_err))


def _trust(decoded: pa.RecordBatch) -> dict[str, pa.Array]:
    drb, rb = (_score(decoded.column(f"candidate.{n}")) for n in ("drb", "rb"))
    has_drb = ~np.isnan(drb)
    score = np.where(has_drb, drb, rb)
    kind = np.where(has_drb, 0, np.where(np.isnan(rb), -1, 1))
    programid = decoded.column("candidate.programid")
    return {
        "reliability": numbers(score, pa.float32()),
        "reliability_kind": _codes(kind, ("drb", "rb")),
        "program": programid,
        "is_public": pa.array(public(programid)),
        "quality_bits": pa.array(_quality(decoded)),
        "extra": decoded.column("extra"),
    }


def _score(column: pa.Array) -> Floats:
    values = reals(column)
    return np.where((values >= 0) & (values <= 1), values, np.nan)


def _quality(decoded: pa.RecordBatch) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    nbad, tooflag, mag, limit = (
        reals(decoded.column(f"candidate.{n}")) for n in ("nbad", "tooflag", "magpsf", "diffmaglim")
    )
    flags: dict[str, tuple[Bools, Bools]] = {
        "bad_pixels": (nbad > 0, np.isnan(nbad)),
        "below_limit": (mag > limit, np.isnan(mag) | np.isnan(limit)),
        "target_of_opportunity": (tooflag == 1, np.isnan(tooflag)),
    }
    bits = np.zeros(decoded.num_rows, dtype=np.int64)
    for name, (true, unknown) in flags.items():
        bits |= true.astype(np.int64) << QUALITY_BITS[name]
        bits |= unknown.astype(np.int64) << QUALITY_BITS[f"{name}_unknown"]
    return bits


def _codes(indices: np.ndarray[tuple[int], np.dtype[np.int64]], names: tuple[str, ...]) -> pa.Array:
    codes = pa.array(indices.astype(np.int32), mask=indices < 0)
    return pa.DictionaryArray.from_arrays(codes, _dictionary(names))


@lru_cache(maxsize=64)
def _dictionary(names: tuple[str, ...]) -> pa.Array:
    return pa.array(names, pa.string())
