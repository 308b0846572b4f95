"""The module `astrometry` row by row; on real packets, with astropy, see test_science_oracle_fields."""

from __future__ import annotations

import math

import pytest

from linnet.core.module import declaration
from linnet.science.astrometry import astrometry
from module_rows import said

MODULE = declaration(astrometry)
ARCSEC = 1 / 3600


def test_the_offset_from_the_reference_is_in_arcsec_and_not_in_pixels() -> None:
    assert said(MODULE, {"ztf_distnr": 2.0})[0]["reference_offset"] == pytest.approx(2.0252)


def test_offsets_of_an_object_are_in_errors_along_each_coordinate() -> None:
    """Three errors east and four north are five; a degree of right ascension at dec 60 is half one on the sky."""
    place = {"ra": 150.0, "dec": 60.0, "ra_err": 0.1 * ARCSEC, "dec_err": 0.2 * ARCSEC}
    object_ = {"lsst_object_ra": 150.0 + 0.6 * ARCSEC, "lsst_object_dec": 60.0 + 0.8 * ARCSEC}
    (found,) = said(MODULE, {**place, **object_})
    assert found["object_offset_sigma"] == pytest.approx(5.0, rel=1e-5)
    assert found["object_offset"] == pytest.approx((0.3**2 + 0.8**2) ** 0.5, rel=1e-5)
    assert found["error"] == pytest.approx(((0.1**2 + 0.2**2) / 2) ** 0.5, rel=1e-5)


def test_an_offset_across_right_ascension_zero_is_small() -> None:
    place = {"ra": 359.99995, "dec": 0.0, "ra_err": ARCSEC, "dec_err": ARCSEC}
    (found,) = said(MODULE, {**place, "lsst_object_ra": 0.00005, "lsst_object_dec": 0.0})
    assert found["object_offset"] == pytest.approx(0.36, rel=1e-4)
    assert found["object_offset_sigma"] == pytest.approx(0.36, rel=1e-4)


@pytest.mark.parametrize("error", [None, 0.0])
def test_without_errors_there_is_an_offset_and_no_sigma(error: float | None) -> None:
    place = {"ra": 10.0, "dec": 0.0, "ra_err": error, "dec_err": ARCSEC}
    (found,) = said(MODULE, {**place, "lsst_object_ra": 10.0 + ARCSEC, "lsst_object_dec": 0.0})
    assert found["object_offset"] == pytest.approx(1.0, rel=1e-4)
    assert (found["object_offset_sigma"], found["error"], found["reference_offset"]) == (None, None, None)


def test_the_scatter_is_that_of_one_coordinate_and_the_poles_and_right_ascension_zero_do_not_widen_it() -> None:
    """Four corners of a square of 2 arcsec about the alert: squared distances 2 each, 8/(2 x 3)."""
    for ra, dec in ((150.0, 0.0), (0.0, 60.0), (359.9999, -80.0)):
        east, north = ARCSEC / math.cos(math.radians(dec)), ARCSEC
        corners = [((ra + x * east) % 360, dec + y * north) for x in (-1, 1) for y in (-1, 1)]
        lists = {"lc_ra": [*(c[0] for c in corners), None], "lc_dec": [*(c[1] for c in corners), None]}
        (found,) = said(MODULE, {"ra": ra, "dec": dec, **lists})
        assert found["scatter"] == pytest.approx(math.sqrt(8 / 6), rel=1e-4)
        assert found["n"] == 4


def test_one_position_has_no_scatter_and_a_limit_none() -> None:
    rows = [{"ra": 1.0, "dec": 1.0, "lc_ra": ra, "lc_dec": ra} for ra in ([1.0], [1.0, None], [], None)]
    found = [(row["n"], row["scatter"]) for row in said(MODULE, *rows)]
    assert found == [(1, None), (1, None), (0, None), (None, None)]


def test_positions_a_degree_apart_are_not_those_of_one_source() -> None:
    (found,) = said(MODULE, {"ra": 10.0, "dec": 1.0, "lc_ra": [10.0, 13.0], "lc_dec": [1.0, 1.0]})
    assert (found["n"], found["scatter"]) == (2, None)
