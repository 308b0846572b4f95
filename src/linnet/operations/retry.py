"""Dead letters offered again: messages that could not be read when they came, and can be now.

    dead letters that decode -> the engine, as any source -> those whose alerts are accounted for are released

A retry may be killed at any moment and run again. A letter is only released once the store has every alert of it, and
in the same commit it leaves the account: its message counts as received once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.accounting import ranges, release
from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.envelope import ENVELOPE, Position
from linnet.core.ports import Store
from linnet.core.reasons import Reason
from linnet.core.survey import Survey
from linnet.core.unit import DEAD, Run, Unit
from linnet.errors import InputError

OFFERED = (Reason.UNKNOWN_SCHEMA, Reason.BAD_SCHEMA, Reason.BAD_CONTAINER, Reason.BAD_DATUM, Reason.NOT_A_PACKET)
"""Reasons for which a whole message was refused without reading it: another schema or a later Linnet may read it."""

CHUNK = 500
CHUNK_BYTES = 32 * 1024 * 1024

_ORIGIN = ["topic", "partition", "offset"]


@dataclass(frozen=True)
class Reading:
    """What reads messages: surveys, and the schemas that are known now."""

    surveys: Mapping[str, Survey]
    schemas: SchemaCache


@dataclass(frozen=True)
class _Alert:
    """One alert of a message that decodes."""

    survey: str
    alert_id: int | None
    index: int
    datum: bytes


def require_offered(reason: str) -> None:
    """Nothing, or an error.

    Raises:
        InputError: dead letters of this reason cannot be offered again.
    """
    if reason not in OFFERED:
        raise InputError(f"dead letters of {reason} cannot be offered again; those of {', '.join(OFFERED)} can")


class DeadLetters:
    """Dead letters of one reason that can be read now, as a source for an engine; opened, it is its own reader.

    They keep the topic, partition, offset, key and time with which they came. It moves no position.

    Args:
        store: where they are.
        reading: what reads them.
        reason: one of `OFFERED`.

    Raises:
        InputError: another reason: those alerts were read and judged, and would be judged the same again.
    """

    def __init__(self, store: Store, reading: Reading, reason: str) -> None:
        require_offered(reason)
        self._store = store
        self._reading = reading
        self._pieces = whole_letters(store, reason)

    def open(self, positions: Sequence[Position] = ()) -> DeadLetters:  # noqa: ARG002 - they have no positions
        """Begin; once."""
        return self

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Up to `limit` messages that decode now; None at the end."""
        for letters in self._pieces:
            origins = letters.select(_ORIGIN).to_pylist()
            found = _read(letters, self._reading)
            again = [n for n, alerts in found.items() if not self._was_taken(origins[n], alerts)]
            if again:
                chosen = letters.take(pa.array(again)).select(ENVELOPE.names).cast(ENVELOPE).combine_chunks()
                self._pieces = _with_rest(letters, again[limit:], self._pieces)
                return chosen.slice(0, limit).to_batches()[0]
        return None

    def position(self) -> tuple[Position, ...]:
        """None: the source from which they came has its own."""
        return ()

    def close(self) -> None:
        """Nothing to let go of."""

    def _was_taken(self, origin: dict[str, object], alerts: list[_Alert]) -> bool:
        """Whether an interrupted retry took all alerts of this letter already."""
        for alert in alerts:
            if not _is_stored(self._store, alert):
                return False
            row = self._store.alerts(alert.survey, pa.array([alert.alert_id], pa.int64()))
            if row.select(_ORIGIN).to_pylist() != [origin]:
                return False
        return True


def release_read(store: Store, reading: Reading, reason: str, run: Run) -> int:
    """Release the dead letters of a reason whose alerts the store has, or keeps as dead letters of their own.

    Args:
        store: of the home, for its one writer.
        reading: what reads them.
        reason: one of `OFFERED`.
        run: what the commits are made by.

    Returns:
        How many were released.
    """
    count = 0
    for letters in settled_letters(store, reading, reason):
        numbers = ranges(letters.column("dead_id").to_pylist())
        store.commit(Unit(store.last_unit() + 1, run, counts=release(letters), released=numbers))
        count += letters.num_rows
    return count


def settled_letters(store: Store, reading: Reading, reason: str) -> Iterator[pa.Table]:
    """Dead letters of a reason whose alerts the store has, or keeps as dead letters of their own, piece by piece."""
    for letters in whole_letters(store, reason):
        messages = letters.select(["topic", "partition", "key"]).to_pylist()
        found = _read(letters, reading)
        settled = [n for n, alerts in found.items() if all(_is_settled(store, messages[n], each) for each in alerts)]
        if settled:
            yield letters.take(pa.array(settled))


def whole_letters(store: Store, reason: str | None) -> Iterator[pa.Table]:
    """Dead letters that are whole messages, with their bytes, ascending: those there are now of a reason, or of any."""
    last = _newest(store, reason)
    after = 0
    while after < last:
        listed = store.dead(reason, CHUNK, after)
        ids = [i for i in listed.column("dead_id").to_pylist() if i <= last]
        if not ids:
            return
        sizes = listed.column("size").to_pylist()
        many, total = 0, 0
        while many < len(ids) and (many == 0 or total + sizes[many] <= CHUNK_BYTES):
            total += sizes[many]
            many += 1
        after = ids[many - 1]
        whole = pa.concat_tables([store.dead_letter(i) for i in ids[:many]])
        yield whole.filter(pc.equal(whole.column("position"), -1))


def _newest(store: Store, reason: str | None) -> int:
    after = 0
    while ids := store.dead(reason, 100_000, after).column("dead_id").to_pylist():
        after = ids[-1]
    return after


def _read(letters: pa.Table, reading: Reading) -> dict[int, list[_Alert]]:
    """Row of every letter that decodes now -> its alerts, of which there is at least one."""
    whole = letters.select(ENVELOPE.names).cast(ENVELOPE).combine_chunks()
    wanted = {name: survey.fields() for name, survey in reading.surveys.items()}
    found: dict[int, list[_Alert]] = {}
    for batch in whole.to_batches():
        for name, alerts in decode(batch, reading.schemas, wanted).alerts.items():
            ids = reading.surveys[name].columns(alerts.fields).column("alert_id").to_pylist()
            rows = zip(
                alerts.envelope.to_pylist(), ids, alerts.index.to_pylist(), alerts.datum.to_pylist(), strict=True
            )
            for row, *alert in rows:
                found.setdefault(row, []).append(_Alert(name, *alert))
    return dict(sorted(found.items()))


def _is_settled(store: Store, message: dict[str, object], alert: _Alert) -> bool:
    """Whether an alert is stored, or kept as a dead letter of its own."""
    if _is_stored(store, alert):
        return True
    identity = {**message, "position": alert.index, "sha256": sha256(alert.datum).hexdigest()}
    schema = pa.schema([DEAD.field(name) for name in identity])
    seen: bool = store.dead_seen(pa.Table.from_pylist([identity], schema))[0].as_py()
    return seen


def _is_stored(store: Store, alert: _Alert) -> bool:
    if alert.alert_id is None:
        return False
    known: bool = store.hashes(alert.survey, pa.array([alert.alert_id], pa.int64())).null_count == 0
    return known


def _with_rest(letters: pa.Table, rest: list[int], following: Iterator[pa.Table]) -> Iterator[pa.Table]:
    if rest:
        yield letters.take(pa.array(rest))
    yield from following
