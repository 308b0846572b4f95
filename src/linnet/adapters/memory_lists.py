"""Watchlists and areas in memory: rows and content, for tests and anything that need not outlive its process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from threading import RLock

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.area import Area
from linnet.core.list_port import PAST, ListVersion, PastMatches, PastPage, Sort
from linnet.core.lists import Ints
from linnet.core.watchlist import Watchlist
from linnet.errors import NotFoundError, StorageError


class MemoryLists:
    """A `linnet.core.list_port.KeptLists` in this process.

    Args:
        changed: called with every change.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._lock = RLock()
        self._rows: dict[tuple[Sort, str, int], ListVersion] = {}

    def add(self, new: ListVersion) -> ListVersion:
        """Add a version; gives it with the time of its making.

        Raises:
            StorageError: there is one of this number already.
        """
        key = (new.sort, new.name, new.version)
        with self._lock:
            if key in self._rows:
                raise StorageError(f"there is a version {new.version} of {new.sort} {new.name} already")
            self._rows[key] = replace(new, created=_now(), deleted=None)
            self._changed()
            return self._rows[key]

    def versions(self, sort: Sort | None = None, *, removed: bool = False) -> list[ListVersion]:
        """All versions by sort, name and version; `removed`: those of lists that were removed as well."""
        with self._lock:
            found = [self._rows[key] for key in sorted(self._rows) if sort in {None, key[0]}]
        return [each for each in found if removed or each.deleted is None]

    def remove(self, sort: Sort, name: str) -> None:
        """Remove a list with all its versions.

        Raises:
            NotFoundError: there is none.
        """
        with self._lock:
            gone = [k for k, v in self._rows.items() if k[:2] == (sort, name) and v.deleted is None]
            if not gone:
                raise NotFoundError(f"there is no {sort} {name}")
            now = _now()
            self._rows |= {key: replace(self._rows[key], deleted=now) for key in gone}
            self._changed()


class MemoryListFiles:
    """A `linnet.core.list_port.ListFiles` without files."""

    def __init__(self) -> None:
        self._contents: dict[tuple[Sort, str, int], pa.Table | Ints] = {}
        self._past: dict[tuple[Sort, str, int], tuple[pa.Table, PastMatches]] = {}

    def put_watchlist(self, name: str, entries: pa.Table, after: int = 0) -> tuple[int, str]:
        """Keep checked entries; gives the number and a hash of the new version."""
        return self._put("watchlist", name, after, entries), sha256(_bytes(entries)).hexdigest()

    def put_area(self, name: str, ranges: Ints, after: int = 0) -> tuple[int, str]:
        """Keep an area; gives the number and a hash of the new version."""
        return self._put("area", name, after, ranges), sha256(_bytes(ranges)).hexdigest()

    def drop(self, sort: Sort, name: str, version: int) -> None:
        """Take back what `put` kept."""
        self._contents.pop((sort, name, version), None)

    def watchlist(self, which: ListVersion) -> Watchlist:
        """A watchlist, ready to look up in.

        Raises:
            StorageError: it is not here.
        """
        return Watchlist(self._content(which))

    def area(self, which: ListVersion) -> Area:
        """An area, ready to look up in.

        Raises:
            StorageError: it is not here.
        """
        return Area(self._content(which))

    def entries(self, which: ListVersion, first: int = 0, limit: int | None = None) -> pa.Table:
        """Entries of a watchlist from a row on.

        Raises:
            StorageError: it is not here.
        """
        found: pa.Table = self._content(which)
        return found.slice(first, limit)

    def content(self, which: ListVersion) -> bytes:
        """The content of a version as bytes of its own kind: Arrow IPC, or pairs of integers.

        Raises:
            StorageError: it is not here.
        """
        return _bytes(self._content(which))

    def keep_past(self, which: ListVersion, found: Iterable[pa.Table], told: PastMatches) -> None:
        """Keep what of the past lies in a version."""
        table = pa.concat_tables([PAST.empty_table(), *found])
        self._past[which.sort, which.name, which.version] = (table, told)

    def past(self, which: ListVersion, *, public: bool = False, first: int = 0, limit: int = 100) -> PastPage | None:
        """Some rows of what was kept by `keep_past`; None where nothing was."""
        kept = self._past.get((which.sort, which.name, which.version))
        if kept is None:
            return None
        table = kept[0].filter(pc.field("is_public")) if public else kept[0]
        return PastPage(kept[1], table.num_rows, table.slice(first, limit))

    def sweep(self, known: Sequence[ListVersion]) -> list[str]:
        """Remove content that no row is about; gives names."""
        kept = {(each.sort, each.name, each.version) for each in known}
        odd = [key for key in self._contents if key not in kept]
        for key in odd:
            del self._contents[key]
        return [f"{sort} {name} {version}" for sort, name, version in odd]

    def _put(self, sort: Sort, name: str, after: int, content: pa.Table | Ints) -> int:
        number = 1 + max([after, *(v for s, n, v in self._contents if (s, n) == (sort, name))])
        self._contents[sort, name, number] = content
        return number

    def _content(self, which: ListVersion) -> pa.Table | Ints:
        found = self._contents.get((which.sort, which.name, which.version))
        if found is None:
            raise StorageError(f"{which.sort} {which.name} version {which.version} is not here")
        return found


def _bytes(content: pa.Table | Ints) -> bytes:
    if not isinstance(content, pa.Table):
        return content.tobytes()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, content.schema) as writer:
        writer.write_table(content.combine_chunks())
    found: bytes = sink.getvalue().to_pybytes()
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
