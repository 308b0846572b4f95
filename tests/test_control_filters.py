"""What every control database keeps of filters: versions, activations with their places in the tag log, notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from linnet.adapters.memory_control import MemoryControl
from linnet.adapters.sqlite_control import SqliteControl
from linnet.core.filter_port import Details, Judged, judged_json, judged_rows
from linnet.core.ports import Control
from linnet.errors import NotFoundError

KINDS: dict[str, Callable[[Path], MemoryControl | SqliteControl]] = {
    "memory": lambda _: MemoryControl(),
    "sqlite": lambda folder: SqliteControl.open(folder / "control.db"),
}

BRIGHT = Judged("bright", (("alert_id", 2**63 - 1), ("mag", 17.5), ("is_positive", True), ("survey", "ztf")))
FAINT = Judged("faint, 'quoted'", (("mag", 21.0),))
WHOLE = Details("what", "a paper", "private", ("healpix", "mag_err"), (("below", 18.0),), (BRIGHT,), (FAINT,))


@pytest.fixture(params=sorted(KINDS))
def control(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryControl | SqliteControl]:
    made = KINDS[request.param](tmp_path)
    yield made
    made.close()


def add(control: Control, name: str = "bright", text: str = "mag < 19", details: Details = WHOLE) -> int:
    return control.add_filter(name, text, topic_line="A", details=details)


def test_a_version_keeps_everything_it_was_given(control: Control) -> None:
    add(control)
    (found,) = control.filters()
    assert found.details == Details(**{**WHOLE.__dict__, "must_pass": found.details.must_pass})
    (example,) = found.details.must_pass
    assert (example.why, dict(example.row)) == (BRIGHT.why, dict(BRIGHT.row))


def test_examples_are_the_same_behind_json() -> None:
    assert [(why, dict(row)) for why, row in judged_rows(judged_json((BRIGHT, FAINT)))] == [
        (BRIGHT.why, dict(BRIGHT.row)),
        (FAINT.why, dict(FAINT.row)),
    ]


def test_what_is_sent_or_judged_otherwise_is_another_version_and_the_same_again_the_same(control: Control) -> None:
    changes: list[dict[str, object]] = [
        {},
        {"columns": ("mag_err", "healpix")},
        {"options": (("below", 18.5),)},
        {"must_pass": ()},
        {"must_not": (BRIGHT,)},
    ]
    for _ in range(2):
        versions = [add(control, details=Details(**{**WHOLE.__dict__, **each})) for each in changes]
        assert versions == [1, 2, 3, 4, 5]
    assert add(control, details=Details(**{**WHOLE.__dict__, "description": "other words"})) == 1
    assert control.filters()[0].description == "what"


def test_visibility_belongs_to_the_filter_and_not_to_a_version(control: Control) -> None:
    add(control)
    control.set_visibility("bright", "public")
    add(control, text="mag < 18")
    assert [f.details.visibility for f in control.filters()] == ["public", "public"]
    with pytest.raises(NotFoundError, match="there is no filter dim"):
        control.set_visibility("dim", "public")


def test_an_activation_knows_when_and_between_which_tags_it_held(control: Control) -> None:
    add(control)
    add(control, text="mag < 18")
    control.set_active("bright", 1)
    assert [f.version for f in control.take_up(5)] == [1]
    assert [f.version for f in control.take_up(9)] == [1]
    control.set_active("bright", 2)
    assert [f.version for f in control.take_up(12)] == [2]
    control.set_active("bright", None)
    control.set_active("bright", 1)
    control.set_active("bright", None)  # nobody has taken it up
    assert control.take_up(31) == control.take_up(32) == []
    log = control.activation_log("bright")
    assert [(a.version, a.since, a.until, a.reason) for a in log] == [
        (1, 5, 11, ""),
        (2, 12, 30, ""),
        (1, None, None, ""),
    ]
    assert all(a.ended is not None and a.begun <= a.ended for a in log)
    assert control.activation_log("dim") == []


def test_what_judges_nothing_any_more_ends_where_it_last_did(control: Control) -> None:
    for name in ("long", "never"):
        add(control, name)
    control.set_active("long", 1)
    control.take_up(5)
    control.set_active("never", 1)
    control.take_up(12)
    for name in ("long", "never"):
        assert control.switch_off(name, 1, "unfit", "a column is gone", until=11)
    control.take_up(20)
    numbers = [(a.since, a.until) for name in ("long", "never") for a in control.activation_log(name)]
    assert numbers == [(5, 11), (None, None)]


def test_what_is_switched_off_for_a_reason_says_so_once_until_it_is_activated_again(control: Control) -> None:
    add(control)
    control.set_active("bright", 1)
    before = control.generation()
    assert not control.switch_off("bright", 7, "failed", "another version")
    assert control.generation() == before
    assert control.switch_off("bright", 1, "failed", "it raised three times")
    assert control.generation() > before
    assert not control.switch_off("bright", 1, "failed", "it raised three times")
    (notice,) = control.notices()
    assert notice[:5] == ("bright", 1, "failed", "it raised three times", "local")
    assert [(f.active, f.ended) for f in control.filters()] == [(False, "it raised three times")]
    assert control.activation_log("bright")[0].reason == "it raised three times"
    control.set_active("bright", 1)
    assert control.notices() == []
    assert [(f.active, f.ended) for f in control.filters()] == [(True, "")]


def test_a_notice_is_not_repeated_while_it_is_open_and_is_of_one_filter(control: Control) -> None:
    add(control)
    add(control, "able")
    assert control.notify("bright", 1, "examples", "faint passes")
    assert not control.notify("bright", 1, "examples", "faint passes")
    assert control.notify("able", 1, "examples", "faint passes")
    assert control.notify("bright", 1, "budget", "slow")
    assert [n.kind for n in control.notices("bright")] == ["examples", "budget"]
    control.close_notices("bright", "examples")
    assert [(n.filter, n.kind) for n in control.notices()] == [("able", "examples"), ("bright", "budget")]
    assert control.notify("bright", 1, "examples", "faint passes")
    with pytest.raises(NotFoundError, match="version 3"):
        control.notify("bright", 3, "failed", "")
