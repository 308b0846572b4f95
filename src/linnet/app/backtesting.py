"""Back-tests out of a home: the filter that is meant, its question, and where the answer is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from linnet.adapters.backtest_folder import BacktestFolder
from linnet.app.filter_commands import check_text
from linnet.app.home import Home
from linnet.app.wiring import Parts
from linnet.core.column import Column
from linnet.core.ports import FilterText
from linnet.errors import InputError, NotFoundError
from linnet.filters.filter_set import NamedFilter
from linnet.filters.language import parse
from linnet.operations.backtest import NightResult, Question, backtest
from linnet.operations.backtest_report import Report, report
from linnet.operations.recorded_nights import Past

UNNAMED = "text"
"""Name of a filter that is only a text; its version is 0."""


def past_of(parts: Parts) -> Past:
    """What a home has recorded."""
    surveys = {survey.name: survey for survey in parts.surveys}
    return Past(parts.store, parts.raw, parts.science, parts.schemas, surveys, parts.plan)


def named_filter(parts: Parts, name: str, version: int | None = None) -> NamedFilter:
    """A filter of a home: this version, or the active one, or else the newest.

    Raises:
        NotFoundError: there is no such filter or version.
        FilterError: its text no longer fits the columns.
    """
    texts = [text for text in parts.control.filters() if text.name == name]
    if not texts:
        raise NotFoundError(f"there is no filter {name}: `linnet filter list` names all")
    return NamedFilter(name, _chosen(texts, version).version, parse(_chosen(texts, version).text, parts.plan.columns))


def text_filter(parts: Parts, text: str) -> NamedFilter:
    """A filter that is only a text.

    Raises:
        FilterError: it is refused.
    """
    columns: dict[str, Column] = parts.plan.columns
    check_text(text, columns)
    return NamedFilter(UNNAMED, 0, parse(text, columns))


def _chosen(texts: list[FilterText], version: int | None) -> FilterText:
    if version is None:
        return next((text for text in texts if text.active), texts[-1])
    found = next((text for text in texts if text.version == version), None)
    if found is None:
        raise NotFoundError(f"filter {texts[0].name} has no version {version}: `linnet filter list` names all")
    return found


def run_backtest(
    parts: Parts,
    question: Question,
    progress: Callable[[int, int], None],
    stopping: Callable[[], bool],
) -> tuple[Report, Path]:
    """Do what is not done yet of a question; gives its report, and the folder in which it is kept.

    Raises:
        InputError: nothing is recorded in these nights.
    """
    home: Home = parts.home
    folder = BacktestFolder(home.backtests, question.asked.name, question.asked.version, question.key)
    nights: list[NightResult] = list(backtest(past_of(parts), question, folder, progress, stopping))
    if not nights and not stopping():
        raise InputError(
            f"nothing is recorded from {question.first} to {question.last}: `linnet audit` tells of nights"
        )
    found = report(question, nights, parts.store, complete=not stopping())
    folder.report(found.as_dict())
    return found, folder.path
