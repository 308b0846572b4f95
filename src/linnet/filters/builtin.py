"""The filters that ship with Linnet: data in `builtin/*.toml`, in the same language as anybody's.

Each has a topic line, a description that says what is approximated, a reference, options, what it hunts, and examples.
An example is a row of column values; columns that it does not name are null. It may be given as an earlier passing row
with changes, so that it shows what one changed value does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from linnet.core.column import Column
from linnet.errors import FilterError
from linnet.filters.examples import Example, Value, example, table
from linnet.filters.language import Filter, parse
from linnet.filters.options import Option, filled, options
from linnet.filters.parts import Part, expanded
from linnet.filters.prey import Prey, prey

__all__ = ["BuiltinFilter", "Example", "Option", "Prey", "Value", "builtin", "read", "table"]

_NAME = re.compile(r"[a-z][a-z0-9_]{2,39}")
_KEYS = {"topic_line", "description", "reference", "options", "prey", "text", "must_pass", "must_not"}


@dataclass(frozen=True)
class BuiltinFilter:
    """A filter that ships with Linnet.

    Attributes:
        name, topic_line, description, reference: what it is, for people.
        options: numbers of its text that a user may want otherwise.
        prey: what it hunts, and how much of it it is expected to find.
        text: the condition with the numbers it ships with.
        template: the same with `{option}` for each.
        must_pass, must_not: examples, those of shared parts included.
    """

    name: str
    topic_line: str
    description: str
    reference: str
    options: Mapping[str, Option]
    prey: Prey
    template: str
    must_pass: tuple[Example, ...]
    must_not: tuple[Example, ...]

    @property
    def text(self) -> str:
        """The condition with the numbers it ships with."""
        return self.with_options({})

    def with_options(self, values: Mapping[str, float]) -> str:
        """The condition with other numbers.

        Raises:
            FilterError: the filter has no such option, or a value is no number.
        """
        return filled(self.name, self.template, self.options, values)

    def check(self, columns: Mapping[str, Column]) -> Filter:
        """Read the text against declared columns and run every example.

        Raises:
            FilterError: the text is refused, an example names an unknown column, or a verdict is not the expected one.
        """
        checked = parse(self.text, columns)
        examples = (*self.must_pass, *self.must_not)
        batch = table(examples, columns)
        verdicts = checked.evaluate(batch.column, len(examples)).to_pylist()
        for place, (each, verdict) in enumerate(zip(examples, verdicts, strict=True)):
            expected = place < len(self.must_pass)
            if (verdict is True) is not expected:
                raise FilterError(f"filter {self.name}: {each.why}: it {'must' if expected else 'must not'} pass")
        return checked


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
    words = {k: _words(name, k, data[k]) for k in ("topic_line", "description", "reference")}
    template, used = expanded(_words(name, "text", data["text"]))
    passing, failing = _examples(name, data, used)
    declared, hunted = options(name, data["options"]), prey(name, data["prey"])
    found = BuiltinFilter(
        name, **words, options=declared, prey=hunted, template=template, must_pass=passing, must_not=failing
    )
    filled(name, template, found.options, {})
    return found


def _examples(name: str, data: dict[str, Any], used: tuple[Part, ...]) -> tuple[tuple[Example, ...], ...]:
    """Examples that must pass, and those that must not, with those of the parts."""
    if not data["must_pass"] or not data["must_not"]:
        raise FilterError(f"filter {name}: examples that must pass and examples that must not are both needed")
    passing: list[Example] = []
    for given in data["must_pass"]:
        survey = given.get("row", {}).get("survey")
        good = {k: v for part in used if part.speaks_of(survey) for k, v in part.good.items()}
        passing.append(example(name, given, passing, good))
    failing = [example(name, given, passing, {}) for given in data["must_not"]]
    shared = [each for part in used for each in part.counterexamples(tuple(passing))]
    return tuple(passing), (*failing, *shared)


def _words(name: str, key: str, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        raise FilterError(f"filter {name}: {key} is empty")
    return text
