"""Modules of light curves on real packets against plain Python on what the packets themselves hold.

`features`, `rates`, `history` and `quality` have the same test in their own files.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import module_oracles
import packet_points
import real_alerts
from alert_batches import MJD_OF_TESTS, Alert, Point, alert, with_history
from linnet.core.module import Module
from linnet.science.registry import modules
from module_rows import said_of

MODULES = {each.name: each for each in modules()}
READERS = {"ztf": (real_alerts.ztf, 4, 205), "lsst": (real_alerts.lsst, 1, 140)}
"""Reader, step through the packets, packets compared at least."""

ORDERED = {"colour", "peak"}
"""They depend on the order of two detections of one band in one exposure, which a packet does not say."""


def compared(
    module: Module, read: real_alerts.Reader, folder: Path, step: int, oracle: Callable[[Any], module_oracles.Said]
) -> tuple[int, int]:
    """Compare every value of a module with the oracle's; how many packets, and how many values that are not null."""
    records, alerts = read(folder)
    found = {n: a.to_pylist() for n, a in module.run(real_alerts.needs_of(alerts, module.needs), len(records)).items()}
    mjd = alerts.column("mjd").to_pylist()
    packets = values = 0
    for i in range(0, len(records), step):
        packet = packet_points.of(records[i])
        if module.name in ORDERED and packet.has_twins:
            continue
        wanted = oracle(packet)
        said = {n.removeprefix(f"{module.name}_"): column[i] for n, column in found.items()}
        assert set(said) == set(wanted)
        for name, value in said.items():
            shifted = value - mjd[i] if value is not None and name.endswith("mjd") else value
            agrees(shifted, wanted[name], (i, name, wanted))
            values += value is not None
        packets += 1
    return packets, values


def agrees(value: Any, wanted: Any, where: object) -> None:
    """Null at the same places; numbers to a thousandth, as packets and columns hold seven digits."""
    if wanted is None or isinstance(wanted, str | int):
        assert value == wanted, where
    else:
        assert value == pytest.approx(wanted, rel=2e-3, abs=tolerance(where)), where


def tolerance(where: Any) -> float:
    """A slope to a hundredth of its error; times to 0.3 s; a colour or magnitude to 0.1 mmag; others to 1e-3."""
    _, name, wanted = where
    error = wanted.get(f"{name}_err")
    if name.endswith(("mjd", "age", "span")):
        return 1e-5 if name.endswith(("span", "age")) else 1e-3
    return 0.01 * error if error is not None else 1e-3


@pytest.mark.parametrize("survey", READERS)
@pytest.mark.parametrize("name", ["variability", "colour", "slope", "peak"])
def test_every_value_is_that_of_plain_python_on_the_packet(name: str, survey: str, shared_data: Path) -> None:
    read, step, least = READERS[survey]
    packets, values = compared(MODULES[name], read, shared_data, step, getattr(module_oracles, name))
    assert packets >= least
    assert values > 5 * packets


@pytest.mark.parametrize(
    ("chi2", "freedom", "published"),
    [(3.841, 1, 0.05), (18.307, 10, 0.05), (135.807, 100, 0.01), (0.02, 2, 0.990050), (24.322, 7, 0.001)],
)
def test_the_oracle_gives_the_tabled_percentage_points(chi2: float, freedom: int, published: float) -> None:
    """Abramowitz & Stegun, table 26.8."""
    assert 10 ** module_oracles.log_chance(chi2, freedom) == pytest.approx(published, rel=2e-3)
    assert math.isfinite(module_oracles.log_chance(1e6, freedom))


EXTREMES = (3e38, -3e38, 1e-45, -1e-45, 0.0, 1.0, None)


def _hostile(seed: int) -> Alert:
    """An alert whose history holds what float32 can hold, at times that repeat."""
    rng = random.Random(seed)
    points = [
        Point(
            MJD_OF_TESTS - rng.choice([0.0, 0.0, 1e-9, 0.01, 0.5, 3.0, 40.0, 400.0]),
            rng.choice(["u", "g", "r", "i", "z", "y", "VR", None]),
            rng.choice(EXTREMES),
            rng.choice(EXTREMES),
            rng.choice([0, 0, 0, 1, 2]),
        )
        for _ in range(rng.choice([0, 1, 2, 5, 60]))
    ]
    band, flux, error = rng.choice(["g", "r", None]), rng.choice(EXTREMES), rng.choice(EXTREMES)
    own = alert(seed, band=band, flux=flux, flux_err=error, template_flux=rng.choice(EXTREMES))
    return with_history(own, [*own.hist, *points])


@pytest.mark.parametrize("name", ["variability", "colour", "slope", "peak"])
def test_at_the_ends_of_float32_values_are_null_and_never_infinite(name: str) -> None:
    rows = said_of(MODULES[name], *(_hostile(seed) for seed in range(400)))
    numbers = [value for row in rows for value in row.values() if isinstance(value, float)]
    assert len(numbers) > 200
    assert all(math.isfinite(value) for value in numbers)
