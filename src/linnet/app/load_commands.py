"""`linnet load`: real packets made into any number, as a recording to ingest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linnet.app.console import out
from linnet.app.progress import counting


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(name="load")(load)


def load(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    kind: Annotated[str, typer.Argument(help="ztf, lsst (as first sent) or lsst-long (350 previous sources).")],
    recording: Annotated[Path, typer.Argument(help="File to write, e.g. load.arrow; `linnet ingest` takes it.")],
    alerts: Annotated[int, typer.Option("-n", "--alerts", min=1, help="How many.")] = 10_000,
    objects: Annotated[int | None, typer.Option(min=1, help="Of how many objects; default: as many as alerts.")] = None,
    nights: Annotated[int, typer.Option(min=1, help="Over how many nights.")] = 1,
    random: Annotated[
        bool, typer.Option("--random", help="Objects anywhere on the sky, instead of one field after the other.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed, other positions.")] = 1,
    samples: Annotated[Path | None, typer.Option(help="Folder of packets (default: Linnet's own samples).")] = None,
) -> None:
    """Make a recording of any number of alerts out of real packets: fresh ids, positions, times and histories."""
    from linnet.app.load import record
    from linnet.simulation.load_schedule import Schedule

    given = Schedule(alerts, objects or alerts, nights, by_field=not random, seed=seed)
    with counting("load", alerts) as advance:
        made = record(kind, given, recording, samples, advance)
    size = recording.stat().st_size
    out.print(
        f"{recording}: {made} alerts, {size / 1e6:.0f} MB, {size / made / 1000:.0f} kB each",
        highlight=False,
        soft_wrap=True,
    )
