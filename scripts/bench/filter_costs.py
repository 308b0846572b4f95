"""What filters cost: `python -m bench.filter_costs` writes `bench/filters.json`.

A thousand generated filters on 256 and on 10,000 alerts, in the mean passing 0.2 % of them; the same a hundred and ten
at a time, because what they share makes each of a thousand cheaper; and the largest filter that a text can be.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bench.enriched import ground
from bench.filtering import HELD_OUT, MANY, ROWS
from bench.generated import Ground, population
from bench.machine import machine
from bench.nights import nights
from bench.rounds import Work, in_turn
from linnet.app import wiring
from linnet.core.plan import Plan
from linnet.core.tagging import evaluate
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.language import parse

PLACE = Path(__file__).parent.parent.parent / "bench" / "filters.json"
KINDS = ("ztf", "lsst")
NUMBERS = (10, 100, 1000)
LARGEST = "largest"
TERMS = 19
"""Groups of the largest filter: 19 columns, constants and operations each. With the rest and every `or` it has 395."""


def measure(rounds: int) -> dict[str, Any]:
    """All figures; those of both surveys' alerts are the worse of the two."""
    kinds = {kind: _kind(kind, rounds) for kind in KINDS}
    return {
        "ms_1000x256": max(k["ms"][f"1000x{ROWS}"] for k in kinds.values()),
        "seconds_1000x10000": round(max(k["ms"][f"1000x{MANY}"] for k in kinds.values()) / 1000, 4),
        "ms_395_nodes_10000": max(k["ms"][LARGEST] for k in kinds.values()),
        "goals": {"ms_1000x256": "<= 15", "seconds_1000x10000": "<= 0.3", "ms_395_nodes_10000": "<= 20"},
        "kinds": kinds,
        "machine": machine(),
    }


def _kind(kind: str, rounds: int) -> dict[str, Any]:
    plan = wiring.plan()
    held_out = Ground.of(*ground(kind, nights(HELD_OUT[kind], HELD_OUT[kind] // 2, 2)))
    batch = ground(kind, nights(ROWS, ROWS // 2, 2))[1]
    many = batch.take(pa.array(np.arange(MANY) % batch.num_rows))
    filters = population(held_out, plan.columns, max(NUMBERS))
    sets = {number: FilterSet(filters[:number]) for number in NUMBERS}
    largest = _largest(plan)
    works: dict[str, Work] = {}
    for number, together in sets.items():
        works |= {f"{number}x{b.num_rows}": (_judge(together, b, plan), b.num_rows) for b in (batch, many)}
    works[LARGEST] = (_judge(FilterSet([largest]), many, plan), MANY)
    _check(sets[max(NUMBERS)], filters, batch, plan)
    spent = in_turn(works, rounds)
    ms = {name: round(each.least * works[name][1] / 1000, 3) for name, each in spent.items()}
    return {
        "ms": ms,
        "us_per_filter": {name: round(ms[name] * 1000 / int(name.split("x")[0]), 2) for name in ms if name != LARGEST},
        "distinct": {str(number): each.sizes for number, each in sets.items()},
        "share": round(evaluate(sets[max(NUMBERS)], many, plan.columns).num_rows / MANY / max(NUMBERS), 5),
    }


def _judge(filters: FilterSet, batch: pa.RecordBatch, plan: Plan) -> Any:
    return lambda: evaluate(filters, batch, plan.columns)


def _largest(plan: Plan) -> NamedFilter:
    """A filter of 395 nodes in which nothing is said twice, nothing is decided early, and arithmetic is asked for."""
    groups = [
        f"sqrt(abs(flux - {k})) + ln(abs(ra) + {k + 1}) * {k} > greatest(mag, dec / {k + 2})" for k in range(TERMS)
    ]
    text = " or ".join([*groups, "mag < 1", "ra < 0", "dec < -90", "is_moving", "is_positive"])
    return NamedFilter(LARGEST, 1, parse(text, plan.columns))


def _check(together: FilterSet, filters: Sequence[NamedFilter], batch: pa.RecordBatch, plan: Plan) -> None:
    """Raise where filters together and each alone disagree: the figures would mean nothing."""
    present = set(batch.schema.names)

    def look_up(name: str) -> pa.Array:
        return batch.column(name) if name in present else plan.columns[name].empty(batch.num_rows)

    apart = sum(each.condition.evaluate(look_up, batch.num_rows).true_count for each in filters)
    if evaluate(together, batch, plan.columns).num_rows != apart:
        raise RuntimeError("filters together and each alone do not agree: the figures would mean nothing")


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="bench.filter_costs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    found = measure(parser.parse_args(arguments).rounds)
    PLACE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps({k: v for k, v in found.items() if k != "machine"}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
