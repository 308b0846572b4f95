"""`linnet catalogs`: bring a catalogue, list them, look at one, switch one off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from linnet.adapters.catalogue_files import CatalogueFolder, Limits, Recipe, StoredCatalogue, Told, make
from linnet.app import wiring
from linnet.app.catalogues import catalogues, install_catalogues
from linnet.app.config import home_path
from linnet.app.console import HomeOption, JsonOption, out, show_json, show_pairs, show_table
from linnet.app.home import Home, create, existing
from linnet.app.progress import counting
from linnet.core.column import Column
from linnet.errors import InputError, NotFoundError

app = typer.Typer(no_args_is_help=True, help="Catalogues that every alert is matched against.")

NAME = re.compile("[a-z][a-z0-9_]{0,31}")
"""What a catalogue may be called: its columns start with it."""

NEXT = "from the next start of `linnet run` or `linnet ingest` on"


@app.command()
def add(  # noqa: PLR0913, PLR0917 - one argument for each option
    name: Annotated[str, typer.Argument(help="Its name, with which its columns start: lower case, digits, _.")],
    file: Annotated[Path, typer.Argument(help="CSV, VOTable, FITS or Parquet file, or a HATS folder.")],
    radius: Annotated[str, typer.Option(help="Arcsec, or a column with a radius in arcsec for each source.")],
    columns: Annotated[str, typer.Option(help="What to keep: COLUMN or NAME=COLUMN, separated by commas.")] = "",
    ra: Annotated[str | None, typer.Option(help="Column of right ascensions (a HATS folder names its own).")] = None,
    dec: Annotated[str | None, typer.Option(help="Column of declinations.")] = None,
    pmra: Annotated[str | None, typer.Option(help="Proper motion in RA times cos(dec), mas/yr.")] = None,
    pmdec: Annotated[str | None, typer.Option(help="Proper motion in declination, mas/yr.")] = None,
    epoch: Annotated[float, typer.Option(min=1900.0, max=2100.0, help="Julian year of the positions.")] = 2000.0,
    k: Annotated[int, typer.Option("--k", help="Matches that an alert is given at most.")] = 1,
    lower: Annotated[str, typer.Option(help="Kept columns of text to write in lower case.")] = "",
    title: Annotated[str, typer.Option(help="One line: what it is.")] = "",
    licence: Annotated[str, typer.Option(help="Under which terms it may be used.")] = "",
    reference: Annotated[str, typer.Option(help="What to cite.")] = "",
    home: HomeOption = None,
) -> None:
    """Take a catalogue in, or a new version of it, and match every alert against it."""
    place = create(home_path(home))
    recipe = Recipe(radius, _listed(columns), ra, dec, pmra, pmdec, epoch, k, _listed(lower))
    made = _taken_in(place, name, file, recipe, Told(file.name, title, licence, reference))
    found = made.entry
    left_out = f", {found.left_out} without a position left out" if found.left_out else ""
    out.print(f"{name} version {found.number}: {found.rows} sources{left_out}; in use {NEXT}", highlight=False)


@app.command("list")
def list_catalogues(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """All catalogues of the home, in use or not."""
    place = existing(home_path(home))
    used = {each.entry.name: each for each in catalogues(place)}
    folder = CatalogueFolder(place.catalogs)
    off = {name: versions[-1] for name in folder.names() if name not in used and (versions := folder.versions(name))}
    found = [_row(each, each.entry.name in used) for _, each in sorted((used | off).items())]
    if as_json:
        show_json(found)
        return
    headings = {"catalogue": "catalogue", "version": "version", "in_use": "in use", "rows": "sources"}
    show_table("catalogues", headings | {"radius": "arcsec", "columns": "columns", "licence": "licence"}, found)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Its name.")], home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """One catalogue: where it comes from, its versions, and the columns that alerts get from it."""
    place = existing(home_path(home))
    used = {each.entry.name: each for each in catalogues(place)}.get(name)
    versions = CatalogueFolder(place.catalogs).versions(name) or ([used] if used else [])
    if not versions:
        raise NotFoundError(f"there is no catalogue {name}: `linnet catalogs list` names them")
    chosen = used or versions[-1]
    told = _row(chosen, used is not None)
    told["columns"] = {n: c.doc for n, c in chosen.about.gives().items()}
    told |= {"epoch": chosen.entry.epoch, "reference": chosen.entry.reference, "source": chosen.entry.source}
    told["versions"] = [v.about.version for v in versions]
    if as_json:
        show_json(told)
        return
    show_pairs(
        {**told, "columns": ", ".join(chosen.about.gives()), "versions": ", ".join(v.about.version for v in versions)}
    )


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Its name.")], home: HomeOption = None) -> None:
    """Switch a catalogue off. Its versions stay, so that what was made with them can be verified."""
    place = existing(home_path(home))
    install_catalogues(place)
    CatalogueFolder(place.catalogs).use(name, None)
    out.print(f"{name} is off {NEXT}", highlight=False)


def _taken_in(home: Home, name: str, file: Path, recipe: Recipe, told: Told) -> StoredCatalogue:
    install_catalogues(home)
    folder = CatalogueFolder(home.catalogs)
    _check_name(home, name)
    with folder.workshop() as workshop, counting("read sources") as progress:
        rows, entry = make(name, file, recipe, workshop, told, Limits(progress=progress))
        _check_columns(home, name, entry.about.gives(), list(_kept_columns(folder, name)))
        return folder.put(rows, entry)


def _check_name(home: Home, name: str) -> None:
    """Refuse a name that is none, or that a module or a survey has.

    Raises:
        InputError: with what to do.
    """
    if not NAME.fullmatch(name):
        raise InputError(f"a catalogue cannot be named {name!r}: write lower case, digits, underscores, a letter first")
    others = wiring.plan_with([each for each in catalogues(home) if each.entry.name != name])
    taken = {m.name for m in others.modules} | {column.partition("_")[0] for column in others.columns if "_" in column}
    if name in taken:
        raise InputError(f"{name} is taken: a module or other columns start with it; choose another name")


def _check_columns(home: Home, name: str, gives: dict[str, Column], earlier: list[dict[str, Column]]) -> None:
    """A column never changes its type, and belongs to one giver.

    Raises:
        InputError: with the column.
    """
    others = wiring.plan_with([each for each in catalogues(home) if each.entry.name != name]).columns
    for column, declared in gives.items():
        if column in others:
            raise InputError(f"there is a column {column} already: write NAME=COLUMN to give it another name")
        before = next((e[column].type for e in earlier if column in e), declared.type)
        if before != declared.type:
            raise InputError(
                f"{column} was {before} in an earlier version of {name} and is {declared.type} now: "
                "write NAME=COLUMN to give it a new name"
            )


def _kept_columns(folder: CatalogueFolder, name: str) -> Iterator[dict[str, Column]]:
    for version in folder.versions(name):
        yield version.about.gives()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _row(each: StoredCatalogue, in_use: bool) -> dict[str, object]:
    found = each.entry
    return {
        "catalogue": found.name,
        "version": found.number,
        "in_use": in_use,
        "title": found.title,
        "rows": found.rows,
        "radius": found.radius,
        "neighbours": found.neighbours,
        "columns": ", ".join(c.name for c in found.columns),
        "licence": found.licence,
        "hash": found.sha256,
    }
