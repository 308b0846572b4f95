"""Numbers per light curve out of flat arrays of points, without a Python loop over curves.

Curve i has the points `offsets[i]` to `offsets[i + 1]`. The machine code behind this is loaded at the first call.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from linnet.core.light_curve_features import FEATURES, Feature
from linnet.core.lists import Bools, Floats, Ints
from linnet.errors import InputError

__all__ = ["FEATURES", "compile_kernels", "features", "group", "readable"]

Number = TypeVar("Number", bound=np.generic)

_log = logging.getLogger("linnet")

PATIENCE = 3.0
"""Seconds of silence: what was compiled before is loaded in half of one."""

FILES = (
    *("columns", "history", "points", "identity", "sky"),
    *("counts", "moments", "weighted", "times", "ranks"),
    *("lines", "pairs", "constant", "sky"),
    "segments",
)
"""The files of kernels: those that keep points, those that count and measure them, those of single modules."""

OWNED: tuple[Literal["C", "A", "W"], ...] = ("C", "A", "W")
"""Arrays as kernels take them: for numba a read-only array is another type."""


def features(
    mjd: npt.ArrayLike, value: npt.ArrayLike, error: npt.ArrayLike, offsets: npt.ArrayLike, wanted: Iterable[str]
) -> dict[str, tuple[Floats, Bools]]:
    """Features of many light curves.

    Points without a finite time or value do not count, nor do values beyond 1e70 of whatever unit; points without an
    error above zero do not count in features that use errors.

    Args:
        mjd: days, ascending within a curve.
        value: magnitudes or fluxes.
        error: their standard errors, NaN where there is none.
        offsets: one more than there are curves, ascending, the first 0 and the last the number of points.
        wanted: names of `FEATURES`; those of one kernel cost little more than one of them.

    Returns:
        For each output of each feature (`FEATURES[name].outputs`) float64 values, one per curve, and whether they are
        valid. An invalid value is 0: too few points, or a formula that divides by zero. Nothing is NaN or infinite.

    Raises:
        InputError: no such feature, arrays of unequal lengths, or times that descend within a curve.
    """
    chosen = [_declared(name) for name in wanted]
    arrays = [np.asarray(each, dtype=np.float64) for each in (mjd, value, error)]
    if len({each.shape for each in arrays}) > 1:
        raise InputError("times, values and errors of light curves must have one length")
    points = np.stack(arrays)
    edges = np.require(offsets, np.int64, OWNED)
    if not len(edges) or edges[0] or edges[-1] != points.shape[1] or (np.diff(edges) < 0).any():
        raise InputError("offsets of light curves must ascend from 0 to the number of points")
    kept = {flag: _usable(points, edges, flag) for flag in {each.with_error for each in chosen}}
    found: dict[str, tuple[Floats, Bools]] = {}
    for kernel in dict.fromkeys(each.kernel for each in chosen):
        mine = [each for each in chosen if each.kernel == kernel]
        found |= _run(kernel, mine, *kept[mine[0].with_error])
    return {out.name: found[out.name] for each in chosen for out in each.outputs}


def group(curve: Ints, curves: int) -> tuple[Ints, Ints]:
    """Bring the points of each curve together.

    Args:
        curve: for each point the curve to which it belongs, 0 to `curves` - 1, or below zero for none.
        curves: how many there are.

    Returns:
        Indices of the points, curve by curve, each in the order in which its points came; and the offsets.

    Raises:
        InputError: a point belongs to a curve that does not exist.
    """
    if len(curve) and curve.max() >= curves:
        raise InputError(f"a point belongs to light curve {curve.max()} of {curves}")
    chosen = np.require(curve, np.int64, OWNED)
    offsets: Ints = np.zeros(curves + 1, dtype=np.int64)
    np.cumsum(np.bincount(chosen[chosen >= 0], minlength=curves), out=offsets[1:])
    order = np.empty(offsets[-1], dtype=np.int64)
    compile_kernels()["points"].group(chosen, offsets[:-1].copy(), order)
    return order, offsets


def readable(array: npt.ArrayLike, kind: type[Number]) -> npt.NDArray[Number]:
    """An array as a kernel reads it: of this kind, in one piece, aligned; itself where it is so already."""
    return np.require(array, kind, ("C", "A"))


@cache
def compile_kernels() -> Mapping[str, ModuleType]:
    """The files of kernels by what they compute, compiled or out of the cache.

    Where they were never compiled on this machine, or a file has changed, this takes some twenty seconds and says so.
    """
    notice = threading.Timer(
        PATIENCE, _log.warning, ["waiting for the light-curve kernels; compiling them takes some twenty seconds, once"]
    )
    notice.daemon = True
    notice.start()
    try:
        return {name: importlib.import_module(f"linnet.core.kernels_{name}") for name in FILES}
    finally:
        notice.cancel()


def _declared(name: str) -> Feature:
    if name not in FEATURES:
        raise InputError(f"no light-curve feature is named {name}: {', '.join(FEATURES)}")
    return FEATURES[name]


def _usable(points: Floats, offsets: Ints, with_error: bool) -> tuple[Floats, Ints]:
    kept, kept_offsets = np.empty_like(points), np.empty_like(offsets)
    n = compile_kernels()["points"].usable(points, offsets, with_error, kept, kept_offsets)
    if n < 0:
        raise InputError("the times of a light curve must ascend")
    return np.ascontiguousarray(kept[:, :n]), kept_offsets


def _run(kernel: str, chosen: list[Feature], points: Floats, offsets: Ints) -> dict[str, tuple[Floats, Bools]]:
    counts = np.diff(offsets)
    if kernel == "count":
        return {"n_points": (counts.astype(np.float64), np.ones(len(counts), dtype=bool))}
    file = compile_kernels()[kernel]
    outputs, run = file.OUTPUTS, getattr(file, kernel)
    least = {out.name: each.least for each in chosen for out in each.outputs}
    values = np.full((len(counts), len(outputs)), np.nan)
    run(points, offsets, np.array([name in least for name in outputs]), values)
    found = {}
    for i, name in enumerate(outputs):
        if name in least:
            valid = np.isfinite(values[:, i]) & (counts >= least[name])
            found[name] = (np.where(valid, values[:, i], 0.0), valid)
    return found
