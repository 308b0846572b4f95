"""A remote catalogue that fails, hangs and lies: look-ups fail, once, in bounded time, and no filter fires for it."""

from __future__ import annotations

import pickle
import re
import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from cone_server import ConeServer, serving
from linnet.adapters.cone_search import _CELL, ConeSearch, OpenConeSearch
from linnet.core.catalogue import CatalogueColumn, Found
from linnet.core.module import Module
from linnet.core.plan import Plan
from linnet.core.sky import centres, healpix29, separation
from linnet.core.vocabulary import COMMON
from linnet.filters.language import parse
from linnet.science.crossmatch import crossmatch
from sky_catalogues import Sky, brute_force, everywhere, near

COLUMNS = (CatalogueColumn("name", "string", "", "main_id"), CatalogueColumn("mag", "double", "mag"))
TROUBLE = {
    "fails": "answers 500",
    "not found": "answers 404",
    "web page": "no VOTable",
    "half of the JSON": "no JSON",
    "a number": "without a list",
    "outside": "outside of the cone",
    "nowhere": "outside of the cone",
    "wrong count": "says that there are",
    "truncated": "only a part",
    "error in votable": "not complete",
    "without a field": "without mag",
    "another kind": "another kind",
    "without a position": "without a position",
    "huge": "longer than|in time|within",
    "hangs": "in time|within",
    "drips": "in time|within",
}

SKY = everywhere(np.random.default_rng(1), 2000)


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now + time.monotonic()


@pytest.fixture
def server() -> Iterator[ConeServer]:
    with serving(ConeServer(SKY.ra, SKY.dec)) as found:
        yield found


def described(server: ConeServer, timeout: float = 0.5, budget: float = 1.0, neighbours: int = 2) -> ConeSearch:
    return ConeSearch("far", server.url, COLUMNS, 1.5, neighbours, timeout=timeout, budget=budget)


def told(found: Found) -> list[tuple[int, float, str | None, float | None]]:
    rows = (found.rows.column(c.name).to_pylist() for c in COLUMNS)
    return list(zip(found.alert.tolist(), found.separation.tolist(), *rows, strict=True))


@pytest.mark.parametrize("manner", ["honest", "votable"])
def test_an_honest_service_gives_what_brute_force_finds(server: ConeServer, manner: str) -> None:
    server.manner = manner
    alerts = near(np.random.default_rng(2), SKY, 60, 1.0)
    remote = described(server, 20.0, 60.0).open()
    found = remote.near(alerts.places())
    remote.close()
    assert found.trouble == ""
    assert not found.failed.any()
    catalogue, order = SKY.sorted(1.5)
    rows, apart = brute_force(alerts, catalogue, 2)
    wanted = [
        (alert, away, f"source {order[row]}", None if order[row] % 5 == 0 else order[row] / 4)
        for alert, (each, far) in enumerate(zip(rows, apart, strict=True))
        for row, away in zip(each, far, strict=True)
    ]
    assert len(wanted) > 40
    assert sorted(t[2] or "" for t in told(found)) == sorted(w[2] for w in wanted)
    assert [t[1] for t in told(found)] == pytest.approx([w[1] for w in wanted], abs=1e-6)


def test_no_point_of_a_cell_is_outside_of_the_cone_that_is_asked_for() -> None:
    points = everywhere(np.random.default_rng(3), 50_000)
    for depth in (6, 10, 15):
        ra, dec = centres(healpix29(points.ra, points.dec) >> 2 * (29 - depth), depth)
        assert separation(points.ra, points.dec, ra, dec).max() <= _CELL / 2**depth


def test_alerts_of_one_source_share_a_question_and_the_next_batch_asks_nothing(server: ConeServer) -> None:
    clock = Clock()
    remote = OpenConeSearch(described(server, 20.0, 60.0), clock)
    alerts = Sky(np.repeat(SKY.ra[:5], 40), np.repeat(SKY.dec[:5], 40)).places()
    first = remote.near(alerts)
    assert len(server.asked) == 5
    assert told(remote.near(alerts)) == told(first)
    assert len(server.asked) == 5
    clock.now += 2 * remote._about.fresh_for
    assert told(remote.near(alerts)) == told(first)
    assert len(server.asked) == 10
    remote.close()


