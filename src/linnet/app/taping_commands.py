"""`linnet record` and `linnet play`: topics to files and back."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from linnet.app.config import home_path, settings
from linnet.app.console import HomeOption, out
from linnet.app.progress import counting
from linnet.errors import InputError

BootstrapOption = Annotated[
    str | None, typer.Option(help="HOST:PORT of Kafka (default: LINNET_KAFKA_BOOTSTRAP, else linnet.toml).")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(record)
    app.command()(play)


def record(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    topic: Annotated[str, typer.Argument(help="Name, or a pattern of whole names that begins with ^.")],
    file: Annotated[Path, typer.Argument(help="Recording to write, e.g. night.arrow; `linnet ingest` takes it.")],
    messages: Annotated[int | None, typer.Option("-n", "--messages", min=1, help="At most so many.")] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, help="Wait for more for so long, instead of stopping at the end.")
    ] = None,
    from_end: Annotated[bool, typer.Option("--from-end", help="Only what comes from now on.")] = False,
    bootstrap: BootstrapOption = None,
    home: HomeOption = None,
) -> None:
    """Write the messages of a Kafka topic to a file as they are; Ctrl-C ends it in order."""
    from linnet.adapters.kafka_source import KafkaSource
    from linnet.app.kafka import access
    from linnet.app.taping import Limits
    from linnet.app.taping import record as run

    given = settings(home_path(home))
    source = KafkaSource(
        access(given, bootstrap),
        (topic,),
        group=given.kafka.group,
        start="latest" if from_end else "earliest",
        until_end=seconds is None and not from_end,
    )
    with counting("record", messages) as advance:
        count = run(source, file, Limits(messages, seconds), advance)
    out.print(f"{file}: {count} messages, {file.stat().st_size / 1e6:.0f} MB", highlight=False, soft_wrap=True)


def play(
    file: Annotated[Path, typer.Argument(help="Recording to send.")],
    topic: Annotated[str, typer.Argument(help="Where to; made where it is not there.")],
    speed: Annotated[str, typer.Option(help="1 as the messages came, 10 ten times as fast, max.")] = "1",
    partitions: Annotated[int | None, typer.Option(min=1, help="Of a topic that is made.")] = None,
    bootstrap: BootstrapOption = None,
    home: HomeOption = None,
) -> None:
    """Send a recording to a Kafka topic, at the pace at which its messages came or any other."""
    from linnet.app.kafka import access
    from linnet.app.taping import Tape
    from linnet.app.taping import play as run

    tape = Tape(file, topic, _speed(speed), partitions)
    with counting("play") as advance:
        count = run(tape, access(settings(home_path(home)), bootstrap), advance)
    out.print(f"{topic}: {count} messages sent", highlight=False, soft_wrap=True)


def _speed(text: str) -> float:
    if text == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        raise InputError(f"--speed {text}: give 1, another positive number, or max")
    return speed
