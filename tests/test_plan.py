"""The order of modules, what is pruned, and what one broken module costs."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pytest

from linnet.core.column import Column, real
from linnet.core.module import Module
from linnet.core.plan import Plan
from linnet.errors import ModuleError, PlanError

AVAILABLE: dict[str, Column] = {name: real(name, bits=64) for name in ("flux", "flux_err", "ztf_rb")}
BATCH = pa.RecordBatch.from_pydict({"flux": [10.0, 20.0], "flux_err": [1.0, 2.0]})


def adding(name: str, needs: tuple[str, ...], gives: tuple[str, ...]) -> Module:
    """A module that gives the sum of its needs under each name; null where any of them is null."""

    def run(*columns: pa.Array) -> Mapping[str, pa.Array]:
        rows = zip(*(c.to_pylist() for c in columns), strict=True)
        total = pa.array([None if None in row else sum(row) for row in rows], pa.float64())
        return dict.fromkeys(gives, total)

    return Module(name, run, needs, {g: real(g, bits=64) for g in gives}, "1")


def never(*columns: pa.Array) -> Mapping[str, pa.Array]:
    """A module that always fails."""
    raise ZeroDivisionError("no star in the aperture")


def quiet(broken: Module, error: Exception) -> None:
    pytest.fail(f"{broken.name} failed: {error}")


SUM = adding("sum", ("flux", "flux_err"), ("sum_flux",))
TOTAL = adding("total", ("sum_flux", "flux"), ("total_flux",))
OTHER = adding("other", ("flux",), ("other_flux",))
BROKEN = Module("broken", never, ("flux",), {"broken_flux": real("b", bits=64)}, "1")


@pytest.mark.parametrize("modules", [[TOTAL, SUM, OTHER], [OTHER, SUM, TOTAL], [SUM, TOTAL, OTHER]])
def test_modules_run_after_what_they_need_whatever_the_order_they_come_in(modules: list[Module]) -> None:
    plan = Plan(modules, AVAILABLE)
    assert [m.name for m in plan.modules] == ["other", "sum", "total"]
    assert plan.run(BATCH, quiet).to_pydict() == {
        "flux": [10.0, 20.0],
        "flux_err": [1.0, 2.0],
        "other_flux": [10.0, 20.0],
        "sum_flux": [11.0, 22.0],
        "total_flux": [21.0, 42.0],
    }


def test_a_plan_knows_what_it_gives_and_every_column_there_will_be() -> None:
    plan = Plan([SUM], AVAILABLE)
    assert set(plan.gives) == {"sum_flux"}
    assert set(plan.columns) == {*AVAILABLE, "sum_flux"}


def test_modules_nobody_asks_for_are_pruned_and_those_behind_a_wanted_one_stay() -> None:
    assert [m.name for m in Plan([SUM, TOTAL, OTHER], AVAILABLE, ["total_flux", "flux"]).modules] == ["sum", "total"]
    assert Plan([SUM, TOTAL, OTHER], AVAILABLE, []).modules == ()


def test_an_unknown_need_names_the_nearest_columns() -> None:
    with pytest.raises(PlanError, match="needs column flux_error, which nobody gives; nearest: flux_err"):
        Plan([adding("odd", ("flux_error",), ("odd_a",))], AVAILABLE)


def test_a_need_near_to_nothing_is_refused_without_a_hint() -> None:
    with pytest.raises(PlanError, match=r"which nobody gives$"):
        Plan([adding("odd", ("zzzzzzzzz",), ("odd_a",))], AVAILABLE)


def test_a_need_of_a_pruned_module_is_still_checked() -> None:
    with pytest.raises(PlanError, match="nobody gives"):
        Plan([adding("odd", ("flux_error",), ("odd_a",))], AVAILABLE, wanted=[])


def test_a_column_given_twice_names_both_givers() -> None:
    with pytest.raises(PlanError, match="sum_flux is given twice: by sum and by module again"):
        Plan([SUM, adding("again", ("flux",), ("sum_flux",))], AVAILABLE)
    with pytest.raises(PlanError, match="flux is given twice: by the survey"):
        Plan([adding("again", ("flux_err",), ("flux",))], AVAILABLE)


def test_two_modules_of_one_name_are_refused() -> None:
    with pytest.raises(PlanError, match="two modules are named sum"):
        Plan([SUM, adding("sum", ("flux",), ("sum_other",))], AVAILABLE)


def test_modules_that_need_each_other_are_refused() -> None:
    circle = [adding("a", ("b_x",), ("a_x",)), adding("b", ("a_x",), ("b_x",)), SUM]
    with pytest.raises(PlanError, match="in a circle: a, b"):
        Plan(circle, AVAILABLE)


def test_a_column_of_another_survey_comes_as_typed_nulls() -> None:
    plan = Plan([adding("rb", ("ztf_rb", "flux"), ("rb_x",))], AVAILABLE)
    assert plan.run(BATCH, quiet).column("rb_x").to_pylist() == [None, None]


def test_a_module_that_raises_costs_its_own_columns_and_one_count() -> None:
    failures: list[tuple[str, str]] = []
    plan = Plan([BROKEN, SUM, adding("after", ("broken_flux",), ("after_flux",))], AVAILABLE)
    result = plan.run(BATCH, lambda m, e: failures.append((m.name, str(e))))
    assert failures == [("broken", "no star in the aperture")]
    assert result.column("broken_flux").to_pylist() == [None, None]
    assert result.column("after_flux").to_pylist() == [None, None]
    assert result.column("sum_flux").to_pylist() == [11.0, 22.0]


def test_a_module_that_breaks_its_declaration_costs_its_own_columns_too() -> None:
    gives = {"wrong_flux": real("w", bits=64)}
    wrong = Module("wrong", lambda _: {"wrong_flux": pa.chunked_array([[1.0, 2.0]])}, ("flux",), gives, "1")
    failures: list[Exception] = []
    result = Plan([wrong, SUM], AVAILABLE).run(BATCH, lambda _, e: failures.append(e))
    assert isinstance(failures[0], ModuleError)
    assert "ChunkedArray" in str(failures[0])
    assert result.column("wrong_flux").to_pylist() == [None, None]
    assert result.column("sum_flux").to_pylist() == [11.0, 22.0]


def test_an_empty_batch_gets_the_columns_and_no_rows() -> None:
    result = Plan([SUM, TOTAL], AVAILABLE).run(BATCH.slice(0, 0), quiet)
    assert result.num_rows == 0
    assert result.schema.names == ["flux", "flux_err", "sum_flux", "total_flux"]


def test_the_batch_that_came_in_is_left_as_it_was() -> None:
    before = BATCH.to_pydict()
    Plan([SUM], AVAILABLE).run(BATCH, quiet)
    assert BATCH.to_pydict() == before
    assert BATCH.schema.names == ["flux", "flux_err"]
