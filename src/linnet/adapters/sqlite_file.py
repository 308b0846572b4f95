"""One SQLite file: how it is opened and migrated, and how its errors are told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from linnet.errors import HomeError, HomeVersionError, StorageError

MINIMUM_SQLITE = (3, 35, 0)
"""Upserts, row values, read-only WAL readers (3.22) and mended corner cases of both; March 2021."""

BUSY_SECONDS = 30.0
"""How long a statement waits for another process that holds the file."""

WAL_PAGES = 4_000
"""Pages (4 KiB) in the write-ahead log after which a commit also checkpoints."""

Migration = Callable[[sqlite3.Connection], None]


@dataclass(frozen=True)
class Kind:
    """What sort of file this is.

    Attributes:
        noun: how messages call it.
        application_id: SQLite's mark of the file's owner.
        create: makes the tables of a new file.
        format: number of the format that this code writes.
        migrations: format -> the function that takes a file from it to the next one.
        journal: SQLite's journal mode, "WAL" or "DELETE".
    """

    noun: str
    application_id: int
    create: Migration
    format: int
    migrations: Mapping[int, Migration]
    journal: str = "WAL"


def check_sqlite(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Refuse a SQLite library that is too old.

    Raises:
        StorageError: says which version is there and which is needed.
    """
    if version < MINIMUM_SQLITE:
        have, need = (".".join(map(str, v)) for v in (version, MINIMUM_SQLITE))
        raise StorageError(f"this Python has SQLite {have}, Linnet needs {need} or newer: use a newer Python build")


def open_writer(path: Path, kind: Kind, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Open a file for writing; make it where it is missing, bring it to this code's format after a backup.

    Raises:
        HomeVersionError: the file is newer than this code.
        HomeError: the path holds something else, or cannot be opened.
        StorageError: the disk failed.
    """
    check_sqlite()
    connection = _connect(path, kind, "rwc", busy_seconds)
    try:
        with translated(path, kind.noun):
            _format_of(connection, path, kind)  # a file that is not ours is left as it is
            for pragma in (f"journal_mode = {kind.journal}", "synchronous = FULL"):
                connection.execute(f"PRAGMA {pragma}")
            for pragma in (f"wal_autocheckpoint = {WAL_PAGES}", "temp_store = MEMORY", "cache_size = -65536"):
                connection.execute(f"PRAGMA {pragma}")
            _bring_forward(connection, path, kind)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path, kind: Kind, busy_seconds: float = BUSY_SECONDS) -> tuple[sqlite3.Connection, bool]:
    """Open a file for reading alone, while another process may be writing it.

    Returns:
        The connection, and whether it is *frozen*: in a folder where SQLite may not make its side files, and none are
        there, the file is read as one that nobody writes: use such a connection once.

    Raises:
        HomeError: there is no such file, or it is something else.
        HomeVersionError: the file is newer than this code, or older and not migrated.
        StorageError: the disk failed.
    """
    check_sqlite()
    with translated(path, kind.noun):
        try:
            return _checked(_connect(path, kind, "ro", busy_seconds), path, kind), False
        except sqlite3.OperationalError:
            if is_live(path):
                raise
            return _checked(_connect(path, kind, "ro&immutable=1", busy_seconds), path, kind), True


def is_live(path: Path) -> bool:
    """Whether a log stands beside the file: someone writes it, or was killed while writing."""
    return any(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-journal"))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: committed at the end, rolled back whatever else happens."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After an I/O error SQLite may have rolled back by itself.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path, noun: str) -> Iterator[None]:
    """Turn SQLite's errors into one line that says what to do.

    Raises:
        StorageError: in place of any `sqlite3.Error`.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(f"{noun} {path}: {_advice(error)}") from error


def _connect(path: Path, kind: Kind, mode: str, busy_seconds: float) -> sqlite3.Connection:
    if mode.startswith("ro") and not path.is_file():
        raise HomeError(f"there is no {kind.noun} at {path}: ingest something first, or choose another --home")
    try:
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise HomeError(f"{kind.noun} {path} cannot be opened: {error}") from error


def _checked(connection: sqlite3.Connection, path: Path, kind: Kind) -> sqlite3.Connection:
    """The connection, once it is known to read a file of this code's format."""
    try:
        _require(_format_of(connection, path, kind), path, kind)
    except BaseException:
        connection.close()
        raise
    return connection


def _require(found: int, path: Path, kind: Kind) -> None:
    if found != kind.format:
        raise HomeVersionError(f"{path} has format {found}, this Linnet reads {kind.format}: open it for writing once")


def _format_of(connection: sqlite3.Connection, path: Path, kind: Kind) -> int:
    """Format of the file; -1 for an empty one."""
    try:
        tables, owner, found = _marks(connection)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) or "malformed" in str(error):
            raise  # the disk, or ours and damaged
        raise HomeError(f"{path} is no {kind.noun} of Linnet: {error}") from error
    if tables == 0 and owner == 0:
        return -1
    if owner != kind.application_id:
        raise HomeError(f"{path} is no {kind.noun} of Linnet, but another SQLite file")
    if found > kind.format:
        raise HomeVersionError(
            f"{path} has format {found}, this Linnet knows up to {kind.format}: install a newer Linnet"
        )
    return found


def _marks(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Number of tables, owner and format, all of one moment: another process may just be making the file."""
    outer = connection.in_transaction
    if not outer:
        connection.execute("BEGIN")
    try:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (found,) = connection.execute("PRAGMA user_version").fetchone()
    finally:
        if not outer:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
    return tables, owner, found


def _bring_forward(connection: sqlite3.Connection, path: Path, kind: Kind) -> None:
    """Make the tables of a new file, or migrate an old one; of several processes that try, one does it."""
    with transaction(connection):
        found = _format_of(connection, path, kind)
        if found == kind.format:
            return
        for step in _steps(path, kind, found):
            step(connection)
        connection.execute(f"PRAGMA application_id = {kind.application_id}")
        connection.execute(f"PRAGMA user_version = {kind.format}")


def _steps(path: Path, kind: Kind, found: int) -> Sequence[Migration]:
    if found < 0:
        return [kind.create]
    versions = range(found, kind.format)
    if any(version not in kind.migrations for version in versions):
        raise HomeVersionError(f"{path} has format {found}, from which this Linnet knows no way: run `linnet rebuild`")
    _back_up(path, kind, found)
    return [kind.migrations[version] for version in versions]


def _back_up(path: Path, kind: Kind, found: int) -> None:
    """Copy the file as it is while our transaction keeps writers out.

    Through a connection of its own: SQLite backs nothing up through one that is writing.
    """
    kept = path.with_name(f"{path.name}.format-{found}.backup")
    partial = kept.with_name(kept.name + ".part")
    with closing(_connect(path, kind, "ro", BUSY_SECONDS)) as source, closing(sqlite3.connect(partial)) as target:
        source.backup(target)
    partial.replace(kept)


def _advice(error: sqlite3.Error) -> str:
    text = str(error)
    for sign, advice in _ADVICE:
        if sign in text:
            return advice
    return text


_ADVICE = (
    ("disk is full", "the disk is full; nothing of this was kept: free space and start again"),
    ("disk I/O error", "the disk failed; nothing of this was kept: look at the disk and start again"),
    ("locked", "another process holds it: wait for that process, or end it"),
    ("malformed", "it is damaged: `linnet rebuild --replace` makes a store again, control.db comes from a backup"),
    ("tag_log.seq", "another tag has this tag-log number; nothing of this was kept: rebuild into an empty store"),
    ("readonly", "it may not be written here: look at its permissions"),
)
