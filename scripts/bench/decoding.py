"""Decoding to Arrow, the broker's columns, against fastavro on the datum alone (P3)."""

from __future__ import annotations

from bench.figures import Figure
from bench.rounds import in_turn
from bench.sample_packets import Reader, load_batch
from bench.scale import Scale
from linnet.app import wiring
from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.engines.arrivals import open_batch

CASES = (
    ("ztf", 256, ">= 80"),
    ("lsst", 256, ">= 15"),
    ("lsst", 1000, ">= 25"),
    ("lsst-long", 256, ">= 200"),
)


def figures(scale: Scale) -> list[Figure]:
    """How many times as fast as fastavro, per survey, history length and batch size."""
    return [figure for case in CASES for figure in _case(scale, *case)]


def _case(scale: Scale, kind: str, rows: int, goal: str) -> list[Figure]:
    surveys = wiring.surveys()
    schemas, wanted = SchemaCache(surveys), {s.name: s.fields() for s in surveys}
    batch = load_batch(kind, rows)
    reader = Reader(batch, scale.yardstick_packets)
    spent = in_turn(
        {
            "fastavro": (reader.alone, len(reader)),
            "decode": (lambda: decode(batch, schemas, wanted), rows),
            "vocabulary": (lambda: open_batch(batch, surveys, schemas, wanted), rows),
        },
        scale.rounds,
    )
    base, name = spent["fastavro"], f"{kind.replace('-', '_')}_{rows}"
    times = [b / d for b, d in zip(base.rounds, spent["decode"].rounds, strict=True)]
    note = f"{sum(map(len, reader.values)) / len(reader) / 1000:.0f} kB a packet"
    return [
        Figure(
            id=f"P3_{name}",
            name=f"decode {kind}, batch {rows}",
            value=sorted(times)[len(times) // 2],
            unit="x fastavro",
            goal=goal,
            cpu_us=spent["decode"].median,
            yardstick="fastavro, datum alone",
            yardstick_us=base.median,
            rounds=tuple(times),
            note=note,
        ),
        Figure(
            id=f"vocabulary_{name}",
            name=f"decode and vocabulary {kind}, batch {rows}",
            value=spent["vocabulary"].median,
            unit="us/alert",
            cpu_us=spent["vocabulary"].median,
            yardstick="fastavro, datum alone",
            yardstick_us=base.median,
            rounds=spent["vocabulary"].rounds,
            note=note,
        ),
    ]
