"""From a real Kafka through the whole corridor: every offset accounted for, whatever interrupts it."""

from __future__ import annotations

from pathlib import Path

from corridors import on_disk
from future_lsst import sent
from kafka_server import KafkaServer
from kafka_topics import fill, secured
from linnet.adapters.kafka_source import KafkaSource
from linnet.core.envelope import Position
from linnet.engines.local import LocalEngine
from linnet.operations.audit import audit

TOPIC, PARTITIONS = "lsst-alerts-corridor", 7


class PulledOutError(Exception):
    """The plug, pulled by a test."""


def test_every_offset_is_accounted_for_once_across_interruptions(kafka: KafkaServer, tmp_path: Path) -> None:
    good = sent(60)
    bad = [good[0][:500], b"", b"\0" + good[1][5:], None]
    values = [*good[:30], *bad, *good[30:], *good[:10]]
    kafka.create(TOPIC, PARTITIONS)
    fill(kafka, TOPIC, values, PARTITIONS)
    source = KafkaSource(secured(kafka), (TOPIC,), until_end=True)
    runs = 0
    while True:
        with on_disk(tmp_path / "home") as bench:
            seen = 0

            def pull(count: int) -> None:
                nonlocal seen
                seen += count
                if seen >= 17:
                    raise PulledOutError

            engine = LocalEngine(bench.corridor, batch=5, progress=pull)
            engine.recover()
            runs += 1
            try:
                engine.run([source])
            except PulledOutError:
                continue
            engine.finish()
            found = audit(bench.store, bench.control, bench.raw, deep=True)
            places = bench.store.positions()
            rows = bench.store.alerts("lsst", bench.store.alert_ids()["lsst"])
            break
    assert runs >= 4
    assert found.problems == []
    assert (found.received, found.archived, found.duplicates) == (len(values), 60, 10)
    assert found.dead == {"BAD_DATUM": 1, "NOT_A_PACKET": 2, "UNKNOWN_SCHEMA": 1}
    offered = [len(values[n::PARTITIONS]) for n in range(PARTITIONS)]
    assert places == tuple(Position(TOPIC, n, offered[n]) for n in range(PARTITIONS))
    assert len(set(zip(*(rows.column(name).to_pylist() for name in ("partition", "offset")), strict=True))) == 60


def test_a_message_without_a_value_is_a_dead_letter_and_no_crash(kafka: KafkaServer, tmp_path: Path) -> None:
    kafka.create("tombstones")
    fill(kafka, "tombstones", [None, None])
    with on_disk(tmp_path / "home") as bench:
        bench.engine().run([KafkaSource(secured(kafka), ("tombstones",), until_end=True)])
        assert bench.store.dead().select(["reason", "offset", "size"]).to_pylist() == [
            {"reason": "NOT_A_PACKET", "offset": 0, "size": 0},
            {"reason": "NOT_A_PACKET", "offset": 1, "size": 0},
        ]
