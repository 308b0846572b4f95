"""Delivery: every route follows the tag log with its own durable cursor."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.failpoints import passing
from linnet.core.payload import payload
from linnet.core.ports import Control, OpenSink, Route, Store

CHUNK = 10_000
"""Tag-log rows per look: everything that waits, as a rule, so that a thousand files are synced once for all of it. As
messages with all their columns these are some 50 MB."""

NOTHING = (0, 0, 0)
"""Cursor, sent and withheld of a route that has never delivered."""


def deliver(
    store: Store, control: Control, routes: tuple[tuple[Route, OpenSink], ...], *, publish_private: bool
) -> int:
    """Send every route what the tag log holds beyond its cursor; gives the number of rows sent.

    The cursor moves after the sink's flush: a crash in between sends again with the same `dedup_id` and skips nothing.
    """
    sent = 0
    delivered = control.delivered() if routes else {}
    for route, sink in routes:
        progress = delivered.get(route.name, NOTHING)
        while (tags := store.tags_after(progress[0], CHUNK)).num_rows:
            went, withheld = _chunk(store, (route, sink), tags, publish_private)
            progress = (tags.column("seq")[-1].as_py(), progress[1] + went, progress[2] + withheld)
            passing("09")
            control.set_cursor(route.name, *progress)
            sent += went
            if tags.num_rows < CHUNK:
                break
    return sent


def _chunk(store: Store, target: tuple[Route, OpenSink], tags: pa.Table, publish_private: bool) -> tuple[int, int]:
    """Numbers of rows sent and withheld."""
    route, sink = target
    wanted = tags
    if route.filters:
        wanted = tags.filter(pc.is_in(tags.column("filter"), pa.array(route.filters, pa.string())))
    withheld = 0
    sent = 0
    if wanted.num_rows:
        rows = payload(store, wanted)
        public = rows if publish_private else rows.filter(rows.column("is_public"))
        withheld, sent = rows.num_rows - public.num_rows, public.num_rows
        _send(sink, public)
    return sent, withheld


def _send(sink: OpenSink, rows: pa.RecordBatch) -> None:
    half = rows.num_rows // 2
    if half:
        sink.write(rows.slice(0, half))
    passing("08")
    sink.write(rows.slice(half))
    sink.flush()
