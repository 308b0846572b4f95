"""Sky arithmetic against astropy, cdshealpix's own functions and brute force."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, Latitude, Longitude, SkyCoord
from cdshealpix.nested import healpix_to_lonlat, lonlat_to_healpix

from linnet.core import sky

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

EDGES = [(0.0, 0.0), (360.0, 0.0), (-0.0, 90.0), (123.4, -90.0), (359.9999999999, 41.8), (45.0, 41.8103148957786)]


def everywhere(count: int, seed: int) -> tuple[Floats, Floats]:
    """Positions evenly over the sphere, poles, seams and corners of base cells first."""
    rng = np.random.default_rng(seed)
    ra = np.concatenate([[p[0] for p in EDGES], rng.uniform(0, 360, count)])
    dec = np.concatenate([[p[1] for p in EDGES], np.degrees(np.arcsin(rng.uniform(-1, 1, count)))])
    return ra, dec


def apart(ra1: Floats, dec1: Floats, ra2: Floats, dec2: Floats) -> Floats:
    """Separations in arcsec by astropy."""
    one, two = SkyCoord(ra1 * u.deg, dec1 * u.deg), SkyCoord(ra2 * u.deg, dec2 * u.deg)
    found: Floats = one.separation(two).arcsec
    return found


def test_cells_are_those_of_the_public_functions_of_cdshealpix() -> None:
    ra, dec = everywhere(20000, 1)
    expected = lonlat_to_healpix(Longitude(ra, u.deg), Latitude(dec, u.deg), sky.ORDER)
    np.testing.assert_array_equal(sky.healpix29(ra, dec), expected.astype(np.int64))


def test_a_cell_lies_where_its_position_is() -> None:
    ra, dec = everywhere(5000, 2)
    lon, lat = healpix_to_lonlat(sky.healpix29(ra, dec).astype(np.uint64), sky.ORDER)
    assert apart(ra, dec, lon.deg, lat.deg).max() < 1e-3


@pytest.mark.parametrize(("ra", "dec"), [(np.nan, 0), (0, np.nan), (np.inf, 0), (1, 90.0000001), (1, -91), (1, np.inf)])
def test_no_position_has_no_cell(ra: float, dec: float) -> None:
    assert sky.healpix29([10.0, ra], [10.0, dec]).tolist() == [sky.healpix29(10.0, 10.0)[0], sky.NOWHERE]


def test_cells_of_no_positions_are_no_cells() -> None:
    empty = sky.healpix29(np.zeros(0), np.zeros(0))
    assert empty.dtype == np.int64
    assert len(empty) == 0


def test_a_turn_more_is_the_same_cell() -> None:
    np.testing.assert_array_equal(sky.healpix29([-10.0, 370.0], [5.0, 5.0]), sky.healpix29([350.0, 10.0], [5.0, 5.0]))


def test_galactic_coordinates_are_those_of_astropy_within_30_mas() -> None:
    # ERFA takes the Hipparcos rotation, astropy goes through FK5: they differ by up to 25 mas.
    ra, dec = everywhere(20000, 3)
    expected = SkyCoord(ra * u.deg, dec * u.deg).galactic
    lon, lat = sky.galactic(ra, dec)
    assert apart(lon, lat, expected.l.deg, expected.b.deg).max() < 0.03
    assert ((lon >= 0) & (lon < 360)).all()


def test_the_galactic_centre_and_pole_are_where_they_are_defined() -> None:
    # Sgr A*: l 359.94423, b -0.04616 (Reid & Brunthaler 2004); north Galactic pole 192.85948, +27.12825 (ESA SP-1200).
    lon, lat = sky.galactic([266.41684, 192.85948], [-29.00781, 27.12825])
    assert lon[0] == pytest.approx(359.94423, abs=5e-5)
    assert lat.tolist() == pytest.approx([-0.04616, 90.0], abs=5e-5)


def test_ecliptic_coordinates_are_those_of_astropy_within_50_mas() -> None:
    # The plain rotation leaves out the frame bias between ICRS and the mean equator of J2000, up to 42 mas.
    ra, dec = everywhere(20000, 4)
    expected = SkyCoord(ra * u.deg, dec * u.deg).transform_to(BarycentricMeanEcliptic(equinox="J2000"))
    lon, lat = sky.ecliptic(ra, dec)
    assert apart(lon, lat, expected.lon.deg, expected.lat.deg).max() < 0.05
    assert ((lon >= 0) & (lon < 360)).all()


def test_the_poles_of_the_ecliptic_are_an_obliquity_from_those_of_the_equator() -> None:
    lon, lat = sky.ecliptic([0.0, 90.0, 270.0], [0.0, sky.OBLIQUITY_DEG, 90.0 - sky.OBLIQUITY_DEG])
    assert lat.tolist() == pytest.approx([0.0, 0.0, 90.0], abs=1e-6)
    assert lon[:2].tolist() == pytest.approx([0.0, 90.0])


def test_nan_stays_nan_on_the_sphere() -> None:
    for found in (*sky.galactic(np.nan, 1.0), *sky.ecliptic(1.0, np.nan), sky.separation(1.0, 2.0, np.nan, 2.0)):
        assert np.isnan(found)


def test_separations_are_those_of_astropy_from_a_milliarcsecond_to_opposite_points() -> None:
    ra, dec = everywhere(5000, 5)
    rng = np.random.default_rng(6)
    steps = 10.0 ** rng.uniform(-6.5, 2.2, len(ra))
    ra2 = ra + steps * rng.normal(size=len(ra))
    dec2 = np.clip(dec + steps * rng.normal(size=len(ra)), -90, 90)
    found, expected = sky.separation(ra, dec, ra2, dec2), apart(ra, dec, ra2, dec2)
    # Rounding of a degree (4e-11 arcsec each) is all that may differ at small angles.
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=3e-9)
    np.testing.assert_allclose(sky.separation(ra, dec, ra + 180.0, -dec), 180.0 * 3600.0, rtol=1e-9)


def test_tiny_separations_keep_their_digits() -> None:
    dec = np.array([-89.9, -30.0, 0.0, 60.0])
    step = 1e-9
    np.testing.assert_allclose(sky.separation(10.0, dec, 10.0, dec + step), step * 3600.0, rtol=1e-4)
    east = sky.separation(10.0, dec, 10.0 + 1e-7, dec)
    np.testing.assert_allclose(east, 1e-7 * 3600.0 * np.cos(np.radians(dec)), rtol=1e-6)
    assert sky.separation(10.0, -30.0, 10.0, -30.0) == 0.0
    assert sky.separation(359.9999999, 0.0, 0.0000001, 0.0) == pytest.approx(7.2e-4, rel=1e-6)


RADII = [0.0, 1e-4, 0.01, 1.0, 5.0, 60.0, 1500.0, 36000.0, 200000.0, 648000.0]


@pytest.mark.parametrize("radius", RADII)
def test_ranges_hold_every_point_of_their_cone(radius: float) -> None:
    rng = np.random.default_rng(7)
    for ra, dec in zip(*everywhere(20, 8), strict=True):
        # Points of the cone, half of them at its rim: go out by an angle along a direction.
        angles = radius * np.concatenate([np.sqrt(rng.uniform(0, 1, 200)), np.full(200, 1.0)])
        around = SkyCoord(ra % 360 * u.deg, dec * u.deg)
        points = around.directional_offset_by(rng.uniform(0, 360, 400) * u.deg, angles * u.arcsec)
        cells = sky.healpix29(points.ra.deg, points.dec.deg)
        ranges = sky.cone_ranges(ra, dec, radius)
        held = np.searchsorted(ranges[:, 0], cells, side="right") - 1
        assert ((held >= 0) & (cells < ranges[held, 1])).all()


@pytest.mark.parametrize("radius", RADII)
def test_ranges_are_few_ascending_apart_and_not_much_larger_than_their_cone(radius: float) -> None:
    for ra, dec in zip(*everywhere(40, 9), strict=True):
        ranges = sky.cone_ranges(ra, dec, radius)
        assert ranges.dtype == np.int64
        assert 1 <= len(ranges) <= sky.MAX_RANGES
        assert (ranges[:, 0] < ranges[:, 1]).all()
        assert (ranges[1:, 0] > ranges[:-1, 1]).all()
        assert ranges[0, 0] >= 0
        assert ranges[-1, 1] <= 12 * 4**sky.ORDER
        share = (ranges[:, 1] - ranges[:, 0]).astype(float).sum() / (12 * 4.0**sky.ORDER)
        cone = (1 - np.cos(np.radians(radius / 3600.0))) / 2
        if radius >= 0.01:
            assert share <= max(6 * cone, 1e-17)


def test_a_cone_as_wide_as_the_sphere_is_all_of_it() -> None:
    assert sky.cone_ranges(12.0, 34.0, 180 * 3600.0).tolist() == [[0, 12 * 4**sky.ORDER]]
