"""`linnet filter test`: what a filter would have caught, seeing only what was known then."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from linnet.app.config import home_path, settings
from linnet.app.console import HomeOption, JsonOption, out, show_json
from linnet.app.home import existing
from linnet.errors import InputError

if TYPE_CHECKING:
    from linnet.app.wiring import Parts
    from linnet.operations.backtest_nights import Question

_NIGHTS = re.compile(r"(\d{8})(?:\.\.(\d{8}))?")

STOPPED = 130


def tried(  # noqa: PLR0913, PLR0917 - each is one option of the command line
    name: Annotated[str | None, typer.Argument(help="Its name.", show_default=False)] = None,
    nights: Annotated[str, typer.Option(help="Nights as YYYYMMDD..YYYYMMDD, or one.", show_default="all")] = "",
    text: Annotated[
        str | None, typer.Option(help="A condition, instead of a filter that is kept here.", show_default=False)
    ] = None,
    version: Annotated[int | None, typer.Option(help="This version.", show_default="the active one")] = None,
    sample: Annotated[float, typer.Option(help="Share of the alerts, always the same ones.")] = 1.0,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Parquet table of known classes: class, and alert_id, object_id or ra and dec.", show_default=False
        ),
    ] = None,
    versus: Annotated[
        int | None, typer.Option(help="Another version: objects gained and lost.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a filter would have caught in past nights, knowing only what was known then. Ctrl-C keeps what is done."""
    from linnet.app.backtest_view import show
    from linnet.app.backtesting import run_backtest
    from linnet.app.progress import counting
    from linnet.app.stopping import until_signal
    from linnet.app.wiring import reader

    if not 0.0 < sample <= 1.0:
        raise InputError("--sample is a share of the alerts, above 0 and at most 1")
    place, stop = home_path(home), Event()
    with reader(existing(place), settings(place)) as parts:
        question = _question(parts, (name, text, version, versus), nights, sample, against)
        with counting("back-test") as count, until_signal(stop.set):
            found, folder = run_backtest(parts, question, count.reached, stop.is_set)
    if as_json:
        show_json(found.as_dict())
    else:
        show(found)
        out.print(f"kept in {folder}", highlight=False, soft_wrap=True)
    if not found.complete:
        raise typer.Exit(STOPPED)


def _question(
    parts: Parts,
    meant: tuple[str | None, str | None, int | None, int | None],
    nights: str,
    sample: float,
    against: Path | None,
) -> Question:
    from linnet.app.backtesting import named_filter, text_filter
    from linnet.app.score_command import read_truth
    from linnet.operations.backtest_nights import Question
    from linnet.operations.backtest_truth import classes_of

    name, text, version, versus = meant
    first, last = _between(nights)
    if (name is None) == (text is None):
        raise InputError("name a filter, or give a condition with --text, not both")
    if name is None and (version is not None or versus is not None):
        raise InputError("--version and --versus are about a filter that is kept here: name it")
    asked = text_filter(parts, text) if text is not None else named_filter(parts, str(name), version)
    other = None if versus is None else named_filter(parts, str(name), versus)
    truth = None if against is None else classes_of(read_truth(against))
    return Question(asked, first, last, sample, other, truth)


def _between(nights: str) -> tuple[int, int]:
    """First and last night.

    Raises:
        InputError: they are not written as they must be, or the last one is before the first.
    """
    if not nights:
        return 0, 99991231
    found = _NIGHTS.fullmatch(nights)
    if found is None:
        raise InputError(f"--nights is written as 20260101..20260131, or as one night; not {nights!r}")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise InputError(f"the last night, {last}, is before the first, {first}")
    return first, last
