"""Damaged packets in good traffic: refused with their bytes, or what they say; intact alerts do not notice (20 s).

`scripts/mutants.py` runs the same with ten thousand of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from corridors import Bench, on_disk
from linnet.operations.audit import Audit, audit
from mutant_run import Need, run_apart
from mutant_traffic import Traffic
from mutant_verdicts import Home, home, raw_bytes, verdicts

PEAK_MB = 1000
"""Resident memory of a corridor that takes 1,000 messages of up to 150 KB at once, everything included."""

GROWTH_MB = 350
"""How much the peak may still grow after the first few batches, whatever comes: a damaged header may be another valid
schema, and 256 of these are kept ready, of 1.2 MB each."""

NOT_CONTENT = ("topic", "partition", "offset", "position", "segment", "block", "place", "length")


@dataclass(frozen=True)
class Outcome:
    """A finished run: its parts, what it holds, its account and what it needed."""

    bench: Bench
    home: Home
    account: Audit
    need: Need


@contextmanager
def finished(traffic: Traffic, folder: Path, *, intact: bool = False) -> Iterator[Outcome]:
    """Traffic (or its intact packets alone) after its run in a process of its own."""
    need = run_apart(traffic, folder, intact=intact)
    with on_disk(folder) as bench:
        yield Outcome(bench, home(bench), audit(bench.store, bench.control, bench.raw, deep=True), need)


@pytest.fixture(scope="module", params=[(6_000, 0.01), (2_000, 0.5)], ids=["1 %", "50 %"])
def traffic(request: pytest.FixtureRequest, shared_data: Path) -> Traffic:
    """Sparse damage as a bad line does it, and much of it at once."""
    messages, share = request.param
    return Traffic(shared_data, messages, share)


@pytest.fixture(scope="module")
def mixed(traffic: Traffic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """All of it."""
    with finished(traffic, tmp_path_factory.mktemp("mixed")) as outcome:
        yield outcome


@pytest.fixture(scope="module")
def told(traffic: Traffic, mixed: Outcome) -> Counter[str]:
    """How often each verdict was."""
    return verdicts((s for s in traffic if s.what == "mutant"), mixed.home, traffic.data / "schemas")


@pytest.fixture(scope="module")
def alone(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """The intact packets of any such traffic alone."""
    with finished(Traffic(shared_data, 200, 0.0), tmp_path_factory.mktemp("alone"), intact=True) as outcome:
        yield outcome


def displaced(traffic: Traffic, mixed: Outcome) -> tuple[Counter[str], set[tuple[str, int]]]:
    """Intact packets whose identity a damaged one had taken before: how many messages, and the identities.

    One flipped bit can make the id of one packet that of another one of its exposure. Where that one comes later, the
    first of the identity stays and the intact packet is a dead letter, whole: in millions of messages it happens.
    """
    sent = {(s.message.topic, s.message.offset): s for s in traffic}
    counted: Counter[str] = Counter()
    ids = set()
    for (topic, offset, _), letter in mixed.home.dead.items():
        each = sent[topic, offset]
        if each.what != "mutant":
            row = mixed.home.rows[letter["survey"], letter["alert_id"]]
            assert letter["reason"] == "DUP_CONFLICT"
            assert row["offset"] < offset
            assert sent[row["topic"], row["offset"]].what == "mutant"
            assert letter["value"] in each.message.value
            counted[each.what] += 1
            ids.add((letter["survey"], letter["alert_id"]))
    return counted, ids


def test_every_mutant_is_refused_with_its_bytes_or_is_what_a_strict_reader_reads(
    traffic: Traffic, told: Counter[str]
) -> None:
    assert told.total() > 0.8 * traffic.messages * traffic.share
    if traffic.share > 0.1:
        # The claims must not be empty: much of everything was there.
        assert min(told[name] for name in ("accepted", "repeat", "dead: DUP_CONFLICT")) > 30, told
        assert min(told[f"refused: {name}"] for name in ("BAD_CONTAINER", "BAD_DATUM", "BAD_SCHEMA")) > 20, told
        assert min(told[name] for name in ("dead: BAD_VALUE", "dead: FROM_THE_FUTURE")) > 0, told


def test_every_message_is_accounted_for(traffic: Traffic, mixed: Outcome, told: Counter[str]) -> None:
    found = mixed.account
    assert found.ok, found.problems
    assert found.received == found.archived + found.duplicates + sum(found.dead.values())
    sent = Counter(sent.what for sent in traffic)
    assert found.received == sent.total() - told["empty"] == mixed.need.messages - told["empty"]
    assert told.total() == sent["mutant"]
    lost, _ = displaced(traffic, mixed)
    assert found.archived == sent["intact"] - lost["intact"] + told["accepted"]
    assert found.duplicates == sent["repeat"] - lost["repeat"] + told["repeat"]


def test_intact_alerts_are_stored_as_without_the_mutants(traffic: Traffic, mixed: Outcome, alone: Outcome) -> None:
    ids = set(alone.home.rows) - displaced(traffic, mixed)[1]
    assert len(ids) > 100
    kept = [[{n: v for n, v in o.home.rows[i].items() if n not in NOT_CONTENT} for i in ids] for o in (mixed, alone)]
    assert kept[0] == kept[1]
    datums = [raw_bytes(o.bench, [o.home.rows[i] for i in ids]) for o in (mixed, alone)]
    assert datums[0] == datums[1]
    for survey in ("ztf", "lsst"):
        mine = pa.array(sorted(i for s, i in ids if s == survey), pa.int64())
        tags = [o.bench.store.tags_of(survey, mine).drop_columns(["seq"]).to_pylist() for o in (mixed, alone)]
        assert sorted(map(repr, tags[0])) == sorted(map(repr, tags[1]))
        assert len(tags[0]) >= len(mine)


def test_points_and_objects_differ_only_where_an_accepted_mutant_brought_something(
    traffic: Traffic, mixed: Outcome, alone: Outcome
) -> None:
    # Whoever says with a valid packet that it is of an object adds to it; nothing else may.
    gone = displaced(traffic, mixed)[1]
    accepted = {i: row for i, row in mixed.home.rows.items() if i not in alone.home.rows or i in gone}
    lost = {(s, alone.home.rows[s, i]["object_id"]) for s, i in gone}
    touched = lost | {(survey, row["object_id"]) for (survey, _), row in accepted.items()}
    dumps = [o.bench.store.dump() for o in (mixed, alone)]
    for table, identity in (("points", ("survey", "object_id", "kind", "key")), ("objects", ("survey", "object_id"))):
        new, old = ({tuple(r[n] for n in identity): r for r in d[table].to_pylist()} for d in dumps)
        assert {k for k in old if k[:2] not in lost} <= new.keys()
        for key, row in new.items():
            if table == "points" and row != old.get(key) and key[:2] not in lost:
                assert (key[0], row["alert_id"]) in accepted, "a mutant's own value, known tonight"
                assert row["known_night"] == accepted[key[0], row["alert_id"]]["known_night"]
            if row != old.get(key):
                assert key[:2] in touched
    assert mixed.bench.store.open_nights() == alone.bench.store.open_nights()


def test_memory_is_bounded(mixed: Outcome) -> None:
    assert mixed.need.peak_mb < PEAK_MB
    assert mixed.need.peak_mb - mixed.need.settled_mb < GROWTH_MB
