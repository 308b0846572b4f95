"""Commands that look: audit, trace, plan, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from linnet.app.account import show_account
from linnet.app.config import home_path, settings
from linnet.app.console import (
    LARGEST_ID,
    OK,
    WRONG,
    HomeOption,
    JsonOption,
    out,
    show_json,
    show_pairs,
    show_table,
)
from linnet.app.home import existing
from linnet.app.plan_command import plan


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (audit, trace, plan, doctor):
        app.command()(command)


def audit(
    home: HomeOption = None,
    deep: Annotated[bool, typer.Option("--deep", help="Also read every archived packet and dead letter back.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Is every alert accounted for? Exit code 1 where anything differs."""
    from linnet.app.wiring import reader
    from linnet.operations.audit import audit as run

    place = home_path(home)
    with reader(existing(place), settings(place)) as parts:
        found = run(parts.store, parts.control, parts.raw, deep=deep)
    if as_json:
        show_json(found.as_dict())
    else:
        show_account(found)
    raise typer.Exit(OK if found.ok else WRONG)


def trace(
    alert_id: Annotated[int, typer.Argument(max=LARGEST_ID, help="ZTF candid or LSST diaSourceId.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Where is my alert? Its way through every stage, or why it is not there."""
    from linnet.app.wiring import reader
    from linnet.operations.trace import trace as run

    place = home_path(home)
    with reader(existing(place), settings(place)) as parts:
        found = run(parts.store, parts.control, alert_id)
    if as_json:
        show_json([each.as_dict() for each in found])
        return
    for each in found:
        show_pairs({k: v for k, v in each.as_dict().items() if k not in {"tags", "dead"}})
        if each.tags:
            show_table(
                "tags", {"filter": "filter", "version": "version", "seq": "number", "routes": "routes"}, each.tags
            )
        if each.dead:
            show_table("dead letters", {"dead_id": "id", "reason": "reason", "detail": "what"}, each.dead)


def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Is everything here that Linnet needs? Exit code 1 where something is wrong, with what to do."""
    from linnet.app.doctor import examine

    findings = examine(home_path(home))
    if as_json:
        show_json([f.as_dict() for f in findings])
    else:
        for finding in findings:
            mark = "[green]ok[/green]   " if finding.ok else "[red]wrong[/red]"
            out.print(f"{mark} {finding.what}: {finding.detail}", highlight=False, soft_wrap=True)
    raise typer.Exit(OK if all(f.ok for f in findings) else WRONG)
