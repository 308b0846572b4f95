"""Options of a built-in filter: numbers of its text that a user may want otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linnet.errors import FilterError
from linnet.filters.parts import NAMED

_KEYS = {"value", "unit", "meaning"}


@dataclass(frozen=True)
class Option:
    """One number of a filter's text.

    Attributes:
        value: that it ships with.
        unit: VOUnit, "" where there is none.
        meaning: one sentence.
    """

    value: float
    unit: str
    meaning: str


def options(name: str, given: Any) -> dict[str, Option]:
    """Options from the table `options` of a filter's file.

    Raises:
        FilterError: one has other keys than value, unit, meaning, or its value is no number.
    """
    if not isinstance(given, dict):
        raise FilterError(f"filter {name}: options is a table")
    found = {}
    for option, each in given.items():
        if not isinstance(each, dict) or set(each) != _KEYS or not _is_number(each["value"]):
            raise FilterError(f"filter {name}: option {option} has a number as value, a unit and a meaning")
        found[option] = Option(each["value"], each["unit"], each["meaning"])
    return found


def filled(name: str, text: str, declared: Mapping[str, Option], values: Mapping[str, float]) -> str:
    """A text with numbers in place of its options.

    Args:
        name: of the filter.
        text: has `{option}` for each.
        declared: its options.
        values: numbers to be taken instead of those that it ships with.

    Raises:
        FilterError: an option that the filter does not have or use, or a value that is no finite number.
    """
    odd = sorted(set(values) - set(declared))
    if odd:
        raise FilterError(f"filter {name} has no option {odd[0]}: it has {', '.join(sorted(declared)) or 'none'}")
    named = set(NAMED.findall(text))
    if named != set(declared):
        odd = sorted(named ^ set(declared))
        raise FilterError(f"filter {name}: {odd[0]} is in its text or among its options, and not in both")
    numbers = {n: values.get(n, each.value) for n, each in declared.items()}
    for option, value in numbers.items():
        if not _is_number(value):
            raise FilterError(f"filter {name}: option {option} is a number")
    return NAMED.sub(lambda m: _written(numbers[m[1]]), text)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _written(value: float) -> str:
    """A number as the language has it; a negative one in parentheses, so that it can stand behind any operator."""
    return repr(value) if value >= 0 else f"({value!r})"
