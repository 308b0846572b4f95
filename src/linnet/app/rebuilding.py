"""Rebuilding the store of a home beside the live one."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from linnet.adapters.sqlite_store import SqliteStore
from linnet.app.config import Settings
from linnet.app.home import Home
from linnet.app.progress import counting
from linnet.app.wiring import Parts, stored_columns, writer
from linnet.core.dump import digest
from linnet.engines.flushing import flush
from linnet.operations.rebuild import rebuild as fold


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild gave.

    Attributes:
        ok: the rebuilt store equals the live one, table by table.
        alerts: alert rows folded. tables: canonical table -> "equal" or "differs".
        store: where the rebuilt store lies now, or "" where it was only compared.
    """

    ok: bool
    alerts: int
    tables: dict[str, str]
    store: str

    def as_dict(self) -> dict[str, object]:
        """The same as plain values."""
        return asdict(self)


def rebuild(home: Home, settings: Settings, *, replace: bool) -> Rebuilt:
    """Fold the archive of a home into a new store and compare.

    Raises:
        HomeLockedError: another process writes to the home.
    """
    with writer(home, settings) as (parts, _), tempfile.TemporaryDirectory(dir=home.path) as folder:
        flush(parts.store, parts.science)
        target = Path(folder) / "store.db"
        alerts, tables = _compare(parts, target)
        ok = all(v == "equal" for v in tables.values())
        if replace:
            parts.store.close()
            _swap(home, target)
        return Rebuilt(ok, alerts, tables, str(home.store) if replace else "")


def _compare(parts: Parts, target: Path) -> tuple[int, dict[str, str]]:
    store = SqliteStore.open(target, stored_columns(parts.plan))
    try:
        with counting("rebuild") as advance:
            surveys = {s.name: s for s in parts.surveys}
            alerts = fold(store, parts.raw, parts.science, surveys, parts.schemas, advance)
        live, folded = parts.store.dump(), store.dump()
        return alerts, {n: "equal" if digest({n: live[n]}) == digest({n: folded[n]}) else "differs" for n in live}
    finally:
        store.close()


def _swap(home: Home, target: Path) -> None:
    """The old store is kept as `store.db.before-rebuild`."""
    for suffix in ("-wal", "-shm"):
        home.store.with_name(home.store.name + suffix).unlink(missing_ok=True)
    shutil.move(home.store, home.store.with_name("store.db.before-rebuild"))
    shutil.move(target, home.store)
