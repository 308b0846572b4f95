"""Delivery: each route follows the tag log, holds back what its policy says, and after a crash sends the same again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.adapters.memory_control import MemoryControl
from linnet.adapters.memory_sink import MemorySink
from linnet.core.delivery_policy import Memory, Policy, let_through, watched
from linnet.core.json_rows import JsonRow
from linnet.core.ports import Control, OpenSink, Progress, Route
from linnet.engines import delivery
from linnet.engines.delivery import deliver
from linnet.errors import InputError, StorageError

POLICIES = [
    Policy(),
    Policy(once_per_object=True),
    Policy(per_night=2),
    Policy(min_gap=1.5),
    Policy(once_per_object=True, per_night=1),
    Policy(per_night=3, min_gap=0.75),
]


@dataclass
class Log:
    """What delivery asks of a store: a tag log, and the rows of its alerts."""

    tags: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)

    def tags_after(self, seq: int, limit: int) -> pa.Table:
        """As a store gives it."""
        schema = {"seq": pa.int64(), "survey": pa.string(), "alert_id": pa.int64(), "filter": pa.string()}
        found = [tag for tag in self.tags if tag["seq"] > seq][:limit]
        return pa.Table.from_pylist(found, schema=pa.schema({**schema, "version": pa.int32()}))

    def alerts(self, survey: str, alert_ids: pa.Array) -> pa.Table:
        """As a store gives it."""
        kinds = {"object_id": pa.string(), "mjd": pa.float64(), "known_night": pa.int32(), "is_public": pa.bool_()}
        schema = pa.schema({"survey": pa.string(), "alert_id": pa.int64(), **kinds})
        return pa.Table.from_pylist([self.rows[survey, i] for i in alert_ids.to_pylist()], schema=schema)


def log(seed: int, alerts: int = 40) -> Log:
    """Alerts of few objects over some nights, some late, some private, some without an object; two filters."""
    rng = random.Random(seed)
    made = Log()
    for number in range(alerts):
        survey, night = rng.choice(["ztf", "ztf", "lsst"]), 20260101 + number // 8
        alert_id = sum(s == survey for s, _ in made.rows)
        row: dict[str, Any] = {
            "survey": survey,
            "alert_id": alert_id,
            "object_id": rng.choice(["a", "b", "c", None]),
            "mjd": 61041 + number // 8 + rng.random() - 3 * (rng.random() < 0.1),
            "known_night": night,
            "is_public": rng.random() < 0.8,
        }
        made.rows[survey, alert_id] = row
        for name in rng.sample(["bright", "fast"], rng.randint(0, 2)):
            tag = {"survey": survey, "alert_id": alert_id, "filter": name, "version": 1 + night % 2}
            made.tags.append({"seq": len(made.tags) + 1, **tag})
    return made


def expected(policy: Policy, of: Log, names: tuple[str, ...], *, private: bool) -> tuple[list[int], int, int]:
    """Tag-log numbers sent, and numbers withheld and held back: by looking at everything that was sent before."""
    sent: list[tuple[int, str, dict[str, Any]]] = []
    withheld = held = 0
    for tag in of.tags:
        row = of.rows[tag["survey"], tag["alert_id"]]
        if names and tag["filter"] not in names:
            continue
        if not row["is_public"] and not private:
            withheld += 1
            continue
        stream = [r for _, name, r in sent if (name, r["survey"]) == (tag["filter"], row["survey"])]
        same = [r for r in stream if row["object_id"] is not None and r["object_id"] == row["object_id"]]
        night = [r for r in stream if r["known_night"] == row["known_night"]]
        bad = (
            (policy.once_per_object and same)
            or (policy.min_gap is not None and any(row["mjd"] < r["mjd"] + policy.min_gap for r in same))
            or (policy.per_night is not None and len(night) >= policy.per_night)
        )
        if bad:
            held += 1
        else:
            sent.append((tag["seq"], tag["filter"], row))
    return [seq for seq, _, _ in sent], withheld, held


def seqs(rows: list[JsonRow]) -> list[int]:
    """Tag-log numbers of messages."""
    return [int(row["seq"]) for row in rows]


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@given(seed=st.integers(0, 10_000), private=st.booleans(), chunk=st.integers(1, 60), narrow=st.booleans())
@settings(deadline=None, max_examples=40)
def test_a_policy_lets_through_what_a_look_at_all_that_was_sent_would(
    policy: Policy, seed: int, private: bool, chunk: int, narrow: bool
) -> None:
    made, names = log(seed), ("bright",) if narrow else ()
    control, sink = MemoryControl(), MemorySink()
    route = Route("r", "memory", names, policy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "CHUNK", chunk)
        n = deliver(made, control, ((route, sink.open()),), publish_private=private)  # type: ignore[arg-type]  # what it asks of a store
    sent, withheld, held = expected(policy, made, names, private=private)
    assert seqs(sink.durable) == sent
    assert control.delivered() == {"r": Progress(len(made.tags), n, withheld, held)}
    assert n == len(sent)


@dataclass
class Crashing:
    """A sink, and a control database, that die at some call: before or after it took effect."""

    inner: Any
    left: int
    after: bool

    def __getattr__(self, name: str) -> Any:
        """Everything else as the inner one does it."""
        return getattr(self.inner, name)

    def flush(self) -> None:
        """Make durable, or die."""
        self._call(self.inner.flush)

    def set_cursor(
        self, route: str, progress: Progress, changed: Memory | None = None, *, before: int | None = None
    ) -> bool:
        """Record, or die."""
        return bool(self._call(lambda: self.inner.set_cursor(route, progress, changed, before=before)))

    def _call(self, call: Any) -> Any:
        self.left -= 1
        found = call() if self.left or self.after else None
        if not self.left:
            raise StorageError("the power is gone")
        return found


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@given(
    seed=st.integers(0, 10_000),
    at=st.integers(1, 6),
    after=st.booleans(),
    in_sink=st.booleans(),
    other=st.integers(1, 60),
)
@settings(deadline=None, max_examples=40)
def test_after_a_crash_the_same_matches_are_sent_and_no_others(
    policy: Policy, seed: int, at: int, after: bool, in_sink: bool, other: int
) -> None:
    """Also where the pieces of the tag log are of another size the second time."""
    made = log(seed)
    control, sink, route = MemoryControl(), MemorySink(), Route("r", "memory", (), policy)

    def once(chunk: int, to: Control, into: OpenSink) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delivery, "CHUNK", chunk)
            deliver(made, to, ((route, into),), publish_private=False)  # type: ignore[arg-type]  # what it asks of a store

    first = sink.open()
    broken: Any = Crashing(first if in_sink else control, at, after)
    try:
        once(7, control if in_sink else broken, broken if in_sink else first)
    except StorageError:
        once(other, control, sink.open())
    sent, withheld, held = expected(policy, made, (), private=False)
    assert sorted(set(seqs(sink.durable))) == sent
    assert {row["dedup_id"] for row in sink.durable} == {_dedup_id(made.tags[seq - 1]) for seq in sent}
    assert control.delivered()["r"] == Progress(len(made.tags), len(sent), withheld, held)


def _dedup_id(tag: dict[str, Any]) -> str:
    return "{survey}:{alert_id}:{filter}:{version}".format(**tag)


def test_a_night_that_goes_back_opens_no_new_quota() -> None:
    rows = [("f", "ztf", "a", night, 1.0) for night in (5, 6, 5, 5, 6)]
    columns = zip(*rows, strict=True)
    names = ("filter", "survey", "object_id", "known_night", "mjd")
    batch = pa.record_batch(dict(zip(names, map(list, columns), strict=True)))
    passed, changed = let_through(Policy(per_night=2), batch, Memory())
    assert passed.to_pylist() == [True, True, True, False, False]
    assert changed == Memory({}, {("f", "ztf"): (6, 2)})
    assert watched(batch) == [("f", "ztf", "a")]


def test_each_route_has_a_policy_and_a_pace_of_its_own() -> None:
    made, control = log(3), MemoryControl()
    sinks = [MemorySink(), MemorySink()]
    routes = tuple(
        (Route(f"r{i}", "memory", (), policy), sink.open())
        for i, (policy, sink) in enumerate(zip((Policy(), Policy(once_per_object=True)), sinks, strict=True))
    )
    control.set_cursor("r1", Progress(10, since=10))
    sent = deliver(made, control, routes, publish_private=True)  # type: ignore[arg-type]  # what it asks of a store
    assert seqs(sinks[0].durable) == [tag["seq"] for tag in made.tags]
    assert min(seqs(sinks[1].durable)) > 10
    assert sent == sum(len(s.durable) for s in sinks)
    assert control.delivered()["r1"].since == 10


@pytest.mark.parametrize(
    "limits", [{"per_night": 0}, {"min_gap": 0.0}, {"min_gap": float("nan")}, {"once_per_object": True, "min_gap": 1.0}]
)
def test_a_policy_that_makes_no_sense_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Policy(**limits)


def test_a_policy_says_what_it_does() -> None:
    assert str(Policy(once_per_object=True, per_night=5)) == "once per object, at most 5 per night"
    assert str(Policy(min_gap=0.5)) == "0.5 d apart"
    assert str(Policy()) == "everything"
    assert not Policy()
