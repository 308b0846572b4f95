"""Ticks of an axis: steps of 1, 2 or 5 times a power of ten, labels with no more digits than the step needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
_LAST_MJD = 2973483.0  # 9999-12-31


@dataclass(frozen=True)
class Ticks:
    """Ticks of one axis.

    Attributes:
        values: ascending, all within the axis.
        step: distance of two neighbours.
    """

    values: tuple[float, ...]
    step: float

    def labels(self) -> list[str]:
        """The values as text: the same number of decimals, or three significant digits where that gets long."""
        if not 1e-6 <= self.step < 1e6:
            return [f"{v + 0.0:.3g}" for v in self.values]
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
        return [f"{v + 0.0:.{decimals}f}" for v in self.values]

    def dates(self) -> list[str]:
        """The values, taken as MJD, as calendar dates; with hours and minutes where the step is below a day."""
        form = "%Y-%m-%d" if self.step >= 1 else "%m-%d %H:%M"
        return [calendar(v, form) for v in self.values]


def nice_ticks(low: float, high: float, wanted: int) -> Ticks:
    """About `wanted` ticks between two finite numbers, `low` below `high`, at whole multiples of a nice step.

    Distances that float64 cannot resolve give the two ends.
    """
    rough = (high - low) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= rough * 0.99)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # round: 3 * 0.1 is 0.30000000000000004, and a tick at zero must be zero.
    digits = 2 - math.floor(math.log10(step))
    values = tuple(min(max(round(n * step, digits), low), high) for n in range(first, min(last, first + 100) + 1))
    return Ticks(values or (low, high), step)


def calendar(mjd: float, form: str = "%Y-%m-%d") -> str:
    """Date and time of an MJD in the MJD's own time scale; empty beyond the calendar of four-digit years."""
    if not 0 <= mjd <= _LAST_MJD:
        return ""
    moment = MJD_EPOCH + timedelta(seconds=round(mjd * 86400))
    return moment.strftime(form)
