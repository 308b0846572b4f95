"""What a filter may name beside columns: areas of the sky, watchlists, other filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Things:
    """The names that exist where a filter is read. Plain data, so it pickles.

    Attributes:
        areas: names for `in_area('...')`.
        watchlists: names for `in_watchlist('...')`.
        filters: names for `tag('...')`, each with the text of its active version.
    """

    areas: frozenset[str] = frozenset()
    watchlists: frozenset[str] = frozenset()
    filters: Mapping[str, str] = field(default_factory=dict)


NOTHING = Things()
"""No area, no watchlist, no other filter."""
