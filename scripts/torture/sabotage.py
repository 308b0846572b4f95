"""Negative controls: the broker, broken on purpose in its own process. A check that lets one of them pass is void."""

from __future__ import annotations

import ctypes
import json
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa


@dataclass(frozen=True)
class Sabotage:
    """One way to break it.

    Attributes:
        about: what is wrong with it, for a person.
        failpoints: where it is killed.
        spoil: breaks the process in which it is called; takes the file for notes.
        sign: how a problem begins that the checks must find, and "lost" or "too often" what it must say.
        power_cut: whether everything that was not synced is lost with each kill.
    """

    about: str
    failpoints: tuple[str, ...]
    spoil: Callable[[str], None]
    sign: str = ""
    power_cut: bool = False


def commit_before_write(_notes: str) -> None:
    """The raw archive promises a place and writes only when the next batch comes: the order of writes turned round."""
    from linnet.adapters.segment_archive import SegmentArchive

    honest = SegmentArchive.append
    held: list[Callable[[], object]] = []

    def late(self: SegmentArchive, survey: str, night: int, *rest: Any) -> pa.Table:
        for write in held:
            write()
        held[:] = [lambda: honest(self, survey, night, *rest)]
        n = len(rest[1])
        place = f"{survey}/{night}/{rest[2][0].as_py()}-0001.avro"
        columns = {"segment": pa.array([place] * n), "block": pa.array([0] * n, pa.int64())}
        return pa.table(columns | {name: pa.array([1] * n, pa.int32()) for name in ("place", "length")})

    patch.object(SegmentArchive, "append", late).start()


def no_guard(_notes: str) -> None:
    """It reads from the beginning again and knows no alert: neither its own positions nor identities guard it."""
    from linnet.adapters.sqlite_store import SqliteStore
    from linnet.engines.in_flight import Seen

    SqliteStore.positions = lambda _self: ()  # type: ignore[method-assign, assignment]
    Seen.hashes = lambda _self, _survey, ids: pa.nulls(len(ids), pa.int64())  # type: ignore[method-assign, assignment]
    Seen.dead_seen = lambda _self, dead: [False] * dead.num_rows  # type: ignore[method-assign, assignment]


def no_sync(_notes: str) -> None:
    """Nothing of the raw archive is ever synced."""
    _syncing(lambda _descriptor: None)


def noted_sync(notes: str) -> None:
    """No sabotage: the raw archive notes what it synced, so that a power cut may take everything else."""

    def sync(descriptor: int) -> None:
        os.fsync(descriptor)
        state = os.fstat(descriptor)
        names = os.listdir(descriptor) if _is_folder(state) else None
        with Path(notes).open("a", encoding="utf-8") as file:
            file.write(json.dumps([state.st_ino, state.st_size, names]) + "\n")

    _syncing(sync)


def no_dedup_id(_notes: str) -> None:
    """Each sending gives a message another name."""
    from linnet.engines import delivery

    honest = vars(delivery)["payload"]

    def nameless(*given: Any) -> pa.RecordBatch:
        rows = honest(*given)
        names = pa.array([uuid.uuid4().hex for _ in range(rows.num_rows)], pa.string())
        return rows.set_column(rows.schema.get_field_index("dedup_id"), "dedup_id", names)

    patch.object(delivery, "payload", nameless).start()


def acknowledge_before_send(_notes: str) -> None:
    """A sink says that it has sent what it still holds, so the cursor moves first."""
    from linnet.adapters.kafka_sink import OpenKafkaSink

    honest = OpenKafkaSink.write
    held: list[pa.RecordBatch] = []

    def late(self: OpenKafkaSink, batch: pa.RecordBatch) -> None:
        for rows in held:
            honest(self, rows)
        held[:] = [batch]

    OpenKafkaSink.write = late  # type: ignore[method-assign]
    OpenKafkaSink.flush = lambda _self: None  # type: ignore[method-assign, assignment]


