"""`linnet simulate`: nights whose truth is known."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from linnet.app.console import out
from linnet.app.progress import counting


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(name="simulate")(simulate)


def simulate(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    folder: Annotated[
        Path, typer.Argument(metavar="OUT", help="Folder to write to; `linnet ingest` takes its *.arrow.")
    ],
    survey: Annotated[
        str, typer.Option(help="ztf, lsst (as designed), or lsst-observed (as deep as its alerts of 2026).")
    ] = "ztf",
    nights: Annotated[int, typer.Option("-n", "--nights", min=1, max=400, help="How many.")] = 1,
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Evening of the first night, YYYY-MM-DD.")
    ] = datetime(2026, 11, 1),  # noqa: DTZ001 - a date at the telescope
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Another seed, another sky.")] = 1,
    classes: Annotated[
        list[str] | None, typer.Option("--class", metavar="NAME=COUNT", help="So many sources of a class; repeat it.")
    ] = None,
    rates: Annotated[Path | None, typer.Option(help="TOML file of such lines.")] = None,
    natural: Annotated[
        bool, typer.Option("--natural", help="Classes as often as they occur; --class adds to them.")
    ] = False,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="NAME=FILE", help="Put a class at the places (ra, dec) of a CSV or Parquet file."),
    ] = None,
    packets: Annotated[Literal["full", "nostamps"], typer.Option(help="With cutouts, or without.")] = "full",
) -> None:
    """Simulate nights of alerts as recordings, with what is true of them in truth.parquet and sources.parquet."""
    from linnet.app.simulate import Wish, read_counts, read_places, record_nights

    counts, places = read_counts(classes or [], rates), read_places(at or [])
    wish = Wish(survey, start.date(), nights, seed, counts, natural, packets == "full", places)
    with counting("simulate") as advance:
        made = record_nights(wish, folder, advance)
    out.print(f"{'class':<24}{'sources':>9}{'alerted':>9}{'alerts':>9}", highlight=False)
    for name, (sources, seen, alerts) in made.classes.items():
        out.print(f"{name:<24}{sources:>9}{seen:>9}{alerts:>9}", highlight=False)
    size = sum(path.stat().st_size for path in made.recordings)
    out.print(
        f"{folder}: {len(made.recordings)} nights, {made.alerts} alerts of {made.sources} sources, {size / 1e6:.0f} MB",
        highlight=False,
        soft_wrap=True,
    )
