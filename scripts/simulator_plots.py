"""Draw the plots of docs/simulator.md: what is simulated against what is published or measured.

    python scripts/simulator_plots.py [--to FOLDER]

Everything is drawn from fixed seeds, so that a plot changes only with the simulator.
"""

from __future__ import annotations

import argparse
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import numpy.typing as npt

from linnet.formats.axis_ticks import nice_ticks
from linnet.simulation import active_nuclei, kilonova, superluminous, supernovae, tidal_disruption
from linnet.simulation.campaign import Campaign
from linnet.simulation.classes import CLASSES
from linnet.simulation.draws import Draws
from linnet.simulation.night import Simulation, simulate
from linnet.simulation.radiation import distance_modulus, mag_of
from linnet.simulation.sources import Epochs, Request
from linnet.simulation.telescopes import LSST, ZTF, Telescope

ROOT = Path(__file__).parent.parent
FIRST_DAY, SEED = 61345, 11
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Told apart by those who see few colours (Wong 2011, Nature Methods 8, 441)."""

Values = npt.NDArray[Any]
_WIDE, _HIGH = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 150, 20, 45


@dataclass(frozen=True)
class Series:
    """One line, or dots.

    Attributes:
        name: in the legend.
        x, y: its points.
        is_line: a line; else dots.
    """

    name: str
    x: Values
    y: Values
    is_line: bool = True


@dataclass(frozen=True)
class Axis:
    """An axis: what it shows, and from where to where; the second number may be the smaller one."""

    name: str
    first: float
    last: float


def plot(title: str, axes: tuple[Axis, Axis], series: Sequence[Series]) -> str:
    """An SVG picture."""
    across, up = axes

    def x(value: float) -> float:
        return _LEFT + (value - across.first) / (across.last - across.first) * (_WIDE - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HIGH - _BOTTOM - (value - up.first) / (up.last - up.first) * (_HIGH - _TOP - _BOTTOM)

    parts = [_frame(title)]
    for axis, at in ((across, x), (up, y)):
        ticks = nice_ticks(min(axis.first, axis.last), max(axis.first, axis.last), 6)
        for value, label in zip(ticks.values, ticks.labels(), strict=True):
            parts.append(_tick(at(value), label, is_across=axis is across))
    parts.append(f'<text x="{(_LEFT + _WIDE - _RIGHT) / 2}" y="{_HIGH - 8}" text-anchor="middle">{across.name}</text>')
    middle = (_TOP + _HIGH - _BOTTOM) / 2
    parts.append(f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{up.name}</text>')
    for number, each in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        low, high = sorted((across.first, across.last))
        bottom, top = sorted((up.first, up.last))
        inside = (each.x >= low) & (each.x <= high) & (each.y >= bottom) & (each.y <= top)
        places = [(x(a), y(b)) for a, b in zip(each.x[inside].tolist(), each.y[inside].tolist(), strict=True)]
        parts += [_drawn(places, colour, is_line=each.is_line), _legend(number, each, colour)]
    return "\n".join([*parts, "</svg>", ""])


def _frame(title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" font-family="sans-serif" '
        f'font-size="12" role="img"><title>{title}</title><rect width="100%" height="100%" fill="white"/>'
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_WIDE - _LEFT - _RIGHT}" height="{_HIGH - _TOP - _BOTTOM}" '
        'fill="none" stroke="#444"/>'
    )


def _tick(at: float, label: str, *, is_across: bool) -> str:
    if is_across:
        return f'<text x="{at:.1f}" y="{_HIGH - _BOTTOM + 16}" text-anchor="middle" fill="#444">{label}</text>'
    return f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end" fill="#444">{label}</text>'


def _drawn(places: Sequence[tuple[float, float]], colour: str, *, is_line: bool) -> str:
    if is_line:
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
    dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in places)
    return f'<path d="{dots}" stroke="{colour}" stroke-width="3" stroke-linecap="round" opacity="0.6"/>'


def _legend(number: int, series: Series, colour: str) -> str:
    at = _TOP + 14 + 18 * number
    left = _WIDE - _RIGHT + 10
    return (
        f'<line x1="{left}" x2="{left + 16}" y1="{at - 4}" y2="{at - 4}" stroke="{colour}" stroke-width="3"/>'
        f'<text x="{left + 22}" y="{at}">{series.name}</text>'
    )


def light_curves() -> str:
    """Absolute magnitudes in r of the median of each class of explosions."""
    days = np.arange(-40.0, 121.0, 1.0)
    made = {
        "SN Ia": (supernovae.ia, "peak_mjd"),
        "SN II": (supernovae.ii, "peak_mjd"),
        "SN Ibc": (supernovae.ibc, "peak_mjd"),
        "SLSN": (superluminous.superluminous, "peak_mjd"),
        "kilonova": (kilonova.kilonova, "peak_mjd"),
        "TDE": (tidal_disruption.tidal_disruption, "peak_mjd"),
    }
    series = []
    for name, (draw, since) in made.items():
        sources = draw(Request(_campaign(ZTF), Draws(SEED, name), np.arange(1000)))
        near = np.argsort(sources.truth["z"])[:60]
        n = len(days)
        z = np.repeat(sources.truth["z"][near], n)
        mjd = np.repeat(sources.truth[since][near], n) + np.tile(days, len(near)) * (1.0 + z)
        at = Epochs(
            np.repeat(near, n), mjd, np.full(len(mjd), 2), np.ones(len(mjd)), np.zeros(len(mjd), dtype=np.int64)
        )
        with np.errstate(invalid="ignore"):
            curve = np.median(
                (mag_of(np.maximum(sources.light(at), 1e-9)) - distance_modulus(z)).reshape(-1, n), axis=0
            )
        series.append(Series(name, days, curve))
    return plot(
        "Light curves", (Axis("days of the rest frame", -40, 120), Axis("absolute magnitude in r", -10, -22.5)), series
    )


def errors(done: Simulation) -> str:
    """Errors of detections against their magnitudes, simulated and in the real packets of the samples."""
    points = done.points[done.alerts]
    real = [_real(path) for path in sorted((ROOT / "samples" / "ztf").rglob("*.avro"))]
    mag, error = (np.array([pair[i] for pairs in real for pair in pairs]) for i in (0, 1))
    keep = slice(0, 500)
    good = done.scene.around.kind[points.source] != 2  # on stars the star's light dominates
    limit = np.median(done.campaign.visits.m5[done.campaign.visits.band == 2])
    smooth = np.linspace(15.0, 21.0, 61)
    theory = 1.0857 / 5.0 * np.sqrt(1.04) * 10.0 ** (0.4 * (smooth - limit))
    series = [
        Series("simulated", mag_of(np.abs(points.flux[good]))[keep], 1.0857 / points.snr[good][keep], is_line=False),
        Series("real (samples)", mag[:400], error[:400], is_line=False),
        Series("sky noise alone", smooth, theory),
    ]
    return plot("Errors of ZTF", (Axis("magnitude", 15, 21), Axis("error, mag", 0, 0.25)), series)


def _real(path: Path) -> list[tuple[float, float]]:
    """Magnitudes and errors of the detections in a packet."""
    found = []
    for record in fastavro.reader(io.BytesIO(path.read_bytes())):
        items = [record["candidate"], *(record["prv_candidates"] or [])]  # type: ignore[index, call-overload] # a packet
        found += [(i["magpsf"], i["sigmapsf"]) for i in items if i.get("magpsf") is not None]
    return found


def structure() -> str:
    """The structure function of simulated quasars of one kind, and the published one."""
    n, tau = 4000, 200.0
    sigma = float(active_nuclei.structure(np.array([480.0]), np.array([-24.0]), np.array([8.7]))[0]) / math.sqrt(2.0)
    days = np.concatenate([[0.0], np.geomspace(1.0, 2000.0, 40)])
    at = Epochs(
        np.repeat(np.arange(n), len(days)),
        np.tile(days, n) + 6e4,
        np.zeros(n * len(days), dtype=np.int64),
        np.ones(n * len(days)),
        np.zeros(n * len(days), dtype=np.int64),
    )
    walk = sigma * active_nuclei.damped_random_walk(Draws(SEED, "structure"), np.arange(n), at, np.full(n, tau))
    walk = walk.reshape(n, -1)
    seen = np.sqrt(np.mean((walk[:, 1:] - walk[:, :1]) ** 2, axis=0))
    lag = np.log10(days[1:])
    fine = np.linspace(0.0, 3.3, 100)
    published = sigma * np.sqrt(2.0 * (1.0 - np.exp(-(10.0**fine) / tau)))
    series = [Series("simulated", lag, seen, is_line=False), Series("MacLeod et al. 2010", fine, published)]
    return plot("Structure function", (Axis("log10 of the lag in days", 0, 3.3), Axis("mag", 0, 0.35)), series)


def detected(runs: Sequence[Simulation]) -> str:
    """Part of the visits in which a source is detected, against its true signal to noise."""
    series = []
    for done in runs:
        points = done.points
        snr = points.true / points.error
        edges = np.arange(2.0, 9.01, 0.5)
        place = np.digitize(snr, edges)
        part = [float(np.mean(points.flux[place == i] / points.error[place == i] >= 5.0)) for i in range(1, len(edges))]
        series.append(Series(done.campaign.telescope.name, edges[:-1] + 0.25, np.array(part), is_line=False))
    fine = np.linspace(2.0, 9.0, 100)
    normal = np.array([0.5 * math.erfc((5.0 - s) / math.sqrt(2.0)) for s in fine.tolist()])
    series.append(Series("normal noise", fine, normal))
    return plot("Detection", (Axis("true signal to noise", 2, 9), Axis("part detected", 0, 1.02)), series)


def _campaign(telescope: Telescope) -> Campaign:
    return Campaign(telescope, FIRST_DAY, 3, SEED)


def main() -> None:
    """Write the plots."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "simulator", help="where the plots go")
    folder = parser.parse_args().to
    counts = {name: 300 for name in CLASSES if not name.startswith(("bogus", "satellite"))}
    runs = [simulate(_campaign(telescope), counts) for telescope in (ZTF, LSST)]
    made = {
        "light_curves": light_curves(),
        "errors": errors(runs[0]),
        "structure": structure(),
        "detected": detected(runs),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in made.items():
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
