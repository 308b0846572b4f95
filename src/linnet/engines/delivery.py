"""Delivery: every route follows the tag log with its own durable cursor."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.failpoints import passing
from linnet.core.ports import Control, OpenSink, Route, Store

CHUNK = 1000
"""Tag-log rows per look."""


def deliver(
    store: Store, control: Control, routes: tuple[tuple[Route, OpenSink], ...], *, publish_private: bool
) -> int:
    """Send every route what the tag log holds beyond its cursor; gives the number of rows sent.

    The cursor moves after the sink's flush: a crash in between sends again with the same `dedup_id` and skips nothing.
    """
    sent = 0
    for route, sink in routes:
        while (tags := store.tags_after(control.cursor(route.name), CHUNK)).num_rows:
            sent += _chunk(store, control, (route, sink), tags, publish_private)
    return sent


def payload(store: Store, tags: pa.Table) -> pa.RecordBatch:
    """Tag-log rows as messages: `dedup_id`, `filter`, `version`, `seq`, then the committed columns of the alert."""
    surveys = tags.column("survey").to_pylist()
    parts = [
        _of_survey(store, survey, tags.filter(pc.equal(tags.column("survey"), survey)))
        for survey in dict.fromkeys(surveys)
    ]
    whole = pa.concat_tables(parts, promote_options="default").sort_by("seq").combine_chunks()
    batches = whole.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=whole.schema)


def _chunk(
    store: Store, control: Control, target: tuple[Route, OpenSink], tags: pa.Table, publish_private: bool
) -> int:
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
    _, sent_before, withheld_before = control.delivered().get(route.name, (0, 0, 0))
    control.set_cursor(route.name, int(tags.column("seq")[-1].as_py()), sent_before + sent, withheld_before + withheld)
    return sent


def _send(sink: OpenSink, rows: pa.RecordBatch) -> None:
    half = rows.num_rows // 2
    if half:
        sink.write(rows.slice(0, half))
    passing("08")
    sink.write(rows.slice(half))
    sink.flush()


def _of_survey(store: Store, survey: str, tags: pa.Table) -> pa.Table:
    ids = tags.column("alert_id").combine_chunks()
    alerts = store.alerts(survey, pc.unique(ids))
    place = pc.index_in(ids, alerts.column("alert_id").combine_chunks())
    rows = alerts.take(place)
    names = [
        f"{survey}:{i}:{f}:{v}"
        for i, f, v in zip(*(tags.column(c).to_pylist() for c in ("alert_id", "filter", "version")), strict=True)
    ]
    head = {
        "dedup_id": pa.array(names, pa.string()),
        "filter": tags.column("filter"),
        "version": tags.column("version").cast(pa.int32()),
        "seq": tags.column("seq"),
    }
    return pa.table({**head, **{n: rows.column(n) for n in rows.column_names}})
