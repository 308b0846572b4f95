"""Commands of a running broker: run, top."""

from __future__ import annotations

from typing import Annotated

import typer

from linnet.app.config import home_path, settings
from linnet.app.console import HomeOption
from linnet.app.home import create, existing


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (run, top):
        app.command()(command)


def run(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Folders that files are dropped into, or kafka:TOPIC.")
    ],
    home: HomeOption = None,
    batch: Annotated[int | None, typer.Option(min=1, max=10_000, help="Most messages per commit.")] = None,
    age: Annotated[
        float | None, typer.Option(min=0.01, max=60.0, help="Seconds after which a batch is committed, full or not.")
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of /metrics and /health on 127.0.0.1; 0 takes one that is free."),
    ] = None,
    skip_gap: Annotated[
        bool, typer.Option("--skip-gap", help="Go on behind messages that are gone, and record how many.")
    ] = False,
    from_end: Annotated[
        bool, typer.Option("--from-end", help="Of topics never read before: only what comes from now on.")
    ] = False,
    share: Annotated[
        str, typer.Option(help="I/N: only the I-th part of a topic's partitions, of N; each part has a home.")
    ] = "1/1",
) -> None:
    """Run the broker on live sources until it is stopped (Ctrl-C, SIGTERM)."""
    from linnet.app.live_source import Manner, share_of
    from linnet.app.logs import configure
    from linnet.app.run import run as work

    manner = Manner(skip_gap, from_end, share_of(share))
    place = home_path(home)
    found = create(place)
    given = {"batch": batch, "age": age, "metrics_port": metrics_port}
    chosen = settings(place).model_copy(update={name: value for name, value in given.items() if value is not None})
    configure()
    work(found, chosen, sources, manner)


def top(
    home: HomeOption = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Metrics port of the broker (default: the home's own broker).")
    ] = None,
    every: Annotated[float, typer.Option(min=0.2, max=3600.0, help="Seconds between frames.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Show one frame and end.")] = False,
) -> None:
    """Watch a broker at work: rate, lag, stages, latencies, routes, dead letters, filters."""
    from linnet.app.top import watch

    watch(existing(home_path(home)) if port is None else None, port, every=every, once=once)
