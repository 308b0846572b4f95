"""Commands that run the archive again: rebuild, reprocess."""

from __future__ import annotations

from typing import Annotated

import typer

from linnet.app.config import home_path, settings
from linnet.app.console import OK, WRONG, HomeOption, JsonOption, out, show_json, show_pairs
from linnet.app.home import existing


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (rebuild, reprocess):
        app.command()(command)


def rebuild(
    home: HomeOption = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Put the rebuilt store in the place of the old one, which is kept beside it."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fold the recorded archive into a new store and compare it with the live one. No module runs again."""
    from linnet.app.rebuilding import rebuild as run

    place = home_path(home)
    found = run(existing(place), replace=replace)
    if as_json:
        show_json(found.as_dict())
    else:
        show_pairs(found.as_dict())
        if found.unrecorded:
            out.print(f"packets of the last commits had no row: linnet ingest {found.unrecorded}", highlight=False)
        told = "made again" if not found.tables else "equal" if found.ok else "NOT equal"
        out.print(f"rebuild: {told}", highlight=False)
    raise typer.Exit(OK if found.ok else WRONG)


def reprocess(
    home: HomeOption = None,
    verify: Annotated[bool, typer.Option("--verify", help="Compare with what was recorded; write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run archived packets through modules and filters again, each alert seeing what it saw."""
    from linnet.app.reprocessing import reprocess as run

    place = home_path(home)
    found = run(existing(place), settings(place), verify_only=verify)
    if as_json:
        show_json(found.as_dict())
    else:
        show_pairs({k: v for k, v in found.as_dict().items() if k not in {"examples", "files"}})
        for example in found.examples:
            out.print(f"differs: {example}", style="red", highlight=False, soft_wrap=True)
        for path in found.files[:5]:
            out.print(f"wrote {path}", highlight=False, soft_wrap=True)
    raise typer.Exit(OK if found.ok else WRONG)
