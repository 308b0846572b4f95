"""CPU per alert of the light-curve features: our kernels, plain numpy, and the `light-curve` package, in one run.

    python scripts/bench_kernels.py

Curves as alerts bring them: ZTF-like with 20 detections in two bands, LSST-like with 350 in six. The package computes
what both have in common, on one core, given all curves at once; plain numpy is the oracle of the tests, a curve and a
feature at a time.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

ROUNDS = 7
ALERTS = 1000
SHAPES = {"ZTF-like": (20, 2), "LSST-like": (350, 6)}

Floats = npt.NDArray[np.float64]
Flat = tuple[Floats, Floats, Floats, npt.NDArray[np.int64]]


def made(points: int, bands: int) -> tuple[Flat, dict[str, pa.Array]]:
    """Light curves of random walks: flat, one curve per alert and band, and as the columns of a batch."""
    rng = np.random.default_rng(1)
    n = ALERTS * points
    band = rng.integers(0, bands, (ALERTS, points))
    band[:, : 3 * bands] = np.arange(3 * bands) % bands
    mjd = np.sort(rng.uniform(60_000, 60_300, (ALERTS, points)), axis=1)
    flux = (2_000 + np.cumsum(rng.normal(0, 100, (ALERTS, points)), axis=1)).astype(np.float32)
    error = rng.uniform(50, 200, (ALERTS, points)).astype(np.float32)
    curve = (np.arange(ALERTS)[:, None] * bands + band).ravel()
    order = np.argsort(curve, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(curve, minlength=ALERTS * bands))])
    flat = (*(each.ravel()[order].astype(np.float64) for each in (mjd, flux, error)), offsets)
    names = pa.array(list("grizyu")[:bands], pa.string())
    values = {
        "hist_mjd": pa.array(mjd.ravel()),
        "hist_band": pa.DictionaryArray.from_arrays(pa.array(band.ravel().astype(np.int32)), names),
        "hist_flux": pa.array(flux.ravel()),
        "hist_flux_err": pa.array(error.ravel()),
        "hist_kind": pa.array(np.zeros(n, np.int8)),
    }
    edges = pa.array(np.arange(0, n + 1, points, dtype=np.int32))
    columns = {name: pa.ListArray.from_arrays(edges, each) for name, each in values.items()}
    return flat, columns | {"mjd": pa.array(mjd[:, -1])}


def cpu(work: Callable[[], object], alerts: int = ALERTS, rounds: int = ROUNDS) -> list[float]:
    """CPU microseconds per alert of each round, after one that is thrown away."""
    work()
    spent = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        spent.append((time.process_time() - started) * 1e6 / alerts)
    return spent


def package(flat: Flat) -> Callable[[], object]:
    """The same features by the `light-curve` package."""
    import light_curve

    from test_kernels import IN_PACKAGE

    made = []
    for each in IN_PACKAGE.values():
        name, *parameters = each.split(":")
        made.append(getattr(light_curve, name)(*(float(p) for p in parameters)))
    extractor, (t, m, e, offsets) = light_curve.Extractor(*made), flat
    curves = [(t[a:b], m[a:b], e[a:b]) for a, b in itertools.pairwise(offsets)]
    return lambda: extractor.many(curves, n_jobs=1, fill_value=np.nan, sorted=True, check=False)


def numpy_of(flat: Flat, alerts: int, bands: int) -> Callable[[], object]:
    """The same features by numpy, for the first alerts."""
    from feature_oracles import ORACLES

    t, m, e, offsets = flat
    curves = [(t[a:b], m[a:b], e[a:b]) for a, b in itertools.pairwise(offsets)][: alerts * bands]
    return lambda: [oracle(*curve) for curve in curves for oracle in ORACLES.values()]


def report(shape: str, points: int, bands: int) -> None:
    """Print the table of one survey."""
    from linnet.core.kernels import features
    from linnet.core.module import declaration
    from linnet.science.features import CHOSEN
    from linnet.science.features import features as module
    from linnet.science.rates import rates
    from test_kernels import IN_PACKAGE

    flat, columns = made(points, bands)
    common = list(IN_PACKAGE)
    module_of, rates_of = declaration(module), declaration(rates)
    figures = {
        "light-curve package (yardstick)": cpu(package(flat)),
        "kernels, the same features": cpu(lambda: features(*flat, common)),
        "kernels, those of the module": cpu(lambda: features(*flat, CHOSEN)),
        "module features, Arrow to Arrow": cpu(lambda: module_of.run([columns[n] for n in module_of.needs], ALERTS)),
        "module rates, Arrow to Arrow": cpu(lambda: rates_of.run([columns[n] for n in rates_of.needs], ALERTS)),
        "plain numpy": cpu(numpy_of(flat, 20, bands), 20, 2),
    }
    sys.stdout.write(f"\n{shape}: {ALERTS} alerts of {points} points in {bands} bands\n")
    base = statistics.median(figures["light-curve package (yardstick)"])
    for name, spent in figures.items():
        median = statistics.median(spent)
        sys.stdout.write(f"  {name:<34}{median:10.1f}  ({min(spent):.1f} to {max(spent):.1f}) {median / base:8.2f}\n")


def main() -> None:
    """Print one table per survey."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    sys.stdout.write("CPU microseconds per alert: median (min to max), and the ratio to the package in the same run\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the plain version divides by zero where ours says null
        for shape, (points, bands) in SHAPES.items():
            report(shape, points, bands)


if __name__ == "__main__":
    main()
