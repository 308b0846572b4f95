"""The audit: is every alert accounted for, at every stage, in every place?"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from hashlib import sha256

import pyarrow as pa

from linnet.core.accounting import GAP, JUDGING, MODULE, SOURCE, imbalances
from linnet.core.ports import Control, Progress, RawArchive, Store
from linnet.core.reasons import DUPLICATE
from linnet.core.unit import RELEASE
from linnet.errors import LinnetError

CHUNK = 2000


@dataclass(frozen=True)
class Audit:
    """The account of one home.

    Attributes:
        ok: no problem was found.
        received: alerts and unreadable messages offered. decoded: alerts among them.
        gone: messages that a source passed over, told to, because they were gone; they were never received.
        duplicates: exact repeats, of alerts and of dead letters. archived: alerts in the raw archive.
        dead: dead letters by reason. matched: tags by filter. delivered: messages sent by route.
        withheld: matches not sent because they are not public.
        held: matches that the policies of routes held back.
        modules_failed, filters_failed: batches in which one failed.
        released: dead letters that were offered again and are none any more; they are among no other number.
        folders: topic -> received, archived, duplicates, dead (total).
        problems: one sentence each; empty where ok.
    """

    ok: bool
    received: int
    decoded: int
    duplicates: int
    gone: int
    archived: int
    objects: int
    dead: dict[str, int]
    matched: dict[str, int]
    delivered: dict[str, int]
    withheld: int
    held: int
    waiting: int
    modules_failed: dict[str, int]
    filters_failed: dict[str, int]
    released: int = 0
    folders: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """The same as plain values."""
        return asdict(self)


def audit(store: Store, control: Control, raw: RawArchive, *, deep: bool = False) -> Audit:
    """Count everything twice, in different places, and compare.

    Args:
        store: the home's store.
        control: its control database.
        raw: its raw archive.
        deep: also read every datum back from the raw archive and check every dead letter's bytes.
    """
    counts = store.counts()
    stages = _stages(counts)
    archived = stages.get("archive", {}).get("out", 0)
    tags = {f.name: 0 for f in control.filters(active=True)} | _by(store.tag_counts(), "filter")
    dead = _dead_by_reason(store)
    problems = [
        *imbalances(counts),
        *_stored_rows(store, archived),
        *_dead_letters(stages, dead),
        *_segments(store, raw, archived, deep=deep),
    ]
    if deep:
        problems.extend(_dead_bytes(store))
    deliveries = _deliveries(store, control)
    problems.extend(deliveries.problems)
    return Audit(
        ok=not problems,
        received=stages.get("decode", {}).get("in", 0),
        decoded=stages.get("decode", {}).get("out", 0),
        gone=stages.get(SOURCE, {}).get(GAP, 0),
        duplicates=sum(o.get(DUPLICATE, 0) for o in stages.values()),
        archived=archived,
        objects=store.object_count(),
        dead=dead,
        matched=dict(sorted(tags.items())),
        delivered=deliveries.sent,
        withheld=deliveries.withheld,
        held=deliveries.held,
        waiting=deliveries.waiting,
        modules_failed=stages.get(MODULE, {}),
        filters_failed=stages.get(JUDGING, {}),
        released=sum(stages.get(RELEASE, {}).values()),
        folders=_folders(counts),
        problems=problems,
    )


def _stages(counts: pa.Table) -> dict[str, dict[str, int]]:
    stages: dict[str, dict[str, int]] = {}
    for row in counts.group_by(["stage", "outcome"], use_threads=False).aggregate([("n", "sum")]).to_pylist():
        stages.setdefault(row["stage"], {})[row["outcome"]] = row["n_sum"]
    return stages


def _by(table: pa.Table, key: str) -> dict[str, int]:
    totals: dict[str, int] = {}
    for row in table.to_pylist():
        totals[row[key]] = totals.get(row[key], 0) + row["n"]
    return dict(sorted(totals.items()))


def _dead_by_reason(store: Store) -> dict[str, int]:
    return dict(sorted(store.dead_counts().items()))


def _stored_rows(store: Store, archived: int) -> list[str]:
    rows = sum(store.night_counts().column("n").to_pylist())
    if rows != archived:
        return [f"{archived} alerts counted into the archive, but the night counts hold {rows}"]
    return []


def _dead_letters(stages: dict[str, dict[str, int]], dead: dict[str, int]) -> list[str]:
    counted: dict[str, int] = {}
    for stage in ("decode", "check", "dedupe"):
        for outcome, n in stages.get(stage, {}).items():
            if outcome not in {"in", "out", DUPLICATE}:
                counted[outcome] = counted.get(outcome, 0) + n
    return [
        f"{counted.get(reason, 0)} counted as {reason}, but {dead.get(reason, 0)} dead letters hold it"
        for reason in sorted({*counted, *dead})
        if counted.get(reason, 0) != dead.get(reason, 0)
    ]


def _segments(store: Store, raw: RawArchive, archived: int, *, deep: bool) -> list[str]:
    segments = store.segments()
    rows = sum(segments.column("rows").to_pylist())
    found = [] if rows == archived else [f"{archived} alerts counted into the archive, but segments hold {rows}"]
    found.extend(raw.verify(segments))
    return [*found, *(_references(store, raw) if deep else [])]


def _references(store: Store, raw: RawArchive) -> list[str]:
    """Read every stored alert's datum back."""
    found = []
    for survey, ids in store.alert_ids().items():
        for start in range(0, len(ids), CHUNK):
            rows = store.alerts(survey, ids.slice(start, CHUNK))
            try:
                raw.read(rows.select(["segment", "block", "place", "length"]))
            except LinnetError as error:
                found.append(f"{survey}: {error}")
    return found


