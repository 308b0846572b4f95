"""The picture of a broker at work, as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.columns import Columns
from rich.console import Group
from rich.table import Table
from rich.text import Text

from linnet.core.figures import Figures
from linnet.core.unit import STAGES

MOST_ROWS = 12
"""Filters and partitions shown; the busiest ones."""


def frame(title: str, before: Figures, now: Figures) -> Group:
    """One frame.

    Args:
        title: what is looked at.
        before: figures of an earlier moment, for rates.
        now: figures of this moment.
    """
    tables = [_flow(before, now), _stages(before, now), _ages(now), _routes(before, now), _lags(now)]
    more = [_numbers("dead letters", "reason", now.by("linnet_dead_letters_total", "reason"))]
    more.append(_numbers("filters", "filter", now.by("linnet_matches_total", "filter"), "matches"))
    more.append(_numbers("modules failed", "module", now.by("linnet_module_failures_total", "module"), "batches"))
    more.append(_numbers("filters failed", "filter", now.by("linnet_filter_failures_total", "filter"), "batches"))
    trouble = [Text(f"trouble: {what}", style="red") for what in now.by("linnet_trouble", "what")]
    shown = [table for table in (*tables, *more) if table.row_count]
    return Group(Text(title, style="bold"), *trouble, Columns(shown, padding=(1, 4)))


def _flow(before: Figures, now: Figures) -> Table:
    received = now.total("linnet_stage_rows_total", stage="decode", outcome="in")
    new = received - before.total("linnet_stage_rows_total", stage="decode", outcome="in")
    rows = [
        ("rate", f"{new / max(1e-9, now.at - before.at):,.1f} /s"),
        ("received", _whole(received)),
        ("archived", _whole(now.total("linnet_stage_rows_total", stage="archive", outcome="out"))),
        ("duplicates", _whole(now.total("linnet_stage_rows_total", outcome="DUPLICATE"))),
        ("lag", _whole(now.total("linnet_source_lag_messages")) if _told(now, "linnet_source_lag_messages") else "-"),
        ("gone", _whole(now.total("linnet_gap_messages_total"))),
    ]
    return _table("alerts", ("", ""), rows)


def _stages(before: Figures, now: Figures) -> Table:
    rows = []
    for stage in STAGES:
        came = now.total("linnet_stage_rows_total", stage=stage, outcome="in")
        went = now.total("linnet_stage_rows_total", stage=stage, outcome="out")
        rows.append((stage, _whole(came), _whole(came - went)))
    table = _table("stages", ("stage", "in", "dropped"), rows)
    busy = now.since(before)
    seconds = busy.by("linnet_work_seconds_total", "stage")
    share = {stage: value / max(1e-9, now.at - before.at) for stage, value in seconds.items() if value}
    if share:
        table.caption = "busy: " + ", ".join(f"{stage} {part:.0%}" for stage, part in share.items())
    return table


def _ages(now: Figures) -> Table:
    rows = [("commit", *_quantiles(now, "linnet_commit_age_seconds"))]
    rows += [
        (f"route {route}", *_quantiles(now, "linnet_delivery_age_seconds", route=route))
        for route in now.by("linnet_delivery_age_seconds_count", "route")
    ]
    return _table("seconds from a message's own time to", ("", "p50", "p98"), rows)


def _routes(before: Figures, now: Figures) -> Table:
    sent, sent_before = (f.by("linnet_sent_messages_total", "route") for f in (now, before))
    trouble = now.by("linnet_trouble", "where")
    rows = [
        (
            route,
            _whole(lag),
            _whole(sent.get(route, 0)),
            f"{(sent.get(route, 0) - sent_before.get(route, 0)) / max(1e-9, now.at - before.at):,.1f}",
            "fails" if route in trouble else "",
        )
        for route, lag in now.by("linnet_route_lag", "route").items()
    ]
    return _table("routes", ("route", "lag", "sent", "/s", ""), rows)


def _lags(now: Figures) -> Table:
    places = {
        " ".join(dict(labels)[name] for name in ("topic", "partition")): value
        for (name, labels), value in now.values.items()
        if name == "linnet_source_lag_messages"
    }
    return _numbers("lag of sources", "topic, partition", places, "messages")


def _numbers(title: str, what: str, numbers: Mapping[str, float], heading: str = "n") -> Table:
    largest = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    rows = [(name, _whole(value)) for name, value in largest[:MOST_ROWS]]
    if len(largest) > MOST_ROWS:
        rows.append((f"{len(largest) - MOST_ROWS} more", _whole(sum(value for _, value in largest[MOST_ROWS:]))))
    return _table(title, (what, heading), rows)


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", show_edge=False, show_header=any(headings), pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _quantiles(now: Figures, name: str, **labels: str) -> tuple[str, str]:
    low, high = (now.quantile(name, part, **labels) for part in (0.5, 0.98))
    return ("-" if low is None else f"{low:.2f}", "-" if high is None else f"{high:.2f}")


def _told(now: Figures, name: str) -> bool:
    return any(each == name for each, _ in now.values)


def _whole(number: float) -> str:
    return f"{number:,.0f}"
