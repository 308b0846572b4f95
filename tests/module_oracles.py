"""What the modules of light curves should say of one packet: slow, plain, and sharing nothing with them.

Straight lines by numpy's `polyfit` and `lstsq`, medians by the standard library, chi square probabilities by the finite
sums that hold for whole degrees of freedom, pairs by looking at all of them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from packet_points import Packet, Seen

BANDS = "ugrizy"

Said = Mapping[str, float | int | bool | str | None]


def chi_square(points: Sequence[Seen]) -> float:
    """About the mean weighted by 1/error^2."""
    weights = [1 / p.error**2 for p in points]
    mean = math.fsum(w * p.flux for w, p in zip(weights, points, strict=True)) / math.fsum(weights)
    return math.fsum(((p.flux - mean) / p.error) ** 2 for p in points)


def log_chance(chi2: float, freedom: int) -> float:
    """log10 of the probability of a larger chi square: Abramowitz & Stegun 26.4.4 and 26.4.5, term by term."""
    x = chi2 / 2
    if freedom % 2 == 0:
        logs = [j * math.log(x) - math.lgamma(j + 1) - x for j in range(freedom // 2)] if x > 0 else [0.0]
    else:
        logs = [_log_erfc(math.sqrt(x))]
        logs += [(j + 0.5) * math.log(x) - math.lgamma(j + 1.5) - x for j in range((freedom - 1) // 2) if x > 0]
    top = max(logs)
    return (top + math.log(math.fsum(math.exp(each - top) for each in logs))) / math.log(10)


def _log_erfc(z: float) -> float:
    """Beyond 25 by the asymptotic series (A&S 7.1.23), there good to 1e-9."""
    if z < 25:
        return math.log(math.erfc(z))
    return -z * z - math.log(z * math.sqrt(math.pi)) + math.log1p(-1 / (2 * z * z) + 3 / (4 * z**4))


def variability(packet: Packet) -> Said:
    """Without the prefix."""
    said: dict[str, float | None] = {}
    samples = {f"{b}_": [[p for p in packet.detections if p.band == b]] for b in BANDS}
    samples[""] = [bands[0] for bands in list(samples.values())]
    samples["forced_"] = [[p for p in packet.forced if p.band == b] for b in BANDS]
    for name, bands in samples.items():
        freedom = sum(len(points) - 1 for points in bands if points)
        said[f"{name}n"] = sum(map(len, bands))
        said[f"{name}chi2"] = said[f"{name}log_p"] = None
        if freedom:
            chi2 = math.fsum(chi_square(points) for points in bands if points)
            said[f"{name}chi2"], said[f"{name}log_p"] = chi2 / freedom, log_chance(chi2, freedom)
    return {**said, **_high(packet)}


def _high(packet: Packet) -> Said:
    mine = [p for p in packet.detections if p.band == packet.band]
    past, recent = [p for p in mine if p.t < -5], [p for p in mine if p.t >= -5]
    if packet.template is None or len(past) < 10 or past[-1].t - past[0].t < 30:
        return {"high_ratio": None, "high_sigma": None}
    total = [p.flux + packet.template for p in past]
    middle = statistics.median(total)
    away = statistics.median(abs(each - middle) for each in total)
    weight = math.fsum(1 / p.error**2 for p in recent)
    mean = math.fsum((p.flux + packet.template) / p.error**2 for p in recent) / weight
    error = math.hypot(1 / math.sqrt(weight), math.sqrt(math.pi / 2) * 1.4826 * away / math.sqrt(len(past)))
    return {"high_ratio": mean / middle if middle > 0 else None, "high_sigma": (mean - middle) / error}


def colour(packet: Packet) -> Said:
    """Without the prefix."""
    said: dict[str, float | None] = {}
    bright = [p for p in packet.detections if p.flux > 0]
    for b, r in pairwise(BANDS):
        pairs = []
        for one in (p for p in bright if p.band == b):
            reds = [(abs(p.t - one.t), -p.t, p) for p in bright if p.band == r]
            if reds and min(reds)[0] <= 0.5:
                pairs.append((one, min(reds)[2]))
        name = f"{b}_{r}"
        said |= dict.fromkeys((name, *(f"{name}_{n}" for n in ("err", "age", "change", "change_err"))))
        said[f"{name}_pairs"] = len(pairs)
        if pairs:
            ends = [(x.mag - y.mag, math.hypot(x.mag_error, y.mag_error), (x.t + y.t) / 2) for x, y in pairs]
            (value, error, when), (old, old_error, before) = ends[-1], ends[0]
            said |= {name: value, f"{name}_err": error, f"{name}_age": -when}
            if when - before >= 1:
                said[f"{name}_change"] = (value - old) / (when - before)
                said[f"{name}_change_err"] = math.hypot(error, old_error) / (when - before)
    return said


Line = tuple[float, float, float | None, float]
"""Slope, error, reduced chi square, span."""


def line(points: Sequence[Seen]) -> Line | None:
    """Through magnitudes, by polyfit; None below two points 0.02 d apart."""
    if len(points) < 2 or points[-1].t - points[0].t < 0.02:
        return None
    t, m, e = np.array([(p.t, p.mag, p.mag_error) for p in points]).T
    span = float(t[-1] - t[0])
    if len(t) == 2:
        return float((m[1] - m[0]) / span), float(math.hypot(*e) / span), None, span
    fit, cov = np.polyfit(t - t.mean(), m, 1, w=1 / e, cov="unscaled")
    chi2 = float(np.sum(((m - np.polyval(fit, t - t.mean())) / e) ** 2)) / (len(t) - 2)
    return float(fit[0]), float(np.sqrt(cov[0, 0] * max(1.0, chi2))), chi2, span


def common_line(bands: Sequence[Sequence[Seen]]) -> tuple[float, float, float | None]:
    """One slope with a level for each band, by lstsq: slope, error, reduced chi square."""
    points = [(p, i) for i, each in enumerate(bands) for p in each]
    e = np.array([p.mag_error for p, _ in points])
    design = np.zeros((len(points), 1 + len(bands)))
    design[:, 0] = [p.t for p, _ in points]
    design[np.arange(len(points)), [1 + i for _, i in points]] = 1
    design /= e[:, None]
    value = np.array([p.mag for p, _ in points]) / e
    fit = np.linalg.lstsq(design, value, rcond=None)[0]
    error = math.sqrt(np.linalg.inv(design.T @ design)[0, 0])
    freedom = len(points) - len(fit)
    chi2 = float(np.sum((value - design @ fit) ** 2)) / freedom if freedom else None
    return float(fit[0]), error * math.sqrt(max(1.0, chi2 or 0.0)), chi2


def slope(packet: Packet) -> Said:
    """Without the prefix."""
    said: dict[str, float | None] = {}
    names = ("mag", "mag_err", "chi2", "span")
    fitted: dict[str, list[Seen]] = {}
    for b in BANDS:
        points = [p for p in packet.detections if p.band == b and p.flux > 0 and p.t >= -60]
        found = line(points)
        said |= {f"{b}_{n}": v for n, v in zip(names, found or (None,) * 4, strict=True)}
        said[f"{b}_n"] = len(points)
        if found is not None:
            fitted[b] = points
    said |= {**dict.fromkeys(names), "n": sum(map(len, fitted.values()))}
    if fitted:
        spans = [points[-1].t - points[0].t for points in fitted.values()]
        said |= dict(zip(names, (*common_line(list(fitted.values())), max(spans)), strict=True))
    return said


def peak(packet: Packet) -> Said:
    """Without the prefix; times in days from the alert."""
    said: dict[str, float | bool | str | None] = {}
    verdicts, tops = [], []
    for b in BANDS:
        points = [p for p in packet.detections if p.band == b]
        names = ("mag", "mjd", "rise", "rise_err", "fall", "fall_err")
        said |= {f"{b}_{n}": None for n in names}
        bright = [p for p in points if p.flux > 0]
        if not bright:
            continue
        top = max(bright, key=lambda p: p.flux)
        rise, fall = (
            line([p for p in bright if low <= p.t - top.t <= high]) or (None, None) for low, high in ((-30, 0), (0, 30))
        )
        said |= dict(zip((f"{b}_{n}" for n in names), (top.mag, top.t, *rise[:2], *fall[:2]), strict=True))
        tops.append(top)
        last = points[-1]
        if last.t - top.t >= 0.02:
            verdicts.append(top.flux - last.flux > 3 * math.hypot(top.error, last.error))
        elif top.t - points[0].t >= 0.02:
            verdicts.append(False)
    said |= {**dict.fromkeys(("mag", "mag_err", "mjd", "band", "age")), "is_past": any(verdicts) if verdicts else None}
    if tops:
        top = max(tops, key=lambda p: p.flux)
        said |= {"mag": top.mag, "mag_err": top.mag_error, "mjd": top.t, "band": top.band, "age": -top.t}
    return said
