"""The commands that speak to Kafka, and a route to it, from end to end."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from kafka_server import PASSWORD, USER, KafkaServer, free_ports, until
from kafka_topics import fill, plain, read
from linnet.adapters.kafka_source import KafkaSource
from linnet.adapters.recording import Recording, write_recording
from linnet.app.config import Settings
from linnet.app.console import OK, STORAGE, USAGE
from linnet.app.home import create
from linnet.app.wiring import writer
from linnet.core.envelope import ENVELOPE, Message, envelopes
from linnet.core.ports import Route
from processes import Done, call, one_line, start

QUICK = {"LINNET_KAFKA_PATIENCE": "1"}


def _told(code: int, done: Done, *words: str) -> None:
    assert done.returncode == code, done.stdout + done.stderr
    line = one_line(done)
    for word in words:
        assert word in line


def _recorded(path: Path) -> pa.Table:
    reader = Recording(path).open()
    batches: list[pa.RecordBatch] = []
    while (batch := reader.next_batch(1000)) is not None:
        batches.append(batch)
    reader.close()
    return pa.Table.from_batches(batches, ENVELOPE)


def _topic(kafka: KafkaServer, topic: str, count: int) -> pa.Table:
    reader = KafkaSource(plain(kafka), (topic,)).open()
    try:
        return read(reader, count)
    finally:
        reader.close()


def _by_partition(found: pa.Table) -> list[tuple[int, list[bytes]]]:
    rows = found.select(["partition", "value"]).to_pylist()
    return [
        (n, [row["value"] for row in rows if row["partition"] == n]) for n in sorted({r["partition"] for r in rows})
    ]


def test_a_topic_is_recorded_as_it_is_and_played_to_another(kafka: KafkaServer, samples: Path, tmp_path: Path) -> None:
    packets: Sequence[bytes] = [path.read_bytes() for path in sorted((samples / "ztf").rglob("*.avro"))]
    kafka.create("live", 3)
    fill(kafka, "live", packets, 3)
    tape = tmp_path / "night.arrow"
    secret = {"LINNET_KAFKA_USER": USER, "LINNET_KAFKA_PASSWORD": PASSWORD}
    done = call("record", "live", tape, LINNET_KAFKA_BOOTSTRAP=kafka.with_password, **secret)
    assert (done.returncode, done.stderr) == (OK, "")
    assert f"{len(packets)} messages" in done.stdout
    kept = _recorded(tape).sort_by([("partition", "ascending"), ("offset", "ascending")])
    there = _topic(kafka, "live", len(packets)).sort_by([("partition", "ascending"), ("offset", "ascending")])
    assert kept.equals(there)
    done = call("play", tape, "again", "--speed", "max", "--bootstrap", kafka.bootstrap)
    assert (done.returncode, done.stdout.strip()) == (OK, f"again: {len(packets)} messages sent")
    assert _by_partition(_topic(kafka, "again", len(packets))) == _by_partition(kept)


def test_a_recording_is_played_at_the_pace_at_which_it_came(kafka: KafkaServer, tmp_path: Path) -> None:
    tape = tmp_path / "slow.arrow"
    rows = [Message(b"%d" % n, "old", n % 2, n // 2, timestamp_us=4_000_000 * n) for n in range(5)]
    write_recording(tape, [envelopes(sorted(rows, key=lambda row: row.partition))])
    kafka.create("paced")
    started = time.monotonic()
    assert call("play", tape, "paced", "--speed", "16", "--bootstrap", kafka.bootstrap).returncode == OK
    assert 1.0 <= time.monotonic() - started < 12
    found = _topic(kafka, "paced", 5)
    assert found["value"].to_pylist() == [b"0", b"1", b"2", b"3", b"4"]
    stamps = found["timestamp"].cast(pa.int64()).to_pylist()
    gaps = [(b - a) / 1e6 for a, b in pairwise(stamps)]
    assert gaps == pytest.approx([0.25] * 4, abs=0.15)


def test_ctrl_c_ends_a_recording_in_order(kafka: KafkaServer, tmp_path: Path) -> None:
    kafka.create("endless")
    fill(kafka, "endless", [b"x"] * 10)
    tape = tmp_path / "endless.arrow"
    running = start("record", "endless", tape, "--seconds", "60", "--bootstrap", kafka.bootstrap)
    until(lambda: tape.with_name(".endless.arrow.part").exists(), 30)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=30)
    assert (running.returncode, "10 messages" in out) == (OK, True)
    assert _recorded(tape).num_rows == 10
    done = call("record", "endless", tape, "-n", "3", "--bootstrap", kafka.bootstrap)
    assert (done.returncode, _recorded(tape).num_rows) == (OK, 3)


def test_what_is_wrong_is_one_line(kafka: KafkaServer, tmp_path: Path) -> None:
    tape = tmp_path / "t.arrow"
    (port,) = free_ports(1)
    _told(USAGE, call("record", "t", tape, "--home", tmp_path), "no Kafka is named", "LINNET_KAFKA_BOOTSTRAP")
    _told(USAGE, call("record", "t", tape, "--bootstrap", kafka.bootstrap), "there is no topic t at")
    _told(STORAGE, call("record", "t", tape, "--bootstrap", f"127.0.0.1:{port}", **QUICK), "no Kafka answers")
    secret = {"LINNET_KAFKA_USER": USER, "LINNET_KAFKA_PASSWORD": "wrong"}
    refused = call("record", "t", tape, "--bootstrap", kafka.with_password, **secret)
    _told(STORAGE, refused, "refuses the user 'alice'")
    _told(USAGE, call("play", tape, "t", "--bootstrap", kafka.bootstrap), "cannot read the recording")
    for speed in ("0", "-1", "fast", "nan"):
        _told(USAGE, call("play", tape, "t", "--speed", speed), "give 1, another positive number, or max")
    assert not tape.exists()


def test_a_route_to_kafka_delivers_what_the_tag_log_holds_also_after_an_outage(
    kafka: KafkaServer, samples: Path, tmp_path: Path
) -> None:
    home = create(tmp_path / "home")
    with writer(home, Settings()) as (parts, _):
        version = parts.control.add_filter("all_of_it", "alert_id is not null", topic_line="all")
        parts.control.set_active("all_of_it", version)
        parts.control.add_route(Route("out", f"kafka:{kafka.bootstrap}", ("all_of_it",)))
    done = call("ingest", samples / "lsst" / "wire", "--home", home.path)
    assert (done.returncode, done.stderr) == (OK, "")
    first = _topic(kafka, "linnet.all_of_it", 3)
    assert {json.loads(value)["survey"] for value in first["value"].to_pylist()} == {"lsst"}
    with writer(home, Settings()) as (parts, _):
        (port,) = free_ports(1)
        parts.control.add_route(Route("out", f"kafka:127.0.0.1:{port}", ("all_of_it",)))
    away = call("ingest", samples / "lsst" / "commissioning", "--home", home.path, LINNET_DELIVERY_PATIENCE="1")
    _told(STORAGE, away, "nothing was delivered: no Kafka answers at")
    with writer(home, Settings()) as (parts, _):
        parts.control.add_route(Route("out", f"kafka:{kafka.bootstrap}", ("all_of_it",)))
    assert call("ingest", samples / "lsst" / "commissioning", "--home", home.path).returncode == OK
    ids = [json.loads(v)["dedup_id"] for v in _topic(kafka, "linnet.all_of_it", 13)["value"].to_pylist()]
    assert len(set(ids)) == 13
