"""A watchlist finds exactly the alerts that lie within the radius of an entry."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from linnet.core.catalogue import Places
from linnet.core.membership import KnownLists, places_of
from linnet.core.sky import healpix29
from linnet.core.watchlist import CELL, ENTRY, MAX_ENTRIES, Watchlist, checked
from linnet.errors import InputError
from sky_catalogues import Sky, everywhere, near

Floats = npt.NDArray[np.float64]


def entries(sky: Sky, radius: Floats) -> pa.Table:
    """A list of these positions, each labelled with its row."""
    labels = pa.array([f"e{n}" for n in range(len(sky.ra))])
    return pa.table([sky.ra, sky.dec, radius, labels], schema=ENTRY)


def by_astropy(alerts: Sky, sky: Sky, radius: Floats) -> tuple[list[int], Floats]:
    """For each alert the nearest entry in whose radius it lies, -1 without, and its separation in arcsec."""
    from astropy import units
    from astropy.coordinates import SkyCoord

    there = SkyCoord(sky.ra * units.deg, sky.dec * units.deg)
    rows, apart = [], np.full(len(alerts.ra), np.nan)
    for n, (ra, dec) in enumerate(zip(alerts.ra, alerts.dec, strict=True)):
        away = there.separation(SkyCoord(ra * units.deg, dec * units.deg)).arcsec
        within = np.where(away <= radius, away, np.inf)
        best = int(np.argmin(within))
        rows.append(best if np.isfinite(within[best]) else -1)
        apart[n] = away[best] if rows[-1] >= 0 else np.nan
    return rows, apart


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_entries_with_radii_of_their_own_are_found_as_astropy_finds_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sky = everywhere(rng, 4_000)
    # From an arcsecond to a degree: crowds, poles, a right ascension of zero and corners of base cells among them.
    radius = np.exp(rng.uniform(np.log(0.5), np.log(3600.0), len(sky.ra)))
    alerts = near(rng, sky, 300, 60.0)
    kept = checked(entries(sky, radius))
    watchlist, places = Watchlist(kept), alerts.places()
    rows, apart = by_astropy(alerts, sky, radius)
    place, row, found = watchlist.nearest(places)
    labels = kept.column("label").take(pa.array(row)).to_pylist()
    assert dict(zip(place.tolist(), labels, strict=True)) == {n: f"e{r}" for n, r in enumerate(rows) if r >= 0}
    np.testing.assert_allclose(found, apart[~np.isnan(apart)], atol=1e-6)
    assert watchlist.hold(places).tolist() == [r >= 0 for r in rows]
    assert 50 < len(place) < len(rows)


def test_one_radius_for_all_is_found_as_astropy_finds_it() -> None:
    rng = np.random.default_rng(4)
    sky = everywhere(rng, 3_000)
    radius = np.full(len(sky.ra), 1.5)
    alerts = near(rng, sky, 300, 1.5)
    rows, _ = by_astropy(alerts, sky, radius)
    assert Watchlist(checked(entries(sky, radius))).hold(alerts.places()).tolist() == [r >= 0 for r in rows]


def test_few_wide_entries_do_not_slow_down_a_list_of_narrow_ones() -> None:
    rng = np.random.default_rng(5)
    sky = everywhere(rng, 200_000)
    radius = np.full(len(sky.ra), 1.0)
    alerts = near(rng, sky, 2_000, 1.0).places()
    narrow = Watchlist(checked(entries(sky, radius)))
    radius[:3] = 3600.0
    wide = Watchlist(checked(entries(sky, radius)))
    spent = [min(_cpu(lambda each=each: each.hold(alerts)) for _ in range(3)) for each in (narrow, wide)]
    # In one layer every alert would look through all entries within degrees: some hundred times as many.
    assert spent[1] < 20 * spent[0] + 0.02


def test_two_alerts_of_one_source_are_both_found_and_one_that_is_nowhere_is_not() -> None:
    watchlist = Watchlist(checked(entries(Sky(np.array([10.0]), np.array([20.0])), np.array([2.0]))))
    ra, dec = np.array([10.0, 10.0, 10.0, np.nan]), np.array([20.0, 20.0001, 20.1, 20.0])
    places = Places(healpix29(ra, dec), ra, dec, np.full(4, np.nan))
    assert watchlist.hold(places).tolist() == [True, True, False, False]


def test_an_entry_reaches_exactly_as_far_as_its_radius() -> None:
    watchlist = Watchlist(checked(entries(Sky(np.array([0.0]), np.array([90.0])), np.array([10.0]))))
    dec = 90.0 - np.array([9.999999, 10.000001]) / 3600.0
    for ra in (0.0, 123.0, 359.9):
        at = np.full(2, ra)
        assert watchlist.hold(Places(healpix29(at, dec), at, dec, at)).tolist() == [True, False]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(10.0, 20.0, 1.0), (361.0, 0.0, 1.0)], "row 2: 361 is no right ascension"),
        ([(10.0, 20.0, 1.0), (1.0, -90.1, 1.0)], "row 2: -90.1 is no declination"),
        ([(np.nan, 20.0, 1.0)], "row 1: nothing is no right ascension"),
        ([(10.0, np.inf, 1.0)], "row 1: inf is no declination"),
        ([(10.0, 20.0, 0.0)], "row 1: 0 is no radius"),
        ([(10.0, 20.0, 3601.0)], "at most 3600 arcsec; what is larger is an area"),
        ([(10.0, 20.0, np.nan)], "row 1: nothing is no radius"),
        ([], f"1 to {MAX_ENTRIES} entries"),
    ],
)
def test_an_entry_that_is_none_is_refused_with_its_row(rows: list[tuple[float, float, float]], said: str) -> None:
    values = np.array(rows, dtype=np.float64).reshape(-1, 3)
    with pytest.raises(InputError, match=said):
        checked(entries(Sky(values[:, 0], values[:, 1]), values[:, 2]))


def test_a_label_that_is_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="row 2: has a label of more than 200"):
        checked(pa.table([[1.0, 2.0], [1.0, 2.0], [1.0, 1.0], [None, "x" * 201]], schema=ENTRY))


def test_entries_are_kept_sorted_with_their_labels() -> None:
    sky = everywhere(np.random.default_rng(6), 500)
    kept = checked(entries(Sky(sky.ra - 180.0, sky.dec), np.full(500, 1.0)))
    cells = kept.column(CELL).to_numpy()
    assert (np.diff(cells) >= 0).all()
    assert (cells == healpix29(kept.column("ra").to_numpy(), kept.column("dec").to_numpy())).all()
    assert {f"e{n}" for n in range(500)} == set(kept.column("label").to_pylist())


def test_a_membership_is_null_without_a_position_and_for_a_list_that_cannot_be_asked() -> None:
    watchlist = Watchlist(checked(entries(Sky(np.array([10.0]), np.array([20.0])), np.array([2.0]))))
    cells = healpix29([10.0, 11.0, 10.0], [20.0, 20.0, 20.0])
    batch = pa.record_batch({"ra": [10.0, 11.0, None], "dec": [20.0] * 3, "healpix": pa.array(cells)})
    lists = KnownLists({"in_watchlist:mine": watchlist, "in_area:torn": None})
    assert lists.of("in_watchlist:mine", batch).to_pylist() == [True, False, None]
    for name in ("in_area:torn", "in_area:unknown"):
        assert lists.of(name, batch).to_pylist() == [None] * 3
    assert lists.of("in_watchlist:mine", batch.slice(0, 0)).to_pylist() == []
    assert places_of(pa.Table.from_batches([batch, batch])).cells.tolist() == [*cells[:2], -1] * 2


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
