"""The checker: reads the history, the store, the archives, and nothing that the broker says of itself but its audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

import pyarrow.compute as pc

from linnet.app import rebuilding
from linnet.app.config import Settings
from linnet.app.home import Home
from linnet.app.wiring import Parts, reader
from linnet.core.ports import Store
from linnet.core.reasons import DUPLICATE
from linnet.errors import LinnetError
from linnet.operations.audit import audit
from torture.history import History, Offered

SINKS = ("files", "kafka")

Identity = tuple[str, int]


@dataclass
class Verdict:
    """What the checks found.

    Attributes:
        lost: alerts and damaged messages that are not where they must be, and deliveries that never came.
        doubled: those that are there more often.
        sent_again: deliveries that came more than once under one dedup-id, which is allowed.
        problems: one sentence for everything that is wrong, lost and doubled included.
    """

    lost: int = 0
    doubled: int = 0
    sent_again: int = 0
    problems: list[str] = field(default_factory=list)

    def compare(self, what: str, wanted: Counter[Identity], found: Counter[Identity]) -> None:
        """Count what is missing and what is there too often."""
        missing, extra = wanted - found, found - wanted
        self.lost += missing.total()
        self.doubled += extra.total()
        for word, some in (("lost", missing), ("too often", extra)):
            if some:
                self.problems.append(f"{what}: {some.total()} {word}, e.g. {min(some)}")


def behind(home: Home, history: History) -> list[str]:
    """I5, asked while the broker is dead: what lies before a committed position and is not durable."""
    if not home.store.exists():
        return []
    with reader(home, Settings()) as parts:
        places = {(each.topic, each.partition): each.offset for each in parts.store.positions()}
        passed = [each for each in history.all_offered() if each.offset < places.get((each.topic, each.partition), 0)]
        stored, letters = _stored(parts.store), _letters(parts.store)
        short = [
            f"{row['segment']} is shorter than committed"
            for row in parts.store.segments().to_pylist()
            if (home.raw / row["segment"]).stat().st_size < row["length"]
        ]
    gone = [each for each in passed if not _is_there(each, stored, letters)]
    return short + [f"the position has passed {e.topic}/{e.partition}@{e.offset}, which is nowhere" for e in gone[:1]]


def check(home: Home, history: History, name: str) -> Verdict:
    """Everything, once all is drained and the broker has ended.

    Args:
        home: the home.
        history: its history, with what sinks received.
        name: of the filter that every alert passes.
    """
    verdict = Verdict()
    offered = history.all_offered()
    with _told(verdict, "the home"), reader(home, Settings()) as parts:
        for part in (_archive, _stores, _dead, _counts):
            with _told(verdict, part.__name__.strip("_")):
                part(verdict, offered, parts)
        with _told(verdict, "audit"):
            found = audit(parts.store, parts.control, parts.raw, deep=True)
            verdict.problems += [f"audit: {each}" for each in found.problems]
            if found.waiting:
                verdict.problems.append(f"{found.waiting} deliveries still wait")
    _deliveries(verdict, offered, history, name)
    with _told(verdict, "rebuild"):
        tables = rebuilding.rebuild(home, replace=False).tables
        verdict.problems += [f"store != fold(archive): {each}" for each, how in tables.items() if how != "equal"]
    return verdict


def _archive(verdict: Verdict, offered: list[Offered], parts: Parts) -> None:
    """I1, I2: every datum that was offered first is in the raw archive once, whole, and no other."""
    wanted = Counter(("datum", int(each.datum[:15], 16)) for each in offered if each.what == "alert")
    found: Counter[Identity] = Counter()
    for segment in parts.store.segments().column("segment").to_pylist():
        for _, _, datum in parts.raw.datums(segment):
            found["datum", int(sha256(datum).hexdigest()[:15], 16)] += 1
    verdict.compare("raw archive", wanted, found)


def _stores(verdict: Verdict, offered: list[Offered], parts: Parts) -> None:
    """I2: one row for each identity, and in the science archive one row for each."""
    wanted = _wanted(offered)
    verdict.compare("store", wanted, Counter(_stored(parts.store)))
    recorded: Counter[Identity] = Counter()
    for path in parts.science.files("alerts"):
        recorded.update(
            (path.split("/")[1], number) for number in parts.science.read(path).column("alert_id").to_pylist()
        )
    verdict.compare("science archive", wanted, recorded)


def _dead(verdict: Verdict, offered: list[Offered], parts: Parts) -> None:
    """I6: every damaged message and every conflict is one dead letter with the bytes that came."""
    damaged = [each for each in offered if each.what == "damaged"]
    wanted = Counter((each.sha256, 0) for each in damaged)
    wanted.update((each.datum, 1) for each in offered if each.what == "conflict")
    found: Counter[Identity] = Counter()
    for number in parts.store.dead(limit=100_000).column("dead_id").to_pylist():
        (letter,) = parts.store.dead_letter(number).to_pylist()
        found[sha256(letter["value"]).hexdigest(), int(letter["reason"] == "DUP_CONFLICT")] += 1
    verdict.compare("dead letters", wanted, found)


def _counts(verdict: Verdict, offered: list[Offered], parts: Parts) -> None:
    """I1, I9: every message was counted in once, on its topic and partition, and every repeat as one."""
    counts = parts.store.counts()
    wanted = Counter((each.topic, each.partition) for each in offered)
    came = counts.filter(pc.and_(pc.equal(counts["stage"], "decode"), pc.equal(counts["outcome"], "in")))
    found: Counter[Identity] = Counter()
    for row in came.to_pylist():
        found[row["topic"], row["partition"]] += row["n"]
    if wanted != found:
        verdict.problems.append(f"counted in {dict(found - wanted)} too many, {dict(wanted - found)} too few")
    repeats = pc.sum(counts.filter(pc.equal(counts["outcome"], DUPLICATE))["n"]).as_py() or 0
    if repeats != sum(each.what == "repeat" for each in offered):
        verdict.problems.append(f"{repeats} repeats were counted")


def _deliveries(verdict: Verdict, offered: list[Offered], history: History, name: str) -> None:
    """I4: after dedup-id every alert reached every sink exactly once."""
    received = history.all_received()
    for sink in SINKS:
        mine = [each for each in received if each.sink == sink and each.filter == name]
        named = {(each.dedup_id, each.survey, each.alert_id) for each in mine}
        verdict.sent_again += len(mine) - len(named)
        verdict.compare(f"delivered to {sink}", _wanted(offered), Counter((s, n) for _, s, n in named))


def _wanted(offered: list[Offered]) -> Counter[Identity]:
    return Counter((each.survey, each.alert_id) for each in offered if each.what == "alert")


def _stored(store: Store) -> set[Identity]:
    return {(survey, number) for survey, ids in store.alert_ids().items() for number in ids.to_pylist()}


def _letters(store: Store) -> set[str]:
    return set(store.dead(limit=100_000).column("sha256").to_pylist())


def _is_there(each: Offered, stored: set[Identity], letters: set[str]) -> bool:
    if each.what == "damaged":
        return each.sha256 in letters
    if each.what == "conflict":
        return each.datum in letters
    return (each.survey, each.alert_id) in stored


@contextmanager
def _told(verdict: Verdict, what: str) -> Iterator[None]:
    """An error of a check is a problem like any other: what cannot be read is not there."""
    try:
        yield
    except (LinnetError, OSError) as error:
        verdict.problems.append(f"{what} cannot be read: {error}")
