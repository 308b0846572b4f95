"""What both groups of commands, `linnet watchlist` and `linnet area`, do with the lists of a home."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from linnet.adapters.list_files import ListFolder
from linnet.app import wiring
from linnet.app.config import settings
from linnet.app.console import out, show_json, show_pairs, show_table
from linnet.app.filter_reading import things_of
from linnet.app.home import Home
from linnet.app.installing import install
from linnet.app.progress import counting
from linnet.core.json_rows import JsonRow, rows
from linnet.core.list_port import LIST_NAME, ListVersion, PastMatches, Sort
from linnet.core.ports import Control
from linnet.errors import FilterError, InputError
from linnet.filters.language import parse
from linnet.operations.list_keeping import ListKeeping, Told
from linnet.operations.list_past import find_past

NEXT = "a broker that runs takes it up within seconds"

NameArgument = Annotated[str, typer.Argument(help="Its name: lower case, digits, underscores.")]
NightsOption = Annotated[
    str | None, typer.Option("--nights", help="First and last night that are looked at, as 20260101..20260131.")
]
PublicOption = Annotated[
    bool | None, typer.Option("--public/--private", help="Whether others may see it (default: private, or as before).")
]
DescriptionOption = Annotated[str | None, typer.Option(help="One line: what it is.")]
FilterOption = Annotated[bool, typer.Option("--filter", help="Make a filter of the same name, and activate it.")]
PastOption = Annotated[bool, typer.Option("--past/--no-past", help="Look for what of the past lies in it.")]

_NIGHTS = re.compile(r"(\d{8})\.\.(\d{8})")


@dataclass(frozen=True)
class Desk:
    """The lists of one home at hand.

    Attributes:
        sort: which of the two sorts.
    """

    sort: Sort
    home: Home
    control: Control
    keeping: ListKeeping

    def require_new(self, name: str, *, new: bool) -> None:
        """Refuse to add what is there, and to update what is not.

        Raises:
            InputError, NotFoundError: with what to do.
        """
        names = {each.name for each in self.control.lists.versions(self.sort)}
        if new and name in names:
            raise InputError(f"there is a {self.sort} {name} already: `linnet {self.sort} update {name}` renews it")
        if not new:
            self.keeping.current(self.sort, name)

    def check_filter(self, name: str) -> str:
        """The text of the filter that asks for this list.

        Raises:
            InputError: there is a filter of this name that asks for something else.
        """
        text = f"in_{self.sort}('{name}')"
        if any(f.name == name and f.text != text for f in self.control.filters()):
            raise InputError(f"there is a filter {name} already: add the list without --filter, and ask it by {text}")
        return text

    def activate(self, which: ListVersion) -> None:
        """Make the filter of the same name, and activate it."""
        text, size = self.check_filter(which.name), f"{which.size} entries" if which.sort == "watchlist" else "an area"
        line = which.description or f"alerts in {which.sort} {which.name} ({size})"
        number = self.control.add_filter(which.name, text, topic_line=line)
        self.control.set_active(which.name, number)
        out.print(f"filter {which.name} version {number} asks {text}; {NEXT}", highlight=False)

    def say(self, which: ListVersion, *, is_new: bool) -> None:
        """What was kept, in one line."""
        if not is_new:
            out.print(f"{which.name} version {which.version} has this content already", highlight=False)
            return
        what = f"{which.size} entries" if which.share is None else f"{100 * which.share:.4g} % of the sky"
        asked = f"filters ask it by in_{which.sort}('{which.name}')"
        out.print(f"{which.name} version {which.version}: {what}; {asked}; {NEXT}", highlight=False)

    def look_back(self, which: ListVersion, nights: str | None = None) -> PastMatches | None:
        """Look for what of the past lies in a list, and say how much; None where there is no past yet."""
        span = _span(nights)
        if not self.home.store.exists():
            return None
        with wiring.reader(self.home, settings(self.home.path)) as parts, counting("look back") as progress:
            found = find_past(which, parts.lists, (parts.store, parts.science), span, progress)
        lies = f"{found.matches} of {found.alerts} alerts of the past lie in {which.name}, of {found.objects} objects"
        when = "" if found.first is None else f"; first night {found.first}, last {found.last}"
        out.print(lies + when, highlight=False)
        return found

    def table(self, *, as_json: bool) -> None:
        """All lists."""
        found = [_row(self.keeping.current(self.sort, name)) for name in self._names()]
        if as_json:
            show_json(found)
            return
        size = {"size": "entries"} if self.sort == "watchlist" else {"share": "share of the sky"}
        headings = {"name": self.sort, "version": "version", **size, "visibility": "visible", "created": "since"}
        show_table(f"{self.sort}s", {**headings, "description": "what"}, found)

    def show(self, name: str, *, entries: int, as_json: bool) -> None:
        """One list with its versions, and the first of its entries."""
        which = self.keeping.current(self.sort, name)
        told = _row(which)
        versions = [_row(each) for each in self.keeping.versions(self.sort, name)]
        head = rows(self._entries(which, entries)) if self.sort == "watchlist" else []
        past = self.keeping.files.past(which, limit=0)
        looked = None if past is None else asdict(past.told)
        if as_json:
            show_json({**told, "versions": versions, "entries": head, "past": looked})
            return
        known = ", ".join(f"{v['version']} ({v['size']})" for v in versions)
        show_pairs({**told, "versions": known, "past": _short(looked)})
        if head:
            show_table("", {"ra": "ra", "dec": "dec", "radius": "arcsec", "label": "label"}, head)

    def remove(self, name: str, *, force: bool) -> None:
        """Remove a list that no active filter asks for.

        Raises:
            NotFoundError: there is none.
            InputError: an active filter asks for it, and that is not forced.
        """
        which = self.keeping.current(self.sort, name)
        asking = self._asking(which.column)
        if asking and not force:
            raise InputError(
                f"{', '.join(asking)} asks for {self.sort} {name}: switch it off first, or remove it with --force"
            )
        self.control.lists.remove(self.sort, name)
        out.print(f"{self.sort} {name} is removed; its versions stay in the home; {NEXT}", highlight=False)

    def past(self, name: str, nights: str | None, limit: int, *, as_json: bool) -> None:
        """Look for what of the past lies in a list, and show the first of it."""
        which = self.keeping.current(self.sort, name)
        found = None
        if as_json:
            with out.capture():
                found = self.look_back(which, nights)
        else:
            found = self.look_back(which, nights)
        page = self.keeping.files.past(which, limit=limit) if found is not None else None
        lines = [] if page is None else [_rounded(row) for row in rows(page.rows)]
        if as_json:
            show_json({"name": name, **(asdict(found) if found is not None else {}), "rows": lines})
        elif page is None:
            out.print("nothing was taken yet", highlight=False)
        elif lines:
            extra = {"separation": "arcsec", "label": "label"} if self.sort == "watchlist" else {}
            headings = {"object_id": "object", "survey": "survey", "alert_id": "alert", "known_night": "night"}
            show_table("", {**headings, "is_first": "first", **extra}, lines)

    def _names(self) -> list[str]:
        return sorted({each.name for each in self.control.lists.versions(self.sort)})

    def _entries(self, which: ListVersion, limit: int) -> object:
        return self.keeping.files.entries(which, 0, limit).drop_columns(["_healpix_29"])

    def _asking(self, column: str) -> list[str]:
        """Active filters that ask for a list."""
        active = self.control.filters(active=True)
        plan, things, found = wiring.plan(self.home), things_of(self.control, active), []
        for each in active:
            try:
                if column in parse(each.text, plan.columns, things).columns:
                    found.append(each.name)
            except FilterError:
                continue
        return found


@contextmanager
def desk(sort: Sort, home: Home) -> Iterator[Desk]:
    """The lists of a home; the default filters and the default route are in it before anything is changed."""
    control = wiring.open_control(home)
    try:
        install(control)
        yield Desk(sort, home, control, ListKeeping(control, ListFolder(home.lists)))
    finally:
        control.close()


def told(file: Path, description: str | None, public: bool | None) -> Told:
    """What the options say of a list."""
    visibility = None if public is None else "public" if public else "private"
    return Told(description, file.name, visibility)


def check_name(sort: Sort, name: str) -> None:
    """Refuse what cannot be a name, before a file is read.

    Raises:
        InputError: with what to do.
    """
    if not LIST_NAME.fullmatch(name):
        raise InputError(
            f"a {sort} cannot be named {name[:80]!r}: write lower case, digits and underscores, a letter first"
        )


def _span(nights: str | None) -> tuple[int, int] | None:
    if nights is None:
        return None
    found = _NIGHTS.fullmatch(nights)
    if found is None or found[1] > found[2]:
        raise InputError(f"{nights[:40]!r} are no nights: write the first and the last, as 20260101..20260131")
    return int(found[1]), int(found[2])


def _row(which: ListVersion) -> dict[str, object]:
    found = asdict(which)
    found.pop("deleted")
    return found


def _rounded(row: JsonRow) -> JsonRow:
    apart = row["separation"]
    return {**row, "separation": round(apart, 4) if isinstance(apart, float) else apart}


def _short(looked: dict[str, object] | None) -> str:
    if looked is None:
        return "not looked for yet"
    return (
        f"{looked['matches']} of {looked['alerts']} alerts, {looked['objects']} objects, looked for {looked['looked']}"
    )
