"""The module `astrometry` row by row; on real packets, with astropy, see test_science_oracle_fields."""

from __future__ import annotations

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
