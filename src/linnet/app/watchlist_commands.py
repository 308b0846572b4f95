"""`linnet watchlist`: positions that somebody watches, also while the broker runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from linnet.adapters.list_files import read_watchlist
from linnet.app.config import home_path
from linnet.app.console import HomeOption, JsonOption
from linnet.app.home import existing
from linnet.app.list_desk import (
    DescriptionOption,
    FilterOption,
    NameArgument,
    NightsOption,
    PastOption,
    PublicOption,
    desk,
    told,
)
from linnet.app.list_taking import take
from linnet.core.list_port import EntryColumns, ListVersion
from linnet.operations.list_keeping import ListKeeping, Told

app = typer.Typer(no_args_is_help=True, help="Watchlists: positions with radii that filters ask for.")

FileArgument = Annotated[
    Path, typer.Argument(help="CSV, VOTable, FITS or Parquet; or lines `ra dec [radius] [label]`.")
]
RadiusOption = Annotated[
    str | None, typer.Option(help="Arcsec for all (in plain lines: for those without), or a column of radii.")
]
RaOption = Annotated[str | None, typer.Option(help="Column of right ascensions.")]
DecOption = Annotated[str | None, typer.Option(help="Column of declinations.")]
LabelOption = Annotated[str | None, typer.Option(help="Column of labels.")]


@app.command()
def add(  # noqa: PLR0913, PLR0917 - one argument for each option
    name: NameArgument,
    file: FileArgument,
    radius: RadiusOption = None,
    ra: RaOption = None,
    dec: DecOption = None,
    label: LabelOption = None,
    description: DescriptionOption = None,
    public: PublicOption = None,
    with_filter: FilterOption = False,
    past: PastOption = True,
    home: HomeOption = None,
) -> None:
    """Take a watchlist in: filters ask it by in_watchlist('NAME'); what of the past lies in it is looked for."""
    keep = _keeping(name, (file, EntryColumns(ra, dec, radius, label)), told(file, description, public))
    take("watchlist", home, name, keep, (with_filter, past), new=True)


@app.command()
def update(  # noqa: PLR0913, PLR0917 - one argument for each option
    name: NameArgument,
    file: FileArgument,
    radius: RadiusOption = None,
    ra: RaOption = None,
    dec: DecOption = None,
    label: LabelOption = None,
    description: DescriptionOption = None,
    public: PublicOption = None,
    with_filter: FilterOption = False,
    past: PastOption = True,
    home: HomeOption = None,
) -> None:
    """Make a new version of a watchlist. Tags that the old one made stay; each run names the version it used."""
    keep = _keeping(name, (file, EntryColumns(ra, dec, radius, label)), told(file, description, public))
    take("watchlist", home, name, keep, (with_filter, past), new=False)


@app.command("list")
def list_watchlists(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """All watchlists."""
    with desk("watchlist", existing(home_path(home))) as at:
        at.table(as_json=as_json)


@app.command()
def show(
    name: NameArgument,
    entries: Annotated[int, typer.Option(min=0, max=1_000_000, help="Entries to show.")] = 10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """One watchlist: its versions, its first entries, and how much of the past lies in it."""
    with desk("watchlist", existing(home_path(home))) as at:
        at.show(name, entries=entries, as_json=as_json)


@app.command()
def remove(
    name: NameArgument,
    force: Annotated[bool, typer.Option("--force", help="Although active filters ask for it.")] = False,
    home: HomeOption = None,
) -> None:
    """Remove a watchlist. Its versions stay in the home, so that what was tagged with them can be verified."""
    with desk("watchlist", existing(home_path(home))) as at:
        at.remove(name, force=force)


@app.command()
def past(
    name: NameArgument,
    nights: NightsOption = None,
    limit: Annotated[int, typer.Option(min=0, max=1_000_000, help="Matches to show.")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for the alerts of the past that lie in a watchlist, and keep what is found beside its version."""
    with desk("watchlist", existing(home_path(home))) as at:
        at.past(name, nights, limit, as_json=as_json)


def _keeping(
    name: str, source: tuple[Path, EntryColumns], said: Told
) -> Callable[[ListKeeping], tuple[ListVersion, bool]]:
    return lambda keeping: keeping.watchlist(name, read_watchlist(*source), said)
