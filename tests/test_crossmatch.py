"""Matching is exact everywhere on the sky: against brute force, with every trap of the sphere in the data."""

from __future__ import annotations

import erfa
import numpy as np
import pytest

from linnet.core.catalogue import MAX_RADIUS, Places
from linnet.core.sky import NOWHERE, healpix29, separation
from linnet.core.sky_matching import _NARROWEST, SortedSky, Sources, surroundings
from linnet.errors import InputError
from sky_catalogues import Sky, brute_force, by_alert, everywhere, near


@pytest.mark.parametrize(("radius", "neighbours"), [(0.2, 1), (2.0, 1), (2.0, 4), (60.0, 3), (3000.0, 2)])
def test_the_nearest_rows_are_those_of_brute_force_anywhere_on_the_sky(radius: float, neighbours: int) -> None:
    rng = np.random.default_rng(1)
    sky = everywhere(rng, 20_000)
    catalogue, _ = sky.sorted(radius)
    alerts = near(rng, sky, 800, radius)
    found = by_alert(SortedSky(catalogue).match(alerts.places(), neighbours), 800)
    wanted = brute_force(alerts, catalogue, neighbours)
    assert found[0] == wanted[0]
    assert sum(map(len, wanted[0])) > 400
    for mine, theirs in zip(found[1], wanted[1], strict=True):
        assert mine == pytest.approx(theirs, abs=1e-8)


def test_each_source_has_its_own_radius() -> None:
    rng = np.random.default_rng(2)
    sky = everywhere(rng, 10_000)
    catalogue, _ = sky.sorted(rng.choice([0.1, 1.0, 30.0, 600.0], 10_000))
    alerts = near(rng, sky, 500, 20.0)
    found = by_alert(SortedSky(catalogue).match(alerts.places(), 3), 500)
    assert found[0] == brute_force(alerts, catalogue, 3)[0]


def test_a_million_rows_are_matched_as_by_brute_force() -> None:
    rng = np.random.default_rng(3)
    sky = everywhere(rng, 1_000_000)
    catalogue, _ = sky.sorted(1.5)
    alerts = near(rng, sky, 60, 1.0)
    found = by_alert(SortedSky(catalogue).match(alerts.places(), 2), 60)
    assert found[0] == brute_force(alerts, catalogue, 2)[0]


def test_of_equally_near_rows_the_first_comes_first() -> None:
    sky = Sky(np.array([10.0] * 5), np.array([20.0] * 5))
    catalogue, _ = sky.sorted()
    _, rows, apart = SortedSky(catalogue).match(sky.take(np.array([0])).places(), 3)
    assert rows.tolist() == [0, 1, 2]
    assert apart.tolist() == [0.0, 0.0, 0.0]


def test_two_alerts_of_one_source_are_both_matched() -> None:
    sky = Sky(np.array([10.0]), np.array([20.0]))
    alerts = Sky(np.array([10.0, 10.0]), np.array([20.0, 20.0001]))
    assert SortedSky(sky.sorted()[0]).match(alerts.places(), 1)[0].tolist() == [0, 1]


def test_a_row_on_the_rim_belongs_to_it_and_one_behind_does_not() -> None:
    sky = Sky(np.array([10.0]), np.array([0.0]))
    alerts = Sky(np.array([10.0, 10.0]), np.array([1.9999999, 2.0000001]) / 3600.0)
    assert SortedSky(sky.sorted(2.0)[0]).match(alerts.places(), 1)[0].tolist() == [0]


def test_an_alert_that_is_nowhere_matches_nothing() -> None:
    sky = Sky(np.array([0.0]), np.array([0.0]))
    places = Places(np.array([NOWHERE]), np.array([np.nan]), np.array([np.nan]), np.array([60000.0]))
    assert len(SortedSky(sky.sorted()[0]).match(places, 1)[0]) == 0


def test_an_empty_catalogue_and_an_empty_batch_match_nothing() -> None:
    sky, nobody = Sky(np.array([10.0]), np.array([20.0])), Sky(np.empty(0), np.empty(0))
    assert [len(a) for a in SortedSky(nobody.sorted()[0]).match(sky.places(), 2)] == [0, 0, 0]
    assert [len(a) for a in SortedSky(sky.sorted()[0]).match(nobody.places(), 2)] == [0, 0, 0]


def test_what_surrounds_a_cell_holds_everything_within_reach() -> None:
    rng = np.random.default_rng(4)
    sky = everywhere(rng, 30_000)
    widest = [_NARROWEST / 2**depth * 0.999999 for depth in (4, 8, 12, 15, 17)]  # the cells are just wide enough
    for reach in (0.5, 2.0, 77.0, 5_000.0, MAX_RADIUS, *widest):
        lat, lon = np.radians(sky.dec), np.radians(sky.ra)
        away, angle = reach / 3600.0, rng.uniform(0, 2 * np.pi, len(lat))
        there = np.arcsin(
            np.clip(
                np.sin(lat) * np.cos(np.radians(away)) + np.cos(lat) * np.sin(np.radians(away)) * np.cos(angle), -1, 1
            )
        )
        turn = np.arctan2(
            np.sin(angle) * np.sin(np.radians(away)) * np.cos(lat),
            np.cos(np.radians(away)) - np.sin(lat) * np.sin(there),
        )
        around, finer = surroundings(healpix29(sky.ra, sky.dec), reach)
        cells = healpix29(np.degrees(lon + turn) % 360.0, np.degrees(there)) >> finer
        assert (around == cells[:, None]).any(axis=1).all(), reach


