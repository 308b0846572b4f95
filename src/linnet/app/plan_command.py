"""`linnet plan`: what runs, in which order, and what reads what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from linnet.app import wiring
from linnet.app.config import home_path, settings
from linnet.app.console import HomeOption, JsonOption, show_json, show_lists
from linnet.app.home import MARKER, existing
from linnet.core.plan import Plan
from linnet.errors import FilterError
from linnet.filters.builtin import builtin
from linnet.filters.language import parse
from linnet.filters.things import Things


def plan(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Modules in the order in which they run, what each needs and gives, and the active filters."""
    place = home_path(home)
    ordered = wiring.plan(existing(place) if (place / MARKER).exists() else None)
    active = list(_active(place))
    things = Things(filters={name: text for name, _, text in active})
    filters = [(name, version, _reads(text, ordered, things)) for name, version, text in active]
    if as_json:
        modules = [
            {"module": m.name, "version": m.version, "needs": list(m.needs), "gives": list(m.gives)}
            for m in ordered.modules
        ]
        show_json({"modules": modules, "filters": [{"filter": n, "version": v, "reads": r} for n, v, r in filters]})
        return
    for m in ordered.modules:
        show_lists(f"module {m.name}, version {m.version}", {"needs": m.needs, "gives": list(m.gives)})
    for name, version, reads in filters:
        said = ["nothing: its text no longer fits the columns, so it is left out"] if reads is None else reads
        show_lists(f"filter {name}, version {version}", {"reads": said})


def _active(home: Path) -> Iterator[tuple[str, int, str]]:
    """Name, version and text of the filters that are active in a home; where there is none, of the built-in ones."""
    if not (home / MARKER).exists():
        yield from ((b.name, 1, b.text) for b in builtin())
        return
    with wiring.reader(existing(home), settings(home)) as parts:
        yield from ((f.name, f.version, f.text) for f in parts.control.filters(active=True))


def _reads(text: str, ordered: Plan, things: Things) -> list[str] | None:
    """The columns that a filter reads; None where its text no longer fits the columns."""
    try:
        return list(parse(text, ordered.columns, things).columns)
    except FilterError:
        return None
