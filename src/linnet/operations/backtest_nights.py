"""What a back-test is asked, and what it keeps of each night."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import pyarrow as pa

from linnet.filters.filter_set import NamedFilter
from linnet.operations.backtest_truth import Classes

RECORDED = {
    **dict.fromkeys(("survey", "object_id", "band"), pa.string()),
    "alert_id": pa.int64(),
    **dict.fromkeys(("mjd", "ra", "dec"), pa.float64()),
    **dict.fromkeys(("mag", "age"), pa.float32()),
    "is_public": pa.bool_(),
}
"""Recorded columns that are kept of each catch. `age`: days since the first detection known then."""

CATCH = pa.schema(
    [
        *RECORDED.items(),
        ("night", pa.int32()),
        ("passed", pa.bool_()),
        ("versus", pa.bool_()),
        ("source", pa.string()),
        ("class", pa.string()),
    ]
)
"""What is kept of an alert: `night` is its known_night, `passed` and `versus` say which version it passes, `source` and
`class` are null where the truth is not known."""

_FORMAT = 1
"""Raised when what is kept of a night changes its meaning."""


@dataclass(frozen=True)
class Question:
    """What is asked of the past.

    Attributes:
        asked: the filter.
        versus: another version of it to be compared with, or None.
        first, last: nights (known_night, YYYYMMDD), both included.
        share: of the alerts, a sample that is always the same.
        truth: classes of alerts, where they are known.
        lists: areas and watchlists that are asked for: name -> version and hash of today's content.
    """

    asked: NamedFilter
    first: int
    last: int
    share: float = 1.0
    versus: NamedFilter | None = None
    truth: Classes | None = None
    lists: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Ten hex digits that name everything but the nights: with the same key, what is kept of a night holds."""
        # The trees, not the texts: what another filter that is named in a text says may change.
        trees = [repr(each.condition.tree) for each in (self.asked, self.versus) if each is not None]
        truth = "" if self.truth is None else self.truth.digest
        told = json.dumps(
            [_FORMAT, self.asked.name, self.asked.version, trees, self.share, truth, sorted(self.lists.items())]
        )
        return sha256(told.encode()).hexdigest()[:10]


@dataclass
class NightFacts:
    """What was found in one night of one survey.

    Attributes:
        last_unit: as `RecordedNight`: later commits of the same night make it out of date.
        alerts: recorded. judged: of these, those in the sample.
        passed: alerts that pass.
        live: alerts judged whose run had this version of the filter active.
        live_tagged: of these, those that it tagged then. live_differs: those on which then and now disagree.
        after_the_fact: column -> module and version that made it, where the run had no such module.
        failed: module -> batches in which it raised.
    """

    survey: str
    night: int
    last_unit: int
    alerts: int = 0
    judged: int = 0
    passed: int = 0
    live: int = 0
    live_tagged: int = 0
    live_differs: int = 0
    after_the_fact: dict[str, str] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class NightResult:
    """One night, judged.

    Attributes:
        facts: counts.
        table: `CATCH` rows of every alert that passes either version or of which the truth is known.
    """

    facts: NightFacts
    table: pa.Table


class Kept(Protocol):
    """Where the nights of one question are kept."""

    def night(self, survey: str, night: int) -> tuple[Mapping[str, Any], pa.Table] | None:
        """Facts and table of a night that was done, or None."""

    def keep(self, facts: Mapping[str, Any], table: pa.Table) -> None:
        """Keep a night durably."""
