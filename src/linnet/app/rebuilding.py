"""Rebuilding the store of a home beside the live one, or in its place where it is lost."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from linnet.adapters.home_lock import HomeLock
from linnet.adapters.recording import write_recording
from linnet.adapters.sqlite_store import SqliteStore
from linnet.app.home import Home
from linnet.app.progress import counting
from linnet.app.wiring import archives, stored_columns
from linnet.core.dump import digest
from linnet.core.envelope import envelopes
from linnet.core.plan import Plan
from linnet.engines.flushing import flush
from linnet.errors import HomeError, HomeVersionError, StorageError
from linnet.operations.rebuild import Archives
from linnet.operations.rebuild import rebuild as fold
from linnet.operations.unrecorded import recorded

UNRECORDED = "unrecorded.arrow"


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild gave.

    Attributes:
        ok: the rebuilt store equals the live one, table by table; True where there was no live one to compare.
        alerts: alert rows folded.
        tables: canonical table -> "equal" or "differs"; empty where there was no live store.
        store: the store that was put in place, or "" where it was only compared.
        unrecorded: a recording of archived packets without a recorded row, to be ingested again, or "".
    """

    ok: bool
    alerts: int
    tables: dict[str, str]
    store: str = ""
    unrecorded: str = ""

    def as_dict(self) -> dict[str, object]:
        """The same as plain values."""
        return asdict(self)


def rebuild(home: Home, *, replace: bool) -> Rebuilt:
    """Fold the archive of a home into a new store and compare it with the live one, where that can be read.

    Where the live store is lost, packets of its last commits may have no recorded row. They are saved as a recording
    for `linnet ingest`, before their places are cut off.

    Raises:
        HomeLockedError: another process writes to the home.
        StorageError: the archive cannot be read, or the live store cannot and `replace` was not asked for.
    """
    with (
        HomeLock(home.path),
        archives(home) as (plan, found),
        tempfile.TemporaryDirectory(dir=home.path) as folder,
    ):
        target = Path(folder) / "store.db"
        live = _live(home, plan, replace=replace)
        if live is None:
            return _without_live(home, plan, found, target)
        try:
            flush(live, found.science)
            alerts = _fold(plan, found, target, live.segments())
            tables = _compare(plan, live, target)
        finally:
            live.close()
        if replace:
            _swap(home, target)
        return Rebuilt(all(v == "equal" for v in tables.values()), alerts, tables, str(home.store) if replace else "")


def _live(home: Home, plan: Plan, *, replace: bool) -> SqliteStore | None:
    """The live store, or None where it is lost or cannot be read and may be replaced."""
    if not home.store.exists():
        if replace:
            return None
        raise StorageError(f"{home.store} is gone: `linnet rebuild --replace` makes it again from the archive")
    try:
        return SqliteStore.open(home.store, stored_columns(plan))
    except HomeVersionError:
        raise
    except (HomeError, StorageError) as error:
        if replace:
            return None
        raise StorageError(f"{error}; `linnet rebuild --replace` makes it again from the archive") from error


def _without_live(home: Home, plan: Plan, found: Archives, target: Path) -> Rebuilt:
    known = recorded(found.raw, found.science)
    saved = ""
    if known.messages:
        saved = str(home.path / UNRECORDED)
        write_recording(Path(saved), [envelopes(known.messages)])
    alerts = _fold(plan, found, target, known.segments)
    _swap(home, target)
    home.note_store()
    return Rebuilt(True, alerts, {}, str(home.store), saved)


def _fold(plan: Plan, found: Archives, target: Path, segments: pa.Table) -> int:
    store = SqliteStore.open(target, stored_columns(plan))
    try:
        with counting("rebuild") as advance:
            return fold(store, found, segments, advance)
    finally:
        store.close()


def _compare(plan: Plan, live: SqliteStore, target: Path) -> dict[str, str]:
    store = SqliteStore.open(target, stored_columns(plan), read_only=True)
    try:
        mine, folded = live.dump(), store.dump()
        return {n: "equal" if digest({n: mine[n]}) == digest({n: folded[n]}) else "differs" for n in mine}
    finally:
        store.close()


def _swap(home: Home, target: Path) -> None:
    """Put the new store in place; the old one is kept as `store.db.before-rebuild`."""
    for suffix in ("-wal", "-shm"):
        home.store.with_name(home.store.name + suffix).unlink(missing_ok=True)
    if home.store.exists():
        shutil.move(home.store, home.store.with_name("store.db.before-rebuild"))
    shutil.move(target, home.store)
