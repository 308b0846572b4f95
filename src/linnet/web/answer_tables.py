"""Answers that are tables, in the format that was asked for: JSON for programs of the web, files for all else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import Query
from starlette.responses import JSONResponse, Response

from linnet.core.answer_columns import TAGGED_COLUMNS
from linnet.core.column import Column
from linnet.formats.tables import FORMATS, written
from linnet.web import reading
from linnet.web.broker import Broker

Format = Annotated[
    Literal["json", "csv", "parquet", "arrow", "votable"],
    Query(
        alias="format", description="How the rows are written; the same columns under the same names in all of them."
    ),
]


def table_answer(
    kind: str, rows: pa.Table, columns: Mapping[str, Column], name: str, as_json: Callable[[], Mapping[str, Any]]
) -> Response:
    """Rows in the format that was asked for.

    Args:
        kind: one of `FORMATS`, or json.
        rows: the table.
        columns: declarations of its columns.
        name: of the file, without its ending; also the title of a VOTable.
        as_json: gives the answer as JSON, with what stands beside the rows there.
    """
    if kind == "json":
        return JSONResponse(as_json())
    how = FORMATS[kind]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{how.ending}"'}
    return Response(written(kind, rows, columns, name), media_type=how.media_type, headers=headers)


def alert_table(broker: Broker, alerts: pa.Table, survey: str | None = None) -> pa.Table:
    """Alerts as a table to write: what an answer shows, and for alerts of one survey their `tags` as one text."""
    shown = reading.shown(broker, alerts)
    if survey is None:
        return shown
    tags = reading.tags(broker, survey, alerts)
    names = [sorted({str(t["filter"]) for t in tags.get(i, [])}) for i in alerts.column("alert_id").to_pylist()]
    return shown.append_column("tags", pc.binary_join(pa.array(names, pa.list_(pa.string())), " "))


def alert_columns(broker: Broker) -> dict[str, Column]:
    """Declarations of an alert's columns, with those that stand beside them in answers about tags."""
    return {**broker.columns, **TAGGED_COLUMNS}
