"""What can be wrong with an installation or a home, and what to do about it."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from linnet.adapters.sqlite_file import MINIMUM_SQLITE
from linnet.app import wiring
from linnet.app.config import CONFIG_FILE, Settings, settings
from linnet.app.home import existing
from linnet.errors import FilterError, LinnetError
from linnet.filters.builtin import builtin
from linnet.filters.language import parse
from linnet.operations.filter_reading import things_of

LOW_DISK_GB = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing examined."""

    what: str
    ok: bool
    detail: str

    def as_dict(self) -> dict[str, object]:
        """The same as plain values."""
        return asdict(self)


def examine(home: Path) -> list[Finding]:
    """Examine interpreter, libraries, modules, filters, and the home where there is one."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("python", _python),
        ("sqlite", _sqlite),
        ("modules", lambda: f"{len(wiring.plan().modules)} in order"),
        ("built-in filters", lambda: f"{len(builtin())} load"),
        ("disk", lambda: _disk(home)),
    ]
    if (home / CONFIG_FILE).exists():
        checks.append(("configuration", lambda: _settings(home)))
    checks.append(("home", lambda: _home(home)))
    return [_run(what, check) for what, check in checks]


def _run(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, check())
    except LinnetError as error:
        return Finding(what, False, str(error))


def _python() -> str:
    return f"{platform.python_version()} ({sys.executable})"


def _sqlite() -> str:
    if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
        needed = ".".join(map(str, MINIMUM_SQLITE))
        raise LinnetError(f"SQLite {sqlite3.sqlite_version} is too old: Linnet needs {needed}, use a newer Python")
    return sqlite3.sqlite_version


def _disk(home: Path) -> str:
    place = home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e9
    if free < LOW_DISK_GB:
        raise LinnetError(f"{free:.1f} GB free at {place}: make room, a night of packets needs more")
    return f"{free:.0f} GB free"


def _settings(home: Path) -> str:
    return ", ".join(f"{k} = {v}" for k, v in settings(home).model_dump().items())


def _home(home: Path) -> str:
    if not home.exists():
        return f"none at {home} yet: `linnet ingest` makes it"
    with wiring.reader(existing(home), Settings()) as parts:
        _filters(parts)
        nights = ", ".join(f"{s} {n}" for s, n in sorted(parts.store.open_nights().items())) or "none yet"
        return f"{home} opens; {parts.store.last_unit()} commits, open nights: {nights}"


def _filters(parts: wiring.Parts) -> None:
    """Refuse where an active filter cannot run."""
    active = parts.control.filters(active=True)
    for each in active:
        try:
            parse(each.text, parts.plan.columns, things_of(parts.control, active))
        except FilterError as error:
            raise FilterError(
                f"filter {each.name} version {each.version} does not fit: {error}; "
                "the next start switches it off: add a corrected version with `linnet filter edit`"
            ) from error
