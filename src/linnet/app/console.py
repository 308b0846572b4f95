"""What every command shares: options, output, exit codes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from linnet.errors import HomeError, LinnetError, StorageError

OK, WRONG, USAGE, STORAGE, BUSY, INTERRUPTED = 0, 1, 2, 3, 4, 130
"""Exit codes: fine; a check found something wrong; bad input or configuration; the disk or database failed; the home
cannot be used (locked, another format); stopped by the user."""

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Home folder (default: LINNET_HOME, else ./linnet-home).", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]

out = Console()
err = Console(stderr=True)


def exit_code(error: LinnetError) -> int:
    """The exit code of an error."""
    if isinstance(error, StorageError):
        return STORAGE
    return BUSY if isinstance(error, HomeError) else USAGE


def show_json(value: object) -> None:
    """One JSON object or list on standard output, unwrapped."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(title: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> None:
    """A table of rows; columns map a key of the rows to its heading."""
    table = Table(title=title, title_justify="left", show_edge=False)
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*("" if row[key] is None else str(row[key]) for key in columns))
    out.print(table)


def show_pairs(pairs: Mapping[str, object]) -> None:
    """Names and values, one line each."""
    width = max(len(name) for name in pairs)
    for name, value in pairs.items():
        out.print(f"{name:<{width}}  {value}", highlight=False, soft_wrap=True)
