"""Every example on the page of the filter language does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from linnet.app import wiring
from linnet.errors import FilterError
from linnet.filters import tokens, units
from linnet.filters.builder import MAX_TAGGED
from linnet.filters.calls import FUNCTIONS
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.formatter import canonical
from linnet.filters.functions import MANY
from linnet.filters.history import MAX_HISTORIES
from linnet.filters.language import parse
from linnet.filters.others import MAX_OTHERS
from linnet.filters.things import Things

PAGE = (Path(__file__).parent.parent / "docs" / "filter-language.md").read_text(encoding="utf-8")
COLUMNS = wiring.plan().columns
THINGS = Things(frozenset({"galactic_bulge"}), frozenset({"my_quasars"}), {"bright": "mag < 19"})


def lines(kind: str) -> list[str]:
    """Lines of the page's blocks of one kind."""
    return [line for block in re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def section(name: str) -> str:
    """What stands under a heading."""
    return PAGE.partition(f"## {name}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("text", lines("filter"))
def test_a_filter_on_the_page_is_one_and_can_be_judged(text: str) -> None:
    checked = parse(text, COLUMNS, THINGS)
    assert parse(canonical(checked.tree), COLUMNS, THINGS).tree == checked.tree
    arrays = {n: COLUMNS[n].empty(3) if n in COLUMNS else None for n in checked.columns}
    if None not in arrays.values():
        assert len(checked.evaluate(arrays.__getitem__, 3)) == 3
        assert FilterSet([NamedFilter("x", 1, checked)]).hits(arrays.__getitem__, 3)[0].tolist() == []


@pytest.mark.parametrize("line", lines("refused"))
def test_a_refused_text_on_the_page_meets_that_error(line: str) -> None:
    text, _, told = line.partition("->")
    position, _, reason = told.strip().partition(": ")
    with pytest.raises(FilterError) as caught:
        parse(text.strip(), COLUMNS, THINGS)
    assert str(caught.value).startswith(reason)
    assert caught.value.position == int(position)


@pytest.mark.parametrize("line", lines("canonical"))
def test_a_canonical_text_on_the_page_is_that_of_its_filter(line: str) -> None:
    text, _, wanted = line.partition(" -> ")
    assert canonical(parse(text, COLUMNS).tree) == wanted


def test_the_page_names_every_function_unit_and_limit() -> None:
    assert set(re.findall(r"`(\w+)\(", section("Functions"))) >= set(FUNCTIONS)
    assert set(re.findall(r"`(\w+)`", section("Units"))) >= set(units.SYMBOLS)
    numbers = {int(n) for n in re.findall(r"\b\d+\b", section("Limits"))}
    said = {tokens.MAX_LENGTH, tokens.MAX_STRING, tokens.MAX_NODES, MAX_TAGGED, MAX_OTHERS, tokens.MAX_NESTING}
    assert numbers >= said | {tokens.MAX_LIST, tokens.MAX_LISTED, MANY, MAX_HISTORIES}


def test_there_are_examples_of_every_kind() -> None:
    assert (len(lines("filter")), len(lines("refused")), len(lines("canonical"))) >= (20, 10, 3)
