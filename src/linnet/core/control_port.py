"""The port of what people decided: filters, activations, routes and their cursors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Places: TypeAlias = npt.NDArray[np.int64]


class ActiveFilters(Protocol):
    """The filters that are active at one time, as the engine sees them: judged together, since they share clauses."""

    @property
    def versions(self) -> tuple[tuple[str, int], ...]:
        """Name and version of each, in the order in which their tags are written."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Sorted names of the columns that any of them reads."""

    def hits(self, lookup: Callable[[str], pa.Array], length: int) -> tuple[Places, Places]:
        """Rows of the batch, and places in `versions`, of everything that passes: by row, then by filter.

        `lookup` gives the Arrow array of a column by its name, `length` rows long.
        """


@dataclass(frozen=True)
class Route:
    """One reader of the tag log.

    Attributes:
        filters: names that it follows; empty means all.
        sink: the kind and target of its sink, e.g. "files:outbox".
    """

    name: str
    sink: str
    filters: tuple[str, ...] = ()


@dataclass(frozen=True)
class FilterText:
    """One immutable version of a filter as kept in the control database."""

    name: str
    version: int
    text: str
    topic_line: str
    owner: str
    active: bool
    created: str
    description: str = ""
    reference: str = ""


class Control(Protocol):
    """Filters, activations, routes and cursors: what people decided. Written by any process, polled by the engine."""

    def add_filter(
        self,
        name: str,
        text: str,
        *,
        topic_line: str,
        owner: str = "local",
        description: str = "",
        reference: str = "",
    ) -> int:
        """Add a filter or a new version of it; gives the version. The same text again gives the existing version."""

    def set_active(self, name: str, version: int | None) -> None:
        """Activate one version of a filter, or none.

        Raises:
            NotFoundError: no such filter or version.
        """

    def filters(self, *, active: bool = False) -> list[FilterText]:
        """All versions of all filters by name and version, or only the active ones."""

    def generation(self) -> int:
        """A number that grows with every change; cheap to poll."""

    def record_activation(self, name: str, version: int, seq: int) -> None:
        """Record from which tag-log number an activation holds; the first call for a version stays."""

    def routes(self) -> list[Route]:
        """Routes by name."""

    def add_route(self, route: Route) -> None:
        """Add or replace a route; its cursor stays."""

    def cursor(self, route: str) -> int:
        """Last tag-log number that this route has delivered; 0 at first."""

    def set_cursor(self, route: str, seq: int, sent: int, withheld: int) -> None:
        """Durably record delivery up to a number, with the totals sent and withheld (not public) so far."""

    def delivered(self) -> dict[str, tuple[int, int, int]]:
        """Route -> (cursor, sent, withheld)."""

    def close(self) -> None:
        """Close. May be called twice."""
