"""What filters find of what there was: efficiency, purity, contamination and delay, on nights whose truth is known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.ports import Store
from linnet.filters.language import Filter
from linnet.filters.prey import Prey
from linnet.operations.binomial import INTERVAL, Fraction, fraction
from linnet.operations.scoring_truth import CHUNK, Known, Truth, known

Bools = npt.NDArray[np.bool_]

LATE = 90
"""Percentile of the delays that is given beside their median."""


@dataclass(frozen=True)
class Delay:
    """From when a source was first detectable to its first alert that passed, in days.

    Attributes:
        n: sources that passed and of which the truth says since when they were detectable.
        median, p90: of those.
    """

    n: int
    median: float
    p90: float


@dataclass(frozen=True)
class ClassScore:
    """One filter on one class.

    Attributes:
        name: the class.
        sources, alerts: of the class.
        passed_sources, passed_alerts: of those; a source passes with its first alert that does.
        efficiency: passed among all sources.
        purity: this class's part of all passed sources; of the others it is the contamination by this one.
        delay: None where no source passed of which it is known.
    """

    name: str
    sources: int
    alerts: int
    passed_sources: int
    passed_alerts: int
    efficiency: Fraction | None
    purity: Fraction | None
    delay: Delay | None


@dataclass(frozen=True)
class PreyScore:
    """One filter on all that it hunts.

    Attributes:
        classes: what it hunts. expected: the efficiency that its author wrote down.
        efficiency: passed among the hunted sources of which an alert meets the filter's own definition (`among`).
        among: that definition.
        purity, alert_purity: the part of its prey among all sources that passed, and among all alerts that did.
        delay: as in `ClassScore`.
    """

    classes: tuple[str, ...]
    among: str
    expected: float
    efficiency: Fraction | None
    purity: Fraction | None
    alert_purity: Fraction | None
    delay: Delay | None


@dataclass(frozen=True)
class FilterScore:
    """One filter.

    Attributes:
        name, version: which.
        passed_sources, passed_alerts: of known truth.
        passed_unknown: alerts that passed and of which no truth is known; they are in no other number.
        classes: every class of the truth of which an alert is stored, by name.
        prey: None for a filter of which nobody wrote down what it hunts.
    """

    name: str
    version: int
    passed_sources: int
    passed_alerts: int
    passed_unknown: int
    classes: tuple[ClassScore, ...]
    prey: PreyScore | None


@dataclass(frozen=True)
class Score:
    """All filters on the same alerts.

    Attributes:
        interval: which interval the fractions have.
        nights: that have alerts of known truth.
        alerts, sources: of known truth. unknown: alerts without.
    """

    interval: str
    nights: tuple[int, ...]
    alerts: int
    sources: int
    unknown: int
    filters: tuple[FilterScore, ...]

    def as_dict(self) -> dict[str, object]:
        """The same as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Scored:
    """A filter to be scored.

    Attributes:
        name, version: whose tags count.
        prey: what it hunts, where that is written down.
        among: the condition of its prey.
    """

    name: str
    version: int
    prey: Prey | None = None
    among: Filter | None = None


def score(store: Store, truth: Truth, filters: Sequence[Scored], nights: Collection[int] = ()) -> Score:
    """Compare the tag log with the truth.

    Args:
        store: of a home that took the alerts of which the truth is known.
        truth: what they are.
        filters: which.
        nights: only alerts of these; all where there are none.

    Raises:
        InputError: the truth speaks of no alert that is stored.
    """
    asked = {column for each in filters if each.among for column in each.among.columns}
    found = known(store, truth, asked, nights)
    tags = _tags(store, found)
    return Score(
        interval=INTERVAL,
        nights=tuple(sorted(set(found.rows["night"].to_pylist()))),
        alerts=len(found.rows),
        sources=int(found.source.max()) + 1,
        unknown=len(found.unknown),
        filters=tuple(_score(found, each, tags.get((each.name, each.version), set())) for each in filters),
    )


