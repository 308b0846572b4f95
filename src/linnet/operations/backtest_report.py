"""The report of a back-test, out of the nights that are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.json_rows import rows as json_rows
from linnet.core.lots import fnv1a64, hash64
from linnet.core.ports import Store
from linnet.operations.backtest_classes import ClassFound, classes_found
from linnet.operations.backtest_nights import CATCH, NightResult, Question
from linnet.operations.binomial import INTERVAL

GALLERY = 12
"""Random catches that are shown."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Latency:
    """Days from the first detection of an object, as it was known, to its first alert that passed.

    Attributes:
        objects: of which that is known.
    """

    objects: int
    median: float
    p90: float


@dataclass(frozen=True)
class Report:
    """What a filter would have caught.

    Attributes:
        name, version, text: the filter.
        first, last: nights that were asked for. complete: whether all recorded ones of them are done.
        share: of the alerts that were judged, by lot.
        alerts, judged: recorded, and of these those in the sample.
        passed, objects: alerts that pass, and distinct objects of them (one without an object counts for itself).
        nights: one entry for each survey and night: counts, distinct objects, those that passed for the first time.
        latency: None where nothing passed.
        overlap: other filter -> caught alerts that it had tagged.
        gallery: some catches by lot, at most one of an object; the same for the same question.
        live: alerts judged while this version was active, those that it tagged, those on which then and now differ.
        after_the_fact: column -> module and version that made it, though the run that was live had no such module.
        failed: module -> batches in which it raised: its columns were null there.
        interval: which interval the fractions of `classes` have.
        classes: efficiency and purity of each class, where the truth is known.
        versus: objects gained and lost against another version, or None.
    """

    name: str
    version: int
    text: str
    first: int
    last: int
    complete: bool
    share: float
    alerts: int
    judged: int
    passed: int
    objects: int
    nights: tuple[dict[str, Any], ...]
    latency: Latency | None
    overlap: dict[str, int]
    gallery: tuple[dict[str, Any], ...]
    live: dict[str, int]
    after_the_fact: dict[str, str]
    failed: dict[str, int]
    interval: str
    classes: tuple[ClassFound, ...]
    versus: dict[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def report(question: Question, nights: Sequence[NightResult], store: Store, *, complete: bool) -> Report:
    """Put the nights together.

    Args:
        question: what was asked.
        nights: those that are done, earlier ones first.
        store: says which alerts other filters tagged.
        complete: whether these are all.
    """
    whole = pa.concat_tables([CATCH.empty_table(), *(n.table for n in nights)]).combine_chunks()
    thing = pc.coalesce(whole["object_id"], whole["alert_id"].cast(pa.string()))
    whole = whole.append_column("thing", pc.binary_join_element_wise(whole["survey"], thing, " "))
    caught = whole.filter(whole["passed"]).sort_by([("mjd", "ascending"), ("alert_id", "ascending")])
    first = _firsts(caught)
    facts = [n.facts for n in nights]
    failed: dict[str, int] = {}
    for name, n in (item for f in facts for item in f.failed.items()):
        failed[name] = failed.get(name, 0) + n
    return Report(
        name=question.asked.name,
        version=question.asked.version,
        text=question.asked.condition.text,
        first=question.first,
        last=question.last,
        complete=complete,
        share=question.share,
        alerts=sum(f.alerts for f in facts),
        judged=sum(f.judged for f in facts),
        passed=len(caught),
        objects=int(first.sum()),
        nights=tuple(_nights(nights, caught, first)),
        latency=_latency(caught.filter(pa.array(first))),
        overlap=_overlap(store, caught, question.asked.name),
        gallery=_gallery(caught),
        live={k: sum(getattr(f, k) for f in facts) for k in ("live", "live_tagged", "live_differs")},
        after_the_fact={name: by for f in facts for name, by in f.after_the_fact.items()},
        failed=failed,
        interval=INTERVAL,
        classes=() if question.truth is None else classes_found(whole, question.truth.classes),
        versus=None if question.versus is None else _gained_and_lost(whole, question.versus.version),
    )


def _firsts(caught: pa.Table) -> Bools:
    """Which catches are the first ones of their object, in order of time."""
    _, places = np.unique(caught["thing"].to_numpy(zero_copy_only=False).astype(str), return_index=True)
    first = np.zeros(len(caught), dtype=np.bool_)
    first[places] = True
    return first


def _nights(nights: Sequence[NightResult], caught: pa.Table, first: Bools) -> list[dict[str, Any]]:
    night, survey = caught["night"].to_numpy(), caught["survey"].to_numpy(zero_copy_only=False)
    things = caught["thing"].to_numpy(zero_copy_only=False)
    found = []
    for each in nights:
        facts = each.facts
        here = (night == facts.night) & (survey == facts.survey)
        found.append(
            {
                "survey": facts.survey,
                "night": facts.night,
                "alerts": facts.alerts,
                "judged": facts.judged,
                "passed": facts.passed,
                "objects": len(set(things[here].tolist())),
                "first_passes": int((here & first).sum()),
            }
        )
    return found


def _latency(firsts: pa.Table) -> Latency | None:
    days = firsts["age"].drop_null().to_numpy()
    return Latency(len(days), float(np.median(days)), float(np.percentile(days, 90))) if len(days) else None


def _overlap(store: Store, caught: pa.Table, name: str) -> dict[str, int]:
    """Other filter -> catches that it had tagged in any version, most first."""
    found: dict[str, set[tuple[str, int]]] = {}
    for survey in caught["survey"].unique().to_pylist():
        ids = caught.filter(pc.equal(caught["survey"], survey))["alert_id"].combine_chunks()
        tags = store.tags_of(survey, ids)
        # A loop over the tags of what was caught: a few for each.
        for other, alert_id in zip(tags["filter"].to_pylist(), tags["alert_id"].to_pylist(), strict=True):
            if other != name:
                found.setdefault(other, set()).add((survey, alert_id))
    return {other: len(ids) for other, ids in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))}


def _gallery(caught: pa.Table) -> tuple[dict[str, Any], ...]:
    """Catches by lot; `link` is the page of each on the portal."""
    lots = np.empty(len(caught), dtype=np.uint64)
    names = caught["survey"].to_numpy(zero_copy_only=False)
    for survey in set(names.tolist()):
        at = names == survey
        ids = caught["alert_id"].to_numpy()[at]
        lots[at] = hash64(np.full(len(ids), fnv1a64(survey.encode()), np.uint64), ids)
    by_lot = caught.take(pa.array(np.argsort(lots, kind="stable")))
    chosen = by_lot.filter(pa.array(_firsts(by_lot))).slice(0, GALLERY)
    shown = json_rows(chosen.drop_columns(["passed", "versus", "thing", "source"]))
    return tuple({**row, "link": f"/alert/{row['survey']}/{row['alert_id']}"} for row in shown)


def _gained_and_lost(whole: pa.Table, version: int) -> dict[str, Any]:
    now, before = (set(whole.filter(whole[n])["thing"].to_pylist()) for n in ("passed", "versus"))
    return {
        "version": version,
        "passed": int(pc.sum(whole["versus"]).as_py() or 0),
        "objects": len(before),
        "gained": sorted(now - before),
        "lost": sorted(before - now),
    }
