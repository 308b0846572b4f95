"""A thousand generated filters on a batch of 256."""

from __future__ import annotations

from bench.enriched import add_filters, enriched, home
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


def texts(kind: str, number: int) -> list[str]:
    """Generated filters about alerts of a kind."""
    ground = enriched(kind, GROUND if kind != "lsst-long" else ROWS)
    return Author(ground.survey, ground.whole, wiring.plan().columns).filters(number)


def figures(scale: Scale) -> list[Figure]:
    """CPU of all filters together, per batch."""
    return [_figure(scale, kind) for kind in ("ztf", "lsst")]


def _figure(scale: Scale, kind: str) -> Figure:
    written, batch = texts(kind, scale.filters), enriched(kind, ROWS).whole
    reader = Reader(load_batch(kind, scale.yardstick_packets), scale.yardstick_packets)
    columns = wiring.plan().columns
    with home() as (parts, corridor):
        add_filters(parts.control, written)
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
