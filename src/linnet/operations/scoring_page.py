"""A score as a page of the documentation (Markdown)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from linnet.operations.binomial import Fraction
from linnet.operations.scoring import ClassScore, Delay, FilterScore, Score

NOTHING = "-"
"""What stands where nothing is known."""


def page(score: Score, title: str, made_by: str) -> str:
    """The page: how to read it, a table of all filters on their prey, and one table for each filter.

    Args:
        score: what was found.
        title: heading of the page.
        made_by: the command that makes it.
    """
    head = f"""# {title}

Made by `{made_by}`.

Known truth: {score.alerts} alerts of {score.sources} sources, {_span(score.nights)}.
Left out: {score.unknown} alerts without truth.

- A source passes with its first alert that does.
- Efficiency: of the sources of a filter's prey that it should find by its own definition, those that passed.
- Purity: of all sources that passed, prey.
- Intervals: {score.interval}.
- Delay: days from when a source was first detectable to its first alert that passed, median / 90th percentile.
- `{NOTHING}`: nothing is known.
"""
    rows = [_prey_row(each) for each in score.filters]
    titles = ("filter", "hunts", "expected", "efficiency", "purity", "delay", "alerts passed")
    tables = [line for each in score.filters for line in _filter(each)]
    return "\n".join([head, *_table(titles, rows), "", *tables])


def as_text(value: Fraction | None) -> str:
    """`0.83 (0.71-0.91) 20/24`."""
    return NOTHING if value is None else f"{value.value:.2f} ({value.low:.2f}-{value.high:.2f}) {value.k}/{value.n}"


def delay_text(value: Delay | None) -> str:
    """`1.2 / 4.5 d`."""
    return NOTHING if value is None else f"{value.median:.1f} / {value.p90:.1f} d"


def _span(nights: Sequence[int]) -> str:
    return f"night {nights[0]}" if len(nights) == 1 else f"{len(nights)} nights from {nights[0]} to {nights[-1]}"


def _prey_row(each: FilterScore) -> tuple[str, ...]:
    passed = str(each.passed_alerts)
    if each.prey is None:
        return (f"`{each.name}`", *[NOTHING] * 5, passed)
    prey = each.prey
    found = (as_text(prey.efficiency), as_text(prey.purity), delay_text(prey.delay))
    return (f"`{each.name}`", ", ".join(prey.classes), f"{prey.expected:.2f}", *found, passed)


def _filter(each: FilterScore) -> list[str]:
    among = [] if each.prey is None else ["", f"Counted as prey: `{' '.join(each.prey.among.split())}`."]
    titles = ("class", "sources", "alerts", "efficiency", "part of what passed", "alerts passed", "delay")
    rows = [_class_row(c) for c in each.classes if c.passed_alerts or (each.prey and c.name in each.prey.classes)]
    body = _table(titles, rows) if rows else ["No alert of known truth passed."]
    return [f"## {each.name}, version {each.version}", *among, "", *body, ""]


def _class_row(c: ClassScore) -> tuple[str, ...]:
    counts = (str(c.sources), str(c.alerts), as_text(c.efficiency), as_text(c.purity), str(c.passed_alerts))
    return (c.name, *counts, delay_text(c.delay))


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [titles, ["---"] * len(titles), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
