"""The science modules, each by itself and the chain, on batches of real size."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa

from bench.enriched import enriched
from bench.figures import Figure
from bench.rounds import Work, in_turn
from bench.sample_packets import Reader, load_batch
from bench.scale import Scale
from linnet.app import wiring
from linnet.core.column import Column
from linnet.core.module import Module

ROWS = {"ztf": 1000, "lsst-long": 128}
CHAIN, YARDSTICK = "the chain", "fastavro"


def figures(scale: Scale) -> list[Figure]:
    """Alerts per second of every module and of all together, one core."""
    return [figure for kind, rows in ROWS.items() for figure in _kind(scale, kind, rows)]


def _kind(scale: Scale, kind: str, rows: int) -> list[Figure]:
    plan, batch = wiring.plan(), enriched(kind, rows)
    reader = Reader(load_batch(kind, min(rows, scale.yardstick_packets)), scale.yardstick_packets)
    works: dict[str, Work] = {
        YARDSTICK: (reader.alone, len(reader)),
        CHAIN: (lambda: plan.run(batch.joined, _raise), rows),
    }
    works |= {m.name: (_alone(m, batch.whole, plan.columns), rows) for m in plan.modules}
    spent = in_turn(works, scale.rounds)
    base = spent.pop(YARDSTICK)
    return [
        Figure(
            id=f"modules_{'chain' if name == CHAIN else name}_{kind.replace('-', '_')}",
            name=f"{name if name == CHAIN else f'module {name}'}, {kind}",
            value=1e6 / max(each.least, 1e-3),
            unit="alerts/s",
            cpu_us=each.least,
            yardstick="fastavro, datum alone",
            yardstick_us=base.least,
            rounds=tuple(1e6 / max(r, 1e-3) for r in each.rounds),
            note=f"batch of {rows}",
        )
        for name, each in spent.items()
    ]


def _alone(module: Module, batch: pa.RecordBatch, columns: Mapping[str, Column]) -> Callable[[], object]:
    rows = batch.num_rows
    there = set(batch.schema.names)
    given = [batch.column(n) if n in there else columns[n].empty(rows) for n in module.needs]
    return lambda: module.run(given, rows)


def _raise(module: Module, error: Exception) -> None:
    raise RuntimeError(f"module {module.name} failed while it was measured") from error
