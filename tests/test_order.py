"""Order of arrival within a night, batch size and engine restarts do not matter; peeking would show here."""

from __future__ import annotations

import random
from itertools import groupby
from pathlib import Path

import pyarrow.compute as pc
import pytest

from corridors import SURVEYS, Bench, in_memory, messages, on_disk, renumbered
from linnet.adapters.memory_source import MemorySource
from linnet.core.avro_schema import SchemaCache
from linnet.core.envelope import Message, envelopes
from linnet.engines.arrivals import open_batch
from linnet.operations.audit import audit

ORDERS = 100
BATCHES = (1, 7, 1000)


def first_nights(rows: list[Message]) -> list[int]:
    """Night of the first alert of each message; 0 for one without alerts."""
    schemas = SchemaCache(SURVEYS)
    wanted = {s.name: s.fields() for s in SURVEYS}
    nights = [0] * len(rows)
    for arrivals in open_batch(envelopes(rows), SURVEYS, schemas, wanted).arrivals:
        for row, night in zip(arrivals.envelope.to_pylist(), arrivals.alerts.column("night").to_pylist(), strict=True):
            nights[row] = night
    return nights


def shuffled(rows: list[tuple[int, Message]], rng: random.Random) -> list[Message]:
    """Nights in order, the messages of each night in a random one."""
    out: list[Message] = []
    for _, night in groupby(rows, key=lambda pair: pair[0]):
        tonight = [m for _, m in night]
        rng.shuffle(tonight)
        out.extend(tonight)
    return out


@pytest.fixture(scope="module")
def nights(samples: Path) -> list[tuple[int, Message]]:
    """Sample packets of two objects seen on many nights, one field, and LSST, by night; single-alert messages only."""
    folders = (
        "ztf/transient",
        "ztf/microlensing",
        "ztf/one-field",
        "ztf/forced-photometry",
        "lsst/commissioning",
        "broken",
    )
    rows = messages([p for f in folders for p in sorted((samples / f).iterdir())])
    return sorted(zip(first_nights(rows), rows, strict=True), key=lambda pair: pair[0])


def run(bench: Bench, rows: list[Message], batch: int) -> Bench:
    """Everything through one engine."""
    engine = bench.engine(batch)
    engine.run([MemorySource((renumbered(rows),))])
    engine.finish()
    return bench


@pytest.fixture(scope="module")
def reference(nights: list[tuple[int, Message]]) -> str:
    """Digest of the dump after the plain order in one batch size."""
    return run(in_memory(), [m for _, m in nights], 1000).dump()


@pytest.mark.parametrize("chunk", range(4))
def test_no_order_within_nights_and_no_batch_size_changes_the_dump(
    chunk: int, nights: list[tuple[int, Message]], reference: str
) -> None:
    rng = random.Random(chunk)
    for _ in range(ORDERS // 4):
        batch = rng.choice(BATCHES)
        bench = run(in_memory(), shuffled(nights, rng), batch)
        assert bench.dump() == reference
        found = audit(bench.store, bench.control, bench.raw)
        assert found.ok, found.problems


def test_the_store_on_disk_gives_the_same_dump(
    nights: list[tuple[int, Message]], reference: str, tmp_path: Path
) -> None:
    rng = random.Random(5)
    for batch in BATCHES:
        with on_disk(tmp_path / str(batch)) as bench:
            assert run(bench, shuffled(nights, rng), batch).dump() == reference
            found = audit(bench.store, bench.control, bench.raw, deep=True)
            assert found.ok, found.problems
            assert found.received == found.archived + found.duplicates + sum(found.dead.values())


def test_history_of_earlier_nights_is_used_at_all(nights: list[tuple[int, Message]]) -> None:
    # Were the join left out, every order would agree as well.
    bench = run(in_memory(), [m for _, m in nights], 7)
    alerts = bench.store.dump()["alerts"]
    longer = pc.greater(alerts.column("history_n_points"), alerts.column("n_detections_g"))
    assert pc.any(longer).as_py()
    alone = run(in_memory(), [nights[-1][1]], 7).store.dump()["alerts"]
    same = alerts.filter(pc.equal(alerts.column("alert_id"), alone.column("alert_id")[0]))
    assert same.num_rows == 1


def test_an_order_that_mixes_nights_makes_late_alerts_and_another_dump(
    nights: list[tuple[int, Message]], reference: str
) -> None:
    # The control of the tests above: order between nights does matter, and is recorded.
    rows = [m for _, m in reversed(nights)]
    bench = run(in_memory(), rows, 7)
    assert bench.dump() != reference
    alerts = bench.store.dump()["alerts"]
    assert pc.any(pc.greater(alerts.column("known_night"), alerts.column("night"))).as_py()
