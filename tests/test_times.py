"""Times against astropy, across leap seconds, and nights against the survey's own numbering."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from astropy.time import Time

from linnet.core import times

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

MICROSECOND = 1e-6 / 86400.0


def astropy_tai(mjd_utc: Floats) -> Floats:
    """TAI of UTC by astropy, which warns of dates far from its table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Floats = Time(mjd_utc, format="mjd", scale="utc").tai.mjd
    return found


def all_over() -> Floats:
    """Every leap second from both sides, the day before each, and 1972 to 2060 at random."""
    rng = np.random.default_rng(1)
    days, _ = times._leap_seconds()
    steps = np.array([-1.0, -0.5, -1e-3, -1e-5, -1e-9, 0.0, 1e-9, 1e-5, 0.5])
    return np.concatenate([(days[1:, None] + steps).ravel(), rng.uniform(41318, 73000, 20000)])


def test_tai_is_that_of_astropy_across_every_leap_second() -> None:
    mjd = all_over()
    np.testing.assert_allclose(times.utc_to_tai(mjd), astropy_tai(mjd), rtol=0, atol=MICROSECOND)


def test_the_leap_second_of_2016_lies_between_36_and_37_seconds() -> None:
    # IERS Bulletin C 52: UTC-TAI = -36 s until 2017 January 1, 0 h UTC, -37 s from then.
    before, after = 57753.0, 57754.0
    seconds = (times.utc_to_tai([before, after]) - [before, after]) * 86400.0
    assert seconds.tolist() == pytest.approx([36.0, 37.0], abs=1e-6)
    last = np.nextafter(after, before)
    assert (times.utc_to_tai(last) - last) * 86400.0 == pytest.approx(37.0, abs=1e-6)
    half = 57753.5
    assert (times.utc_to_tai(half) - half) * 86400.0 == pytest.approx(36.5, abs=1e-6)


def test_utc_is_the_way_back() -> None:
    mjd = all_over()
    np.testing.assert_allclose(times.tai_to_utc(times.utc_to_tai(mjd)), mjd, rtol=0, atol=MICROSECOND)


def test_the_leap_second_itself_stays_in_its_day() -> None:
    # In TAI the day 2016-12-31 has 86,401 s; its last one is 23:59:60 UTC.
    start = 57753.0 + 36.0 / 86400.0
    instants = start + (86400.0 + np.array([-0.5, 0.5, 0.999])) / 86400.0
    assert (times.tai_to_utc(instants) < 57754.0).all()
    assert (times.tai_to_utc(start + 86401.0 / 86400.0 + 1e-9) >= 57754.0).all()


def test_nothing_stays_nothing() -> None:
    odd = np.array([np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(times.utc_to_tai(odd), odd)
    np.testing.assert_array_equal(times.tai_to_utc(odd), odd)
    assert times.evening(odd, 20.0).tolist() == [times.NO_NIGHT] * 3
    assert times.evening(np.zeros(0), 20.0).tolist() == []


def test_seconds_and_other_numbers_that_are_no_mjd_have_no_night() -> None:
    assert times.evening(np.array([1480360995.0, -1.0, 1e300, -1e300]), 12.0).tolist() == [times.NO_NIGHT] * 4


def test_jd_to_mjd_is_exact() -> None:
    assert times.jd_to_mjd(2459415.8825347) == 2459415.8825347 - 2400000.5
    assert times.jd_to_mjd(2400000.5) == 0.0


@pytest.mark.parametrize("hours", [0.0, 12.0, 20.0])
def test_nights_are_the_dates_of_astropy(hours: float) -> None:
    rng = np.random.default_rng(2)
    mjd = rng.uniform(41400, 73000, 3000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        moments = Time(mjd, format="mjd", scale="tai").utc.mjd - hours / 24.0
        dates = Time(moments, format="mjd", scale="utc").to_value("iso", subfmt="date")
    expected = [int(str(d).replace("-", "")) for d in dates]
    assert times.evening(mjd, hours).tolist() == expected


def test_a_night_turns_at_its_hour_in_utc() -> None:
    # 2018-08-18T20:00 UTC is local noon at Palomar; an exposure of the tarball of 2018-08-19 UT is of the 18th.
    turn = times.utc_to_tai(58348.0 + 20.0 / 24.0)
    second = 1.0 / 86400.0
    assert times.evening([turn - second, turn + second], 20.0).tolist() == [20180817, 20180818]
    assert times.evening(times.utc_to_tai(58349.3), 20.0) == 20180818
    # Rubin: visit 2026022300078 has dayObs 20260223, its exposure was after midnight UTC.
    assert times.evening(times.utc_to_tai(61095.1), 12.0) == 20260223


def test_leap_days_and_new_years_have_their_dates() -> None:
    noons = Time(["2020-02-29T12:00:00", "2019-12-31T12:00:00", "2020-01-01T12:00:00"], scale="utc").tai.mjd
    assert times.evening(noons, 0.0).tolist() == [20200229, 20191231, 20200101]


@pytest.mark.parametrize("low", [57000.0, 60300.0])
def test_a_time_does_not_depend_on_the_times_beside_it(low: float) -> None:
    mjd = low + np.random.default_rng(3).uniform(0, 900, 400)
    for given in (mjd, np.append(mjd, np.nan), np.append(mjd, 45000.0), np.append(mjd, 1e300)):
        assert times.evening(given, 12.0)[:400].tolist() == [int(times.evening(t, 12.0)) for t in mjd]
        assert times.utc_to_tai(given)[:400].tolist() == [float(times.utc_to_tai(t)) for t in mjd]
        assert times.tai_to_utc(given)[:400].tolist() == [float(times.tai_to_utc(t)) for t in mjd]
