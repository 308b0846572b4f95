"""Faults that lie in the alerts or in the filters: rows F22 to F34 of docs/faults.md that need no service (20 s)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from corridors import PLAN, SURVEYS, Bench, in_memory
from linnet.adapters.memory_control import MemoryControl
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.memory_store import MemoryStore
from linnet.app import wiring
from linnet.app.feed import FilterFeed
from linnet.app.load import load_of
from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.checks import problems
from linnet.core.module import Module
from linnet.core.ports import FilterText
from linnet.core.tagging import enrich, evaluate
from linnet.errors import FilterError
from linnet.operations.audit import Audit, audit
from linnet.simulation.load_schedule import Schedule

SURPRISES = (math.nan, math.inf, -math.inf, -99.0, -999.0, 0.0, -0.0, 1e-38, 1e38, 360.0, -90.0, 90.0, 361.0)
BANDS = ("i", "L", "", "\u2126")
ROUNDS = 8
"""Batches of 5,000 alerts each."""

ANY_MAGNITUDE = "mag < 30 or mag >= 30"
"""True of every number, and of nothing that is none."""


def fields_of(kind: str, number: int) -> tuple[str, pa.RecordBatch]:
    """Survey and decoded fields of real packets of a kind, ten times each."""
    (batch, *_) = load_of(kind, Schedule(number, number)).batches(number)
    (name,) = (s.name for s in SURVEYS if s.name == kind)
    decoded = decode(batch, SchemaCache(SURVEYS), {s.name: s.fields() for s in SURVEYS}).alerts[name]
    (whole,) = pa.Table.from_batches([decoded.fields] * 10).combine_chunks().to_batches()
    return name, whole


def surprised(fields: pa.RecordBatch, chance: np.random.Generator) -> pa.RecordBatch:
    """The same with nonsense in a twentieth of all real numbers and bands, and a null here and there."""
    return pa.RecordBatch.from_arrays(
        [_odd(field, column, chance) for field, column in zip(fields.schema, fields.columns, strict=True)],
        schema=fields.schema,
    )


def _odd(field: pa.Field, column: pa.Array, chance: np.random.Generator) -> pa.Array:
    odd = chance.random(len(column)) < 0.05
    if pa.types.is_floating(field.type):
        values = column.to_numpy(zero_copy_only=False).copy()
        with np.errstate(over="ignore", under="ignore"):
            values[odd] = chance.choice(SURPRISES, int(odd.sum())).astype(values.dtype)
        gone = column.is_null().to_numpy(zero_copy_only=False) | (chance.random(len(column)) < 0.02)
        return pa.array(values, field.type, mask=gone)
    if field.name.endswith("fid") and pa.types.is_integer(field.type):
        return pa.array(np.where(odd, 99, column.to_numpy(zero_copy_only=False)), field.type)
    if field.name.endswith(".band") and pa.types.is_string(field.type):
        return pa.array(np.where(odd, chance.choice(BANDS, len(column)), column.to_numpy(zero_copy_only=False)))
    return column


def feed_of(texts: dict[str, str], refused: Callable[[FilterText, FilterError], None] | None = None) -> FilterFeed:
    """Active filters by name and text."""
    control = MemoryControl()
    for name, text in texts.items():
        control.set_active(name, control.add_filter(name, text, topic_line=""))
    store = MemoryStore(wiring.stored_columns(PLAN))
    return FilterFeed(control, store, PLAN, refused or (lambda _text, _error: None))


@pytest.mark.parametrize("kind", ["ztf", "lsst"])
def test_f22_no_surprise_in_a_number_or_a_band_ends_a_module_or_makes_a_filter_true(kind: str) -> None:
    name, fields = fields_of(kind, 500)
    (survey,) = (each for each in SURVEYS if each.name == name)
    chance = np.random.default_rng(1)
    filters, failed = feed_of({"any": ANY_MAGNITUDE})(), list[str]()
    store = MemoryStore(wiring.stored_columns(PLAN))

    def note(module: Module, error: Exception) -> None:
        failed.append(f"{module}: {error!r}")

    refused = passed = 0
    for _ in range(ROUNDS):
        alerts = survey.columns(surprised(fields, chance))
        usable = alerts.filter(problems(alerts).is_null())
        refused += alerts.num_rows - usable.num_rows
        ra, dec = (usable.column(each).to_numpy() for each in ("ra", "dec"))
        assert ((ra >= 0) & (ra <= 360) & (dec >= -90) & (dec <= 90)).all()
        rows = enrich(survey, usable, 20261103, store, PLAN, note)
        tags = evaluate(filters, rows, PLAN.columns)
        mag = rows.column("mag").to_numpy(zero_copy_only=False).astype(float)
        assert tags.num_rows == np.isfinite(mag).sum()
        passed += tags.num_rows
    assert failed == []
    assert refused > 100
    assert passed > 1000


def account(bench: Bench) -> Audit:
    found = audit(bench.store, bench.control, bench.raw, deep=True)
    assert found.problems == []
    return found


@pytest.mark.parametrize("kind", ["ztf", "lsst"])
def test_f23_everything_sent_twice_is_stored_once_and_costs_less_than_the_first_time(kind: str) -> None:
    (once,) = (pa.Table.from_batches(load_of(kind, Schedule(400, 400)).batches()).combine_chunks().to_batches(),)
    bench = in_memory()
    costs = []
    for _ in range(2):
        begun = time.process_time()
        engine = bench.engine()
        engine.run([MemorySource(tuple(once))], resume=False)
        costs.append(time.process_time() - begun)
    found = account(bench)
    assert (found.received, found.archived, found.duplicates) == (800, 400, 400)
    # A tenth more than the first time would be the limit; a repeat is neither enriched nor archived.
    assert costs[1] < 1.1 * costs[0]


def test_f34_a_hundred_broken_filters_are_left_out_and_told_and_cost_the_others_nothing() -> None:
    broken = {f"broken_{n}": f"a_column_of_release_{n} > {n}" for n in range(98)}
    broken |= {"wrong_type": "band + 1 > 2", "no_boolean": "mag + 1"}
    sound = {"any": ANY_MAGNITUDE, "bright": "mag < 19"}
    told: list[str] = []
    mixed, alone = feed_of({**broken, **sound}, lambda text, _error: told.append(text.name)), feed_of(sound)
    _, fields = fields_of("ztf", 200)
    rows = SURVEYS[0].columns(fields)
    one, other = (evaluate(feed(), rows, PLAN.columns) for feed in (mixed, alone))
    assert one.equals(other)
    assert one.num_rows > 0
    assert sorted(told) == sorted(broken)
