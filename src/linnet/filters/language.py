"""A filter: its text, read once, and its evaluation over batches of alerts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from linnet.core.column import Column
from linnet.errors import FilterError
from linnet.filters.build import build
from linnet.filters.calls import FUNCTIONS
from linnet.filters.evaluate import Evaluation, Lookup
from linnet.filters.formatter import canonical
from linnet.filters.grammar import syntax
from linnet.filters.history import NOW, Inside, Scope, take_apart, visible
from linnet.filters.history_nodes import FIELDS
from linnet.filters.history_nodes import FUNCTIONS as OF_POINTS
from linnet.filters.look_ups import names
from linnet.filters.names import check_names
from linnet.filters.others import Others
from linnet.filters.things import NOTHING, Things
from linnet.filters.tokens import Token
from linnet.filters.tree import Node
from linnet.filters.words import words

CALLED = frozenset({*FUNCTIONS, *OF_POINTS, NOW})
"""Names of all functions."""


@dataclass(frozen=True)
class Filter:
    """A checked filter. Made by `parse`; plain data, so it pickles.

    Attributes:
        text: as written.
        tree: what it means.
        columns: sorted names of what it looks up: columns, and memberships such as `in_area:NAME`.
    """

    text: str
    tree: Node
    columns: tuple[str, ...]

    def evaluate(self, lookup: Lookup, length: int) -> pa.BooleanArray:
        """Judge a batch.

        Args:
            lookup: gives the Arrow array of each of `columns`; typed nulls for a column that the survey does not have.
            length: rows of the batch.

        Returns:
            One boolean per row; null where the data cannot say. Only true is a tag.

        Raises:
            FilterError: a column comes with another type or length than declared.
        """
        return Evaluation(lookup, length).condition(self.tree)


def parse(text: str, columns: Mapping[str, Column], things: Things = NOTHING) -> Filter:
    """Read a filter's text and check it against the declared columns. The text is never executed.

    Args:
        text: a condition in the filter language.
        columns: everything that a filter may read.
        things: areas, watchlists and filters that it may name. Where the text is to be a filter's new version, have it
            there under its name: then a ring of `tag`s through it is seen.

    Raises:
        FilterError: the text is refused; with position and reason, and the nearest valid name where one is wrong.
    """
    try:
        others = Others(things, lambda other: _tree(other, columns, things, others))
        tree = _tree(text, columns, things, others)
        return Filter(text, tree, names(tree))
    except RecursionError as error:
        # Nesting is bounded, but the caller may itself stand deep in the stack.
        raise FilterError("the condition is nested too deep to be read here; split it", 0) from error


def _tree(text: str, columns: Mapping[str, Column], things: Things, others: Others) -> Node:
    def read(given: Inside) -> Node:
        left, slots = take_apart(given.words, columns, None)
        here = visible(columns, given.sequence)
        check_names(left, here, CALLED)
        return build(syntax(left, text), left, here, things, others, Scope(slots, frozenset(FIELDS)))

    found = words(text)
    left, slots = take_apart(found, columns, read)
    check_names(left, columns, CALLED)
    tree = build(syntax(left, text), left, columns, things, others, Scope(slots))
    _check_complete(found, tree)
    return tree


def _check_complete(found: list[Token], tree: Node) -> None:
    """Refuse a text of which the parser let something fall: `x between 1 2`, a comma too many, a plus sign.

    The tree, written out again, has the same words as the text, parentheses aside, and keeps the same limits, so that
    the canonical text of a filter is a filter.
    """
    try:
        written, meant = _bag(found), _bag(words(canonical(tree)))
    except FilterError as error:
        raise FilterError(f"written out with all its spaces and parentheses: {error}", 0) from error
    lost, added = written - meant, meant - written
    if lost:
        word = next(w for w in found if _key(w) in lost)
        raise FilterError(f"`{word.text}` is too much here", word.start)
    if added:
        raise FilterError(f"`{next(iter(added))[1]}` is missing somewhere in the condition", 0)


def _bag(found: list[Token]) -> Counter[tuple[str, str]]:
    return Counter(_key(w) for w in found if w.sort != "operator" or w.text not in "()")


def _key(word: Token) -> tuple[str, str]:
    return word.sort, _spelling(word)


def _spelling(word: Token) -> str:
    if word.sort not in ("number", "quantity"):
        return word.text
    digits, space, unit = word.text.partition(" ")
    return (str(int(digits)) if digits.isdigit() else repr(float(digits))) + space + unit
