"""`linnet filter`: write, check, list and switch filters, also while the broker runs."""

from __future__ import annotations

from typing import Annotated

import typer

from linnet.app import filter_import_commands, filter_look_commands
from linnet.app.console import HomeOption, JsonOption, out, show_json, show_table
from linnet.app.filter_drafts import (
    ColumnsOption,
    FileOption,
    ForceOption,
    Given,
    MustNotOption,
    MustPassOption,
    VisibilityOption,
    desk,
    edited,
)
from linnet.app.filter_drafts import (
    visibility as visibility_of,
)
from linnet.app.filter_pointing import pointed
from linnet.core.filter_port import PLAIN, FilterText, Notice
from linnet.errors import FilterError, InputError
from linnet.operations.filter_desk import Draft, FilterDesk

app = typer.Typer(no_args_is_help=True, help="Filters: write, check and switch them, also while packets are taken.")

filter_look_commands.register(app)
filter_import_commands.register(app)

NameArgument = Annotated[str, typer.Argument(help="Its name: lower case, digits, underscores.")]


@app.command()
def add(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    name: NameArgument,
    text: Annotated[str | None, typer.Argument(help='The condition, e.g. "mag < 18 and n_detections <= 2".')] = None,
    topic_line: Annotated[str, typer.Option("--topic", help="One line: what it hunts.")] = "",
    file: FileOption = None,
    columns: ColumnsOption = None,
    must_pass: MustPassOption = None,
    must_not: MustNotOption = None,
    visibility: VisibilityOption = None,
    activate_it: Annotated[bool, typer.Option("--activate/--no-activate", help="Switch it on.")] = True,
    force: ForceOption = False,
    home: HomeOption = None,
) -> None:
    """Check a filter, add it (or a new version of it) and make it active from the next commit on."""
    given = Given(text, file, columns, (), must_pass, must_not, visibility)
    condition = given.condition()
    if condition is None:
        raise InputError("give the condition, as text or as --file")
    draft = Draft(name, condition, topic_line, given.details(PLAIN))
    with desk(home) as at:
        version = _added(at, draft)
        if visibility is not None:
            at.control.set_visibility(name, visibility_of(visibility))
        if activate_it:
            _activated(at, name, version, force=force)


@app.command()
def edit(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    name: NameArgument,
    text: Annotated[str | None, typer.Argument(help="The new condition; without it the newest one stays.")] = None,
    topic_line: Annotated[str | None, typer.Option("--topic", help="One line: what it hunts.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is, at length.")] = None,
    file: FileOption = None,
    columns: ColumnsOption = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="NAME=NUMBER: another number in a built-in filter.")
    ] = None,
    must_pass: MustPassOption = None,
    must_not: MustNotOption = None,
    visibility: VisibilityOption = None,
    activate_it: Annotated[
        bool | None,
        typer.Option(
            "--activate/--no-activate", help="Switch it on (default: where the filter is on).", show_default=False
        ),
    ] = None,
    force: ForceOption = False,
    home: HomeOption = None,
) -> None:
    """Make a new version of a filter out of its newest one, with what is given in its place."""
    given = Given(text, file, columns, option or (), must_pass, must_not, visibility)
    with desk(home, installed=True) as at:
        newest = at.version(name, None)
        draft = edited(newest, given, topic_line, description)
        if visibility is not None:
            at.control.set_visibility(name, draft.details.visibility)
        is_on = any(each.name == name for each in at.control.filters(active=True))
        version = _added(at, draft)
        if version == newest.version and (topic_line or description):
            out.print("topic line and description stay: they belong to a version, which never changes", highlight=False)
        if is_on if activate_it is None else activate_it:
            _activated(at, name, version, force=force)


@app.command()
def activate(
    name: NameArgument,
    version: Annotated[int | None, typer.Option(min=1, help="Which version; the newest one without it.")] = None,
    force: ForceOption = False,
    home: HomeOption = None,
) -> None:
    """Switch a version of a filter on; a broker that runs takes it up within seconds."""
    with desk(home, installed=True) as at:
        _activated(at, name, version, force=force)


@app.command()
def off(name: Annotated[str, typer.Argument(help="Its name.")], home: HomeOption = None) -> None:
    """Switch a filter off; its versions and tags stay."""
    with desk(home, installed=True) as at:
        built_on_it = at.off(name)
    out.print(f"{name} is off from the next commit on", highlight=False)
    for other in built_on_it:
        out.print(f"{other} names it, and will be switched off too", highlight=False)


@app.command("list")
def list_filters(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """All filters and their versions, and what their owners are to know."""
    with desk(home) as at:
        notices = at.control.notices()
        found = [_row(each, notices) for each in at.control.filters()]
    if as_json:
        show_json(found)
        return
    headings = {"filter": "filter", "version": "version", "active": "active", "owner": "owner"}
    headings |= {"visibility": "visibility", "topic_line": "hunts"}
    show_table("filters", headings, found)
    # Below the table: a sentence in a seventh column would be one word wide.
    for each in notices:
        out.print(f"{each.filter} version {each.version}: {each.text}", highlight=False, markup=False, soft_wrap=True)


def _row(each: FilterText, notices: list[Notice]) -> dict[str, object]:
    return {
        "filter": each.name,
        "version": each.version,
        "active": each.active,
        "owner": each.owner,
        "visibility": each.details.visibility,
        "topic_line": each.topic_line,
        "text": each.text,
        "columns": list(each.details.columns),
        "ended": each.ended,
        "notices": [n.text for n in notices if (n.filter, n.version) == (each.name, each.version)],
    }


def _added(at: FilterDesk, draft: Draft) -> int:
    try:
        version = at.add(draft)
    except FilterError as error:
        raise pointed(draft.text, error) from error
    out.print(f"{draft.name} version {version} is kept", highlight=False)
    return version


def _activated(at: FilterDesk, name: str, version: int | None, *, force: bool) -> None:
    try:
        number, said = at.activate(name, version, force=force)
    except FilterError as error:
        if error.position is None:
            raise
        raise pointed(at.version(name, version).text, error) from error
    for sentence in said:
        out.print(sentence, highlight=False, soft_wrap=True)
    out.print(f"{name} version {number} is active from the next commit on", highlight=False)