def position_before_data(_notes: str) -> None:
    """The store moves its source positions in a transaction of their own, before that of the data."""
    from linnet.adapters.sqlite_file import transaction
    from linnet.adapters.sqlite_store import SqliteStore
    from linnet.core.unit import Unit

    honest = SqliteStore.commit
    ahead = "INSERT OR REPLACE INTO source_position (topic, partition, next_offset, next_index) VALUES (?, ?, ?, ?)"

    def early(self: SqliteStore, unit: Unit) -> None:
        places = [(each.topic, each.partition, each.offset, each.index) for each in unit.positions]
        with self._writing, transaction(self._opened()) as _:
            self._opened().executemany(ahead, places)
        honest(self, unit)

    SqliteStore.commit = early  # type: ignore[method-assign]


def slow_store(notes: str) -> None:
    """No sabotage but a disk ten times slower, little room between the stages, and a note whenever Kafka is paused."""
    from linnet.adapters.kafka_source import OpenKafka
    from linnet.adapters.sqlite_store import SqliteStore
    from linnet.engines import overlapped, polling

    commit, pause = SqliteStore.commit, OpenKafka.pause

    def slow(self: SqliteStore, unit: Any) -> None:
        time.sleep(0.25)
        commit(self, unit)

    def noted(self: OpenKafka) -> None:
        with Path(notes).open("a", encoding="utf-8") as file:
            file.write("paused\n")
        pause(self)

    SqliteStore.commit = slow  # type: ignore[method-assign]
    OpenKafka.pause = noted  # type: ignore[method-assign]
    overlapped.ROOM, polling.PAUSED_AFTER = 256 * 1024, 0.1


def wrong_clock(_notes: str) -> None:
    """No sabotage but a wall clock that is wrong by an hour, now this way, now that, and steps back all the time."""
    honest, looks = time.time, count()
    time.time = lambda: honest() + (3600.0 if next(looks) % 2 else -3600.0)


def failing_disk(notes: str) -> None:
    """No sabotage but a disk whose n-th call below a folder fails; needs `failing_io.c` to be preloaded.

    The notes hold n and the folder; afterwards, see `calls`, how many calls there were.
    """
    number, _, folder = Path(notes).read_text(encoding="utf-8").partition(" ")
    fail = ctypes.CDLL(None).linnet_fail_at
    fail.argtypes = [ctypes.c_long, ctypes.c_char_p]
    fail(int(number), folder.strip().encode())


def calls() -> int:
    """How many calls the preloaded `failing_io.c` has counted."""
    counted = ctypes.CDLL(None).linnet_calls
    counted.restype = ctypes.c_long
    return int(counted())


def _is_folder(state: os.stat_result) -> bool:
    return bool(state.st_mode & 0o040000)


def _syncing(sync: Callable[[int], None]) -> None:
    from linnet.adapters.segment_archive import SegmentArchive

    honest = SegmentArchive.__init__

    def built(self: SegmentArchive, *given: Any, **named: Any) -> None:
        honest(self, *given, **{**named, "sync": sync})

    SegmentArchive.__init__ = built  # type: ignore[method-assign]


KINDS = {
    "commit_before_write": Sabotage(
        "the store is committed before the archive is written", ("07",), commit_before_write, "raw archive: lost"
    ),
    "no_guard": Sabotage("what comes again is not recognised", ("07",), no_guard, "raw archive: too often"),
    "no_sync": Sabotage("nothing is synced, and power fails", ("07",), no_sync, "store: lost", power_cut=True),
    "no_dedup_id": Sabotage(
        "what is sent again has another dedup-id", ("09",), no_dedup_id, "delivered to kafka: too often"
    ),
    "acknowledge_before_send": Sabotage(
        "the cursor moves before the message is sent", ("07", "09"), acknowledge_before_send, "delivered to kafka: lost"
    ),
    "position_before_data": Sabotage(
        "the position moves before the data is durable", ("06",), position_before_data, "store: lost"
    ),
    "noted_sync": Sabotage("", ("07", "03", "05"), noted_sync, power_cut=True),
    "slow_store": Sabotage("", (), slow_store),
    "wrong_clock": Sabotage("", (), wrong_clock),
    "failing_disk": Sabotage("", (), failing_disk),
}
"""Ways to break it by name. Those without a sentence break nothing: whatever they do must cost nothing."""

CONTROLS = tuple(name for name, each in KINDS.items() if each.about)


def is_caught(control: str, problems: list[str]) -> bool:
    """Whether the checks found what this sabotage must lead to, and not just anything."""
    place, _, what = KINDS[control].sign.partition(": ")
    return any(each.startswith(f"{place}:") and what in each for each in problems)
