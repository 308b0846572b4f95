"""Filters that ask the light curve, one, ten and a hundred, beside plain numpy that computes one number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.enriched import enriched
from bench.figures import Figure
from bench.rounds import Work, in_turn
from bench.scale import Scale
from linnet.app import wiring
from linnet.core.lists import bands_of, floats_of, kinds_of, row_of
from linnet.core.plan import Plan
from linnet.core.tagging import evaluate
from linnet.core.vocabulary import BANDS, DETECTION
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.language import parse

ROWS = {"ztf": 500, "lsst-long": 128}
MANY = 4096
NUMBERS = (1, 10, 100)
BRIGHT = 0.02
"""Share of alerts that the clause beside a function leaves, where there is one."""

FUNCTIONS = ("mean(lc.flux", "count(lc", "max(lc.mag", "slope(lc.mag", "median(forced.flux", "std(lc.snr")
DAYS = (10, 2, 5, 20, 30, 60, 90)
YARDSTICK = "plain numpy, one mean"


def figures(scale: Scale) -> list[Figure]:
    """CPU per alert of filters on light curves of ZTF and of LSST's second year."""
    return [figure for kind, rows in ROWS.items() for figure in _kind(scale, kind, rows)]


def _kind(scale: Scale, kind: str, rows: int) -> list[Figure]:
    plan, batch = wiring.plan(), enriched(kind, rows).whole
    wanted = ["alert_id", "mjd", "mag", *(n for n in batch.schema.names if n.startswith("hist_"))]
    many = batch.select(wanted).take(pa.array(np.arange(MANY) % rows))
    _check(many, plan)
    bound = np.nanquantile(many.column("mag").to_numpy(zero_copy_only=False), BRIGHT)
    sets = {f"{n} functions": _together([f"{_text(k)} > 1" for k in range(n)], plan) for n in NUMBERS}
    few = [f"mag < {bound + k / 1e4:.5f} and {_text(k)} > 1" for k in range(NUMBERS[-1])]
    sets[f"{NUMBERS[-1]} functions where mag leaves {BRIGHT:.0%}"] = _together(few, plan)
    works: dict[str, Work] = {YARDSTICK: (lambda: _mean(many), MANY)}
    works |= {name: (_judging(filters, many, plan), MANY) for name, filters in sets.items()}
    spent = in_turn(works, scale.rounds)
    base, points = spent.pop(YARDSTICK), len(many.column("hist_mjd").values) / MANY
    return [
        Figure(
            id=f"histories_{kind.replace('-', '_')}_{name.split()[0]}{'_few' if 'leaves' in name else ''}",
            name=f"{name}, {kind}",
            value=each.least,
            unit="us CPU per alert",
            rounds=each.rounds,
            note=f"batch of {MANY}, {points:.0f} points an alert",
        ).beside(each.least, YARDSTICK, base.least)
        for name, each in spent.items()
    ]


def _text(k: int) -> str:
    """The k-th function: all are distinct, and some clauses of their conditions are shared."""
    days = DAYS[k % len(DAYS)] + k // (len(DAYS) * len(BANDS))
    return f"{FUNCTIONS[k % len(FUNCTIONS)]} where band = '{BANDS[(k + 2) % len(BANDS)]}' and mjd > now() - {days})"


def _together(texts: list[str], plan: Plan) -> FilterSet:
    return FilterSet([NamedFilter(f"f{k}", 1, parse(text, plan.columns)) for k, text in enumerate(texts)])


def _judging(filters: FilterSet, batch: pa.RecordBatch, plan: Plan) -> Callable[[], object]:
    return lambda: evaluate(filters, batch, plan.columns)


def _mean(batch: pa.RecordBatch) -> npt.NDArray[np.float64]:
    """Mean flux of the detections in r of the last ten days, as numpy has it in one breath; NaN without any."""
    row, flux, rows = row_of(batch.column("hist_flux")), floats_of(batch.column("hist_flux")), batch.num_rows
    counted = (kinds_of(batch.column("hist_kind")) == DETECTION) & (
        bands_of(batch.column("hist_band")) == BANDS.index("r")
    )
    counted &= floats_of(batch.column("hist_mjd")) > (batch.column("mjd").to_numpy() - 10)[row]
    counted &= np.isfinite(flux)
    with np.errstate(invalid="ignore"):
        mean: npt.NDArray[np.float64] = np.bincount(row[counted], flux[counted], rows) / np.bincount(
            row[counted], minlength=rows
        )
    return mean


def _check(batch: pa.RecordBatch, plan: Plan) -> None:
    """Raise where the yardstick and the filter do not say the same: the figures would mean nothing."""
    mean = _mean(batch)
    bound = float(np.nanmedian(mean))
    text = f"mean(lc.flux where band = 'r' and mjd > now() - 10) > {bound * 1.000001!r}"
    tags = evaluate(_together([text], plan), batch, plan.columns)
    if tags.num_rows != (mean > bound * 1.000001).sum():
        raise RuntimeError("a filter on light curves and plain numpy do not agree: the figures would mean nothing")
