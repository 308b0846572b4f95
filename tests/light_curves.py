"""Light curves as tests and benches of features want them: (time, value, error) of one band, out of files."""

from __future__ import annotations

import csv
import io
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Curve = tuple[Floats, Floats, Floats]

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


def _bands(text: str) -> Iterator[Curve]:
    rows = list(csv.DictReader(io.StringIO(text)))
    value, error = next(names for names in VALUES if names[0] in rows[0])
    bands = defaultdict(list)
    for row in rows:
        bands[row["band"]].append((float(row["time"]), float(row[value]), float(row[error])))
    for points in bands.values():
        t, m, e = np.array(sorted(points)).T
        yield t.copy(), m.copy(), e.copy()
