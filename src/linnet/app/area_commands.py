"""`linnet area`: parts of the sky that filters ask for, also while the broker runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from linnet.adapters import moc_files
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
from linnet.core.list_port import ListVersion
from linnet.operations.list_keeping import ListKeeping, Told

app = typer.Typer(no_args_is_help=True, help="Areas: parts of the sky that filters ask for.")

FileArgument = Annotated[
    Path, typer.Argument(help="A MOC as FITS, JSON or ASCII; polygons and circles as DS9 or JSON; lines of vertices.")
]
OrderOption = Annotated[
    int | None, typer.Option(min=0, max=29, help="HEALPix order to which polygons and circles are drawn.")
]


@app.command()
def add(  # noqa: PLR0913, PLR0917 - one argument for each option
    name: NameArgument,
    file: FileArgument,
    order: OrderOption = None,
    description: DescriptionOption = None,
    public: PublicOption = None,
    with_filter: FilterOption = False,
    past: PastOption = True,
    home: HomeOption = None,
) -> None:
    """Take an area in: filters ask it by in_area('NAME'); what of the past lies in it is looked for."""
    keep = _keeping(name, (file, order), told(file, description, public))
    take("area", home, name, keep, (with_filter, past), new=True)


@app.command()
def update(  # noqa: PLR0913, PLR0917 - one argument for each option
    name: NameArgument,
    file: FileArgument,
    order: OrderOption = None,
    description: DescriptionOption = None,
    public: PublicOption = None,
    with_filter: FilterOption = False,
    past: PastOption = True,
    home: HomeOption = None,
) -> None:
    """Make a new version of an area. Tags that the old one made stay; each run names the version it used."""
    keep = _keeping(name, (file, order), told(file, description, public))
    take("area", home, name, keep, (with_filter, past), new=False)


@app.command("list")
def list_areas(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """All areas."""
    with desk("area", existing(home_path(home))) as at:
        at.table(as_json=as_json)


@app.command()
def show(name: NameArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """One area: its versions, its share of the sky, and how much of the past lies in it."""
    with desk("area", existing(home_path(home))) as at:
        at.show(name, entries=0, as_json=as_json)


@app.command()
def remove(
    name: NameArgument,
    force: Annotated[bool, typer.Option("--force", help="Although active filters ask for it.")] = False,
    home: HomeOption = None,
) -> None:
    """Remove an area. Its versions stay in the home, so that what was tagged with them can be verified."""
    with desk("area", existing(home_path(home))) as at:
        at.remove(name, force=force)


@app.command()
def past(
    name: NameArgument,
    nights: NightsOption = None,
    limit: Annotated[int, typer.Option(min=0, max=1_000_000, help="Matches to show.")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for the alerts of the past that lie in an area, and keep what is found beside its version."""
    with desk("area", existing(home_path(home))) as at:
        at.past(name, nights, limit, as_json=as_json)


def _keeping(
    name: str, source: tuple[Path, int | None], said: Told
) -> Callable[[ListKeeping], tuple[ListVersion, bool]]:
    return lambda keeping: keeping.area(name, moc_files.read(*source), said)
