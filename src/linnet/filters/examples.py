"""Rows on which a filter's verdict is known. Columns that a row does not name are null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from linnet.core.column import Column
from linnet.errors import FilterError

Value: TypeAlias = float | str | bool | Sequence[float | str | None]
"""A value of an example: a number, text or boolean; of a light curve the list of its points'."""


@dataclass(frozen=True)
class Example:
    """One row on which a filter's verdict is known.

    Attributes:
        why: what it stands for.
        row: (column, value) pairs; every other column is null.
    """

    why: str
    row: tuple[tuple[str, Value], ...]


def table(examples: tuple[Example, ...], columns: Mapping[str, Column]) -> pa.RecordBatch:
    """Examples as a batch of all declared columns, typed, null where an example says nothing.

    Raises:
        FilterError: an example names a column that is not declared, or gives it a value of another type.
    """
    given: dict[str, list[Value | None]] = {n: [None] * len(examples) for n in columns}
    for place, example in enumerate(examples):
        for name, value in example.row:
            if name not in given:
                raise FilterError(f"example `{example.why}` names column {name}, which does not exist")
            given[name][place] = value
    try:
        arrays = [pa.array(v, columns[n].type) for n, v in given.items()]
    except pa.ArrowException as error:
        raise FilterError(f"an example has a value of another type than its column: {error}") from error
    return pa.RecordBatch.from_arrays(arrays, names=list(given))


def example(name: str, given: dict[str, Any], passing: Sequence[Example], good: Mapping[str, Value]) -> Example:
    """`why` and `row`; or `why`, `like` (number of a passing row), `change` (new values) and `null` (columns).

    Args:
        name: of the filter.
        given: the example as its file has it.
        passing: the rows before it that must pass.
        good: values that a whole row has where it does not name the column: those of a good detection.

    Raises:
        FilterError: it has other keys, or is like a row that is not there.
    """
    odd = set(given) - {"why", "row", "like", "change", "null"}
    if odd or "why" not in given or ("like" in given) == ("row" in given):
        raise FilterError(f"filter {name}: an example has `why` and either `row`, or `like` with `change` or `null`")
    if "row" in given:
        return Example(given["why"], tuple(sorted({**good, **given["row"]}.items())))
    if not 0 <= given["like"] < len(passing):
        raise FilterError(f"filter {name}: example `{given['why']}` is like a row that is not there")
    return changed(passing[given["like"]], given)


def changed(one: Example, given: Mapping[str, Any]) -> Example:
    """An example with `change`d values and columns made `null`, for a reason of its own (`why`)."""
    nulls = set(given.get("null", ()))
    row = {**dict(one.row), **given.get("change", {})}
    return Example(given["why"], tuple(sorted((k, v) for k, v in row.items() if k not in nulls)))
