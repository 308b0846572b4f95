"""`linnet filter check|show|diff`: look at a filter before and after it is one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from linnet.app import wiring
from linnet.app.config import home_path, settings
from linnet.app.console import OK, WRONG, HomeOption, JsonOption, out, show_json, show_pairs, show_table
from linnet.app.filter_drafts import ColumnsOption, FileOption, Given, MustNotOption, MustPassOption, desk
from linnet.app.filter_pointing import pointed
from linnet.app.home import existing
from linnet.core.filter_port import PLAIN
from linnet.errors import FilterError, InputError
from linnet.operations.filter_desk import Checked, Draft
from linnet.operations.filter_reading import told
from linnet.operations.filter_record import checked, record

UNNAMED = "unnamed"


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    for command in (check, show, diff):
        app.command()(command)


def check(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    text: Annotated[str | None, typer.Argument(help="The condition.")] = None,
    file: FileOption = None,
    columns: ColumnsOption = None,
    must_pass: MustPassOption = None,
    must_not: MustNotOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a condition: its one spelling, what it reads, the verdicts on examples; or where it is wrong."""
    given = Given(text, file, columns, (), must_pass, must_not)
    condition = given.condition()
    if condition is None:
        raise InputError("give the condition, as text or as --file")
    with desk(home) as at:
        try:
            found = at.check(Draft(UNNAMED, condition, "", given.details(PLAIN)))
        except FilterError as error:
            raise told(error) if as_json else pointed(condition, error) from error
    if as_json:
        show_json(checked(found))
    else:
        _show_checked(found)
    raise typer.Exit(WRONG if found.wrong else OK)


def show(
    name: Annotated[str, typer.Argument(help="Its name.")], home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """A filter: its state, versions, activations, what it caught each night, and what its owner is to know."""
    place = existing(home_path(home))
    with desk(home) as at:
        at.version(name, None)
        if place.store.exists():
            with wiring.reader(place, settings(place.path)) as parts:
                found = record(parts.control, name, parts.store, parts.science)
        else:
            found = record(at.control, name)
    if as_json:
        show_json(found)
        return
    _show_record(found)


def diff(
    name: Annotated[str, typer.Argument(help="Its name.")],
    before: Annotated[int | None, typer.Argument(help="A version (default: the last but one).")] = None,
    after: Annotated[int | None, typer.Argument(help="Another (default: the newest).")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """What two versions of a filter do not have in common, clause by clause in their canonical form."""
    with desk(home) as at:
        newest = at.version(name, after).version
        earlier = max(1, newest - 1) if before is None else before
        lines = at.diff(name, earlier, newest)
    if as_json:
        clauses = [{"sign": sign.strip(), "clause": clause} for sign, clause in lines]
        show_json({"filter": name, "before": earlier, "after": newest, "clauses": clauses})
        return
    out.print(f"{name}: version {earlier} (-) and version {newest} (+)", highlight=False)
    for sign, clause in lines:
        style = {"+": "green", "-": "red"}.get(sign)
        out.print(f"{sign} {clause}", highlight=False, markup=False, soft_wrap=True, style=style)


def _show_checked(found: Checked) -> None:
    out.print(found.canonical, highlight=False, markup=False, soft_wrap=True)
    rows = [{"column": name, "type": kind, "unit": unit} for name, kind, unit in found.reads]
    show_table("reads", {"column": "column", "type": "type", "unit": "unit"}, rows)
    if found.verdicts:
        said = {True: "passes", False: "does not", None: "unknown"}
        examples = [
            {
                "example": e.why,
                "must": "pass" if e.must else "not",
                "verdict": said[e.says],
                "": "" if e.is_right else "wrong",
            }
            for e in found.verdicts
        ]
        show_table("examples", {"example": "example", "must": "must", "verdict": "verdict", "": ""}, examples)


def _show_record(found: dict[str, Any]) -> None:
    show_pairs({key: found[key] for key in ("filter", "state", "owner", "visibility")})
    for notice in found["notices"]:
        out.print(f"notice (version {notice['version']}): {notice['text']}", highlight=False, markup=False, style="red")
    for version in found["versions"]:
        out.print(f"\nversion {version['version']}", highlight=False)
        show_pairs({key: value for key, value in version.items() if key not in {"version", "must_pass", "must_not"}})
    if found["activations"]:
        headings = ("version", "begun", "since", "ended", "until", "reason")
        show_table("\nactivations", {name: name for name in headings}, found["activations"])
    if found["yields"]:
        show_table("\ncaught", {name: name for name in ("survey", "night", "version", "n")}, found["yields"])
