"""Delivery: every route follows the tag log with its own durable cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.delivery_policy import Memory, let_through, watched
from linnet.core.failpoints import passing
from linnet.core.payload import payload
from linnet.core.ports import Control, OpenSink, Progress, Route, Store

CHUNK = 10_000
"""Tag-log rows per look: everything that waits, as a rule, so that a thousand files are synced once for all of it. As
messages with all their columns these are some 50 MB."""


Carry: TypeAlias = Callable[[pa.RecordBatch], Sequence[pa.RecordBatch]]
"""Gives messages as batches, of which some have more columns."""


def alone(messages: pa.RecordBatch) -> Sequence[pa.RecordBatch]:
    """Messages as they are."""
    return (messages,)


def deliver(
    store: Store,
    control: Control,
    routes: tuple[tuple[Route, OpenSink], ...],
    *,
    publish_private: bool,
    carry: Carry = alone,
) -> int:
    """Send every route what the tag log holds beyond its cursor; gives the number of rows sent.

    The cursor moves after the sink's flush, in one transaction with what the route's policy remembers: a crash in
    between sends the same rows again, with the same `dedup_id`, and skips nothing. A route that somebody removes or
    makes anew meanwhile ends here; what was sent until then was sent.
    """
    sent = 0
    for route, sink in routes:
        progress = control.progress(route.name)
        if progress is None:
            continue
        while (tags := store.tags_after(progress.seq, CHUNK)).num_rows:
            chosen = _chosen(store, control, route, tags, publish_private)
            _send(sink, chosen.rows, carry)
            before, progress = progress, chosen.after(progress, tags.column("seq")[-1].as_py())
            passing("09")
            goes_on = control.set_cursor(route.name, progress, chosen.changed, before=before.seq)
            sent += progress.sent - before.sent
            if tags.num_rows < CHUNK or not goes_on:
                break
    return sent


@dataclass(frozen=True)
class _Chosen:
    """What is sent of some rows of the tag log; numbers of rows withheld and held back; changes of the memory."""

    rows: pa.RecordBatch | None = None
    withheld: int = 0
    held: int = 0
    changed: Memory | None = None

    def after(self, progress: Progress, seq: int) -> Progress:
        """The progress of the route once these are sent."""
        sent = 0 if self.rows is None else self.rows.num_rows
        return progress._replace(
            seq=seq,
            sent=progress.sent + sent,
            withheld=progress.withheld + self.withheld,
            held=progress.held + self.held,
        )


def _chosen(store: Store, control: Control, route: Route, tags: pa.Table, publish_private: bool) -> _Chosen:
    """What is not public is withheld before the policy looks: it uses up no quota and no object."""
    if route.filters:
        tags = tags.filter(pc.is_in(tags.column("filter"), pa.array(route.filters, pa.string())))
    if not tags.num_rows:
        return _Chosen()
    rows = payload(store, tags)
    public = rows if publish_private else rows.filter(rows.column("is_public"))
    withheld = rows.num_rows - public.num_rows
    if not route.policy:
        return _Chosen(public, withheld)
    passed, changed = let_through(route.policy, public, control.memory(route.name, watched(public)))
    through = public.filter(passed)
    return _Chosen(through, withheld, public.num_rows - through.num_rows, changed)


def _send(sink: OpenSink, rows: pa.RecordBatch | None, carry: Carry) -> None:
    if rows is None or not rows.num_rows:
        return
    for batch in carry(rows):
        half = batch.num_rows // 2
        if half:
            sink.write(batch.slice(0, half))
        passing("08")
        sink.write(batch.slice(half))
    sink.flush()
