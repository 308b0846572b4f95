"""The examples that a filter was given, judged: rows that must pass and rows that must not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from linnet.core.column import Column, boolean
from linnet.core.filter_port import Details, Judged
from linnet.errors import FilterError
from linnet.filters.language import Filter

LOOKED_UP = ":"
"""What is in the name of a column that is looked up beside an alert's own, `in_area:NAME`."""


@dataclass(frozen=True)
class Verdict:
    """What a filter says of one example.

    Attributes:
        why: what the example stands for. must: whether it must pass. says: true, false, or None where the row cannot
            tell, which does not pass either.
    """

    why: str
    must: bool
    says: bool | None

    @property
    def is_right(self) -> bool:
        """Whether it is as it must be."""
        return (self.says is True) is self.must

    def __str__(self) -> str:
        found = "passes" if self.says else "does not pass"
        return f"example `{self.why}` {found}, and {'must' if self.must else 'must not'}"


def verdicts(condition: Filter, details: Details, columns: Mapping[str, Column]) -> list[Verdict]:
    """What a filter says of its own examples, those that must pass first.

    Args:
        condition: the filter.
        details: has the examples.
        columns: all that are declared. Where an area or a watchlist is asked for, an example names `in_area:NAME` or
            `in_watchlist:NAME`, true or false.

    Raises:
        FilterError: an example names a column that is not declared, or gives it a value of another type.
    """
    examples = (*details.must_pass, *details.must_not)
    asked = {name: boolean("Looked up.") for name in condition.columns if LOOKED_UP in name}
    declared = {**columns, **asked}
    _check_names(examples, declared)

    def look_up(name: str) -> pa.Array:
        return _column(name, examples, declared)

    said = condition.evaluate(look_up, len(examples)).to_pylist() if examples else []
    places = enumerate(zip(examples, said, strict=True))
    return [Verdict(each.why, place < len(details.must_pass), verdict) for place, (each, verdict) in places]


def wrong(condition: Filter, details: Details, columns: Mapping[str, Column]) -> str:
    """One line that says which examples have another verdict than they must; "" where none has.

    A row that names a column that there is no more is wrong too: what it meant cannot be said.
    """
    try:
        found = [str(each) for each in verdicts(condition, details, columns) if not each.is_right]
    except FilterError as error:
        found = [str(error)]
    return "; ".join(found)


def _check_names(examples: Sequence[Judged], declared: Mapping[str, Column]) -> None:
    for each in examples:
        for name, _ in each.row:
            if name not in declared and LOOKED_UP not in name:
                raise FilterError(f"example `{each.why}` names column {name}, which does not exist")


def _column(name: str, examples: Sequence[Judged], declared: Mapping[str, Column]) -> pa.Array:
    values = [dict(each.row).get(name) for each in examples]
    kind = declared[name].type
    try:
        return pa.array(values, kind)
    except pa.ArrowException as error:
        raise FilterError(f"an example gives column {name} a value that is no {kind}: {error}") from error
