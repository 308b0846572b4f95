"""CPU per alert of each part of the corridor, beside a yardstick of the same run: fastavro decoding the same packets.

    make bench

The packets are the samples, repeated under fresh identities only where a part needs it: here every part sees them once
per round, in a new home. Absolute figures belong to the machine; the ratios are what to compare.
"""

from __future__ import annotations

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import fastavro
import pyarrow as pa

from linnet.app import wiring
from linnet.app.config import Settings
from linnet.app.home import create
from linnet.core.accounting import Ledger
from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.envelope import Message, envelopes
from linnet.core.tagging import enrich, evaluate
from linnet.engines.arrivals import Arrivals, open_batch
from linnet.engines.local import LocalEngine

ROUNDS = 5
SAMPLES = Path(__file__).parent.parent / "samples"


def packets(survey: str) -> pa.RecordBatch:
    """The sample packets of one survey that are Avro containers, as envelopes."""
    paths = sorted(p for p in (SAMPLES / survey).rglob("*") if p.is_file())
    rows = [(p, p.read_bytes()) for p in paths]
    containers = [(p, value) for p, value in rows if value.startswith(b"Obj\x01")]
    return envelopes([Message(v, survey, 0, i, p.name.encode()) for i, (p, v) in enumerate(containers)])


def cpu(work: Callable[[], object], alerts: int) -> list[float]:
    """CPU microseconds per alert of each round, the first one thrown away."""
    spent = []
    for _ in range(ROUNDS + 1):
        started = time.process_time()
        work()
        spent.append((time.process_time() - started) * 1e6 / alerts)
    return spent[1:]


def yardstick(batch: pa.RecordBatch) -> int:
    """Decode every packet with fastavro; gives the number of alerts."""
    values = batch.column("value").to_pylist()
    return sum(1 for value in values for _ in fastavro.reader(io.BytesIO(value)))


def parts(batch: pa.RecordBatch) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    surveys = wiring.surveys()
    schemas = SchemaCache(surveys)
    wanted = {s.name: s.fields() for s in surveys}
    plan = wiring.plan()
    (arrivals,) = open_batch(batch, surveys, schemas, wanted).arrivals
    with (
        tempfile.TemporaryDirectory() as folder,
        wiring.writer(create(Path(folder) / "h"), Settings()) as (inside, corridor),
    ):
        filters = corridor.filters()
        enriched = enrich(arrivals.survey, arrivals.alerts, 99991231, inside.store, plan, lambda _m, _e: None)
    return {
        "fastavro (yardstick)": lambda: yardstick(batch),
        "decode, strictly, to Arrow": lambda: decode(batch, schemas, wanted),
        "decode + vocabulary": lambda: open_batch(batch, surveys, schemas, wanted),
        "modules": lambda: plan.run(
            enriched.select(arrivals.alerts.schema.names + _history(enriched)), lambda _m, _e: None
        ),
        "filters": lambda: evaluate(filters, enriched, plan.columns),
        "ledger": lambda: _count(arrivals),
        "whole corridor, committed and delivered": lambda: whole(batch),
    }


def whole(batch: pa.RecordBatch) -> None:
    """One batch into a new home."""
    with (
        tempfile.TemporaryDirectory() as folder,
        wiring.writer(create(Path(folder) / "h"), Settings()) as (_, corridor),
    ):
        engine = LocalEngine(corridor)
        engine.take(batch, ())
        engine.finish()


def _history(batch: pa.RecordBatch) -> list[str]:
    counted = ("n_", "first_mjd", "last_", "age")
    return [n for n in batch.schema.names if n.startswith("hist_") or n.startswith(counted)]


def _count(arrivals: Arrivals) -> None:
    ledger = Ledger()
    ledger.through(("decode", "check", "archive", "plan", "filter", "store"), arrivals.origins)
    ledger.table()


def main() -> None:
    """Print one table per survey."""
    out = sys.stdout.write
    out(
        f"CPU microseconds per alert, {ROUNDS} rounds: median (min to max), and the ratio to fastavro in the same run\n"
    )
    for survey in ("ztf", "lsst"):
        batch = packets(survey)
        alerts = yardstick(batch)
        size = sum(len(v) for v in batch.column("value").to_pylist()) / alerts / 1000
        out(f"\n{survey}: {alerts} alerts, {size:.0f} kB each\n")
        base = 0.0
        for name, work in parts(batch).items():
            spent = cpu(work, alerts)
            median = statistics.median(spent)
            base = base or median
            out(f"  {name:<42}{median:9.0f}  ({min(spent):.0f} to {max(spent):.0f})  {median / base:6.2f}\n")


if __name__ == "__main__":
    main()
