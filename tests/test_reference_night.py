"""How much of a night a filter would have matched: counted, compared with brute force, and in the way of activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from linnet.adapters.memory_archive import MemoryScienceArchive
from linnet.adapters.memory_control import MemoryControl
from linnet.core.column import Column, listing, real
from linnet.core.filter_port import Details, Judged
from linnet.errors import FilterError
from linnet.filters.language import parse
from linnet.operations.filter_desk import Draft, FilterDesk
from linnet.operations.reference_night import FILES, LEAST, ReferenceNights, Share

COLUMNS: dict[str, Column] = {
    **{name: real("A value.", bits=64) for name in ("a", "new", "ours_x", "theirs_x")},
    "hist_flux": listing(pa.float32(), "A list."),
}
OWN = {"ours": frozenset({"ours_x"}), "theirs": frozenset({"theirs_x"})}

ROWS = 700


@dataclass
class World:
    """An archive, and the reference nights in it."""

    science: MemoryScienceArchive
    open_nights: Mapping[str, int]

    @property
    def nights(self) -> ReferenceNights:
        """What asks it."""
        return ReferenceNights(
            self.science, lambda: self.science.files("alerts"), lambda: self.open_nights, COLUMNS, OWN
        )

    def shares(self, text: str) -> list[Share]:
        """The shares of a condition."""
        return self.nights(parse(text, COLUMNS))


def rows(seed: int, n: int = ROWS) -> pa.Table:
    values = np.random.default_rng(seed).random(n)
    return pa.table({"a": pa.array([None if v < 0.1 else v for v in values.tolist()], pa.float64())})


@pytest.fixture
def world() -> World:
    """Three nights of one survey, of which the last is open, and a short one of another."""
    found = World(MemoryScienceArchive(), {"ours": 20250103, "theirs": 20250105, "empty": 20250101})
    for night in (20250101, 20250102, 20250103):
        for part in range(2):
            found.science.write(f"alerts/ours/{night}", f"{part:03d}", rows(night + part))
    found.science.write("alerts/theirs/20250104", "000", rows(7, 20))
    return found


def matching(text_below: float, *seeds: int) -> int:
    """How many rows are below a value, counted one by one."""
    return sum(1 for seed in seeds for v in rows(seed).column("a").to_pylist() if v is not None and v < text_below)


def test_the_latest_complete_night_of_each_survey_is_counted(world: World) -> None:
    ours, theirs = world.shares("a < 0.3")
    n = matching(0.3, 20250102, 20250103)
    assert (ours.survey, ours.night, ours.rows, ours.matched) == ("ours", 20250102, 2 * ROWS, n)
    assert ours.share == n / (2 * ROWS)
    assert (theirs.rows, theirs.share) == (20, None)
    assert f"{n} of {2 * ROWS} alerts" in str(ours)
    assert "says little" in str(theirs)
    assert LEAST > 20


def test_a_large_night_is_judged_by_files_spread_over_it_always_the_same(world: World) -> None:
    seeds = range(100, 100 + 4 * FILES + 1)
    for number, seed in enumerate(seeds):
        world.science.write("alerts/ours/20250102", f"{number:03d}", rows(seed))
    first, again = (world.shares("a < 0.3")[0] for _ in range(2))
    assert first == again
    assert first.rows <= FILES * ROWS
    assert first.matched == matching(0.3, *seeds[::5])


def test_what_the_archive_does_not_keep_is_said_and_not_taken_for_no_match(world: World) -> None:
    ours, theirs = world.shares("a < 0.3 or new > 1")
    assert (ours.share, ours.missing, theirs.missing) == (None, ("new",), ("new",))
    assert str(ours) == "night 20250102 of ours could not be judged: its archived rows have no new"


def test_a_column_that_another_survey_alone_has_is_null_as_it_was(world: World) -> None:
    ours, theirs = world.shares("a < 0.3 or theirs_x > 1")
    assert ours.share == matching(0.3, 20250102, 20250103) / (2 * ROWS)
    assert theirs.missing == ("theirs_x",)


def test_a_home_with_one_night_that_is_open_has_no_reference(world: World) -> None:
    world.open_nights = {"ours": 20250101}
    assert world.shares("a < 0.3") == []


def test_an_activation_that_matches_too_much_is_refused_with_the_number_unless_forced(world: World) -> None:
    control = MemoryControl()
    desk = FilterDesk(control, COLUMNS, world.nights, 0.05)
    share = matching(0.3, 20250102, 20250103) / (2 * ROWS)
    for text in ("a < 0.3", "a < 0.101"):
        desk.add(Draft("some", text))
    with pytest.raises(FilterError, match=rf"{share:.3g}\) of night 20250102 of ours match, more than 0\.05; narrow"):
        desk.activate("some", 1)
    assert control.activations() == []
    version, said = desk.activate("some")
    assert version == 2
    assert said[0].endswith("of night 20250102 of ours match")
    assert desk.activate("some", 1, force=True)[0] == 1
    assert [name for name, *_ in control.activations()] == ["some", "some"]
    fresh = FilterDesk(control, COLUMNS, World(MemoryScienceArchive(), {}).nights, 0.05)
    assert fresh.activate("some", 2)[1] == ["no complete night is here yet, so how much it matches is not known"]


def test_a_ring_of_filters_is_refused_before_it_is_kept() -> None:
    control = MemoryControl()
    desk = FilterDesk(control, COLUMNS, lambda _condition: [], 0.05)
    for name, text in (("one", "a < 0.5"), ("two", "tag('one') and a > 0.1")):
        desk.activate(name, desk.add(Draft(name, text)))
    with pytest.raises(FilterError, match="one"):
        desk.add(Draft("one", "tag('two')"))
    assert len(control.filters()) == 2


def test_an_area_in_an_example_is_what_the_example_says() -> None:
    from linnet.filters.things import Things
    from linnet.operations.filter_examples import verdicts

    condition = parse("in_area('north') and a < 0.5", COLUMNS, Things(areas=frozenset({"north"})))
    inside = Judged("inside", (("a", 0.1), ("in_area:north", True)))
    rest = (Judged("outside", (("a", 0.1), ("in_area:north", False))), Judged("not looked up", (("a", 0.1),)))
    found = verdicts(condition, Details(must_pass=(inside,), must_not=rest), COLUMNS)
    assert [(each.why, each.says, each.is_right) for each in found] == [
        ("inside", True, True),
        ("outside", False, True),
        ("not looked up", None, True),
    ]
