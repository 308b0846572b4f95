"""Which of many flat points make the history of each alert, and those points as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.flat_points import TIME_TOLERANCE, Flat, Floats, Ints
from linnet.core.kernels import compile_kernels, readable

QUANTITIES = ("mjd", "band", "flux", "flux_err", "kind", "source_id", "key", "public")
"""What the columns of a light curve say of each point."""


@dataclass(frozen=True)
class Chosen:
    """The points of the histories of n alerts.

    Attributes:
        points: indices of flat points (int64), alert by alert, each in order of mjd, kind, key.
        edges: where those of each alert begin (int64, n + 1).
        withdrawn, withdrawn_edges: the same of the points that are withdrawn.
        n_future: points of each alert that are later than it (int32).
    """

    points: Ints
    edges: Ints
    withdrawn: Ints
    withdrawn_edges: Ints
    n_future: npt.NDArray[np.int32]


def choose(points: Flat, alert_mjd: Floats) -> Chosen:
    """One point per identity (row, kind, key), the one of the smallest rank, then the first.

    Left out are points without a time, points later than their alert, and every identity that a withdrawn point has;
    but never the alert's own detection. An alert without a time has no history.

    Args:
        points: of all alerts, in any order.
        alert_mjd: time of each alert, NaN where there is none.
    """
    rows, total = len(alert_mjd), len(points)
    chosen, withdrawn = np.empty(total, np.int64), np.empty(total, np.int64)
    edges, withdrawn_edges = np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64)
    n_future = np.zeros(rows, np.int32)
    compile_kernels()["history"].history(
        readable(points.row, np.int64),
        (
            readable(points.mjd, np.float64),
            readable(points.kind, np.int64),
            readable(points.key, np.int64),
            readable(points.rank, np.int64),
            readable(points.withdrawn, np.bool_),
        ),
        readable(alert_mjd, np.float64) + TIME_TOLERANCE,
        (chosen, edges, withdrawn, withdrawn_edges),
        n_future,
    )
    return Chosen(chosen[: edges[-1]], edges, withdrawn[: withdrawn_edges[-1]], withdrawn_edges, n_future)


def columns_of(points: Flat, chosen: Ints, edges: Ints, prefix: str) -> dict[str, pa.Array]:
    """List columns `PREFIX_mjd` and so on.

    Args:
        points: flat points.
        chosen: which of them, alert by alert.
        edges: where those of each alert begin.
        prefix: of the names.
    """
    n = len(chosen)
    kinds = {
        "mjd": np.float64,
        "flux": np.float32,
        "flux_err": np.float32,
        "band": np.int32,
        "kind": np.int8,
        "source_id": np.int64,
        "key": np.int64,
    }
    values = {name: np.empty(n, kind) for name, kind in kinds.items()}
    bits, nulls = np.zeros((5, (n + 7) // 8), np.uint8), np.zeros(4, np.int64)
    compile_kernels()["columns"].write(
        readable(chosen, np.int64),
        tuple(readable(each, np.float64) for each in (points.mjd, points.flux, points.flux_err)),
        tuple(readable(each, np.int64) for each in (points.band, points.kind, points.source_id, points.key)),
        readable(points.public, np.bool_),
        tuple(values.values()),
        (bits, nulls),
    )
    valid = dict(zip(("flux", "flux_err", "band", "source_id"), zip(bits, nulls.tolist(), strict=False), strict=True))
    arrays = {name: _array(each, *valid.get(name, (None, 0))) for name, each in values.items()}
    arrays["band"] = pa.DictionaryArray.from_arrays(arrays["band"], pa.array(points.bands, pa.string()))
    arrays["public"] = pa.Array.from_buffers(pa.bool_(), n, [None, pa.py_buffer(bits[4])], 0)
    offsets = pa.array(edges.astype(np.int32))
    return {f"{prefix}_{name}": pa.ListArray.from_arrays(offsets, arrays[name]) for name in QUANTITIES}


def _array(values: npt.NDArray[np.generic], bits: npt.NDArray[np.uint8] | None, nulls: int) -> pa.Array:
    validity = pa.py_buffer(bits) if nulls else None
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [validity, pa.py_buffer(values)], nulls
    )
