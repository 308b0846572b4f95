"""A light curve as one SVG drawing, for a page without scripts.

Detections are filled dots, forced photometry open dots, upper limits triangles; colour is the band. A page's style
sheet sets the colours by class, to follow light and dark; the attributes alone make a drawing that stands by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import pyarrow as pa

from linnet.core.vocabulary import BANDS, DETECTION, FORCED, LIMIT
from linnet.formats.axis_ticks import calendar, nice_ticks
from linnet.formats.light_curve_marks import KIND_NAMES, Marks, Quantity, left_out_sentence, marks

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 68, 704, 44, 346
"""Edges of the plot within the drawing."""

COLOURS = {"u": "#6d28d9", "g": "#047857", "r": "#c2410c", "i": "#9d174d", "z": "#854d0e", "y": "#374151"}
"""Default colours (contrast on white at least 4.5)."""
OTHER_COLOUR = "#1d4ed8"

MAX_TITLES = 600
"""Above this many points a drawing does without the pop-up text of each."""

_FLUX_UNITS = ((1e6, "mJy"), (1e3, "µJy"), (1.0, "nJy"))


@dataclass(frozen=True)
class Frame:
    """Maps mjd and value to places in the drawing.

    Attributes:
        mjd: first and last of the axis.
        value: values at the lower and the upper edge (magnitudes grow downwards).
        scale: nJy per unit on the axis; 1 for magnitudes.
        unit: name of that unit.
    """

    mjd: tuple[float, float]
    value: tuple[float, float]
    scale: float
    unit: str

    def x(self, mjd: float) -> float:
        """Place of a time."""
        first, last = self.mjd
        return LEFT + (mjd - first) / (last - first) * (RIGHT - LEFT)

    def y(self, value: float) -> float:
        """Place of a magnitude or of a flux in nJy."""
        low, high = self.value
        return BOTTOM - (value / self.scale - low) / (high - low) * (BOTTOM - TOP)


def light_curve_svg(points: pa.Table, quantity: Quantity = "mag", *, chosen: int | None = None) -> str:
    """The drawing.

    Args:
        points: `POINT` rows of one object.
        quantity: "mag" (AB magnitude of the difference, bright above) or "flux" (signed difference flux).
        chosen: alert id whose detection gets a ring.

    Returns:
        One `<svg>` element; a sentence in it where nothing can be drawn. Texts are escaped.
    """
    found = marks(points, quantity)
    if not len(found):
        return _empty("No point of this light curve can be drawn" + (" in magnitudes" if quantity == "mag" else ""))
    frame = _frame(found, quantity)
    parts = [*_axes(frame, quantity), *_legend(found), '<g clip-path="url(#lc-plot)">', *_bars(found, frame)]
    parts += [*_symbols(found, frame), *_ring(found, frame, chosen), "</g>"]
    what = "AB magnitude" if quantity == "mag" else "difference flux"
    counted = ", ".join(f"{int(np.sum(found.kind == k))} {name}" for k, name in KIND_NAMES.items())
    told = f"Points: {counted}; bands {', '.join(found.bands())}. {left_out_sentence(found, quantity)}"
    return _svg(f"Light curve in {what} against time", told, parts)


def _frame(found: Marks, quantity: Quantity) -> Frame:
    first, last = float(found.mjd[0]), float(found.mjd[-1])
    pad = max((last - first) * 0.04, 0.02)
    if quantity == "mag":
        bright, faint = float(found.value.min()), float(found.value.max())
        margin = max((faint - bright) * 0.08, 0.1)
        return Frame((first - pad, last + pad), (faint + margin, bright - margin), 1.0, "mag")
    low, high = min(0.0, float(found.value.min())), max(0.0, float(found.value.max()))
    scale, unit = next((s, u) for s, u in _FLUX_UNITS if max(-low, high) >= s or s == 1.0)
    margin = (high - low) * 0.08 or 1.0
    return Frame((first - pad, last + pad), ((low - margin) / scale, (high + margin) / scale), scale, unit)


def _axes(frame: Frame, quantity: Quantity) -> list[str]:
    faint = 'fill="none" stroke="currentColor" stroke-opacity="0.2"'
    size = f'width="{RIGHT - LEFT}" height="{BOTTOM - TOP}"'
    parts = [f'<rect class="lc-plot" {faint} x="{LEFT}" y="{TOP}" {size}/>']
    times = nice_ticks(*frame.mjd, 5)
    for value, mjd, date in zip(times.values, times.labels(), times.dates(), strict=True):
        x = f"{frame.x(value):.1f}"
        parts.append(f'<path class="lc-grid" {faint} d="M{x} {TOP}V{BOTTOM}"/>')
        parts.append(f'<text class="lc-mjd" x="{x}" y="{BOTTOM + 18}" text-anchor="middle">{mjd}</text>')
        parts.append(f'<text class="lc-date" x="{x}" y="{TOP - 8}" text-anchor="middle">{date}</text>')
    low, high = sorted(frame.value)
    ticks = nice_ticks(low, high, 6)
    for value, label in zip(ticks.values, ticks.labels(), strict=True):
        y = frame.y(value * frame.scale)
        parts.append(f'<path class="lc-grid" {faint} d="M{LEFT} {y:.1f}H{RIGHT}"/>')
        parts.append(f'<text class="lc-value" x="{LEFT - 8}" y="{y + 4.5:.1f}" text-anchor="end">{label}</text>')
    if quantity == "flux":
        dashed = 'stroke="currentColor" stroke-dasharray="4 3"'
        parts.append(f'<path class="lc-zero" {dashed} d="M{LEFT} {frame.y(0.0):.1f}H{RIGHT}"/>')
    name = "AB magnitude (difference)" if quantity == "mag" else f"difference flux ({frame.unit})"
    middle = (TOP + BOTTOM) / 2
    parts.append(
        f'<text class="lc-name" transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{name}</text>'
    )
    parts.append(f'<text class="lc-name" x="{RIGHT}" y="{BOTTOM + 36}" text-anchor="end">MJD (TAI)</text>')
    return parts


def _legend(found: Marks) -> list[str]:
    entries = [(b[:8], f'<circle class="lc-dot {_class(b)}" {_fill(b)} r="4.5"/>') for b in found.bands()[:7]]
    line = 'fill="none" stroke="currentColor" stroke-width="1.5"'
    shapes = {
        FORCED: f'<circle class="lc-open" {line} r="4"/>',
        LIMIT: f'<path class="lc-limit" {line} d="M-4.5 -3.5H4.5L0 4.5Z"/>',
    }
    entries += [(KIND_NAMES[k], shape) for k, shape in shapes.items() if np.any(found.kind == k)]
    parts, x = ['<g class="lc-legend">'], float(LEFT + 6)
    for name, shape in entries:
        text = f'<text x="11" y="4.5">{escape(name)}</text>'
        parts.append(f'<g transform="translate({x:.0f} {HEIGHT - 14})">{shape}{text}</g>')
        x += 34 + 8.0 * len(name)
    return [*parts, "</g>"]


def _bars(found: Marks, frame: Frame) -> list[str]:
    """Error bars, one path for each band."""
    parts = []
    for band in found.bands():
        drawn = [n for n in range(len(found)) if found.band[n] == band and found.error[n] > 0]
        ends = (
            (frame.x(found.mjd[n]), *(frame.y(found.value[n] + s * found.error[n]) for s in (-1, 1))) for n in drawn
        )
        path = "".join(f"M{x:.1f} {_near(a):.1f}V{_near(b):.1f}" for x, a, b in ends)
        if path:
            parts.append(f'<path class="lc-bar {_class(band)}" {_stroke(band)} d="{path}"/>')
    return parts


def _symbols(found: Marks, frame: Frame) -> list[str]:
    # A loop over the points of one object: 10,000 of them take 60 ms, more than a star of ten years of Rubin has.
    parts = []
    titled = len(found) <= MAX_TITLES
    for n in range(len(found)):
        x, y, band = frame.x(found.mjd[n]), frame.y(found.value[n]), found.band[n]
        title = f"<title>{_told(found, frame, n)}</title>" if titled else ""
        if found.kind[n] == LIMIT:
            shape = f'path class="lc-limit {_class(band)}" {_stroke(band)} d="M{x - 4:.1f} {y - 3:.1f}h8l-4 7Z"'
        elif found.kind[n] == FORCED:
            shape = f'circle class="lc-open {_class(band)}" {_stroke(band)} cx="{x:.1f}" cy="{y:.1f}" r="3.5"'
        else:
            shape = f'circle class="lc-dot {_class(band)}" {_fill(band)} cx="{x:.1f}" cy="{y:.1f}" r="4"'
        parts.append(f"<{shape}>{title}</{shape.split(' ', 1)[0]}>")
    return parts


def _ring(found: Marks, frame: Frame, chosen: int | None) -> list[str]:
    if chosen is None:
        return []
    places = np.flatnonzero((found.kind == DETECTION) & (found.key == chosen))
    spots = ((frame.x(found.mjd[n]), frame.y(found.value[n])) for n in places)
    return [
        f'<circle class="lc-chosen" fill="none" stroke="currentColor" cx="{x:.1f}" cy="{y:.1f}" r="9"/>'
        for x, y in spots
    ]


def _told(found: Marks, frame: Frame, n: int) -> str:
    value, error = found.value[n] / frame.scale, found.error[n] / frame.scale
    sign = "&gt; " if found.kind[n] == LIMIT and frame.unit == "mag" else "&lt; " if found.kind[n] == LIMIT else ""
    bar = f" ± {error:.3g}" if error > 0 else ""
    number = f"{value:.3f}" if frame.unit == "mag" else f"{value:.5g}"
    when = f"{calendar(found.mjd[n], '%Y-%m-%d %H:%M')} (MJD {found.mjd[n]:.5f})"
    return f"{escape(found.band[n])} {sign}{number}{bar} {frame.unit}, {KIND_NAMES[int(found.kind[n])]}, {when}"


def _class(band: str) -> str:
    return f"band-{band}" if band in BANDS else "band-other"


def _fill(band: str) -> str:
    return f'fill="{COLOURS.get(band, OTHER_COLOUR)}"'


def _stroke(band: str) -> str:
    return f'fill="none" stroke="{COLOURS.get(band, OTHER_COLOUR)}" stroke-width="1.5"'


def _near(y: float) -> float:
    """Keep an absurd error bar within what a renderer can draw; the clip cuts it anyway."""
    return min(max(y, -HEIGHT), 2.0 * HEIGHT)


def _empty(sentence: str) -> str:
    text = f'<text x="{WIDTH // 2}" y="{HEIGHT // 2}" text-anchor="middle">{escape(sentence)}</text>'
    return _svg("Light curve", sentence, [text])


def _svg(title: str, told: str, parts: list[str]) -> str:
    clip = (
        f'<clipPath id="lc-plot"><rect x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}"/></clipPath>'
    )
    return (
        f'<svg class="light-curve" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="lc-title lc-told" fill="currentColor" font-size="13">'
        f'<title id="lc-title">{escape(title)}</title><desc id="lc-told">{escape(told.strip())}</desc>'
        f"<defs>{clip}</defs>{''.join(parts)}</svg>"
    )
