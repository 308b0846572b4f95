"""`linnet score`: what the filters of a home found, on nights whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linnet.app.config import home_path, settings
from linnet.app.console import HomeOption, JsonOption, out, show_json, show_table
from linnet.app.home import existing
from linnet.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from linnet.app.wiring import Parts
    from linnet.operations.scoring import Score, Scored

TITLE = "What the filters find"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(score)


def score(
    truth: Annotated[Path, typer.Option(help="Parquet table: class, and alert_id or object_id.", show_default=False)],
    filters: Annotated[
        list[str] | None, typer.Option("--filter", help="Only this one; may be repeated.", show_default=False)
    ] = None,
    nights: Annotated[
        list[int] | None, typer.Option("--night", help="Only alerts of this one (YYYYMMDD).", show_default=False)
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Also write a page in Markdown.", show_default=False)] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Efficiency, purity and delay of filters on alerts whose truth is known."""
    from linnet.app.wiring import reader
    from linnet.operations.scoring import score as run
    from linnet.operations.scoring_page import page as written
    from linnet.operations.scoring_truth import truth_of

    place = home_path(home)
    known = truth_of(read_truth(truth))
    with reader(existing(place), settings(place)) as parts:
        found = run(parts.store, known, scored(parts, filters or []), nights or [])
    if page is not None:
        command = f"linnet score --truth {truth.name} --page {page.name}"
        try:
            page.write_text(written(found, TITLE, command), encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write {page}: {error.strerror}") from error
    if as_json:
        show_json(found.as_dict())
    else:
        show(found)


def read_truth(path: Path) -> pa.Table:
    """A table of truth out of its Parquet file.

    Raises:
        InputError: there is no such file, or it is no Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except FileNotFoundError:
        raise InputError(f"there is no table of truth {path}") from None
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} is no Parquet table") from error


def scored(parts: Parts, names: list[str]) -> tuple[Scored, ...]:
    """The filters of a home to be scored: the active ones, or those named, each in its active or else newest version.

    What a filter hunts is known of the built-in ones.

    Raises:
        InputError: a name that no filter has.
    """
    from linnet.app.wiring import stored_columns
    from linnet.filters.builtin import builtin
    from linnet.operations.scoring import Scored

    texts = parts.control.filters()
    newest = {f.name: f.version for f in texts}
    active = {f.name: f.version for f in texts if f.active}
    unknown = sorted(set(names) - set(newest))
    if unknown:
        raise InputError(f"there is no filter {unknown[0]}: `linnet filter list` names all")
    columns = stored_columns(parts.plan)
    prey = {each.name: each.prey for each in builtin()}
    chosen = {n: active.get(n, newest[n]) for n in names} or active
    return tuple(
        Scored(name, version, prey.get(name), prey[name].condition(columns) if name in prey else None)
        for name, version in sorted(chosen.items())
    )


def show(found: Score) -> None:
    """The score of each filter on its prey, and what else passed, as a table."""
    from linnet.operations.scoring_page import as_text, delay_text

    out.print(f"{found.alerts} alerts of {found.sources} sources of known truth, {found.unknown} without")
    headings = {
        "filter": "filter",
        "efficiency": "efficiency",
        "purity": "purity",
        "delay": "delay",
        "others": "others",
    }
    rows = []
    for each in found.filters:
        hunted = each.prey.classes if each.prey else ()
        others = [f"{c.name} {c.passed_sources}" for c in each.classes if c.passed_sources and c.name not in hunted]
        rows.append(
            {
                "filter": each.name,
                "efficiency": as_text(each.prey.efficiency if each.prey else None),
                "purity": as_text(each.prey.purity if each.prey else None),
                "delay": delay_text(each.prey.delay if each.prey else None),
                "others": ", ".join(others),
            }
        )
    show_table(f"prey found (intervals: {found.interval})", headings, rows)
