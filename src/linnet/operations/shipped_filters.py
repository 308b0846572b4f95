"""The filters that come with Linnet as versions of the control database: with examples, and with other numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from linnet.core.filter_port import PLAIN, Details, Judged
from linnet.errors import InputError
from linnet.filters.builtin import BuiltinFilter, Example, builtin


def details_of(each: BuiltinFilter) -> Details:
    """What a built-in filter has besides its text: its examples are run again wherever it is active."""
    return Details(
        each.description,
        each.reference,
        "public",
        must_pass=tuple(map(_judged, each.must_pass)),
        must_not=tuple(map(_judged, each.must_not)),
    )


def with_options(name: str, values: Mapping[str, float], details: Details = PLAIN) -> tuple[str, Details]:
    """The text of a built-in filter with other numbers, and what it has besides.

    Args:
        name: of the filter.
        values: numbers by option; those that are not named are those it ships with.
        details: of the version before; where it has no examples those that ship with the filter are taken.

    Raises:
        InputError: no filter of this name comes with Linnet.
        FilterError: it has no such option, or a value is no number.
    """
    shipped = next((each for each in builtin() if each.name == name), None)
    if shipped is None:
        raise InputError(f"{name} has no options: it is none of the filters that come with Linnet")
    text = shipped.with_options(values)
    if not (details.must_pass or details.must_not):
        whole = details_of(shipped)
        details = replace(details, must_pass=whole.must_pass, must_not=whole.must_not)
    return text, replace(details, options=tuple(sorted(values.items())))


def _judged(each: Example) -> Judged:
    return Judged(each.why, tuple(sorted(each.row)))
