"""The lists of a home: a folder for each, with a file for each of its versions.

    watchlists/NAME/0001.parquet       entries, sorted by HEALPix cells
    areas/NAME/0001.fits               a MOC (IVOA Recommendation MOC 2.0)
    watchlists/NAME/0001.past.parquet  what of the past lies in it; may be made again

A version never changes. A file is written first, then the row about it in the control database: one without a row is
what a kill left behind, and is removed when it is old enough that nobody can be about to write its row.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from linnet.adapters import moc_files
from linnet.core.area import Area
from linnet.core.durable import make_folder, replace_file, storage_errors, sync_file, sync_folder
from linnet.core.failpoints import passing
from linnet.core.list_port import PAST, ListVersion, PastMatches, PastPage, Sort
from linnet.core.lists import Ints
from linnet.core.watchlist import KEPT, Watchlist
from linnet.errors import InputError, StorageError

_KINDS: dict[Sort, tuple[str, str]] = {"watchlist": ("watchlists", ".parquet"), "area": ("areas", ".fits")}

_PAST, _TOLD = ".past.parquet", "linnet.past"

ROW_GROUP = 131_072

FORGOTTEN = 3600.0
"""Seconds after which a file without a row is left over."""


class ListFolder:
    """A `linnet.core.list_port.ListFiles` below a folder, which is made at the first write.

    Args:
        path: the folder.
        forgotten: seconds after which a file without a row is left over.
    """

    def __init__(self, path: Path, forgotten: float = FORGOTTEN) -> None:
        self._path = path
        self._forgotten = forgotten

    def put_watchlist(self, name: str, entries: pa.Table, after: int = 0) -> tuple[int, str]:
        """Keep checked entries durably; gives the number and the SHA-256 of the new version.

        Raises:
            StorageError: the disk failed.
        """

        def write(part: Path) -> None:
            pq.write_table(entries, part, compression="zstd", row_group_size=ROW_GROUP, write_page_checksum=True)

        return self._put("watchlist", name, after, write)

    def put_area(self, name: str, ranges: Ints, after: int = 0) -> tuple[int, str]:
        """Keep an area durably; gives the number and the SHA-256 of the new version.

        Raises:
            StorageError: the disk failed.
        """
        return self._put("area", name, after, lambda part: moc_files.write(part, ranges))

    def drop(self, sort: Sort, name: str, version: int) -> None:
        """Take back what `put` kept and no row is about."""
        with storage_errors(f"remove {sort} {name}"):
            self._file(sort, name, version).unlink(missing_ok=True)

    def watchlist(self, which: ListVersion) -> Watchlist:
        """A watchlist, ready to look up in.

        Raises:
            StorageError: its file is missing or damaged.
        """
        try:
            return Watchlist(self.entries(which))
        except InputError as error:
            raise StorageError(f"{_called(which)} is damaged: {error}") from error

    def area(self, which: ListVersion) -> Area:
        """An area, ready to look up in.

        Raises:
            StorageError: its file is missing or damaged.
        """
        path = self._whole(which)
        try:
            return Area(moc_files.read(path))
        except InputError as error:
            raise StorageError(f"{_called(which)} is damaged: {error}") from error

    def entries(self, which: ListVersion, first: int = 0, limit: int | None = None) -> pa.Table:
        """Entries (`watchlist.KEPT`) of a watchlist from a row on.

        Raises:
            StorageError: its file is missing or damaged.
        """
        return _rows(self._whole(which), KEPT, _called(which))[0].slice(first, limit)

    def content(self, which: ListVersion) -> bytes:
        """The file of a version: Parquet of a watchlist, a MOC in FITS of an area.

        Raises:
            StorageError: it is missing or damaged.
        """
        with storage_errors(f"read {_called(which)}"):
            return self._whole(which).read_bytes()

    def keep_past(self, which: ListVersion, found: Iterable[pa.Table], told: PastMatches) -> None:
        """Keep what of the past lies in a version, in place of what was kept before.

        Raises:
            StorageError: the disk failed; what was kept before stays.
        """

        def write(part: Path) -> None:
            with pq.ParquetWriter(part, PAST, compression="zstd", write_page_checksum=True) as writer:
                for table in found:
                    writer.write_table(table)
                writer.add_key_value_metadata({_TOLD: json.dumps(asdict(told))})

        with storage_errors(f"keep the past of {which.sort} {which.name}"):
            replace_file(self._past_file(which), write)

    def past(self, which: ListVersion, *, public: bool = False, first: int = 0, limit: int = 100) -> PastPage | None:
        """Some rows of what was kept by `keep_past`; None where nothing was. `public`: only what may be published.

        Raises:
            StorageError: the file is damaged.
        """
        path, called = self._past_file(which), f"the past of {which.sort} {which.name}"
        if not path.is_file():
            return None
        rows, said = _rows(path, PAST, called)
        try:
            told = json.loads(said[_TOLD.encode()])
            told["nights"] = None if told["nights"] is None else tuple(told["nights"])
        except (KeyError, ValueError, TypeError) as error:
            raise StorageError(f"{called} is damaged: look through it again") from error
        rows = rows.filter(pc.field("is_public")) if public else rows
        return PastPage(PastMatches(**told), rows.num_rows, rows.slice(first, limit))

    def sweep(self, known: Sequence[ListVersion]) -> list[str]:
        """Remove files that no row is about, which a kill between the two left behind; gives their names.

        Raises:
            StorageError: one cannot be removed.
        """
        kept = {self._file(each.sort, each.name, each.version) for each in known}
        gone = []
        for folder, suffix in _KINDS.values():
            for path in sorted((self._path / folder).glob("*/*")):
                version = path.with_name(path.name.partition(".")[0] + suffix)
                is_part = path.name.startswith(".")
                if (is_part or version not in kept) and self._is_left_over(path):
                    with storage_errors(f"remove {path}"):
                        path.unlink(missing_ok=True)
                    gone.append(path.relative_to(self._path).as_posix())
        return gone

    def _put(self, sort: Sort, name: str, after: int, write: Callable[[Path], None]) -> tuple[int, str]:
        folder = self._path / _KINDS[sort][0] / name
        with storage_errors(f"keep {sort} {name}"):
            make_folder(folder)
            handle, part_name = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
            os.close(handle)
            part = Path(part_name)
            try:
                write(part)
                sync_file(part)
                with part.open("rb") as file:
                    digest = file_digest(file, "sha256").hexdigest()
                number = self._numbered(sort, name, after, part)
            except pa.ArrowException as error:
                raise StorageError(f"cannot keep {sort} {name}: {error}") from error
            finally:
                part.unlink(missing_ok=True)
            sync_folder(folder)
        passing("21")
        return number, digest

    def _numbered(self, sort: Sort, name: str, after: int, part: Path) -> int:
        """Give a file the next number; of several processes that do so each gets one of its own."""
        while True:
            taken = [int(p.name[:4]) for p in part.parent.glob("[0-9][0-9][0-9][0-9].*")]
            number = max(after, *taken, 0) + 1
            try:
                self._file(sort, name, number).hardlink_to(part)
            except FileExistsError:
                continue
            return number

    def _file(self, sort: Sort, name: str, version: int) -> Path:
        folder, suffix = _KINDS[sort]
        return self._path / folder / name / f"{version:04d}{suffix}"

    def _past_file(self, which: ListVersion) -> Path:
        path = self._file(which.sort, which.name, which.version)
        return path.with_name(path.stem + _PAST)

    def _whole(self, which: ListVersion) -> Path:
        """The file of a version, once it is known to be what was kept.

        Raises:
            StorageError: it is missing or another.
        """
        path = self._file(which.sort, which.name, which.version)
        try:
            with path.open("rb") as file:
                digest = file_digest(file, "sha256").hexdigest()
        except FileNotFoundError as error:
            raise StorageError(f"{_called(which)} is missing: restore {path} from a backup, or add it again") from error
        except OSError as error:
            raise StorageError(f"{_called(which)} cannot be read: {error.strerror}") from error
        if digest != which.sha256:
            raise StorageError(f"{_called(which)} is damaged: {path} is not the file that was kept; add it again")
        return path

    def _is_left_over(self, path: Path) -> bool:
        try:
            return time.time() - path.stat().st_mtime > self._forgotten
        except OSError:
            return False


def _called(which: ListVersion) -> str:
    return f"{which.sort} {which.name} version {which.version}"


def _rows(path: Path, schema: pa.Schema, called: str) -> tuple[pa.Table, Mapping[bytes, bytes]]:
    """The rows of a file, and what is said beside them."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows = file.read(use_threads=False).select(schema.names).cast(schema).combine_chunks()
            return rows, file.metadata.metadata or {}
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise StorageError(f"{called} is damaged: {(str(error).splitlines() or ['unreadable'])[0]}") from error
