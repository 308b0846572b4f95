"""The filters that ship with Linnet: data in `builtin/*.toml`, in the same language as anybody's.

Each has a topic line, a description that says what is approximated, a reference, and examples. An example is a row of
column values; columns that it does not name are null. It may be given as an earlier passing row with changes, so that
it shows what one changed value does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeAlias

import pyarrow as pa

from linnet.core.column import Column
from linnet.errors import FilterError
from linnet.filters.language import Filter, parse

Value: TypeAlias = float | str | bool
"""A value of an example: a number, text or boolean."""

_NAME = re.compile(r"[a-z][a-z0-9_]{2,39}")
_KEYS = {"topic_line", "description", "reference", "text", "must_pass", "must_not"}


@dataclass(frozen=True)
class Example:
    """One row on which a filter's verdict is known.

    Attributes:
        why: what it stands for.
        row: (column, value) pairs; every other column is null.
    """

    why: str
    row: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class BuiltinFilter:
    """A filter that ships with Linnet."""

    name: str
    topic_line: str
    description: str
    reference: str
    text: str
    must_pass: tuple[Example, ...]
    must_not: tuple[Example, ...]

    def check(self, columns: Mapping[str, Column]) -> Filter:
        """Read the text against declared columns and run every example.

        Raises:
            FilterError: the text is refused, an example names an unknown column, or a verdict is not the expected one.
        """
        checked = parse(self.text, columns)
        examples = (*self.must_pass, *self.must_not)
        batch = table(examples, columns)
        verdicts = checked.evaluate(batch.column, len(examples)).to_pylist()
        for place, (example, verdict) in enumerate(zip(examples, verdicts, strict=True)):
            expected = place < len(self.must_pass)
            if (verdict is True) is not expected:
                raise FilterError(f"filter {self.name}: {example.why}: it {'must' if expected else 'must not'} pass")
        return checked


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


def builtin() -> list[BuiltinFilter]:
    """All filters that ship with Linnet, by name.

    Raises:
        FilterError: a file is not as it should be.
    """
    folder = files("linnet.filters") / "builtin"
    found = [f for f in folder.iterdir() if f.name.endswith(".toml")]
    return [read(f.name.removesuffix(".toml"), f.read_text("utf-8")) for f in sorted(found, key=lambda f: f.name)]


def read(name: str, content: str) -> BuiltinFilter:
    """A filter from the TOML of its file.

    Raises:
        FilterError: the file is no TOML, or a key is missing, unknown or empty.
    """
    if not _NAME.fullmatch(name):
        raise FilterError(f"{name} is no name of a filter: lower-case letters, digits and underscores, 3 to 40")
    try:
        data = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise FilterError(f"filter {name}: {error}") from error
    odd = sorted(set(data) ^ _KEYS)
    if odd:
        raise FilterError(f"filter {name}: keys missing or unknown: {', '.join(odd)}")
    words = {k: _words(name, k, data[k]) for k in ("topic_line", "description", "reference", "text")}
    if not data["must_pass"] or not data["must_not"]:
        raise FilterError(f"filter {name}: examples that must pass and examples that must not are both needed")
    passing: list[Example] = []
    for given in data["must_pass"]:
        passing.append(_example(name, given, passing))
    failing = tuple(_example(name, given, passing) for given in data["must_not"])
    return BuiltinFilter(name, **words, must_pass=tuple(passing), must_not=failing)


def _example(name: str, given: dict[str, Any], passing: Sequence[Example]) -> Example:
    """`why` and `row`; or `why`, `like` (number of a passing row), `change` (new values) and `null` (columns)."""
    odd = set(given) - {"why", "row", "like", "change", "null"}
    if odd or "why" not in given or ("like" in given) == ("row" in given):
        raise FilterError(f"filter {name}: an example has `why` and either `row`, or `like` with `change` or `null`")
    if "row" in given:
        return Example(given["why"], tuple(sorted(given["row"].items())))
    if not 0 <= given["like"] < len(passing):
        raise FilterError(f"filter {name}: example `{given['why']}` is like a row that is not there")
    nulls = set(given.get("null", ()))
    row = {**dict(passing[given["like"]].row), **given.get("change", {})}
    return Example(given["why"], tuple(sorted((k, v) for k, v in row.items() if k not in nulls)))


def _words(name: str, key: str, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        raise FilterError(f"filter {name}: {key} is empty")
    return text
