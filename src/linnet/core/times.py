"""Times: UTC and TAI as Modified Julian Dates, and the observing night.

The whole project keeps time as MJD in TAI, which has no leap seconds. UTC days follow the convention of ERFA (SOFA
"Time Scale and Calendar Tools", 2010): a day that ends in a leap second has 86,401 s, so its fraction runs slower.
"""

from __future__ import annotations

from functools import cache

import erfa
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints32 = npt.NDArray[np.int32]

JD_MINUS_MJD = 2400000.5
"""JD of MJD 0."""

DAY = 86400.0
"""Seconds of a day."""

NO_NIGHT = 0
"""Night of a time that is none."""

_LONGEST = 1e7
_LAST_DAY = 2973484  # 10000-01-01: years of four digits
_EPOCH = np.datetime64("1858-11-17")


def jd_to_mjd(jd: npt.ArrayLike) -> Floats:
    """MJD of a JD in the same time scale."""
    mjd: Floats = np.asarray(jd, dtype=np.float64) - JD_MINUS_MJD
    return mjd


def utc_to_tai(mjd_utc: npt.ArrayLike) -> Floats:
    """MJD TAI of times in MJD UTC.

    TAI - UTC is the table of leap seconds in ERFA; before 1972, when UTC had none, its first value of 10 s is used.
    What is no time (not finite, or more than ten million days) gives itself.
    """
    given, mjd, good = _times(mjd_utc)
    day = np.floor(mjd)
    offset, longer = _offset(day), _offset(day + 1) - _offset(day)
    tai: Floats = mjd + (offset + (mjd - day) * longer) / DAY
    return np.where(good, tai, given)


def tai_to_utc(mjd_tai: npt.ArrayLike) -> Floats:
    """MJD UTC of times in MJD TAI; the inverse of `utc_to_tai` to better than a microsecond."""
    given, mjd, good = _times(mjd_tai)
    # A first guess of the day is off by one at most; compare with where that day begins and ends in TAI.
    day = np.floor(mjd - _offset(mjd) / DAY)
    day = np.where(mjd < _midnight(day), day - 1, day)
    day = np.where(mjd >= _midnight(day + 1), day + 1, day)
    start, end = _midnight(day), _midnight(day + 1)
    utc: Floats = day + (mjd - start) / (end - start)
    return np.where(good, utc, given)


def evening(mjd_tai: npt.ArrayLike, hours: float) -> Ints32:
    """Observing nights as YYYYMMDD: the date of UTC minus some hours.

    Args:
        mjd_tai: times, MJD TAI.
        hours: how far after 0 h UTC the observatory's day turns (local noon), e.g. 20 for Palomar, 12 for Cerro Pachon
            (dayObs of Rubin: DMTN-024).

    Returns:
        int32 of the same shape, `NO_NIGHT` (0) where the time is not finite or outside the years 1858 to 9999.
    """
    day = np.floor(tai_to_utc(mjd_tai) - hours / 24.0)
    good = (day >= 0) & (day < _LAST_DAY)
    whole = np.where(good, day, 0.0).astype(np.int64)
    first, last = int(whole.min(initial=_LAST_DAY)), int(whole.max(initial=0))
    few = last - first < whole.size  # points of light curves share their nights
    nights = _dates(np.arange(first, last + 1))[whole - first] if few else _dates(whole)
    return np.where(good, nights, NO_NIGHT).astype(np.int32)


def _dates(day: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """YYYYMMDD of whole MJD."""
    date = _EPOCH + day.astype("timedelta64[D]")
    month = date.astype("datetime64[M]")
    since_1970 = month.astype(np.int64)
    years, months = 1970 + since_1970 // 12, 1 + since_1970 % 12
    days = 1 + (date - month.astype("datetime64[D]")).astype(np.int64)
    dates: npt.NDArray[np.int64] = years * 10000 + months * 100 + days
    return dates


def _times(given: npt.ArrayLike) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """What was given, the same with 0 for what is no time, and where it is one."""
    values = np.asarray(given, dtype=np.float64)
    good = np.abs(values) < _LONGEST
    return values, np.where(good, values, 0.0), good


@cache
def _leap_seconds() -> tuple[Floats, Floats]:
    """Days (MJD) from which TAI - UTC has a value, and the values in seconds; since 1972."""
    table = erfa.leap_seconds.get()
    table = table[(table["year"] >= 1972)]
    dates = [np.datetime64(f"{y:04d}-{m:02d}-01") for y, m in zip(table["year"], table["month"], strict=True)]
    days = (np.array(dates, dtype="datetime64[D]") - _EPOCH).astype(np.float64)
    return days, table["tai_utc"].astype(np.float64)


def _offset(day: Floats) -> Floats:
    """TAI - UTC in seconds at the start of a UTC day; one number where all days have the latest."""
    days, seconds = _leap_seconds()
    if day.size and day.min() >= days[-1]:
        return np.asarray(seconds[-1])
    return seconds[np.clip(np.searchsorted(days, day, side="right") - 1, 0, None)]


def _midnight(day: Floats) -> Floats:
    """MJD TAI of the start of a UTC day."""
    return day + _offset(day) / DAY
