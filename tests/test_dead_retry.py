"""Dead letters offered again: what could not be read when it came is archived once it can be, and counted once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from corridors import SURVEYS, Bench, in_memory, on_disk
from fake_registry import FakeRegistry, serving
from future_lsst import later_message, registered, sent
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.recording import Recording, write_recording
from linnet.adapters.schema_registry import SchemaRegistry
from linnet.app.console import OK, USAGE
from linnet.core.accounting import ranges
from linnet.core.envelope import Message, envelopes
from linnet.errors import InputError
from linnet.operations.audit import Audit, audit
from linnet.operations.rebuild import Archives, rebuild
from linnet.operations.retry import OFFERED, DeadLetters, Reading, release_read
from processes import call, one_line

REASON = "UNKNOWN_SCHEMA"
BY_NAME = {survey.name: survey for survey in SURVEYS}


@pytest.fixture(params=["memory", "disk"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with on_disk(tmp_path / "home") if request.param == "disk" else nullcontext(in_memory()) as made:
        vars(made.corridor.schemas)["_lookup"] = SchemaRegistry(folder=tmp_path / "schemas").open()
        yield made


def _night() -> list[Message]:
    """Two alerts of an unknown major version between one that can be read and one that nobody ever will."""
    first, second, third = sent(3)
    return [
        Message(third, "lsst-alerts", 0, 0),
        later_message(first, 1200, 1),
        Message(b"\0\0\0\x07\xd0nonsense", "lsst-alerts", 0, 2),
        later_message(second, 1200, 3),
    ]


def _publish(folder: Path) -> None:
    """Put the schema where it is looked for."""
    (folder / "schemas").mkdir()
    for number, text in registered(12, 0).items():
        (folder / "schemas" / f"{number}.json").write_text(text)


def _audited(bench: Bench) -> Audit:
    found = audit(bench.store, bench.control, bench.raw, deep=True)
    assert found.problems == []
    return found


def _offer(bench: Bench) -> None:
    engine = bench.engine(1)
    engine.run([DeadLetters(bench.store, Reading(BY_NAME, bench.corridor.schemas), REASON)], resume=False)
    engine.finish()


def _release(bench: Bench) -> int:
    run = bench.corridor.run_of(bench.corridor.filters())
    return release_read(bench.store, Reading(BY_NAME, bench.corridor.schemas), REASON, run)


def test_parked_alerts_are_archived_and_every_message_counts_once(bench: Bench, tmp_path: Path) -> None:
    bench.engine().run([MemorySource((envelopes(_night()),))])
    before, places = _audited(bench), bench.store.positions()
    assert (before.received, before.archived, before.dead) == (4, 1, {REASON: 3})
    _publish(tmp_path)
    _offer(bench)
    assert (_audited(bench).received, bench.store.dead_counts()) == (6, {REASON: 3})
    assert _release(bench) == 2
    after = _audited(bench)
    assert (after.received, after.archived, after.duplicates, after.dead, after.released) == (4, 3, 0, {REASON: 1}, 2)
    assert after.folders == {"lsst-alerts": {"received": 4, "archived": 3, "duplicates": 0, "dead": 1}}
    assert after.matched["everything"] == 3
    assert bench.store.dead().column("offset").to_pylist() == [2]
    rows = pa.concat_tables([bench.store.alerts("lsst", ids) for ids in bench.store.alert_ids().values()])
    assert sorted(rows.column("offset").to_pylist()) == [0, 1, 3]
    assert bench.store.positions() == places
    assert (_release(bench), _audited(bench)) == (0, after)


def test_a_retry_that_is_killed_before_it_releases_is_simply_run_again(bench: Bench, tmp_path: Path) -> None:
    bench.engine().run([MemorySource((envelopes(_night()),))])
    _publish(tmp_path)
    for _ in range(3):
        _offer(bench)
        assert _audited(bench).received == 6
    assert _release(bench) == 2
    assert _audited(bench).received == 4


def test_what_came_again_meanwhile_is_a_duplicate(bench: Bench, tmp_path: Path) -> None:
    parked = _night()[1]
    bench.engine().run([MemorySource((envelopes([parked]),))])
    _publish(tmp_path)
    bench.engine().run([MemorySource((envelopes([replace(parked, offset=9)]),))])
    _offer(bench)
    assert _release(bench) == 1
    found = _audited(bench)
    assert (found.received, found.archived, found.duplicates, found.dead) == (2, 1, 1, {})


def test_an_alert_that_is_refused_for_another_reason_changes_its_reason(bench: Bench, tmp_path: Path) -> None:
    early = replace(_night()[1], timestamp_us=1)
    bench.engine().run([MemorySource((envelopes([early]),))])
    _publish(tmp_path)
    _offer(bench)
    assert _release(bench) == 1
    found = _audited(bench)
    assert (found.received, found.archived, found.dead) == (1, 0, {"FROM_THE_FUTURE": 1})


def test_nothing_is_released_that_is_not_in_the_store(bench: Bench, tmp_path: Path) -> None:
    bench.engine().run([MemorySource((envelopes(_night()),))])
    before = _audited(bench)
    _publish(tmp_path)
    assert _release(bench) == 0
    assert _audited(bench) == before


def test_the_archive_knows_what_was_released(bench: Bench, tmp_path: Path) -> None:
    bench.engine().run([MemorySource((envelopes(_night()[1:]),))])
    _publish(tmp_path)
    _offer(bench)
    _release(bench)
    nonsense = [Message(b"\0\0\0\0\x07" + text, "lsst-alerts", 0, n) for n, text in enumerate((b"a", b"b"), 10)]
    bench.engine().run([MemorySource((envelopes(nonsense),))])
    bench.engine().finish()
    again = in_memory().store
    rebuild(again, Archives(bench.raw, bench.science, BY_NAME, bench.corridor.schemas), bench.store.segments())
    listed = ["dead_id", "reason", "offset", "sha256"]
    assert again.dead().select(listed).equals(bench.store.dead().select(listed))
    found = audit(again, bench.control, bench.raw)
    assert found.problems == []
    assert (found.received, found.archived, found.dead, found.released) == (5, 2, {REASON: 3}, 2)


def test_a_letter_with_the_largest_number_that_was_released_leaves_its_number(bench: Bench, tmp_path: Path) -> None:
    bench.engine().run([MemorySource((envelopes(_night()[:2]),))])
    _publish(tmp_path)
    _offer(bench)
    _release(bench)
    bench.engine().finish()
    again = in_memory().store
    rebuild(again, Archives(bench.raw, bench.science, BY_NAME, bench.corridor.schemas), bench.store.segments())
    assert again.dead().num_rows == 0
    late = replace(bench, store=again, corridor=replace(bench.corridor, store=again))
    late.engine().run([MemorySource((envelopes([Message(b"nonsense", "t")]),))])
    assert again.dead().column("dead_id").to_pylist() == [2]


def test_only_what_was_never_read_can_be_offered_again(bench: Bench) -> None:
    with pytest.raises(InputError, match="DUP_CONFLICT cannot be offered again; those of UNKNOWN_SCHEMA"):
        DeadLetters(bench.store, Reading(BY_NAME, bench.corridor.schemas), "DUP_CONFLICT")
    assert "BAD_VALUE" not in OFFERED


def test_numbers_without_gaps_are_one_range() -> None:
    assert ranges([1, 2, 3, 7, 9, 10]) == ((1, 3), (7, 7), (9, 10))
    assert ranges([]) == ()


def test_one_command_releases_what_waits_for_a_schema(tmp_path: Path) -> None:
    home, tape = tmp_path / "home", tmp_path / "night.arrow"
    write_recording(tape, [envelopes(_night())])
    assert call("ingest", tape, "--home", home).returncode == OK

    def told(*command: str, **environment: str) -> Any:
        done = call(*command, "--json", "--home", home, **environment)
        assert (done.returncode, done.stderr) == (OK, "")
        return json.loads(done.stdout)

    (parked, *_) = told("dead", "list", "--reason", REASON)
    assert "schema id 1200" in parked["detail"]
    nothing = {"offered": 0, "archived": 0, "duplicates": 0, "dead": 0, "released": 0, "left": 3}
    assert told("dead", "retry") == nothing
    with serving(FakeRegistry(registered(12, 0))) as registry:
        assert told("dead", "retry", LINNET_REGISTRY_URL=registry.url) == nothing
        lost = call("dead", "retry", "--accept", "1300", "--home", home, LINNET_REGISTRY_URL=registry.url)
        assert lost.returncode == USAGE
        assert "nobody has the schema id 1300: put it into" in one_line(lost)
        done = told("dead", "retry", "--accept", "1200", LINNET_REGISTRY_URL=registry.url)
    assert done == {**nothing, "offered": 2, "archived": 2, "released": 2, "left": 1}
    found = told("audit", "--deep")
    assert (found["ok"], found["received"], found["archived"], found["released"]) == (True, 4, 3, 2)
    assert told("rebuild")["ok"]
    assert told("reprocess", "--verify")["differences"] == {}
    # The schema is accepted: what comes from now on is read at once, also without a registry.
    later = later_message(sent(4)[3], 1200, 9, "lsst-alerts-2")
    write_recording(tape, [envelopes([later])])
    assert told("ingest", str(tape))["run"]["decoded"] == 1


def test_refused_messages_can_be_taken_elsewhere(tmp_path: Path) -> None:
    home, tape, dead = tmp_path / "home", tmp_path / "night.arrow", tmp_path / "dead.arrow"
    write_recording(tape, [envelopes(_night())])
    call("ingest", tape, "--home", home)
    done = call("dead", "export", dead, "--home", home)
    assert (done.returncode, done.stdout.strip()) == (OK, f"{dead}: 3 messages")
    batch = Recording(dead).open().next_batch(10)
    assert batch is not None
    whole = envelopes(_night())
    assert batch.equals(whole.take(pa.array([1, 2, 3])))
    assert call("dead", "export", dead, "--reason", "NO_SUCH", "--home", home).returncode == USAGE
