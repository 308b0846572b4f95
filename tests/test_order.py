"""Order of arrival within a night and batch size do not matter; peeking would show here. Half of the hundred orders."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow.compute as pc
import pytest

from corridors import in_memory, on_disk
from linnet.operations.audit import audit
from night_orders import BATCHES, Nights, by_night, check_orders, run, shuffled


@pytest.fixture(name="nights", scope="module")
def sample_nights(samples: Path) -> Nights:
    """Messages by night."""
    return by_night(samples)


@pytest.fixture(scope="module")
def reference(nights: Nights) -> str:
    """Digest of the dump after the plain order in one batch."""
    return run(in_memory(), [m for _, m in nights], 1000).dump()


def test_no_order_within_nights_and_no_batch_size_changes_the_dump(nights: Nights, reference: str) -> None:
    check_orders(nights, reference, orders=45, seed=1)


def test_the_store_on_disk_gives_the_same_dump(nights: Nights, reference: str, tmp_path: Path) -> None:
    rng = random.Random(5)
    for batch in BATCHES:
        with on_disk(tmp_path / str(batch)) as bench:
            assert run(bench, shuffled(nights, rng), batch).dump() == reference
            found = audit(bench.store, bench.control, bench.raw, deep=True)
            assert found.ok, found.problems
            assert found.received == found.archived + found.duplicates + sum(found.dead.values())


def test_points_of_earlier_nights_are_seen_by_later_alerts(nights: Nights) -> None:
    # Were the join left out, every order would agree as well: an alert alone must know less than after its nights.
    whole = run(in_memory(), [m for _, m in nights], 7).store.dump()["alerts"]
    more = 0
    for _, message in nights[-20:]:
        alone = run(in_memory(), [message], 7).store.dump()["alerts"]
        if alone.num_rows:
            same = whole.filter(pc.equal(whole.column("alert_id"), alone.column("alert_id")[0]))
            now, then = (t.column("history_n_points")[0].as_py() or 0 for t in (same, alone))
            assert now >= then
            more += now > then
    assert more > 0


def test_an_order_that_mixes_nights_makes_late_alerts_and_another_dump(nights: Nights, reference: str) -> None:
    # The control of the tests above: order between nights does matter, and is recorded.
    bench = run(in_memory(), [m for _, m in reversed(nights)], 7)
    assert bench.dump() != reference
    alerts = bench.store.dump()["alerts"]
    assert pc.any(pc.greater(alerts.column("known_night"), alerts.column("night"))).as_py()
