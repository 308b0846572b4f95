"""CPU of a thousand generated filters on batches of real alerts: all together, and each by itself, in the same run.

    make bench-filters

Alerts are the samples with all their columns, repeated to the size of the batch. For each survey all filters are about
that survey. Writes `bench/filters.json`: the slower survey's figures as `ms_1000x256` and `seconds_1000x10000`.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from bench import packets
from generated_filters import Ground, population

from linnet.adapters.memory_store import MemoryStore
from linnet.app import wiring
from linnet.core.avro_schema import SchemaCache
from linnet.core.plan import Plan
from linnet.core.tagging import enrich, evaluate
from linnet.engines.arrivals import open_batch
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.tree import walk

FILTERS = 1000
TURNS = 15
GOALS = {"ms_1000x256": 15.0, "seconds_1000x10000": 0.3}
TARGET = Path(__file__).parent.parent / "bench" / "filters.json"


def alerts(survey: str, plan: Plan) -> pa.RecordBatch:
    """The samples of a survey with every column there is."""
    surveys = wiring.surveys()
    wanted = {s.name: s.fields() for s in surveys}
    (arrivals,) = open_batch(packets(survey), surveys, SchemaCache(surveys), wanted).arrivals
    store = MemoryStore(wiring.stored_columns(plan))
    return enrich(arrivals.survey, arrivals.alerts, 99991231, store, plan, lambda _module, _error: None)


def repeated(batch: pa.RecordBatch, length: int) -> pa.RecordBatch:
    """Rows again and again up to a length."""
    return batch.take(pa.array(np.arange(length) % batch.num_rows))


def cpu(work: Callable[[], object], turns: int = TURNS) -> list[float]:
    """CPU seconds of each turn, after one that is thrown away."""
    work()
    spent = []
    for _ in range(turns):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return spent


def separately(filters: list[NamedFilter], plan: Plan, batch: pa.RecordBatch) -> list[tuple[int, int]]:
    """Row and filter of every hit, each filter evaluated by itself."""
    present, n = set(batch.schema.names), batch.num_rows

    def look_up(name: str) -> pa.Array:
        return batch.column(name) if name in present else plan.columns[name].empty(n)

    verdicts = [f.condition.evaluate(look_up, n).fill_null(False).to_numpy(zero_copy_only=False) for f in filters]
    rows, places = np.nonzero(np.array(verdicts).T)
    return list(zip(rows.tolist(), places.tolist(), strict=True))


def measure(survey: str, plan: Plan) -> dict[str, Any]:
    """The figures of one survey."""
    samples = alerts(survey, plan)
    started = time.process_time()
    filters = population(Ground.of(survey, samples), plan.columns, FILTERS)
    reading, started = time.process_time() - started, time.process_time()
    together, tenth = FilterSet(filters), FilterSet(filters[: FILTERS // 10])
    compiling = time.process_time() - started
    few, many = repeated(samples, 256), repeated(samples, 10_000)
    tags = evaluate(together, few, plan.columns)
    alone = separately(filters, plan, few)
    if tags.column("filter").to_pylist() != [filters[place].name for _, place in alone]:
        raise SystemExit(f"{survey}: filters together and alone disagree")
    spent = cpu(lambda: evaluate(together, few, plan.columns))
    least = cpu(lambda: evaluate(tenth, few, plan.columns))
    many_spent = cpu(lambda: evaluate(together, many, plan.columns))
    apart = cpu(lambda: separately(filters, plan, few), 3)
    return {
        "ms_1000x256": round(statistics.median(spent) * 1e3, 2),
        "ms_1000x256_least_most": [round(min(spent) * 1e3, 2), round(max(spent) * 1e3, 2)],
        "seconds_1000x10000": round(statistics.median(many_spent), 4),
        "ms_100x256": round(statistics.median(least) * 1e3, 2),
        "ms_1000x256_each_alone": round(statistics.median(apart) * 1e3, 1),
        "times_faster_than_alone": round(statistics.median(apart) / statistics.median(spent), 1),
        "match_share": round(tags.num_rows / FILTERS / few.num_rows, 5),
        "nodes_per_filter": round(sum(1 for f in filters for _ in walk(f.condition.tree)) / FILTERS, 1),
        "columns": len(together.needs),
        "distinct": together.sizes,
        "seconds_reading": round(reading, 1),
        "seconds_compiling": round(compiling, 2),
    }


def main() -> None:
    """Measure, print and write."""
    plan = wiring.plan()
    found = {survey: measure(survey, plan) for survey in ("ztf", "lsst")}
    figures: dict[str, Any] = {k: max(f[k] for f in found.values()) for k in GOALS}
    figures["met"] = all(figures[k] <= goal for k, goal in GOALS.items())
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps({**figures, "goals": GOALS, "surveys": found}, indent=2) + "\n")
    sys.stdout.write(TARGET.read_text())


if __name__ == "__main__":
    main()
