"""What is looked at while it runs, and what must hold at the end."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from linnet.core.figures import Figures
from soak.load import PARTITIONS, TOPIC, archived

SETTLED = 1 / 6
"""Part of the time after which memory must no longer grow, and over which its end is taken: five of thirty minutes."""

WINDOW = 1 / 30
"""Part of the time about that moment over which the level then is taken: one minute of thirty."""

MOST_GROWTH = 1.05


@dataclass(frozen=True)
class Look:
    """The broker at one moment.

    Attributes:
        second: since the load began. anonymous_mb: its memory that no file backs.
        lag: messages that wait in the source. backlog: matches that wait for their routes.
        archived: alerts committed. deleted: messages that Kafka's retention has deleted.
    """

    second: float
    anonymous_mb: float
    lag: int
    backlog: int
    archived: int
    deleted: int


@dataclass(frozen=True)
class Levels:
    """What the looks say: medians at a sixth of the time and over the last sixth.

    Attributes:
        growth: of memory, the latter over the former.
    """

    settled_mb: float
    end_mb: float
    growth: float
    settled_lag: float
    end_lag: float
    settled_backlog: float
    end_backlog: float


def look(second: float, pid: int, figures: Figures, kafka: Consumer) -> Look:
    """Look at a broker and at its topic."""
    places = (TopicPartition(TOPIC, number) for number in range(PARTITIONS))
    return Look(
        round(second, 1),
        round(anonymous_mb(pid), 1),
        int(figures.total("linnet_source_lag_messages")),
        int(max(figures.by("linnet_route_lag", "route").values(), default=0)),
        archived(figures),
        sum(kafka.get_watermark_offsets(place, timeout=20)[0] for place in places),
    )


def anonymous_mb(pid: int) -> float:
    """Memory of a process that no file backs, in MB (Linux)."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"RssAnon:\s+(\d+)", told)
    if found is None:
        raise RuntimeError(f"/proc/{pid}/status tells nothing about memory")
    return int(found[1]) * 1024 / 1e6


def levels(looks: Sequence[Look], seconds: float) -> Levels:
    """Levels of a run of so many seconds.

    Raises:
        ValueError: there were no looks at the moments that count.
    """
    at, half = SETTLED * seconds, WINDOW * seconds / 2
    then = [each for each in looks if abs(each.second - at) <= half]
    end = [each for each in looks if each.second >= seconds - at]
    if not then or not end:
        raise ValueError("nobody looked at the moments that count")
    settled, last = _median(e.anonymous_mb for e in then), _median(e.anonymous_mb for e in end)
    return Levels(
        settled_mb=settled,
        end_mb=last,
        growth=round(last / settled, 4),
        settled_lag=_median(e.lag for e in then),
        end_lag=_median(e.lag for e in end),
        settled_backlog=_median(e.backlog for e in then),
        end_backlog=_median(e.backlog for e in end),
    )


def problems(found: Levels, looks: Sequence[Look], rate: int) -> list[str]:
    """One sentence for each thing that does not hold; what waits may grow by a second's alerts and no more."""
    told = []
    if found.growth > MOST_GROWTH:
        told.append(f"memory grew from {found.settled_mb:.0f} to {found.end_mb:.0f} MB")
    if found.end_lag > found.settled_lag + rate:
        told.append(f"lag grew from {found.settled_lag:.0f} to {found.end_lag:.0f} messages")
    if found.end_backlog > found.settled_backlog + rate:
        told.append(f"the backlog grew from {found.settled_backlog:.0f} to {found.end_backlog:.0f} matches")
    if looks[-1].deleted == looks[0].deleted:
        told.append("Kafka deleted nothing: retention was not on")
    return told


def rows(looks: Sequence[Look]) -> list[dict[str, object]]:
    """The looks as plain values."""
    return [asdict(each) for each in looks]


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 1)