def _tags(store: Store, found: Known) -> dict[tuple[str, int], set[tuple[str, int]]]:
    """(filter, version) -> the alerts that it tagged, of known truth or not."""
    tags: dict[tuple[str, int], set[tuple[str, int]]] = {}
    alerts = [*zip(found.rows["survey"].to_pylist(), found.rows["alert_id"].to_pylist(), strict=True), *found.unknown]
    for survey in sorted({s for s, _ in alerts}):
        ids = [i for s, i in alerts if s == survey]
        for start in range(0, len(ids), CHUNK):
            table = store.tags_of(survey, pa.array(ids[start : start + CHUNK], pa.int64()))
            names = (table[n].to_pylist() for n in ("filter", "version", "alert_id"))
            # A loop over tags: there are a few for a hundred alerts.
            for name, version, alert_id in zip(*names, strict=True):
                tags.setdefault((name, version), set()).add((survey, alert_id))
    return tags


def _score(found: Known, each: Scored, tagged: set[tuple[str, int]]) -> FilterScore:
    alerts = zip(found.rows["survey"].to_pylist(), found.rows["alert_id"].to_pylist(), strict=True)
    passed = np.fromiter((alert in tagged for alert in alerts), dtype=bool, count=len(found.rows))
    sources = _distinct(found, passed)
    classes = tuple(_of_class(found, passed, number, sources) for number in sorted(set(found.label.tolist())))
    return FilterScore(
        name=each.name,
        version=each.version,
        passed_sources=sources,
        passed_alerts=int(passed.sum()),
        passed_unknown=len(tagged & found.unknown),
        classes=classes,
        prey=_of_prey(found, each.prey, each.among, passed) if each.prey and each.among else None,
    )


def _of_class(found: Known, passed: Bools, number: int, passed_sources: int) -> ClassScore:
    of_class = found.label == number
    sources, caught = _distinct(found, of_class), _distinct(found, of_class & passed)
    return ClassScore(
        name=found.classes[number],
        sources=sources,
        alerts=int(of_class.sum()),
        passed_sources=caught,
        passed_alerts=int((of_class & passed).sum()),
        efficiency=fraction(caught, sources),
        purity=fraction(caught, passed_sources),
        delay=_delay(found, of_class & passed),
    )


def _of_prey(found: Known, prey: Prey, among: Filter, passed: Bools) -> PreyScore | None:
    if not prey.classes:
        return None
    hunted = np.isin(found.label, [i for i, name in enumerate(found.classes) if name in prey.classes])
    batch = found.rows.combine_chunks()
    verdict = among.evaluate(lambda n: batch[n].combine_chunks(), len(batch)).fill_null(False)
    meets = hunted & verdict.to_numpy(zero_copy_only=False)
    wanted = np.zeros(int(found.source.max()) + 1, dtype=bool)
    wanted[found.source[meets]] = True
    due = wanted[found.source] & hunted
    return PreyScore(
        classes=prey.classes,
        among=prey.among,
        expected=prey.efficiency,
        efficiency=fraction(_distinct(found, due & passed), _distinct(found, due)),
        purity=fraction(_distinct(found, hunted & passed), _distinct(found, passed)),
        alert_purity=fraction(int((hunted & passed).sum()), int(passed.sum())),
        delay=_delay(found, hunted & passed),
    )


def _distinct(found: Known, chosen: Bools) -> int:
    """Sources among chosen alerts."""
    return len(np.unique(found.source[chosen]))


def _delay(found: Known, passed: Bools) -> Delay | None:
    """Delays of the sources of alerts that passed."""
    size = int(found.source.max()) + 1
    first, since = np.full(size, np.inf), np.full(size, np.nan)
    mjd = found.rows["mjd"].to_numpy()
    np.minimum.at(first, found.source[passed], mjd[passed])
    np.fmin.at(since, found.source, found.detectable)
    days = (first - since)[np.isfinite(first) & np.isfinite(since)]
    if not len(days):
        return None
    return Delay(len(days), float(np.median(days)), float(np.percentile(days, LATE)))
