"""The fields of a ZTF packet, declared once: every scalar of every schema from 1.1 to 4.02.

Names and types are those of the survey's public Avro schemas (Masci et al. 2019, PASP 131, 018003, describe what they
measure). Where an early version has a field that a later one dropped (`sgmag`), it stays declared.
"""

from __future__ import annotations

import pyarrow as pa

from linnet.core.column import Column, integer, real, text
from linnet.core.decoding import Wanted

SENTINELS = (-999.0, -99999.0)
"""What ZTF writes where a number is missing; the text form is `null`."""


def _float(doc: str, unit: str = "") -> Column:
    return real(doc, unit=unit)


def _double(doc: str, unit: str = "") -> Column:
    return real(doc, unit=unit, bits=64)


def _int(doc: str) -> Column:
    return integer(doc, bits=32)


_OBSERVATION: dict[str, Column] = {
    "jd": _double("Start of the exposure, JD in UTC.", "d"),
    "fid": _int("Filter: 1 g, 2 r, 3 i."),
    "pid": integer("Number of the processed quadrant image: night, time of night, readout channel."),
    "diffmaglim": _float("Magnitude limit (5 sigma) of the difference image.", "mag"),
    "pdiffimfilename": text("File name of the difference image, science minus reference."),
    "programpi": text("Principal investigator of the programme."),
    "programid": _int("Programme: 1 public, 2 partnership, 3 Caltech; commissioning used 0 and 64."),
    "candid": integer("Number of the candidate."),
    "isdiffpos": text("Sign of the subtraction: t or 1 where the source brightened, f or 0 where it faded."),
    "tblid": integer("Row of the candidate in the pipeline's table."),
    "nid": _int("Night: days since 2017-01-01 UT."),
    "rcid": _int("Readout channel, 0 to 63."),
    "field": _int("Field of the survey's grid."),
    "xpos": _float("Column in the image.", "pixel"),
    "ypos": _float("Row in the image.", "pixel"),
    "ra": _double("Right ascension, J2000.", "deg"),
    "dec": _double("Declination, J2000.", "deg"),
    "exptime": _float("Exposure time.", "s"),
    "tooflag": _int("1 where the exposure was a target of opportunity."),
}

_PHOTOMETRY: dict[str, Column] = {
    "magpsf": _float("PSF magnitude of the difference, whatever its sign.", "mag"),
    "sigmapsf": _float("Error of magpsf.", "mag"),
    "chipsf": _float("Reduced chi-square of the PSF fit."),
    "magap": _float("Aperture magnitude of the difference, 14 pixels across.", "mag"),
    "sigmagap": _float("Error of magap.", "mag"),
    "magapbig": _float("Aperture magnitude of the difference, 18 pixels across.", "mag"),
    "sigmagapbig": _float("Error of magapbig.", "mag"),
    "magdiff": _float("magap minus magpsf.", "mag"),
    "magfromlim": _float("diffmaglim minus magap.", "mag"),
    "sky": _float("Local background.", "adu"),
    "scorr": _double("Signal to noise of the peak pixel in the matched-filter image."),
    "dsnrms": _float("Difference image over its own standard deviation at the position."),
    "ssnrms": _float("The same of the difference image convolved with its PSF."),
    "dsdiff": _float("dsnrms minus ssnrms."),
    "magzpsci": _float("Photometric zero point of the science image.", "mag"),
    "magzpsciunc": _float("Error of magzpsci.", "mag"),
    "magzpscirms": _float("Scatter of the calibrators about the zero point.", "mag"),
    "nmatches": _int("Calibrator stars used."),
    "clrcoeff": _float("Colour coefficient of the calibration."),
    "clrcounc": _float("Error of clrcoeff."),
    "zpclrcov": _float("Covariance of magzpsci and clrcoeff.", "mag**2"),
    "zpmed": _float("Zero point as a median over the calibrators.", "mag"),
    "clrmed": _float("Median colour of the calibrators (g-r, for i band r-i).", "mag"),
    "clrrms": _float("Scatter of that colour.", "mag"),
}

_SHAPE: dict[str, Column] = {
    "fwhm": _float("Full width at half maximum of a Gaussian core.", "pixel"),
    "classtar": _float("Star (1) or galaxy (0) by the source extractor."),
    "mindtoedge": _float("Distance to the nearest edge of the image.", "pixel"),
    "seeratio": _float("Width in the difference over fwhm."),
    "aimage": _float("RMS along the major axis.", "pixel"),
    "bimage": _float("RMS along the minor axis.", "pixel"),
    "aimagerat": _float("aimage over fwhm."),
    "bimagerat": _float("bimage over fwhm."),
    "elong": _float("aimage over bimage."),
    "nneg": _int("Negative pixels among the 25 around the source."),
    "nbad": _int("Bad pixels among the 25 around the source."),
    "sumrat": _float("Sum of the pixels over the sum of their absolute values."),
    "rb": _float("Real/bogus score of the random forest, 0 to 1."),
    "rbversion": text("Version of the model behind rb."),
    "drb": _float("Real/bogus score of the neural network, 0 to 1."),
    "drbversion": text("Version of the model behind drb."),
}