@pytest.mark.parametrize(("manner", "said"), TROUBLE.items())
def test_trouble_fails_the_look_up_in_bounded_time_and_is_told_in_one_line(
    server: ConeServer, manner: str, said: str
) -> None:
    server.manner = manner
    remote = described(server).open()
    alerts = SKY.take(np.arange(0, 2000, 10)).places()
    began = time.monotonic()
    found = remote.near(alerts)
    assert time.monotonic() - began < 10.0, "the budget is one second"
    remote.close()
    assert found.failed.sum() >= 150
    assert not found.failed[found.alert].any()
    assert "\n" not in found.trouble
    assert server.url in found.trouble
    assert re.search(said, found.trouble), found.trouble


def test_a_port_where_nobody_listens(server: ConeServer) -> None:
    remote = ConeSearch("far", "http://127.0.0.1:9/cone", COLUMNS, timeout=0.5, budget=1.0).open()
    found = remote.near(SKY.take(np.arange(3)).places())
    remote.close()
    assert found.failed.all()
    assert "cannot be reached" in found.trouble


def test_a_service_that_failed_is_left_alone_for_a_while_and_then_asked_again(server: ConeServer) -> None:
    clock = Clock()
    remote = OpenConeSearch(described(server, 20.0, 60.0), clock)
    alerts = SKY.take(np.arange(4)).places()
    server.manner = "fails"
    assert remote.near(alerts).failed.all()
    server.manner = "honest"
    again = remote.near(alerts)
    assert again.failed.all()
    assert "answers 500" in again.trouble
    # Questions of the first time may still be on their way; none was put a second time.
    assert server.asked
    assert len(set(server.asked)) == len(server.asked)
    clock.now += remote._about.again_after + 1.0
    assert not remote.near(alerts).failed.any()
    remote.close()


def test_what_was_answered_within_the_budget_counts_and_the_rest_has_failed(server: ConeServer) -> None:
    server.manner = "slow"
    remote = described(server, 5.0, 1.5).open()
    found = remote.near(SKY.take(np.arange(0, 2000, 10)).places())
    remote.close()
    assert 0 < found.failed.sum() < len(found.failed)
    assert len(found.alert) > 0
    assert "within 1.5 s" in found.trouble


@pytest.mark.parametrize("manner", ["fails", "hangs", "outside"])
def test_a_batch_costs_one_count_its_states_are_failed_and_no_filter_fires(server: ConeServer, manner: str) -> None:
    server.manner = manner
    of = Plan([crossmatch(described(server))], COMMON)
    sky = SKY.take(np.arange(0, 2000, 40))
    batch = pa.RecordBatch.from_pydict(
        {"healpix": healpix29(sky.ra, sky.dec), "ra": sky.ra, "dec": sky.dec, "mjd": np.full(len(sky.ra), 60000.0)}
    )
    failures: list[tuple[Module, Exception]] = []
    found = of.run(batch, lambda module, error: failures.append((module, error)))
    assert len(failures) == 1
    assert set(found.column("far_state").to_pylist()) == {"failed"}
    for text in ("far_state = 'match'", "far_state = 'none'", "far_name is null", "far_sep < 1", "far_mag = 1"):
        for each in (text, f"not ({text})"):
            assert not any(parse(each, of.columns).evaluate(found.column, found.num_rows).to_pylist()), each


def test_its_description_pickles_and_names_its_settings() -> None:
    one = ConeSearch("far", "http://127.0.0.1:9/cone", COLUMNS)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - our own bytes
    assert one.about.version != ConeSearch("far", "http://127.0.0.1:9/cone", COLUMNS, 2.0).about.version
