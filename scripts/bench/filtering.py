"""A thousand generated filters on a batch of 256."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.cache import cached
from bench.enriched import enriched, home
from bench.figures import Figure
from bench.generated import Author
from bench.rounds import in_turn
from bench.sample_packets import Reader, load_batch
from bench.scale import Scale
from linnet.app import wiring
from linnet.core.tagging import evaluate

ROWS = 256
GROUND = 1000
"""Alerts that the filters are drawn over."""


def control(kind: str, number: int) -> Path:
    """A control database in which so many generated filters are active beside those that ship; kept between runs."""
    columns = sorted(wiring.plan().columns)
    return cached(f"control-{kind}-{number}.db", [*columns], lambda path: _write(path, kind, number))


def _write(path: Path, kind: str, number: int) -> None:
    rows = GROUND if kind != "lsst-long" else ROWS
    ground = enriched(kind, rows, objects=rows // 2)
    texts = Author(ground.survey, ground.whole, wiring.plan().columns).filters(number)
    with home() as (parts, corridor):
        for place, text in enumerate(texts):
            name = f"generated_{place:04d}"
            version = parts.control.add_filter(name, text, topic_line="generated for a measurement")
            parts.control.set_active(name, version)
        corridor.filters()
        place_of = parts.home.control
        parts.control.close()
        shutil.copyfile(place_of, path)


def figures(scale: Scale) -> list[Figure]:
    """CPU of all filters together, per batch."""
    return [_figure(scale, kind) for kind in ("ztf", "lsst")]


def _figure(scale: Scale, kind: str) -> Figure:
    batch = enriched(kind, ROWS, objects=ROWS // 2).whole
    reader = Reader(load_batch(kind, scale.yardstick_packets), scale.yardstick_packets)
    columns = wiring.plan().columns
    with home(control(kind, scale.filters)) as (_, corridor):
        filters = corridor.filters()
        spent = in_turn(
            {"fastavro": (reader.alone, len(reader)), "filters": (lambda: evaluate(filters, batch, columns), ROWS)},
            scale.rounds,
        )
        tags = evaluate(filters, batch, columns).num_rows
    each = spent["filters"]
    return Figure(
        id=f"filters_{kind}",
        name=f"{scale.filters} filters on {ROWS} alerts, {kind}",
        value=each.median * ROWS / 1000,
        unit="ms CPU",
        goal="<= 15",
        cpu_us=each.median,
        yardstick="fastavro, datum alone",
        yardstick_us=spent["fastavro"].median,
        rounds=tuple(r * ROWS / 1000 for r in each.rounds),
        note=f"{tags / ROWS / scale.filters:.2%} of the pairs match",
    )
