"""The port of what people decided: filters, activations, routes and their cursors, requests to a running broker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.delivery_policy import EVERYTHING, Memory, Policy, Watched
from linnet.core.filter_port import Filters
from linnet.core.list_port import KeptLists

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
        policy: what it holds back of their matches.
    """

    name: str
    sink: str
    filters: tuple[str, ...] = ()
    policy: Policy = EVERYTHING


class Progress(NamedTuple):
    """How far a route is.

    Attributes:
        seq: last tag-log number that it has dealt with; 0 at first.
        sent: messages so far. withheld: matches that are not public. held: matches that its policy held back.
        since: tag-log number after which it began.
    """

    seq: int = 0
    sent: int = 0
    withheld: int = 0
    held: int = 0
    since: int = 0


class Control(Filters, Protocol):
    """Filters, activations, routes and cursors: what people decided. Written by any process, polled by the engine."""

    @property
    def lists(self) -> KeptLists:
        """Watchlists and areas; every change of theirs is a new generation."""

    def routes(self, *, removed: bool = False) -> list[Route]:
        """Routes by name; `removed`: those too that were removed."""

    def add_route(self, route: Route, begin: Progress | None = None) -> None:
        """Add or replace a route; its cursor and memory stay.

        Args:
            route: as it is from now on.
            begin: how far one is that is new; None: at the beginning of the tag log.
        """

    def remove_route(self, name: str) -> None:
        """Remove a route, and forget its cursor and memory.

        Raises:
            NotFoundError: there is no such route.
        """

    def progress(self, route: str) -> Progress | None:
        """How far one route is; at the beginning where it has never delivered, None where it was removed."""

    def cursor(self, route: str) -> int:
        """Last tag-log number that this route has dealt with; 0 at first."""

    def set_cursor(
        self, route: str, progress: Progress, changed: Memory | None = None, *, before: int | None = None
    ) -> bool:
        """Durably record, in one transaction, how far a route is and what has changed in its memory.

        Args:
            route: its name.
            progress: how far it is.
            changed: what its policy has let through since.
            before: the cursor from which it got there.

        Returns:
            Whether that was recorded: not of a route that was removed, nor where its cursor is not at `before`, as
            where it was removed and made anew meanwhile.
        """

    def memory(self, route: str, watched: Sequence[Watched]) -> Memory:
        """What the policy of a route has let through: of these objects, and in the newest nights of all filters."""

    def delivered(self) -> dict[str, Progress]:
        """Route -> how far it is, for every route that has ever delivered."""

    def ask_retry(self, reason: str) -> int:
        """Ask the broker that runs to offer the dead letters of a reason again; gives the number of the request."""

    def retries(self) -> list[tuple[int, str]]:
        """Number and reason of requests without an answer, in order; cheap to poll."""

    def answer_retry(self, number: int, answer: str) -> None:
        """Answer a request; the first answer stays."""

    def retry_answer(self, number: int) -> str | None:
        """The answer to a request, None while there is none."""

    def close(self) -> None:
        """Close. May be called twice."""