_SURROUNDINGS: dict[str, Column] = {
    "distnr": _float("Distance to the nearest source of the reference image.", "pixel"),
    "magnr": _float("Magnitude of that source.", "mag"),
    "sigmagnr": _float("Error of magnr.", "mag"),
    "chinr": _float("DAOPhot chi of that source."),
    "sharpnr": _float("DAOPhot sharpness of that source."),
    "ranr": _double("Right ascension of that source, J2000.", "deg"),
    "decnr": _double("Declination of that source, J2000.", "deg"),
    "ssdistnr": _float("Distance to the nearest known Solar System body within 30 arcsec.", "arcsec"),
    "ssmagnr": _float("Predicted magnitude of that body.", "mag"),
    "ssnamenr": text("Designation of that body."),
    "neargaia": _float("Distance to the nearest Gaia source within 90 arcsec.", "arcsec"),
    "neargaiabright": _float("Distance to the nearest Gaia source brighter than 14 mag within 90 arcsec.", "arcsec"),
    "maggaia": _float("Gaia G magnitude of the nearest source.", "mag"),
    "maggaiabright": _float("Gaia G magnitude of the nearest bright source.", "mag"),
}

_HISTORY: dict[str, Column] = {
    "ndethist": _int("Detections (3 sigma) within 1.5 arcsec on this field and readout channel, of all time."),
    "ncovhist": _int("Exposures that covered the position, of all time."),
    "jdstarthist": _double("First of the ndethist detections, JD in UTC.", "d"),
    "jdendhist": _double("Last of the ndethist detections, JD in UTC.", "d"),
    "rfid": integer("Number of the reference image."),
    "jdstartref": _double("First exposure in the reference image, JD in UTC.", "d"),
    "jdendref": _double("Last exposure in the reference image, JD in UTC.", "d"),
    "nframesref": _int("Exposures in the reference image."),
    "nmtchps": _int("Pan-STARRS1 sources within 30 arcsec."),
}


def _panstarrs(suffix: str, which: str) -> dict[str, Column]:
    bands = {"sgmag": "g", "srmag": "r", "simag": "i", "szmag": "z"}
    return {
        **{
            f"{n}{suffix}": _float(f"{b} magnitude of the {which} Pan-STARRS1 source.", "mag") for n, b in bands.items()
        },
        f"sgscore{suffix}": _float(f"Star (1) or galaxy (0) score of the {which} Pan-STARRS1 source."),
    }


def _neighbour(suffix: str, which: str) -> dict[str, Column]:
    return {
        f"objectidps{suffix}": integer(f"Number of the {which} Pan-STARRS1 source."),
        **_panstarrs(suffix, which),
        f"distpsnr{suffix}": _float(f"Distance to the {which} Pan-STARRS1 source within 30 arcsec.", "arcsec"),
    }


CANDIDATE: dict[str, Column] = {
    **_OBSERVATION,
    **_PHOTOMETRY,
    **_SHAPE,
    **_SURROUNDINGS,
    **_HISTORY,
    **_neighbour("1", "nearest"),
    **_neighbour("2", "second nearest"),
    **_neighbour("3", "third nearest"),
    **_panstarrs("", "nearest (schemas before 1.7)"),
}
"""Fields of the record `candidate`."""

TOP: dict[str, Column] = {
    "schemavsn": text("Version of the schema, as the packet says (it can differ from the writer's)."),
    "publisher": text("Who published the packet."),
    "alertId": integer("Number of the alert in the schemas of 2017."),
}
"""Scalars beside the record `candidate`, but for objectId (which is `object_id`) and candid (which repeats another)."""

FORCED_TYPES: dict[str, pa.DataType] = {
    "jd": pa.float64(),
    "fid": pa.int32(),
    "pid": pa.int64(),
    "rcid": pa.int32(),
    "programid": pa.int32(),
    "exptime": pa.float32(),
    "magzpsci": pa.float32(),
    "forcediffimflux": pa.float32(),
    "forcediffimfluxunc": pa.float32(),
    "procstatus": pa.string(),
}
"""Fields of one `fp_hists` item that make a point. Schema 3.5 has the same in `prv_candidates`."""

PREVIOUS_TYPES: dict[str, pa.DataType] = {
    **FORCED_TYPES,
    "candid": pa.int64(),
    "isdiffpos": pa.string(),
    "magpsf": pa.float32(),
    "sigmapsf": pa.float32(),
    "diffmaglim": pa.float32(),
    "ra": pa.float64(),
    "dec": pa.float64(),
}
"""Fields of one `prv_candidates` item that make a point."""

_ONLY_FORCED = ("sciinpseeing", "scibckgnd", "scisigpix", "adpctdif1", "adpctdif2", "diffmaglim", "field", "rfid")
_CUTOUTS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def wanted() -> Wanted:
    """What Linnet reads of a ZTF packet, and what it knows and leaves to the raw archive."""
    scalars = {name: column.type for name, column in TOP.items()}
    scalars["objectId"] = pa.string()
    scalars.update({f"candidate.{name}": column.type for name, column in CANDIDATE.items()})
    lists = {"prv_candidates": PREVIOUS_TYPES, "fp_hists": FORCED_TYPES}
    declared = (*CANDIDATE, *_ONLY_FORCED)
    left = {f"{path}.{name}" for path, items in lists.items() for name in declared if name not in items}
    return Wanted(scalars=scalars, lists=lists, known=frozenset({"candid", *_CUTOUTS, *left}))


OWN: dict[str, Column] = {f"ztf_{name}": column for name, column in {**TOP, **CANDIDATE}.items()}
"""The survey's own columns."""
