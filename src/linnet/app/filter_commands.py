"""`linnet filter`: add, list and switch filters, also while the broker runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

import typer

from linnet.app import filter_import_commands, wiring
from linnet.app.config import home_path
from linnet.app.console import HomeOption, JsonOption, out, show_json, show_table
from linnet.app.home import existing
from linnet.app.lists import list_things
from linnet.core.column import Column
from linnet.core.ports import Control
from linnet.errors import FilterError, InputError
from linnet.filters.language import parse
from linnet.filters.things import NOTHING, Things

app = typer.Typer(no_args_is_help=True, help="Filters: add, list and switch them, also while packets are taken.")

filter_import_commands.register(app)

NAME = re.compile("[a-z][a-z0-9_]{0,63}")
"""What a filter may be called: the name is part of topics and of names of files."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its name: lower case, digits, underscores.")],
    text: Annotated[str, typer.Argument(help='The condition, e.g. "mag < 18 and n_detections <= 2".')],
    topic_line: Annotated[str, typer.Option("--topic", help="One line: what it hunts.")] = "",
    home: HomeOption = None,
) -> None:
    """Check a filter, add it (or a new version of it) and make it active from the next commit on."""
    if not NAME.fullmatch(name):
        raise InputError(f"a filter cannot be named {name!r}: write lower case, digits and underscores, a letter first")
    with _control(home) as control:
        check_text(text, wiring.plan(existing(home_path(home))).columns, list_things(control))
        version = control.add_filter(name, text, topic_line=topic_line)
        control.set_active(name, version)
    out.print(f"{name} version {version} is active from the next commit on", highlight=False)


@app.command("list")
def list_filters(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """All filters and their versions."""
    with _control(home) as control:
        found: list[dict[str, object]] = [
            {
                "filter": f.name,
                "version": f.version,
                "active": f.active,
                "owner": f.owner,
                "topic_line": f.topic_line,
                "text": f.text,
            }
            for f in control.filters()
        ]
    if as_json:
        show_json(found)
        return
    headings = {"filter": "filter", "version": "version", "active": "active", "owner": "owner", "topic_line": "hunts"}
    show_table("filters", headings, found)


@app.command()
def off(name: Annotated[str, typer.Argument(help="Its name.")], home: HomeOption = None) -> None:
    """Switch a filter off; its versions and tags stay."""
    with _control(home) as control:
        control.set_active(name, None)
    out.print(f"{name} is off from the next commit on", highlight=False)


def check_text(text: str, columns: Mapping[str, Column], things: Things = NOTHING) -> None:
    """Check a filter's text against every column there is.

    Raises:
        FilterError: with the place and the nearest valid name in its one line.
    """
    try:
        parse(text, columns, things)
    except FilterError as error:
        where = "" if error.position is None else f" (at character {error.position + 1})"
        hint = (
            "" if error.suggestion is None or error.suggestion in str(error) else f"; did you mean {error.suggestion}?"
        )
        raise FilterError(f"{error}{where}{hint}", error.position, error.suggestion) from error


@contextmanager
def _control(home: HomeOption) -> Iterator[Control]:
    control = wiring.open_control(existing(home_path(home)))
    try:
        yield control
    finally:
        control.close()
