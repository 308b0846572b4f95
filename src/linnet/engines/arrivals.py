"""From envelopes to the alerts of one survey, with where each came from."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.accounting import Origins
from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.checks import problems
from linnet.core.decoding import Datums, DecodedAlerts, Wanted
from linnet.core.reasons import Reason
from linnet.core.survey import Survey
from linnet.core.times import utc_to_tai
from linnet.core.unit import DEAD

UNIX_EPOCH_MJD = 40587.0


@dataclass(frozen=True)
class Arrivals:
    """Alerts of one survey out of one batch, n rows each.

    Attributes:
        survey: the survey.
        alerts: columns of `vocabulary.PACKET` and the survey's own.
        datums: untouched, as they lie in their messages. fingerprint: of their writer schemas. index: place within
            the message.
        envelope: row of its message in the batch.
        message: the envelope of each alert without its value (key, topic, partition, offset, timestamp).
        sent_night: night in which its message was sent; tonight for a message without a time stamp (a file).
    """

    survey: Survey
    alerts: pa.RecordBatch
    datums: Datums
    fingerprint: pa.Array
    index: pa.Array
    envelope: pa.Array
    message: pa.RecordBatch
    sent_night: pa.Array

    def __len__(self) -> int:
        """Number of alerts."""
        return int(self.alerts.num_rows)

    def pick(self, rows: pa.Array) -> Arrivals:
        """The alerts where this boolean array is true."""
        chosen = pc.indices_nonzero(rows)
        if len(chosen) == len(self):
            # Nearly every batch is whole: copying its hundreds of columns would cost more than the modules do.
            return self
        return Arrivals(
            self.survey,
            self.alerts.take(chosen),
            self.datums.take(chosen.to_numpy()),
            self.fingerprint.take(chosen),
            self.index.take(chosen),
            self.envelope.take(chosen),
            self.message.take(chosen),
            self.sent_night.take(chosen),
        )

    @cached_property
    def origins(self) -> Origins:
        """Where each alert came from, for the ledger."""
        return Origins(
            self.message.column("topic"),
            self.message.column("partition"),
            self.survey.name,
            self.alerts.column("night"),
            self.alerts.column("visit"),
        )


@dataclass(frozen=True)
class Opened:
    """One batch of envelopes, opened: alerts by survey, and refused messages as `DEAD` rows with their origins."""

    arrivals: tuple[Arrivals, ...]
    refused: pa.Table
    refused_origins: Origins


def open_batch(
    batch: pa.RecordBatch,
    surveys: Sequence[Survey],
    schemas: SchemaCache,
    wanted: Mapping[str, Wanted],
    now: float | None = None,
) -> Opened:
    """Decode a batch of envelopes and give every alert the common vocabulary.

    Args:
        batch: in the `ENVELOPE` schema.
        surveys: asked in this order.
        schemas: cache of writer schemas.
        wanted: fields wanted by survey.
        now: Unix time (s) that stands in for the time stamp of a message without one; the clock's if None.
    """
    now = time.time() if now is None else now
    decoded = decode(batch, schemas, wanted)
    arrivals = tuple(_arrivals(s, decoded.alerts[s.name], batch, now) for s in surveys if s.name in decoded.alerts)
    refused = batch.take(decoded.rejects.column("envelope").combine_chunks()) if decoded.rejects.num_rows else None
    dead = DEAD.empty_table() if refused is None else _refused(refused, decoded.rejects)
    origins = Origins(
        dead.column("topic").combine_chunks(),
        dead.column("partition").combine_chunks(),
        None,
        pa.nulls(dead.num_rows, pa.int32()),
        pa.nulls(dead.num_rows, pa.int64()),
    )
    return Opened(tuple(a for a in arrivals if len(a)), dead, origins)


def unusable(arrivals: Arrivals) -> tuple[pa.Array, pa.Array]:
    """Reason code and sentence of each alert that fails a check; both null for those that pass."""
    detail = problems(arrivals.alerts)
    reason = pc.if_else(pc.is_valid(detail), str(Reason.BAD_VALUE), pa.scalar(None, pa.string()))
    future = pc.and_(_dated_ahead(arrivals), pc.is_null(reason))
    sentence = "the alert is dated in a later night than its own message"
    return pc.if_else(future, str(Reason.FROM_THE_FUTURE), reason), pc.if_else(future, sentence, detail)


def dead_alerts(arrivals: Arrivals, reason: pa.Array, detail: pa.Array) -> pa.Table:
    """`DEAD` rows of single alerts: each keeps its untouched datum and the fingerprint of its schema."""
    n = len(arrivals)
    values = arrivals.datums.array()
    columns = {
        "survey": pa.array([arrivals.survey.name] * n, pa.string()),
        "alert_id": arrivals.alerts.column("alert_id"),
        "reason": reason,
        "detail": detail,
        "position": arrivals.index,
        "fingerprint": arrivals.fingerprint,
        "sha256": _digests(values),
        "value": values,
        **{n: arrivals.message.column(n) for n in ("topic", "partition", "offset", "key", "timestamp")},
    }
    return pa.Table.from_arrays([columns[name].cast(DEAD.field(name).type) for name in DEAD.names], schema=DEAD)


def _arrivals(survey: Survey, decoded: DecodedAlerts, batch: pa.RecordBatch, now: float) -> Arrivals:
    message = batch.select(["key", "topic", "partition", "offset", "timestamp"]).take(decoded.envelope)
    stamp = message.column("timestamp").cast(pa.int64()).fill_null(int(now * 1e6)).to_numpy()
    return Arrivals(
        survey,
        survey.columns(decoded.fields),
        decoded.datums,
        decoded.fingerprint,
        decoded.index,
        decoded.envelope,
        message,
        pa.array(survey.night(utc_to_tai(stamp / 86_400e6 + UNIX_EPOCH_MJD))),
    )


def _dated_ahead(arrivals: Arrivals) -> pa.Array:
    """Whether each alert is of a later night than the one in which its message was sent.

    Nights turn at noon, hours away from any exposure: a clock may be off by an hour. A day of grace would let one
    damaged date open tomorrow's night, and every alert of tonight behind it would be taken for a late one.
    """
    return pc.fill_null(pc.greater(arrivals.alerts.column("night"), arrivals.sent_night), False)


def _refused(messages: pa.RecordBatch, rejects: pa.Table) -> pa.Table:
    n = messages.num_rows
    # A message without a value (a tombstone of Kafka) has nothing to keep: no bytes.
    values = pc.fill_null(messages.column("value"), b"")
    columns = {
        "survey": pa.nulls(n, pa.string()),
        "alert_id": pa.nulls(n, pa.int64()),
        "reason": rejects.column("reason"),
        "detail": rejects.column("detail"),
        "position": pa.array([-1] * n, pa.int32()),
        "fingerprint": pa.nulls(n, pa.string()),
        "sha256": _digests(values),
        "value": values,
        **{n: messages.column(n) for n in ("topic", "partition", "offset", "key", "timestamp")},
    }
    return pa.Table.from_arrays([columns[name] for name in DEAD.names], schema=DEAD)


def _digests(values: pa.Array) -> pa.Array:
    return pa.array([sha256(v or b"").hexdigest() for v in values.to_pylist()], pa.string())
