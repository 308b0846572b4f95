"""Filters on filters: `tag('other')` stands for the condition of another active filter.

Its tree is put in its place when the text is read, so both say the same of every alert, and what they share is computed
once. A filter that stands on itself, by whatever way, is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from linnet.errors import FilterError
from linnet.filters.names import nearest
from linnet.filters.things import Things
from linnet.filters.tree import Node, children

MAX_OTHERS = 32
"""Filters on which one may stand, those on which they stand themselves among them."""


class Whole(NamedTuple):
    """Another filter's tree, how many nodes it has and how deep it is."""

    tree: Node
    size: int
    depth: int


class Others:
    """The trees of other filters, each read once.

    Args:
        things: the texts of the active filters.
        read: makes a tree of a text.
    """

    def __init__(self, things: Things, read: Callable[[str], Node]) -> None:
        self._texts = things.filters
        self._read = read
        self._known: dict[str, Whole] = {}
        self._open: list[str] = []
        self._is_named = False

    def whole(self, name: str, position: int) -> Whole:
        """The tree of a filter.

        Raises:
            FilterError: no such filter is active, it cannot be read, or filters stand on each other in a ring.
        """
        if name in self._open:
            ring = " -> ".join([*self._open[self._open.index(name) :], name])
            raise FilterError(f"filters stand on each other in a ring: {ring}", position)
        if name not in self._texts:
            raise nearest("active filter", name, position, self._texts, "none of this kind is known here")
        if name not in self._known:
            self._known[name] = self._whole(name, position)
        return self._known[name]

    def _whole(self, name: str, position: int) -> Whole:
        if len(self._known) + len(self._open) >= MAX_OTHERS:
            raise FilterError(f"a filter may stand on {MAX_OTHERS} others; these are more", position)
        self._open.append(name)
        try:
            tree = self._read(self._texts[name])
        except FilterError as error:
            # The position is that in the text which was asked for; the filter that is at fault is named once.
            reason = str(error) if self._is_named else f"in filter {name}: {error}"
            self._is_named = True
            raise FilterError(reason, position) from error
        self._open.pop()
        return Whole(tree, *_extent(tree))


def _extent(tree: Node) -> tuple[int, int]:
    below = [_extent(child) for child in children(tree)]
    return 1 + sum(size for size, _ in below), 1 + max((depth for _, depth in below), default=0)