def _dead_bytes(store: Store) -> list[str]:
    found = []
    after = 0
    while ids := store.dead(limit=CHUNK, after=after).column("dead_id").to_pylist():
        for number in ids:
            letter = store.dead_letter(number)
            if sha256(letter.column("value")[0].as_py() or b"").hexdigest() != letter.column("sha256")[0].as_py():
                found.append(f"dead letter {number} does not hold the bytes that came")
        after = ids[-1]
    return found


@dataclass(frozen=True)
class _Deliveries:
    """Sent by route; withheld, held back and waiting in all; problems."""

    sent: dict[str, int]
    withheld: int
    held: int
    waiting: int
    problems: list[str]


def _deliveries(store: Store, control: Control) -> _Deliveries:
    newest = store.last_tag()
    delivered = control.delivered()
    state = {r.name: delivered.get(r.name, Progress()) for r in control.routes()}
    problems = []
    for name, route in state.items():
        passed, counted = route.seq - route.since, route.sent + route.withheld + route.held
        if route.seq > newest:
            problems.append(f"route {name} claims tag {route.seq}, but the tag log ends at {newest}")
        if counted > passed:
            problems.append(f"route {name} counts {counted} matches, but only {passed} tags have passed it")
    return _Deliveries(
        sent={name: route.sent for name, route in state.items()},
        withheld=sum(route.withheld for route in state.values()),
        held=sum(route.held for route in state.values()),
        waiting=sum(max(newest - route.seq, 0) for route in state.values()),
        problems=problems,
    )


def _folders(counts: pa.Table) -> dict[str, dict[str, int]]:
    folders: dict[str, dict[str, int]] = {}
    grouped = counts.group_by(["topic", "stage", "outcome"], use_threads=False).aggregate([("n", "sum")])
    for row in grouped.to_pylist():
        if row["stage"] == RELEASE:
            continue
        folder = folders.setdefault(row["topic"], {"received": 0, "archived": 0, "duplicates": 0, "dead": 0})
        place = _place(row["stage"], row["outcome"])
        if place:
            folder[place] += row["n_sum"]
    return dict(sorted(folders.items()))


def _place(stage: str, outcome: str) -> str | None:
    if stage == "decode" and outcome == "in":
        return "received"
    if stage == "archive" and outcome == "out":
        return "archived"
    if stage not in {"decode", "check", "dedupe"} or outcome in {"in", "out"}:
        return None
    return "duplicates" if outcome == DUPLICATE else "dead"
