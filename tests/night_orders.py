"""Sample packets by night, and every way to shuffle them that must not matter."""

from __future__ import annotations

import random
from itertools import groupby
from pathlib import Path

from corridors import SURVEYS, Bench, in_memory, messages, renumbered
from linnet.adapters.memory_source import MemorySource
from linnet.core.avro_schema import SchemaCache
from linnet.core.envelope import Message, envelopes
from linnet.engines.arrivals import open_batch
from linnet.operations.audit import audit

BATCHES = (1, 7, 1000)
FOLDERS = (
    *("ztf/transient", "ztf/microlensing", "ztf/one-field", "ztf/forced-photometry"),
    *("lsst/commissioning", "broken"),
)
"""Objects seen on many nights, many objects of one night, both surveys; every message has one alert or none."""

Nights = list[tuple[int, Message]]


def by_night(samples: Path) -> Nights:
    """Messages with their nights, ascending; 0 for a message without alerts."""
    rows = messages([p for f in FOLDERS for p in sorted((samples / f).iterdir())])
    wanted = {s.name: s.fields() for s in SURVEYS}
    nights = [0] * len(rows)
    for arrivals in open_batch(envelopes(rows), SURVEYS, SchemaCache(SURVEYS), wanted).arrivals:
        for row, night in zip(arrivals.envelope.to_pylist(), arrivals.alerts.column("night").to_pylist(), strict=True):
            nights[row] = night
    return sorted(zip(nights, rows, strict=True), key=lambda pair: pair[0])


def shuffled(nights: Nights, rng: random.Random) -> list[Message]:
    """Nights in order, the messages of each night in a random one."""
    out: list[Message] = []
    for _, night in groupby(nights, key=lambda pair: pair[0]):
        tonight = [m for _, m in night]
        rng.shuffle(tonight)
        out.extend(tonight)
    return out


def run(bench: Bench, rows: list[Message], batch: int) -> Bench:
    """Everything through one engine."""
    engine = bench.engine(batch)
    engine.run([MemorySource((renumbered(rows),))])
    engine.finish()
    return bench


def check_orders(nights: Nights, reference: str, orders: int, seed: int) -> None:
    """Run random orders in random batch sizes; each must end in the reference dump with its account in order."""
    rng = random.Random(seed)
    for _ in range(orders):
        bench = run(in_memory(), shuffled(nights, rng), rng.choice(BATCHES))
        assert bench.dump() == reference
        found = audit(bench.store, bench.control, bench.raw)
        assert found.ok, found.problems
