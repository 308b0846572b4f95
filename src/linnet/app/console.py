"""What every command shares: options, output, exit codes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from linnet.errors import GapError, HomeError, LinnetError, ServiceError, StorageError

OK, WRONG, USAGE, STORAGE, BUSY = 0, 1, 2, 3, 4
"""Exit codes: fine; a check found something wrong; bad input or configuration, or messages are gone and somebody must
decide; the disk, the database or a service failed, so starting again may help; the home
cannot be used (locked, another format). 130 and 143: stopped by Ctrl-C and SIGTERM, see `linnet.app.command_line`."""

LARGEST_ID = 2**63 - 1
"""Ids are 64-bit integers with a sign."""

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Home folder (default: LINNET_HOME, else ./linnet-home).", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]

out = Console()
err = Console(stderr=True)


def exit_code(error: LinnetError) -> int:
    """The exit code of an error."""
    if isinstance(error, StorageError | ServiceError) and not isinstance(error, GapError):
        return STORAGE
    return BUSY if isinstance(error, HomeError) else USAGE


def show_json(value: object) -> None:
    """One JSON object or list on standard output, unwrapped."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(title: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> None:
    """A table of rows; columns map a key of the rows to its heading. The first column, a name, is never broken."""
    table = Table(title=title, title_justify="left", show_edge=False)
    for place, heading in enumerate(columns.values()):
        table.add_column(heading, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(Text(_text(row[key])) for key in columns))
    out.print(table)


def show_lists(heading: str, lists: Mapping[str, Sequence[str]]) -> None:
    """A heading, and below it named lists, broken between their entries at the width of the terminal."""
    out.print(heading, highlight=False, soft_wrap=True, markup=False)
    _show_named({name: ", ".join(entries) or "-" for name, entries in lists.items()}, "  ")


def show_pairs(pairs: Mapping[str, object]) -> None:
    """Names and values, broken between words at the width of the terminal; what is null or empty is left out."""
    _show_named({name: text for name, value in pairs.items() if (text := _text(value))}, "")


def _show_named(texts: Mapping[str, str], margin: str) -> None:
    width = max(len(name) for name in texts)
    for name, text in texts.items():
        start = f"{margin}{name:<{width}}  "
        # Words stay whole, paths above all: what is copied from here is to be found.
        wrapped = textwrap.fill(
            text,
            out.width,
            initial_indent=start,
            subsequent_indent=" " * len(start),
            break_long_words=False,
            break_on_hyphens=False,
        )
        out.print(wrapped, highlight=False, soft_wrap=True, markup=False)


def _text(value: object) -> str:
    """A value as people read it: yes and no, and the parts of a mapping or list one after the other."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items())
    return str(value)
