"""What every science module keeps, shown on real packets of both surveys for each module that the registry finds.

A new module is under this contract as soon as its file exists.
"""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import real_alerts
from linnet.core.module import Module, declaration
from linnet.core.plan import Plan
from linnet.science.registry import modules

EVERY = [pytest.param(each, id=each.name) for each in modules()]

pytestmark = pytest.mark.parametrize("each", EVERY)


def inputs(folder: Path, each: Module) -> list[pa.RecordBatch]:
    """For each survey the columns that a module needs, those of modules before it included."""
    behind = Plan(modules(), real_alerts.AVAILABLE, wanted=each.gives)
    found = []
    for read in (real_alerts.ztf, real_alerts.lsst):
        batch = behind.run(read(folder)[1], _fails)
        arrays = [batch.column(n) if n in batch.schema.names else _nulls(behind, n, batch) for n in each.needs]
        found.append(pa.RecordBatch.from_arrays(arrays, names=list(each.needs)))
    return found


def run(each: Module, batch: pa.RecordBatch) -> dict[str, pa.Array]:
    return each.run(batch.columns, batch.num_rows)


def assert_same(each: Module, found: dict[str, pa.Array], wanted: dict[str, pa.Array]) -> None:
    """Bit for bit: results recorded in one batch are verified in another."""
    for name in each.gives:
        assert found[name].equals(wanted[name]), name


def test_it_says_what_it_is(each: Module) -> None:
    assert declaration(each.function) is each
    assert each.version
    assert each.needs
    assert each.gives
    assert each.function.__doc__
    assert "Returns:" in each.function.__doc__, "the docstring says what comes back and when it is null"
    for name, column in each.gives.items():
        assert column.doc.endswith("."), f"{name}: one sentence, with its full stop"
        assert not column.is_list, f"{name}: modules give scalars"
        assert column.nullable, name


def test_its_needs_are_columns_that_exist(each: Module) -> None:
    assert each.name in {m.name for m in Plan(modules(), real_alerts.AVAILABLE).modules}


def test_it_pickles_by_reference(each: Module) -> None:
    packed = pickle.dumps(each.function)
    assert pickle.loads(packed) is each.function  # noqa: S301 - our own bytes, this is how Spark ships a function
    assert len(packed) < 200, "a reference, not the code"


def test_types_and_lengths_are_as_declared_and_something_is_said(each: Module, samples: Path) -> None:
    said = 0
    for batch in inputs(samples, each):
        found = run(each, batch)
        assert {n: a.type for n, a in found.items()} == {n: c.type for n, c in each.gives.items()}
        assert {len(a) for a in found.values()} == {batch.num_rows}
        said += sum(len(a) - a.null_count for a in found.values())
    assert said > 0, "null on every real packet"


def test_null_is_null_and_never_nan_or_a_sentinel(each: Module, samples: Path) -> None:
    for batch in inputs(samples, each):
        for name, array in run(each, batch).items():
            if pa.types.is_floating(array.type):
                assert pc.all(pc.is_finite(array), min_count=0).as_py(), name
                assert not pc.any(pc.is_in(array, pa.array([-1, -99, -999, -9999], array.type)), min_count=0).as_py()
            if pa.types.is_string(array.type):
                assert not set(array.to_pylist()) & {"nan", "None", "null", "Unknown"}, name


def test_where_nothing_is_given_nothing_is_said(each: Module) -> None:
    behind = Plan(modules(), real_alerts.AVAILABLE).columns
    found = each.run([behind[n].empty(3) for n in each.needs], 3)
    assert {name: array.null_count for name, array in found.items()} == dict.fromkeys(each.gives, 3)


def test_an_empty_batch_gives_empty_columns(each: Module, samples: Path) -> None:
    behind = Plan(modules(), real_alerts.AVAILABLE).columns
    assert {len(a) for a in each.run([behind[n].empty(0) for n in each.needs], 0).values()} == {0}
    for batch in inputs(samples, each):
        assert {len(a) for a in run(each, batch.slice(1, 0)).values()} == {0}


def test_each_alert_alone_gives_its_row(each: Module, samples: Path) -> None:
    for batch in inputs(samples, each):
        whole = run(each, batch)
        for i in range(batch.num_rows):
            assert_same(each, run(each, batch.slice(i, 1)), {n: a.slice(i, 1) for n, a in whole.items()})


def test_split_anywhere_it_gives_the_same_rows(each: Module, samples: Path) -> None:
    rng = np.random.default_rng(3)
    for batch in inputs(samples, each):
        whole = run(each, batch)
        for _ in range(20):
            cuts = [0, *sorted(rng.integers(0, batch.num_rows + 1, 3).tolist()), batch.num_rows]
            parts = [run(each, batch.slice(a, b - a)) for a, b in itertools.pairwise(cuts)]
            assert_same(each, {n: pa.concat_arrays([p[n] for p in parts]) for n in each.gives}, whole)


def test_in_any_order_and_twice_it_gives_the_same_rows(each: Module, samples: Path) -> None:
    rng = np.random.default_rng(4)
    for batch in inputs(samples, each):
        whole = run(each, batch)
        order = pa.array(np.concatenate([rng.permutation(batch.num_rows), np.arange(batch.num_rows)]))
        assert_same(each, run(each, batch.take(order)), {n: a.take(order) for n, a in whole.items()})


def test_another_dictionary_of_codes_gives_the_same_rows(each: Module, samples: Path) -> None:
    for batch in inputs(samples, each):
        recoded = pa.RecordBatch.from_arrays([_recoded(c) for c in batch.columns], names=batch.schema.names)
        assert_same(each, run(each, recoded), run(each, batch))


def test_the_shared_packets_pass_too(each: Module, shared_data: Path) -> None:
    rng = np.random.default_rng(5)
    for batch in inputs(shared_data, each):
        whole = run(each, batch)
        order = pa.array(rng.permutation(batch.num_rows))
        assert_same(each, run(each, batch.take(order)), {n: a.take(order) for n, a in whole.items()})
        floats = [a for a in whole.values() if pa.types.is_floating(a.type)]
        assert all(pc.all(pc.is_finite(a), min_count=0).as_py() for a in floats)


def _fails(broken: Module, error: Exception) -> None:
    raise AssertionError(f"{broken.name} failed") from error


def _nulls(plan: Plan, name: str, batch: pa.RecordBatch) -> pa.Array:
    return plan.columns[name].empty(batch.num_rows)


def _recoded(column: pa.Array) -> pa.Array:
    """The same values behind a dictionary in reverse order with one entry that nobody uses."""
    if pa.types.is_list(column.type) and pa.types.is_dictionary(column.type.value_type):
        return pa.ListArray.from_arrays(column.offsets, _recoded(column.values), mask=column.is_null())
    if not pa.types.is_dictionary(column.type):
        return column
    names = ["nobody", *reversed(column.dictionary.to_pylist())]
    codes = pc.index_in(column.cast(pa.string()), pa.array(names, pa.string())).cast(pa.int32())
    indices = pa.array(codes.to_pylist(), pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string()))
