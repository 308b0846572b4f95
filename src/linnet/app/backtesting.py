"""Back-tests out of a home: the filter that is meant, its question, and where the answer is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from linnet.adapters.backtest_folder import BacktestFolder
from linnet.app.filter_commands import check_text
from linnet.app.lists import ListFeed, list_things, recorded_lists
from linnet.app.wiring import Parts
from linnet.core.ports import Control, FilterText
from linnet.errors import InputError, NotFoundError
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.language import parse
from linnet.filters.things import Things
from linnet.operations.backtest import backtest
from linnet.operations.backtest_nights import Question
from linnet.operations.backtest_report import Report, report
from linnet.operations.recorded_nights import Past

UNNAMED = "text"
"""Name of a filter that is only a text; its version is 0."""


def past_of(parts: Parts, *asked: NamedFilter) -> Past:
    """What a home has recorded, with the areas and watchlists that these filters ask for."""
    feed = ListFeed(parts.control, parts.lists)
    feed.taken_up(FilterSet(asked))
    return Past(
        store=parts.store,
        raw=parts.raw,
        science=parts.science,
        schemas=parts.schemas,
        surveys={survey.name: survey for survey in parts.surveys},
        plan=parts.plan,
        lists=recorded_lists(parts.control, parts.lists),
        lists_now=feed.memberships(),
    )


def things_of(control: Control) -> Things:
    """What a filter may name beside columns: areas and watchlists (removed ones too), and active filters."""
    active = {filter_.name: filter_.text for filter_ in control.filters(active=True)}
    return replace(list_things(control, removed=True), filters=active)


def named_filter(parts: Parts, name: str, version: int | None = None) -> NamedFilter:
    """A filter of a home: this version, or the active one, or else the newest.

    Raises:
        NotFoundError: there is no such filter or version.
        FilterError: its text no longer fits the columns.
    """
    texts = [text for text in parts.control.filters() if text.name == name]
    if not texts:
        raise NotFoundError(f"there is no filter {name}: `linnet filter list` names all")
    chosen = _chosen(texts, version)
    return NamedFilter(name, chosen.version, parse(chosen.text, parts.plan.columns, things_of(parts.control)))


def text_filter(parts: Parts, text: str) -> NamedFilter:
    """A filter that is only a text.

    Raises:
        FilterError: it is refused.
    """
    things = things_of(parts.control)
    check_text(text, parts.plan.columns, things)
    return NamedFilter(UNNAMED, 0, parse(text, parts.plan.columns, things))


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
    past = past_of(parts, *(each for each in (question.asked, question.versus) if each is not None))
    question = replace(question, lists=past.lists_now.contents)
    folder = BacktestFolder(parts.home.backtests, question.asked.name, question.asked.version, question.key)
    nights = list(backtest(past, question, folder, progress, stopping))
    if not nights and not stopping():
        raise InputError(
            f"nothing is recorded from {question.first} to {question.last}: `linnet audit` tells of nights"
        )
    found = report(question, nights, parts.store, complete=not stopping())
    folder.report(found.as_dict())
    return found, folder.path
