"""From decoded ZTF fields to the columns of the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core import magnitudes, sky, times
from linnet.core.as_sent import as_sent, integers, reals
from linnet.core.column import schema_of
from linnet.core.lists import missing_in, numbers, whole
from linnet.core.vocabulary import PACKET
from linnet.surveys.ztf import object_ids
from linnet.surveys.ztf.fields import CANDIDATE, OWN, SENTINELS, TOP
from linnet.surveys.ztf.history import light_curve, middle, positive, public
from linnet.surveys.ztf.packet import NULL_TEXT, Bools, Floats, band_codes, said, signs, texts

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
_FIELDS = tuple(_SCHEMA)

_PATHS = {**{n: n for n in TOP}, **{n: f"candidate.{n}" for n in CANDIDATE}}
"""Name of each own column without its prefix -> path of its field."""

_WHOLE = (int(SENTINELS[0]),)


def columns(decoded: pa.RecordBatch) -> pa.RecordBatch:
    """All columns of `vocabulary.PACKET` and the survey's own, one row per alert."""
    rows = decoded.num_rows
    sent = dict(zip(decoded.schema.names, decoded.columns, strict=True))
    own = [sent[path] for path in _PATHS.values()]
    cleared = as_sent([texts(each) if pa.types.is_string(each.type) else each for each in own], SENTINELS, _WHOLE)
    candidate = dict(zip(_PATHS, cleared, strict=True))
    found = {f"ztf_{name}": column for name, column in candidate.items()}
    found |= {**_identity(sent, candidate, rows), **_time_and_place(sent, candidate)}
    found |= {**_brightness(sent, candidate), **_trust(sent, candidate)}
    found |= light_curve(sent, found)
    arrays = [found[f.name] if f.name in found else pa.nulls(rows, f.type) for f in _FIELDS]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def _identity(sent: Mapping[str, pa.Array], own: Mapping[str, pa.Array], rows: int) -> dict[str, pa.Array]:
    object_id = texts(sent["objectId"])
    separation = reals(own["ssdistnr"])
    named = own["ssnamenr"]
    near = (separation >= 0) & ~missing_in(named)
    return {
        "survey": _codes(np.zeros(rows, dtype=np.int64), ("ztf",)),
        "alert_id": sent["candidate.candid"],
        "object_id": object_id,
        "object_key": object_ids.keys(object_id),
        "body_id": pc.if_else(pa.array(near), named, NULL_TEXT),
        "body_sep": numbers(np.where(near, separation, np.nan), pa.float32()),
        "is_moving": pa.array(np.zeros(rows, dtype=bool)),
    }


def _time_and_place(sent: Mapping[str, pa.Array], own: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    jd, exptime, ra, dec = (reals(own[n]) for n in ("jd", "exptime", "ra", "dec"))
    mjd = middle(jd, exptime)
    pid, _ = integers(sent["candidate.pid"])
    gal_lon, gal_lat = sky.galactic(ra, dec)
    ecl_lon, ecl_lat = sky.ecliptic(ra, dec)
    angles = {"gal_lon": gal_lon, "gal_lat": gal_lat, "ecl_lon": ecl_lon, "ecl_lat": ecl_lat}
    return {
        "mjd": numbers(mjd, pa.float64()),
        "night": pa.array(times.evening(mjd, NIGHT_TURNS_UTC)),
        "visit": whole(pid // 10**4, pid <= 0, pa.int64()),
        "detector": sent["candidate.rcid"],
        "band": _codes(*band_codes(sent["candidate.fid"])),
        "ra": own["ra"],
        "dec": own["dec"],
        "healpix": pa.array(sky.healpix29(ra, dec)),
        **{name: numbers(values, pa.float32()) for name, values in angles.items()},
    }


def _brightness(sent: Mapping[str, pa.Array], own: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    sign = signs(sent["candidate.isdiffpos"])
    mag, mag_err = (reals(own[n]) for n in ("magpsf", "sigmapsf"))
    mag_err = positive(mag_err)
    flux = sign * magnitudes.flux(mag)
    flux_err = magnitudes.flux_error(flux, mag_err)
    above = flux > 0
    template, template_err = _template(own)
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


def _template(own: Mapping[str, pa.Array]) -> tuple[Floats, Floats]:
    """Flux and error of the source in the reference image: its nearest source, where that is near enough."""
    mag, mag_err, distance = (reals(own[n]) for n in ("magnr", "sigmagnr", "distnr"))
    same = (mag > 0) & (distance >= 0) & (distance < MATCH_RADIUS_PIXELS)
    flux = magnitudes.flux(np.where(same, mag, np.nan))
    return flux, magnitudes.flux_error(flux, positive(mag_err))


def _trust(sent: Mapping[str, pa.Array], own: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    drb, rb = (_score(own[n]) for n in ("drb", "rb"))
    has_drb = ~np.isnan(drb)
    score = np.where(has_drb, drb, rb)
    kind = np.where(has_drb, 0, np.where(np.isnan(rb), -1, 1))
    programid = sent["candidate.programid"]
    return {
        "reliability": numbers(score, pa.float32()),
        "reliability_kind": _codes(kind, ("drb", "rb")),
        "program": programid,
        "is_public": pa.array(public(programid)),
        "quality_bits": pa.array(_quality(sent, own)),
        "extra": sent["extra"],
    }


def _score(column: pa.Array) -> Floats:
    values = reals(column)
    return np.where((values >= 0) & (values <= 1), values, np.nan)


def _quality(sent: Mapping[str, pa.Array], own: Mapping[str, pa.Array]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    nbad, tooflag = (said(sent[f"candidate.{n}"]) for n in ("nbad", "tooflag"))
    mag, limit = (reals(own[n]) for n in ("magpsf", "diffmaglim"))
    flags: dict[str, tuple[Bools, Bools]] = {
        "bad_pixels": (nbad > 0, np.isnan(nbad)),
        "below_limit": (mag > limit, np.isnan(mag) | np.isnan(limit)),
        "target_of_opportunity": (tooflag == 1, np.isnan(tooflag)),
    }
    bits = np.zeros(len(nbad), dtype=np.int64)
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