def moved(ra: float, dec: float, motion: tuple[float, float], years: float) -> tuple[float, float]:
    """A position after some years at a proper motion (mas/yr, in right ascension times cos dec), by ERFA's `starpm`."""
    east, north = (np.radians(m / 3.6e6) for m in motion)
    lat = np.radians(dec)
    # No radial velocity: a straight line in space. The parallax only keeps the speed below that of light.
    end = erfa.starpm(
        np.radians(ra),
        lat,
        east / np.cos(lat),
        north,
        0.1,
        0.0,
        2400000.5,
        51544.5,
        2400000.5,
        51544.5 + 365.25 * years,
    )
    return float(np.degrees(end[0]) % 360.0), float(np.degrees(end[1]))


@pytest.mark.parametrize(
    ("ra", "dec", "motion"),
    [
        (269.45, 4.69, (-801.6, 10362.4)),  # Barnard's star, the fastest there is
        (0.0001, -37.36, (5634.7, -2337.9)),  # Gliese 1, across the right ascension of zero
        (120.0, 89.9995, (300.0, 400.0)),  # across a pole
        (40.0, -10.0, (30.0, -50.0)),
    ],
)
def test_proper_motion_takes_a_source_where_erfa_takes_it(ra: float, dec: float, motion: tuple[float, float]) -> None:
    rng = np.random.default_rng(5)
    field = everywhere(rng, 1000)
    sky = Sky(np.append(field.ra, ra), np.append(field.dec, dec))
    catalogue, order = sky.sorted(0.5)
    still = np.zeros(len(order))
    east, north = still.copy(), still.copy()
    at = int(np.flatnonzero(order == 1000)[0])
    east[at], north[at] = motion
    moving = SortedSky(Sources(catalogue.cells, catalogue.ra, catalogue.dec, catalogue.radius, (east, north), 2000.0))
    for years in (-20.0, 0.0, 25.3):
        there = moved(ra, dec, motion, years)
        alert = Sky(np.array([there[0]]), np.array([there[1]]))
        found, rows, apart = moving.match(alert.places(51544.5 + 365.25 * years), 1)
        assert (found.tolist(), rows.tolist()) == ([0], [at])
        assert apart[0] < 2e-3
        if abs(years) > 1.0 and separation(ra, dec, *there) > 0.5:
            assert len(SortedSky(catalogue).match(alert.places(), 1)[0]) == 0


def test_sources_of_all_speeds_are_matched_as_if_each_was_moved_by_itself() -> None:
    rng = np.random.default_rng(6)
    sky = everywhere(rng, 5_000)
    catalogue, _ = sky.sorted(2.0)
    size, angle = rng.choice([0.0, 5.0, 90.0, 500.0, 5000.0], 5_000), rng.uniform(0, 2 * np.pi, 5_000)
    motion = (size * np.cos(angle), size * np.sin(angle))
    motion[0][::50] = np.nan
    years = 17.0
    ends = [
        moved(a, d, (np.nan_to_num(e), 0.0 if np.isnan(e) else n), years) if s else (a, d)
        for a, d, e, n, s in zip(catalogue.ra, catalogue.dec, *motion, size, strict=True)
    ]
    then = Sky(np.array([a for a, _ in ends]), np.array([d for _, d in ends]))
    motion[1][::50] = np.nan
    alerts = near(rng, then, 300, 1.0)
    moving = SortedSky(Sources(catalogue.cells, catalogue.ra, catalogue.dec, catalogue.radius, motion, 2000.0))
    found = by_alert(moving.match(alerts.places(51544.5 + 365.25 * years), 2), 300)
    wanted = brute_force(alerts, catalogue, 2, rows_of=then)
    assert found[0] == wanted[0]
    assert sum(map(len, wanted[0])) > 200


@pytest.mark.parametrize("radius", [0.0, -1.0, MAX_RADIUS * 1.01])
def test_a_radius_that_is_none_is_refused(radius: float) -> None:
    with pytest.raises(InputError, match="radius"):
        SortedSky(Sky(np.array([1.0]), np.array([1.0])).sorted(radius)[0])


def test_rows_out_of_order_are_refused() -> None:
    with pytest.raises(InputError, match="sorted"):
        SortedSky(Sources(np.array([5, 3]), np.zeros(2), np.zeros(2), np.array([1.0])))
