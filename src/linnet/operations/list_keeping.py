"""Watchlists and areas as people keep them: a new one, a new version. The file first, then the row about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from linnet.core.area import Area
from linnet.core.control_port import Control
from linnet.core.list_port import LIST_NAME, ListFiles, ListVersion, Sort, in_use
from linnet.core.lists import Ints
from linnet.core.watchlist import checked
from linnet.errors import InputError, NotFoundError


@dataclass(frozen=True)
class Told:
    """What people say of a list; None leaves it as the version before has it."""

    description: str | None = None
    source: str | None = None
    visibility: str | None = None
    owner: str | None = None


class ListKeeping:
    """Adds to and removes from the lists of a broker.

    Args:
        control: where the rows are.
        files: where the content is.
    """

    def __init__(self, control: Control, files: ListFiles) -> None:
        self._control = control
        self.files = files

    def watchlist(self, name: str, entries: pa.Table, told: Told) -> tuple[ListVersion, bool]:
        """Keep entries (`watchlist.ENTRY`) as a new version; the same ones again give the version that has them.

        Returns:
            The version, and whether it is new.

        Raises:
            InputError: the name or an entry cannot be taken.
            StorageError: the disk failed.
        """
        _check_name("watchlist", name)
        rows = checked(entries)
        made = ListVersion("watchlist", name, 0, "", rows.num_rows)
        return self._kept(made, told, lambda after: self.files.put_watchlist(name, rows, after))

    def area(self, name: str, ranges: Ints, told: Told) -> tuple[ListVersion, bool]:
        """Keep an area (`area.normalised`) as a new version; the same one again gives the version that has it.

        Returns:
            The version, and whether it is new.

        Raises:
            InputError: the name cannot be taken.
            StorageError: the disk failed.
        """
        _check_name("area", name)
        made = ListVersion("area", name, 0, "", len(ranges), float(np.round(Area(ranges).share, 12)))
        return self._kept(made, told, lambda after: self.files.put_area(name, ranges, after))

    def rows(self) -> list[ListVersion]:
        """All versions of all lists that are not removed."""
        return self._control.lists.versions()

    def current(self, sort: Sort, name: str) -> ListVersion:
        """The version in use.

        Raises:
            NotFoundError: there is no such list.
        """
        found = {each.name: each for each in in_use(self._control.lists.versions(sort)).values()}
        if name not in found:
            known = f"; there are: {', '.join(sorted(found))[:300]}" if found else ""
            raise NotFoundError(f"there is no {sort} {name}{known}")
        return found[name]

    def versions(self, sort: Sort, name: str) -> list[ListVersion]:
        """All versions of a list that is not removed, in order.

        Raises:
            NotFoundError: there is no such list.
        """
        self.current(sort, name)
        return [each for each in self._control.lists.versions(sort) if each.name == name]

    def _kept(self, made: ListVersion, told: Told, put: Callable[[int], tuple[int, str]]) -> tuple[ListVersion, bool]:
        before = in_use(self._control.lists.versions(made.sort)).get(made.column)
        wanted = _described(made, before, told)
        # A file may be gone whose row is not: its number is never given again.
        known = (v.version for v in self._control.lists.versions(made.sort, removed=True) if v.name == made.name)
        number, digest = put(max(known, default=0))
        wanted = replace(wanted, version=number, sha256=digest)
        if before is not None and _same(before, wanted):
            self.files.drop(made.sort, made.name, number)
            return before, False
        return self._control.lists.add(wanted), True


def _described(made: ListVersion, before: ListVersion | None, told: Told) -> ListVersion:
    """With what is said of it, and otherwise what was said of the version before."""
    fields = ("description", "source", "visibility", "owner")
    said = {name: getattr(told, name) for name in fields if getattr(told, name) is not None}
    known = {} if before is None else {name: getattr(before, name) for name in fields}
    return replace(made, **{**known, **said})


def _same(a: ListVersion, b: ListVersion) -> bool:
    return (a.sha256, a.description, a.source, a.visibility) == (b.sha256, b.description, b.source, b.visibility)


def _check_name(sort: Sort, name: str) -> None:
    if not LIST_NAME.fullmatch(name):
        raise InputError(
            f"a {sort} cannot be named {name[:80]!r}: write lower case, digits and underscores, a letter first"
        )
