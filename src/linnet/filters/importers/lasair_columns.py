"""Lasair's columns, and what stands for them here.

The columns are those of Lasair's public schemas (github.com/lsst-uk/lasair4 and lasair-lsst, common/schema), and what
they hold is read in its feature code there (pipeline/filter). Lasair keeps one row per object, made anew with every
alert; here every alert is judged with its own history, so the latest value of an object is the value of the alert.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from linnet.core.vocabulary import BANDS
from linnet.filters.importers.pieces import Level, Piece

JULIAN = Decimal("2400000.5")
"""What a Julian date is more than a modified one."""

_MISSING = Decimal(-999)


@dataclass(frozen=True)
class Counterpart:
    """What stands for a column of Lasair.

    Attributes:
        piece: in this language.
        survey: whose column it is.
        near: in what it differs from Lasair's; "" where it does not.
        remark: what is worth knowing of it.
        is_text: compares with texts.
    """

    piece: Piece
    survey: str
    near: str = ""
    remark: str = ""
    is_text: bool = False


_HISTORY = "over all detections known here; Lasair looks at those of the packet (30 d)"
_MOMENT = "the middle of the exposure in TAI; Lasair has its start in UTC, within a minute"
_SIGNS = "detections fainter than the reference are left out; Lasair counts their magnitudes too"
_NOT_I = "Lasair's r is every band but g"
_POSITION = "the position of this detection; Lasair has the mean of the object, mostly within 0.2 arcsec"
_GOOD = "detections of low rb or drb (0.75 or less) are counted too; Lasair leaves them out"
_PS1 = "Lasair's loader keeps a 0 as null, and takes it from the latest detection that has one"
_LATEST = "so for every alert: it is the latest detection of its object when it is judged"
_CASE = "Lasair compares texts whatever their case; here case counts"


def _latest_mag(band: str) -> Piece:
    # The flux of a detection fainter than the reference is negative, and Lasair has its magnitude as well.
    return Piece(f"31.4 - 2.5 * log10(abs(last(lc.flux where band = '{band}')))", Level.SUM)


def _ztf(text: str, near: str = "", *, absent: bool = False, level: Level = Level.ATOM) -> Counterpart:
    piece = Piece(text, level, absent=_MISSING if absent else None)
    return Counterpart(piece, "ztf", near)


def _date(text: str, near: str = _MOMENT, remark: str = "") -> Counterpart:
    return Counterpart(Piece(text, shift=JULIAN), "ztf", near, remark)


def _counted(text: str) -> Counterpart:
    # A count of 0 is null in Lasair's table.
    return Counterpart(Piece(text, none=Decimal(0)), "ztf", _GOOD)


def _ztf_band(band: str) -> dict[str, Counterpart]:
    other = "" if band == "g" else f"; {_NOT_I}"
    return {
        f"{band}mag": Counterpart(_latest_mag(band), "ztf", f"of all that is known here, not of 30 d{other}"),
        f"jd{band}max": _date(f"max(lc.mjd where band = '{band}')", _MOMENT + other),
        f"mag{band}min": _ztf(f"min(lc.mag where band = '{band}')", f"{_HISTORY}; {_SIGNS}{other}"),
        f"mag{band}max": _ztf(f"max(lc.mag where band = '{band}')", f"{_HISTORY}; {_SIGNS}{other}"),
        f"mag{band}mean": _ztf(f"mean(lc.mag where band = '{band}')", f"{_HISTORY}; {_SIGNS}{other}"),
    }


ZTF: dict[str, Counterpart] = {
    "objectid": Counterpart(Piece("object_id"), "ztf", remark=_CASE, is_text=True),
    "ssnamenr": Counterpart(Piece("body_id"), "ztf", remark=_CASE, is_text=True),
    "ramean": _ztf("ra", _POSITION),
    "decmean": _ztf("dec", _POSITION),
    "glatmean": _ztf("gal_lat", _POSITION),
    "glonmean": _ztf("gal_lon", _POSITION),
    "jdmax": _date("mjd", remark=_LATEST),
    "jdmin": _date("first_mjd", f"{_MOMENT}; the first detection known here, not that of the packet (30 d)"),
    "ncand": _ztf("n_detections", _HISTORY),
    "ncandgp": _counted("n_positive"),
    "ncandgp_7": _counted("count(lc where flux > 0 and mjd > now() - 7)"),
    "ncandgp_14": _counted("count(lc where flux > 0 and mjd > now() - 14)"),
    "g_minus_r": _ztf("colour_g_r", "of the latest pair within half a day; Lasair takes the latest night with both"),
    "sgscore1": _ztf("ztf_sgscore1", _PS1, absent=True),
    "distpsnr1": _ztf("ztf_distpsnr1", _PS1, absent=True),
    "sgmag1": _ztf("ztf_sgmag1", _PS1, absent=True),
    "srmag1": _ztf("ztf_srmag1", _PS1, absent=True),
    **_ztf_band("g"),
    **_ztf_band("r"),
}
"""`objects` of Lasair ZTF, by the name in lower case."""


def _lsst(text: str, near: str = "", remark: str = "") -> Counterpart:
    return Counterpart(Piece(text), "lsst", near, remark)


_KNOWN = "of what is known here; Lasair counts those of the packet"
_OBJECT = ("psfFluxMean", "psfFluxMeanErr", "psfFluxSigma", "psfFluxNdata", "fpFluxMean", "fpFluxMeanErr")
_SCIENCE = ("scienceFluxMean", "scienceFluxMeanErr")


def _lsst_band(band: str) -> dict[str, Counterpart]:
    return {
        f"{band}_psfflux": _lsst(f"last(lc.flux where band = '{band}')", _KNOWN),
        f"{band}_latestmjd": _lsst(f"max(lc.mjd where band = '{band}')", _KNOWN),
        f"n{band}sources": _lsst(f"n_detections_{band}", _KNOWN),
        **{f"{band}_{n}".lower(): _lsst(f"lsst_object_{band}_{n}") for n in (*_OBJECT, *_SCIENCE)},
    }


LSST: dict[str, Counterpart] = {
    "diaobjectid": Counterpart(Piece("object_id"), "lsst", is_text=True),
    "ra": _lsst("lsst_object_ra"),
    "decl": _lsst("lsst_object_dec"),
    "raerr": _lsst("lsst_object_raErr"),
    "decerr": _lsst("lsst_object_decErr"),
    "ra_dec_cov": _lsst("lsst_object_ra_dec_Cov"),
    "pmra": _lsst("lsst_object_pmRa"),
    "pmdec": _lsst("lsst_object_pmDec"),
    "validitystartmjdtai": _lsst("lsst_object_validityStartMjdTai"),
    "firstdiasourcemjdtai": _lsst("lsst_object_firstDiaSourceMjdTai"),
    "firstdiasourcemjd": _lsst("lsst_object_firstDiaSourceMjdTai"),
    "lastdiasourcemjdtai": _lsst("mjd", remark=_LATEST),
    "lastdiasourcemjd": _lsst("mjd", remark=_LATEST),
    "latest_psfflux": _lsst("flux"),
    "latestr": _lsst("reliability"),
    "ndiasources": _lsst("lsst_object_nDiaSources"),
    "nsources": _lsst("n_detections", _KNOWN),
    "nposdiasources": _lsst("n_positive", _KNOWN),
    "glat": _lsst("gal_lat", _POSITION),
    "ebv": _lsst("extinction_ebv", "the same map averaged over 0.9 deg"),
    "nearbyobj1": _lsst("lsst_object_nearbyObj1"),
    "nearbyobj1dist": _lsst("lsst_object_nearbyObj1Dist"),
    "nearbyobj1lnp": _lsst("lsst_object_nearbyObj1LnP"),
    **{name: each for band in BANDS for name, each in _lsst_band(band).items()},
}
"""`objects` and `objects_ext` of Lasair LSST, by the name in lower case."""

_FIT = "Lasair's fit of an explosion and a black body has no counterpart here"
_SHERLOCK = "Sherlock's cross-match is not made here; host_kind, host_separation and xmatch_* say what stands nearby"
_TNS = "names and types of the Transient Name Server are not known here"

NO_TABLE: dict[str, str] = {
    "sherlock_classifications": _SHERLOCK,
    "sherlock_crossmatches": _SHERLOCK,
    "crossmatch_tns": _TNS,
    "annotations": "annotations of others cannot be asked yet",
    "mma_area_hits": "regions of gravitational-wave events cannot be asked yet",
    "candidates": "one row per detection of an object has no counterpart; count(lc where ...) asks about detections",
    "watchlist_hits": "of a watchlist only membership is known: in_watchlist('name')",
    "area_hits": "of an area only membership is known: in_area('name')",
}
"""Why the columns of a table cannot be read."""

NO_COLUMN: dict[str, str] = {
    "dmdt_g": "the change over the last two in g is not known; rates_g_mag is a slope of 30 d, + is fading",
    "dmdt_r": "the change over the last two in r is not known; rates_r_mag is a slope of 30 d, + is fading",
    "rastd": "astrometry_scatter is the scatter in both coordinates",
    "decstd": "astrometry_scatter is the scatter in both coordinates",
    "jd_g_minus_r": "colour_g_r_age is the age of the pair behind colour_g_r",
    "tns_name": _TNS,
    "absmag": "no distance of a host is known here",
    "absmagmjd": "no distance of a host is known here",
    "peakextcorrabsmag": "no distance of a host is known here",
    "medianr": "the reliability of earlier detections is not kept",
    "nsourcesgood": "the reliability of earlier detections is not kept",
    "nposdiasourcesnights": "n_nights counts nights with a detection of either sign",
    "jump1": "features_* and rates_* say how much a source varies; there is no jump over its older mean",
    "jump2": "features_* and rates_* say how much a source varies; there is no jump over its older mean",
    "latestpaircolourmag": "the bands of the pair are not fixed; colour_g_r and its likes name theirs",
    "latestpaircolourtemp": "no temperature is made of colours here; colour_g_r and its likes are the colours",
    "penultimatepaircolourtemp": "no temperature is made of colours here; colour_g_r and its likes are the colours",
    **dict.fromkeys(("bbbriserate", "bbbfallrate", "bbbtemp", "bbbpeakflux", "bbbpeakmjd", "bbbpeakabsmag"), _FIT),
    **{
        f"mag_{band}{days}": "moving averages of magnitudes are not made here"
        for band in "gr"
        for days in ("02", "08", "28")
    },
    "htm16": "a position is asked with cone(ra, dec, radius)",
}
"""Why a column of `objects` cannot be read, with what comes closest."""
