"""The common vocabulary: one flat table of columns that both surveys, all modules, filters and answers share.

Names are snake_case without dots, so that the same name works in a filter, SQL, Parquet, CSV, VOTable and JSON.
A column's type and meaning never change; a new meaning is a new name.
"""

from __future__ import annotations

import pyarrow as pa

from linnet.core.column import TEXT_CODE, Column, boolean, code, integer, listing, real, text

BANDS = ("u", "g", "r", "i", "z", "y")
"""Bands by wavelength. An unknown band is kept under its own name."""

DETECTION, FORCED, LIMIT = 0, 1, 2
"""Kinds of a light-curve point."""

AB_ZERO = 31.4
"""AB magnitude of 1 nJy (Oke & Gunn 1983, with 1 nJy = 1e-32 erg s-1 cm-2 Hz-1)."""

IDENTITY: dict[str, Column] = {
    "survey": code("Survey that sent the alert: ztf, lsst.", ucd="meta.id;instr.tel", nullable=False),
    "alert_id": integer(
        "Identity of the alert within its survey: ZTF candid, LSST diaSourceId.",
        ucd="meta.id;meta.main",
        nullable=False,
    ),
    "object_id": text(
        "The survey's own object: ZTF objectId, LSST diaObjectId in digits; null where there is none.",
        ucd="meta.id",
    ),
    "object_key": integer("object_id as a number, reversible per survey; for joins and row keys only.", ucd="meta.id"),
    "body_id": text("Designation of a known Solar System body that the survey links or names nearby.", ucd="meta.id"),
    "body_sep": real("Separation from that body where the survey gives one.", unit="arcsec", ucd="pos.angDistance"),
    "is_moving": boolean("True only where the survey itself links the source to a body and there is no static object."),
}

WHEN_AND_WHERE: dict[str, Column] = {
    "mjd": real("Middle of the exposure, TAI.", unit="d", ucd="time.epoch;obs.exposure", bits=64, nullable=False),
    "night": integer("Observing night at the telescope as YYYYMMDD, the date of its evening.", bits=32, nullable=False),
    "visit": integer("Exposure within the survey.", ucd="meta.id;obs.exposure"),
    "detector": integer("Detector or readout channel.", bits=32, ucd="meta.id;instr.det"),
    "band": code("Filter band: u g r i z y; an unknown band is kept.", ucd="instr.bandpass"),
    "ra": real("Right ascension, ICRS.", unit="deg", ucd="pos.eq.ra;meta.main", bits=64, nullable=False),
    "dec": real("Declination, ICRS.", unit="deg", ucd="pos.eq.dec;meta.main", bits=64, nullable=False),
    "ra_err": real("Error of ra, times cos(dec), as sent.", unit="deg", ucd="stat.error;pos.eq.ra"),
    "dec_err": real("Error of dec as sent.", unit="deg", ucd="stat.error;pos.eq.dec"),
}

BRIGHTNESS: dict[str, Column] = {
    "flux": real("Difference flux, science minus template, signed.", unit="nJy", ucd="phot.flux"),
    "flux_err": real("Error of flux.", unit="nJy", ucd="stat.error;phot.flux"),
    "mag": real("AB magnitude of the difference; null for negative flux.", unit="mag", ucd="phot.mag"),
    "mag_err": real("Error of mag.", unit="mag", ucd="stat.error;phot.mag"),
    "snr": real("Signal to noise of the difference flux: abs(flux)/flux_err.", ucd="stat.snr"),
    "is_positive": boolean("True where the source brightened against the template."),
    "science_flux": real("Total flux of the source in this exposure.", unit="nJy", ucd="phot.flux"),
    "science_flux_err": real("Error of science_flux.", unit="nJy", ucd="stat.error;phot.flux"),
    "template_flux": real("Flux of the source in the template.", unit="nJy", ucd="phot.flux"),
    "template_flux_err": real("Error of template_flux.", unit="nJy", ucd="stat.error;phot.flux"),
    "total_mag": real("AB magnitude of the total flux; null where it is not positive.", unit="mag", ucd="phot.mag"),
    "total_mag_err": real("Error of total_mag.", unit="mag", ucd="stat.error;phot.mag"),
}

TRUST: dict[str, Column] = {
    "reliability": real("The survey's own score that the source is real, 0 to 1.", ucd="stat.probability"),
    "reliability_kind": code("Which score reliability is: drb, rb, reliability."),
    "program": integer("Observing programme (data rights) as sent.", bits=32),
    "is_public": boolean("False for data that may not be published.", nullable=False),
    "quality_bits": integer("Quality flags as a bit set; the survey's table says which bit is which flag."),
    "extra": text("JSON of fields that the survey's schemas do not declare, as sent.", ucd="meta.note"),
}

