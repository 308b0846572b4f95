"""Conditions that built-in filters share, by name: data in `builtin/parts/*.toml`.

A text has `{clean_ztf}` for such a part, and gets with it the examples that hold each of its clauses: every filter that
uses the part is checked against them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from linnet.errors import FilterError
from linnet.filters.examples import Example, Value, changed

NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""A part or an option in a text."""

_KEYS = {"text", "survey", "good", "must_not"}


@dataclass(frozen=True)
class Part:
    """A condition that filters share.

    Attributes:
        text: the condition; may name options of the filter.
        survey: of whose alerts it speaks; "" for one that holds of any.
        good: values of columns with which it holds, for rows that do not name them.
        must_not: what changes a row that passes so that it does not.
    """

    text: str
    survey: str
    good: Mapping[str, Value]
    must_not: tuple[Mapping[str, Any], ...]

    def speaks_of(self, survey: object) -> bool:
        """Whether it is about alerts of this survey."""
        return self.survey in {"", survey}

    def counterexamples(self, passing: tuple[Example, ...]) -> Iterator[Example]:
        """Rows that must not pass: the first passing row of the part's survey, changed."""
        first = next((each for each in passing if self.speaks_of(dict(each.row).get("survey"))), None)
        if first is not None:
            yield from (changed(first, each) for each in self.must_not)


@cache
def parts() -> Mapping[str, Part]:
    """All parts by name.

    Raises:
        FilterError: a file is not as it should be.
    """
    folder = files("linnet.filters") / "builtin" / "parts"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {f.name.removesuffix(".toml"): _part(f.name, f.read_text("utf-8")) for f in found}


def expanded(text: str) -> tuple[str, tuple[Part, ...]]:
    """A text with its parts written out in parentheses, and those parts. Options stay as they are."""
    known = parts()
    used = tuple(known[name] for name in NAMED.findall(text) if name in known)
    return NAMED.sub(lambda m: f"({known[m[1]].text})" if m[1] in known else m[0], text), used


def _part(name: str, content: str) -> Part:
    try:
        data = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise FilterError(f"part {name}: {error}") from error
    if set(data) != _KEYS:
        raise FilterError(f"part {name}: it has the keys {', '.join(sorted(_KEYS))} and no other")
    return Part(data["text"].strip(), data["survey"], data["good"], tuple(data["must_not"]))
