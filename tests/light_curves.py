"""Light curves as tests and benches of features want them: (time, value, error) of one band, out of files."""

from __future__ import annotations

import csv
import io
import itertools
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

import real_alerts
from linnet.core.kernels import FEATURES, features, group
from linnet.core.lists import bands_of, floats_of, kinds_of, row_of

Floats = npt.NDArray[np.float64]
Curve = tuple[Floats, Floats, Floats]

LEAST = {out.name: each.least for each in FEATURES.values() for out in each.outputs}
"""Points that each output needs."""

VALUES = (("mag", "magerr"), ("flux", "fluxerr"))


@cache
def supernovae(shared: Path) -> list[Curve]:
    """Some 3,000 single-band curves of 1,512 SN Ia of ZTF's Bright Transient Survey, magnitudes."""
    with tarfile.open(shared / "lightcurves" / "ztf-bts-snia.tar.gz") as tar:
        files = [tar.extractfile(member) for member in tar if member.isfile()]
        texts = [file.read().decode() for file in files if file is not None]
    return [curve for text in texts for curve in _bands(text)]


@cache
def hard_cases(shared: Path) -> list[Curve]:
    """Single-band curves that gave trouble to others: negative fluxes, constant errors, 1000 points, huge numbers."""
    folder = shared / "lightcurves" / "hard-cases"
    return [curve for path in sorted(folder.glob("*.csv")) for curve in _bands(path.read_text())]


def flat(curves: list[Curve]) -> tuple[Floats, Floats, Floats, npt.NDArray[np.int64]]:
    """Times, values and errors one behind the other, and the offsets."""
    offsets = np.cumsum([0, *(len(curve[0]) for curve in curves)])
    mjd, value, error = (np.concatenate([np.zeros(0), *(curve[i] for curve in curves)]) for i in range(3))
    return mjd, value, error, offsets


def from_packets(folder: Path) -> list[Curve]:
    """The detections of each band of every packet of both surveys, fluxes in nJy; several have two points at a time."""
    curves = []
    for read in (real_alerts.ztf, real_alerts.lsst):
        batch = read(folder)[1]
        band, usable = bands_of(batch["hist_band"]), kinds_of(batch["hist_kind"]) == 0
        points = [floats_of(batch[f"hist_{name}"]) for name in ("mjd", "flux", "flux_err")]
        usable &= (band >= 0) & np.isfinite(points[1]) & (points[2] > 0)
        order, offsets = group(np.where(usable, row_of(batch["hist_mjd"]) * 6 + band, -1), batch.num_rows * 6)
        t, m, e = (each[order] for each in points)
        curves += [(t[a:b], m[a:b], e[a:b]) for a, b in itertools.pairwise(offsets) if a < b]
    return curves


def said(*curves: Curve) -> dict[str, list[float | None]]:
    """Every output of every feature of these curves, None where it is not valid."""
    found = features(*flat(list(curves)), FEATURES)
    for name, (values, valid) in found.items():
        assert np.isfinite(values).all(), name
        assert not values[~valid].any(), name
    return {name: [float(v) if ok else None for v, ok in zip(*pair, strict=True)] for name, pair in found.items()}


def _bands(text: str) -> Iterator[Curve]:
    rows = list(csv.DictReader(io.StringIO(text)))
    value, error = next(names for names in VALUES if names[0] in rows[0])
    bands = defaultdict(list)
    for row in rows:
        bands[row["band"]].append((float(row["time"]), float(row[value]), float(row[error])))
    for points in bands.values():
        t, m, e = np.array(sorted(points)).T
        yield t.copy(), m.copy(), e.copy()