SKY: dict[str, Column] = {
    "healpix": integer("HEALPix cell, nested, order 29 (ICRS).", ucd="pos.healpix", nullable=False),
    "gal_lon": real("Galactic longitude.", unit="deg", ucd="pos.galactic.lon"),
    "gal_lat": real("Galactic latitude.", unit="deg", ucd="pos.galactic.lat"),
    "ecl_lon": real("Ecliptic longitude, J2000 obliquity 23.4392911 deg.", unit="deg", ucd="pos.ecliptic.lon"),
    "ecl_lat": real("Ecliptic latitude, J2000 obliquity 23.4392911 deg.", unit="deg", ucd="pos.ecliptic.lat"),
    "ebv": real("Galactic reddening E(B-V) as the packet has it.", unit="mag", ucd="phot.color.excess"),
}


def _light_curve(prefix: str, what: str) -> dict[str, Column]:
    return {
        f"{prefix}_mjd": listing(pa.float64(), f"{what}: middle of the exposure, TAI, ascending.", unit="d"),
        f"{prefix}_band": listing(TEXT_CODE, f"{what}: band.", ucd="instr.bandpass"),
        f"{prefix}_flux": listing(pa.float32(), f"{what}: difference flux; null for limits.", unit="nJy"),
        f"{prefix}_flux_err": listing(
            pa.float32(),
            f"{what}: its error; for a limit one fifth of the 5-sigma limiting flux.",
            unit="nJy",
        ),
        f"{prefix}_kind": listing(pa.int8(), f"{what}: 0 detection, 1 forced, 2 upper limit."),
        f"{prefix}_source_id": listing(pa.int64(), f"{what}: the survey's id of the measurement, null without one."),
        f"{prefix}_key": listing(pa.int64(), f"{what}: identity of the point within its object and kind."),
        f"{prefix}_public": listing(pa.bool_(), f"{what}: false for a point that may not be published."),
    }


LIGHT_CURVE: dict[str, Column] = _light_curve("lc", "The packet's own history")
HISTORY: dict[str, Column] = _light_curve("hist", "Packet history joined with points known before this night")

PACKET_ONLY: dict[str, Column] = {
    "lc_n_future": integer(
        "Points of the packet dropped because they lie later than the alert.", bits=32, nullable=False
    ),
    "lc_ra": listing(pa.float64(), "The packet's own history: right ascension of a detection, ICRS.", unit="deg"),
    "lc_dec": listing(pa.float64(), "The packet's own history: declination of a detection, ICRS.", unit="deg"),
    "withdrawn_kind": listing(pa.int8(), "Kinds of the points that the survey has withdrawn."),
    "withdrawn_key": listing(pa.int64(), "Keys of the points that the survey has withdrawn."),
}

COUNTED: dict[str, Column] = {
    "n_detections": integer("Detections in the joined history, negative ones counted.", bits=32),
    "n_positive": integer("Detections with positive flux.", bits=32),
    "n_nights": integer("Distinct nights with a detection.", bits=32),
    **{f"n_detections_{b}": integer(f"Detections in band {b}.", bits=32) for b in BANDS},
    "first_mjd": real("First detection of the joined history.", unit="d", ucd="time.start", bits=64),
    "last_mjd": real("Last detection of the joined history, this one included.", unit="d", ucd="time.end", bits=64),
    "last_limit_mjd": real("Last upper limit before the first detection.", unit="d", ucd="time.epoch", bits=64),
    "age": real("mjd minus first_mjd.", unit="d", ucd="time.interval"),
}

RECORD: dict[str, Column] = {
    "known_night": integer("Open night of the survey when the alert was committed.", bits=32, nullable=False),
    "content_hash": integer("64-bit hash of what the alert says; tells a repeat from a conflict.", nullable=False),
    "run_id": text("Run (code, modules, filters, catalogues) that made the row.", nullable=False),
    "topic": text("Topic, folder or archive file it came from.", nullable=False),
    "partition": integer("Partition of the topic.", bits=32, nullable=False),
    "offset": integer("Offset of the message in the partition.", nullable=False),
    "position": integer("Index of the alert within its message.", bits=32, nullable=False),
    "segment": text("Raw segment that holds the untouched datum.", nullable=False),
    "block": integer("Byte offset of the block in the segment.", nullable=False),
    "place": integer("Byte offset of the datum in the block's data.", bits=32, nullable=False),
    "length": integer("Bytes of the datum.", bits=32, nullable=False),
}

SCALARS: dict[str, Column] = {
    **IDENTITY,
    **WHEN_AND_WHERE,
    **BRIGHTNESS,
    **TRUST,
    **SKY,
    "lc_n_future": PACKET_ONLY["lc_n_future"],
}
"""What every survey fills for every alert (null where the packet says nothing), before any module."""

PACKET: dict[str, Column] = {
    **SCALARS,
    **LIGHT_CURVE,
    "lc_ra": PACKET_ONLY["lc_ra"],
    "lc_dec": PACKET_ONLY["lc_dec"],
    "withdrawn_kind": PACKET_ONLY["withdrawn_kind"],
    "withdrawn_key": PACKET_ONLY["withdrawn_key"],
}
"""What a survey's `columns` gives, its own `ztf_*` or `lsst_*` columns aside."""

COMMON: dict[str, Column] = {**PACKET, **HISTORY, **COUNTED}
"""All common columns that modules and filters may ask for."""
