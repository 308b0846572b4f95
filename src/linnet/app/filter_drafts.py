"""What somebody writes on the command line, as a draft of a filter: texts, columns, options, and files of examples."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from linnet.app import wiring
from linnet.app.config import home_path, settings
from linnet.app.desk import desk_of, desk_without_store
from linnet.app.home import existing
from linnet.app.installing import install
from linnet.core.filter_port import Details, FilterText, Judged, Visibility
from linnet.errors import InputError
from linnet.operations.filter_desk import Draft, FilterDesk
from linnet.operations.filter_examples import judged_rows
from linnet.operations.shipped_filters import with_options

FileOption = Annotated[Path | None, typer.Option("--file", help="A file with the condition; - reads standard input.")]
ColumnsOption = Annotated[
    str | None, typer.Option("--columns", help="Columns to send besides those of every message, with commas between.")
]
MustPassOption = Annotated[
    Path | None, typer.Option("--must-pass", help="Examples that must pass: rows in a JSON or TOML file.")
]
MustNotOption = Annotated[Path | None, typer.Option("--must-not", help="Examples that must not pass, likewise.")]
VisibilityOption = Annotated[
    str | None, typer.Option("--visibility", help="private: its owner sees it; public: everybody.")
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Activate it whatever its examples say and however much it matches.")
]


@dataclass(frozen=True)
class Given:
    """What was given on the command line; None and empty: nothing."""

    text: str | None = None
    file: Path | None = None
    columns: str | None = None
    options: Sequence[str] = ()
    must_pass: Path | None = None
    must_not: Path | None = None
    visibility: str | None = None

    def condition(self) -> str | None:
        """The text, from wherever it comes.

        Raises:
            InputError: it was given twice, or the file cannot be read.
        """
        if self.file is None:
            return self.text
        if self.text is not None:
            raise InputError("the condition is given twice: as text and as --file")
        return sys.stdin.read() if str(self.file) == "-" else _content(self.file)

    def details(self, before: Details) -> Details:
        """Details with what was given in place of what there was.

        Raises:
            InputError: a file of examples cannot be read, or a visibility is none.
        """
        found = replace(before, visibility=visibility(self.visibility or before.visibility))
        if self.columns is not None:
            names = [each.strip() for each in self.columns.split(",") if each.strip()]
            found = replace(found, columns=tuple(dict.fromkeys(names)))
        if self.must_pass is not None:
            found = replace(found, must_pass=examples(self.must_pass, "must_pass"))
        if self.must_not is not None:
            found = replace(found, must_not=examples(self.must_not, "must_not"))
        return found

    def numbers(self) -> dict[str, float]:
        """Options by name.

        Raises:
            InputError: one is not NAME=NUMBER.
        """
        found = {}
        for each in self.options:
            name, _, value = each.partition("=")
            try:
                found[name.strip()] = float(value)
            except ValueError:
                raise InputError(f"--option {each}: write NAME=NUMBER") from None
        return found


@contextmanager
def desk(home: Path | None, *, installed: bool = False) -> Iterator[FilterDesk]:
    """The desk of a home. `installed`: with the filters that come with Linnet, where nothing was taken yet."""
    place = existing(home_path(home))
    chosen = settings(place.path)
    with ExitStack() as opened:
        if place.store.exists():
            found = desk_of(opened.enter_context(wiring.reader(place, chosen)))
        else:
            control = wiring.open_control(place)
            opened.callback(control.close)
            found = desk_without_store(control, wiring.plan(place).columns, chosen)
        if installed:
            install(found.control)
        yield found


def edited(one: FilterText, given: Given, topic_line: str | None, description: str | None) -> Draft:
    """The draft of a filter's next version: the given version with what was given in its place.

    Raises:
        InputError: what was given is of no use, or nothing is changed by it.
        FilterError: an option that the filter does not have.
    """
    details, text = given.details(one.details), given.condition()
    if given.options:
        if text is not None:
            raise InputError("a condition and --option at once: options fill the text that comes with Linnet")
        text, details = with_options(one.name, {**dict(details.options), **given.numbers()}, details)
    elif text is not None:
        details = replace(details, options=())
    if description is not None:
        details = replace(details, description=description)
    return Draft(one.name, text or one.text, one.topic_line if topic_line is None else topic_line, details)


def examples(path: Path, key: str) -> tuple[Judged, ...]:
    """Rows out of a JSON or TOML file: a list, or the list that stands there under the key.

    A row is `{"why": "...", "row": {column: value}}`, or the columns alone.

    Raises:
        InputError: the file cannot be read, or is something else.
    """
    content = _content(path)
    try:
        found = tomllib.loads(content) if path.suffix == ".toml" else json.loads(content)
    except ValueError as error:
        raise InputError(f"{path} is no {'TOML' if path.suffix == '.toml' else 'JSON'}: {error}") from error
    rows = found.get(key) if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise InputError(f"{path} has no list of rows, nor one called {key}")
    return judged_rows(rows, f"{path.name}: row")


def visibility(text: str) -> Visibility:
    """A visibility by its name.

    Raises:
        InputError: there is none of this name.
    """
    if text == "private":
        return "private"
    if text == "public":
        return "public"
    raise InputError(f"visibility {text!r}: it is private or public")


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise InputError(f"cannot read {path}: {reason}") from error
