"""`linnet filter import`: filters of other brokers, read into this language."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from linnet.app import wiring
from linnet.app.config import home_path
from linnet.app.console import WRONG, HomeOption, JsonOption, out, show_json
from linnet.app.home import Home, existing
from linnet.core.column import Column
from linnet.errors import FilterError, InputError
from linnet.filters.formatter import canonical
from linnet.filters.importers import lasair, skyportal
from linnet.filters.importers.lasair_query import MAX_LENGTH
from linnet.filters.importers.report import Imported, Part
from linnet.filters.language import parse


class Broker(StrEnum):
    """Whose filters can be read."""

    lasair = "lasair"
    skyportal = "skyportal"


_MOST_BYTES = 40 * MAX_LENGTH


def import_filter(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The filter as the other broker has it; - for standard input.")],
    source: Annotated[Broker, typer.Option("--from", help="Whose filter it is.")],
    listed: Annotated[
        list[str] | None, typer.Option("--list", help="watchlist:7=NAME: what Lasair's list is called here.")
    ] = None,
    survey: Annotated[str, typer.Option(help="ztf or lsst, where a tree of SkyPortal does not say.")] = "",
    name: Annotated[str | None, typer.Option("--add", help="Add it under this name, as `filter add` does.")] = None,
    near: Annotated[bool, typer.Option("--near", help="Add it although parts mean only nearly the same.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Translate a filter of Lasair or SkyPortal, and name every part that has no counterpart here."""
    if name is not None and as_json:
        raise InputError("--add and --json do not go together: look first, then add")
    columns = wiring.plan(_home(home)).columns
    found = _checked(_imported(_text(file), source, _lists(listed or []), survey, columns), columns)
    if as_json:
        show_json(asdict(found))
    else:
        _show(found)
    if found.refused:
        raise typer.Exit(WRONG)
    if name is not None:
        if found.near and not near:
            raise InputError(f"{name} is not added: parts of it mean only nearly the same here; --near adds it so")
        _add(context, name, found.text, ["--topic", f"From {source.title()}"], home)


def register(app: typer.Typer) -> None:
    """Add the command to those of filters."""
    app.command("import")(import_filter)


def _add(context: typer.Context, name: str, text: str, more: Sequence[str], home: Path | None) -> None:
    """The command `linnet filter add`, which stands beside this one."""
    parent = context.parent
    command = parent.command.get_command(parent, "add") if parent is not None else None  # type: ignore[attr-defined]  # a group
    if command is None:
        raise InputError("filters cannot be added here")
    at = [] if home is None else ["--home", str(home)]
    command.main([*more, *at, "--", name, text], prog_name="linnet filter add", standalone_mode=False)


def _home(home: Path | None) -> Home | None:
    """The home whose catalogues have columns too; without one, the columns that there are anywhere."""
    path = home_path(home)
    return existing(path) if home is not None or path.exists() else None


def _text(file: Path) -> str:
    try:
        raw = sys.stdin.buffer.read(_MOST_BYTES + 1) if str(file) == "-" else _bytes(file)
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as text: {error}") from error
    if len(raw) > _MOST_BYTES:
        raise InputError(f"{file} is too long for a filter")
    return text


def _bytes(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_MOST_BYTES + 1)


def _lists(listed: Sequence[str]) -> dict[str, str]:
    found = {}
    for each in listed:
        theirs, _, ours = each.partition("=")
        if not ours or theirs.partition(":")[0] not in ("watchlist", "area") or not theirs.partition(":")[2]:
            raise InputError(f"--list {each}: write watchlist:7=NAME or area:3=NAME")
        found[theirs.lower()] = ours
    return found


def _imported(
    text: str, source: Broker, lists: Mapping[str, str], survey: str, columns: Mapping[str, Column]
) -> Imported:
    if survey not in ("", "ztf", "lsst"):
        raise InputError(f"--survey {survey}: write ztf or lsst")
    if source is Broker.skyportal:
        return skyportal.imported(text, columns, survey)
    return lasair.imported(text, lists)


def _checked(found: Imported, columns: Mapping[str, Column]) -> Imported:
    """The same with its text in canonical form, or with what our own language refuses of it."""
    if not found.text:
        return found
    try:
        text = canonical(parse(found.text, columns).tree)
    except FilterError as error:
        refused = Part("the translation", found.text, str(error))
        return Imported("", "", (refused,), found.near, found.remarks)
    return Imported(text, "", (), found.near, found.remarks)


def _show(found: Imported) -> None:
    if found.text:
        typer.echo(found.text)
    headings = {
        "no counterpart here": found.refused,
        "nearly the same here": found.near,
        "good to know": found.remarks,
    }
    for heading, parts in headings.items():
        if parts:
            out.print(f"\n{heading}:", highlight=False)
        for part in parts:
            what = f"{part.where}: {part.text}" if part.text else part.where
            out.print(f"  {what}: {part.reason}", highlight=False, markup=False, soft_wrap=True)
    if found.rest:
        out.print("\nwhat could be read, and passes more than the original:", highlight=False)
        typer.echo(found.rest)
