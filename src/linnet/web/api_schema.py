"""The API's description of rows, derived from the declarations of columns: types, units, one sentence each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from fastapi import FastAPI

from linnet.core.answer_columns import OBJECT_COLUMNS, POINT_COLUMNS
from linnet.core.column import Column

JsonSchema = dict[str, Any]


def json_type(kind: pa.DataType) -> str:
    """JSON type of an Arrow type in our answers: 64-bit integers are strings."""
    if pa.types.is_list(kind):
        return "array"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_floating(kind):
        return "number"
    if pa.types.is_integer(kind) and kind.bit_width < 64:
        return "integer"
    return "string"


def of_columns(columns: Mapping[str, Column]) -> JsonSchema:
    """A row of declared columns."""
    fields = {}
    for name, column in columns.items():
        unit = f" Unit: {column.unit}." if column.unit else ""
        kind = json_type(column.type)
        fields[name] = {"type": [kind, "null"] if column.nullable else kind, "description": column.doc + unit}
    return {"type": "object", "properties": fields}


def listed(name: str, what: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that gives `{name: [rows of what]}`."""
    rows = {"type": "array", "items": {"$ref": f"#/components/schemas/{what}"}}
    schema = {"type": "object", "properties": {name: rows}}
    return {200: {"content": {"application/json": {"schema": schema}}}, **PROBLEMS}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    404: {"description": "No such thing here, or it may not be shown.", "content": {"application/problem+json": {}}},
    422: {"description": "A parameter is unusable; `detail` says which.", "content": {"application/problem+json": {}}},
}


def describe(app: FastAPI, columns: Mapping[str, Column]) -> None:
    """Put the row types Alert, Object and Point into the OpenAPI description of `app`."""
    plain: Callable[[], dict[str, Any]] = app.openapi

    def with_rows() -> dict[str, Any]:
        described = plain()
        rows = described.setdefault("components", {}).setdefault("schemas", {})
        rows["Alert"] = of_columns({n: c for n, c in columns.items() if not c.is_list})
        rows["Object"] = of_columns(OBJECT_COLUMNS)
        rows["Point"] = of_columns(POINT_COLUMNS)
        return described

    app.openapi = with_rows  # type: ignore[method-assign]  # the way FastAPI documents
