"""Matches as messages: rows of the tag log with the committed columns of their alerts."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.ports import Store
from linnet.core.vocabulary import RECORD

INTERNAL = frozenset(RECORD) - {"known_night", "run_id"}
"""Columns that say where a row lies here, paths of files among them: nobody outside needs them."""


def payload(store: Store, tags: pa.Table) -> pa.RecordBatch:
    """Tag-log rows as messages: `dedup_id`, `filter`, `version`, `seq`, then the committed columns of the alert.

    Where the row lies here (`INTERNAL`) is left to the command `linnet trace`.

    Args:
        store: gives the committed rows.
        tags: rows of `Store.tags_after`, in order.
    """
    surveys = tags.column("survey").to_pylist()
    parts = [
        _of_survey(store, survey, tags.filter(pc.equal(tags.column("survey"), survey)))
        for survey in dict.fromkeys(surveys)
    ]
    # One survey's rows are in the order of the tag log already.
    whole = parts[0] if len(parts) == 1 else pa.concat_tables(parts, promote_options="default").sort_by("seq")
    whole = whole.combine_chunks()
    batches = whole.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=whole.schema)


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
    return pa.table({**head, **{n: rows.column(n) for n in rows.column_names if n not in INTERNAL}})
