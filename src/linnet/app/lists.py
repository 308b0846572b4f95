"""The areas and watchlists that filters ask for: taken up when the filters are, and named in the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import structlog

from linnet.core.list_port import SORTS, ListFiles, ListVersion, in_use
from linnet.core.membership import FAILED, NO_LISTS, KnownLists, Members, Memberships, is_list
from linnet.core.ports import ActiveFilters, Control
from linnet.core.unit import Run
from linnet.errors import StorageError
from linnet.filters.things import Things

log = structlog.get_logger("linnet")

Filters = TypeVar("Filters", bound=ActiveFilters)


def list_failed(which: ListVersion, error: StorageError) -> None:
    """Say in the log that no filter fires on a list."""
    log.warning("list cannot be read, no filter that asks for it fires", list=which.column, reason=str(error))


class ListFeed:
    """Polls the control database with the filters, and holds the lists that they ask for.

    A list whose file is damaged or missing is told once; what filters ask of it is null until there is a new version or
    anything else is changed.

    Args:
        control: where the rows about lists are.
        files: where their content is.
        failed: called with the list and the reason.
    """

    def __init__(
        self,
        control: Control,
        files: ListFiles,
        failed: Callable[[ListVersion, StorageError], None] = list_failed,
    ) -> None:
        self._control = control
        self._files = files
        self._failed = failed
        self._told: set[tuple[str, str]] = set()
        self._held: dict[tuple[str, str], Members] = {}
        self._now: Memberships = NO_LISTS

    def taken_up(self, filters: Filters) -> Filters:
        """Take up the lists that these filters ask for, as they are now; gives the filters."""
        wanted = [name for name in filters.needs if is_list(name)]
        there = in_use(self._control.lists.versions()) if wanted else {}
        chosen = {name: there.get(name) for name in wanted}
        self._held = {key: members for key, members in self._held.items() if _is_among(key, chosen)}
        members = {name: None if which is None else self._opened(which) for name, which in chosen.items()}
        self._now = known(members, chosen)
        return filters

    def memberships(self) -> Memberships:
        """The lists that were last taken up."""
        return self._now

    def named(self, run_of: Callable[[ActiveFilters], Run]) -> Callable[[ActiveFilters], Run]:
        """Runs that name besides the lists that were last taken up."""
        last: list[tuple[Run, Memberships, Run]] = []

        def of(filters: ActiveFilters) -> Run:
            run, lists = run_of(filters), self._now
            if not lists.contents:
                return run
            if not last or last[0][0] is not run or last[0][1] is not lists:
                # Written anew only when something changes: a run with a thousand filters takes 4 ms.
                last[:] = [(run, lists, replace(run, lists=dict(lists.contents)))]
            return last[0][2]

        return of

    def _opened(self, which: ListVersion) -> Members | None:
        key = (which.column, which.content)
        if key in self._held:
            return self._held[key]
        try:
            self._held[key] = opened(self._files, which)
        except StorageError as error:
            if key not in self._told:
                self._told.add(key)
                self._failed(which, error)
            return None
        return self._held[key]


def list_things(control: Control, *, removed: bool = False) -> Things:
    """The areas and watchlists that a filter may name; `removed`: those too that were removed."""
    there = control.lists.versions(removed=removed)
    names = {sort: frozenset(each.name for each in there if each.sort == sort) for sort in SORTS}
    return Things(areas=names["area"], watchlists=names["watchlist"])


def opened(files: ListFiles, which: ListVersion) -> Members:
    """A list, ready to look up in.

    Raises:
        StorageError: its file is missing or damaged.
    """
    return files.area(which) if which.sort == "area" else files.watchlist(which)


def known(members: Mapping[str, Members | None], chosen: Mapping[str, ListVersion | None]) -> KnownLists:
    """Lists as filters ask for them, with what a run names of each."""
    contents = {
        name: which.content if which is not None and members[name] is not None else FAILED
        for name, which in chosen.items()
    }
    return KnownLists(members, contents)


def recorded_lists(control: Control, files: ListFiles) -> Callable[[Run], Memberships | None]:
    """The lists of a recorded run, in use or not; None where a version of one is gone."""
    rows = {(each.column, each.content): each for each in control.lists.versions(removed=True)}
    made: dict[str, Memberships | None] = {}

    def lists(run: Run) -> Memberships | None:
        if run.run_id not in made:
            made[run.run_id] = _as_recorded(run, rows, files)
        return made[run.run_id]

    return lists


def _as_recorded(run: Run, rows: Mapping[tuple[str, str], ListVersion], files: ListFiles) -> Memberships | None:
    members: dict[str, Members | None] = {}
    for name, content in run.lists.items():
        if content == FAILED:
            members[name] = None
            continue
        which = rows.get((name, content))
        if which is None:
            return None
        try:
            members[name] = opened(files, which)
        except StorageError:
            return None
    return KnownLists(members, run.lists)


def _is_among(key: tuple[str, str], chosen: Mapping[str, ListVersion | None]) -> bool:
    which = chosen.get(key[0])
    return which is not None and which.content == key[1]
