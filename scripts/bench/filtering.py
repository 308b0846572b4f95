"""A thousand generated filters, together and each alone, on batches of 256 and 10,000."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.cache import cached
from bench.enriched import ground, home
from bench.figures import Figure
from bench.generated import Ground, population
from bench.nights import nights
from bench.rounds import Spent, in_turn
from bench.sample_packets import Reader, load_batch
from bench.scale import Scale
from linnet.app import wiring
from linnet.core.plan import Plan
from linnet.core.tagging import evaluate
from linnet.filters.language import Filter, parse

ROWS, MANY = 256, 10_000
HELD_OUT = {"ztf": 4000, "lsst": 4000, "lsst-long": 1000}
"""Alerts that the filters' bounds are set by: the fields of whole runs, but other objects there."""

ALONE_TURNS = 2


def control(kind: str, number: int) -> Path:
    """A control database in which so many filters are active: those that ship, filled up; kept between runs."""
    columns = sorted(wiring.plan().columns)
    return cached(f"filters-{kind}-{number}.db", [*columns], lambda path: _write(path, kind, number))


def _write(path: Path, kind: str, number: int) -> None:
    rows = HELD_OUT[kind]
    held_out = Ground.of(*ground(kind, nights(rows, rows // 2, 2)))
    with home() as (parts, corridor):
        shipped = len(parts.control.filters(active=True))
        for each in population(held_out, parts.plan.columns, number - shipped):
            version = parts.control.add_filter(each.name, each.condition.text, topic_line="generated for a measurement")
            parts.control.set_active(each.name, version)
        corridor.filters()
        place_of = parts.home.control
        parts.control.close()
        shutil.copyfile(place_of, path)


def figures(scale: Scale) -> list[Figure]:
    """CPU of all filters together, per batch, beside each of them alone."""
    return [figure for kind in ("ztf", "lsst") for figure in _figures(scale, kind)]


def _figures(scale: Scale, kind: str) -> list[Figure]:
    batch, plan = ground(kind, nights(ROWS, ROWS // 2, 2))[1], wiring.plan()
    many = batch.take(pa.array(np.arange(MANY) % batch.num_rows))
    with home(control(kind, scale.filters)) as (parts, corridor):
        filters = corridor.filters()
        single = [parse(each.text, plan.columns) for each in parts.control.filters(active=True)]
    tags = evaluate(filters, batch, plan.columns)
    if tags.num_rows != _apart(single, batch, plan):
        raise RuntimeError(f"filters on {kind} together and each alone do not agree: the figures would mean nothing")
    reader = Reader(load_batch(kind, scale.yardstick_packets), scale.yardstick_packets)
    spent = in_turn(
        {
            "fastavro": (reader.alone, len(reader)),
            "few": (lambda: evaluate(filters, batch, plan.columns), ROWS),
            "many": (lambda: evaluate(filters, many, plan.columns), MANY),
        },
        scale.rounds,
    )
    apart = in_turn({"apart": (lambda: _apart(single, batch, plan), ROWS)}, ALONE_TURNS)["apart"]
    note = f"{len(single)} filters; {tags.num_rows / ROWS / len(single):.2%} of the pairs match"
    few = _figure("", kind, spent["few"], note).beside(
        spent["few"].least, "fastavro, datum alone", spent["fastavro"].least
    )
    large = _figure("_10000", kind, spent["many"], "the same alerts again and again")
    return [few, large.beside(spent["many"].least, "each filter alone", apart.least)]


def _figure(end: str, kind: str, spent: Spent, note: str) -> Figure:
    rows, goal = (MANY, "<= 300") if end else (ROWS, "<= 15")
    return Figure(
        id=f"filters_{kind}{end}",
        name=f"all filters on {rows} alerts, {kind}",
        value=spent.least * rows / 1000,
        unit="ms CPU",
        goal=goal,
        rounds=tuple(r * rows / 1000 for r in spent.rounds),
        note=note,
    )


def _apart(single: Sequence[Filter], batch: pa.RecordBatch, plan: Plan) -> int:
    """How many pairs match, each filter evaluated by itself."""
    present, rows = set(batch.schema.names), batch.num_rows

    def look_up(name: str) -> pa.Array:
        return batch.column(name) if name in present else plan.columns[name].empty(rows)

    return sum(each.evaluate(look_up, rows).true_count for each in single)
