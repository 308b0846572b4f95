"""Which of several values of one point counts, and which points an object has in the end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linnet.adapters.sqlite_store_packing import Bools, Ints, Points, Runs, Structs, picked, stacked
from linnet.core.kernels import compile_kernels

MANY = 5000
"""Points from which on machine code finds the winners."""

_OBJECT_BITS = 20
_PRIME = np.uint64(0x9E3779B97F4A7C15)

Withdrawn = tuple[Ints, Ints, Ints, Ints]
"""Points that were taken back: index of the object, kind, key, known_night."""


def joined(stored: Points, brought: Points) -> Points:
    """Both, the stored ones first."""
    return Points(
        np.concatenate([stored.object, brought.object]),
        np.concatenate([stored.run, brought.run + len(stored.runs)]),
        stacked(stored.slot, brought.slot),
        np.concatenate([stored.source_id, brought.source_id]),
        np.concatenate([stored.band, brought.band]),
        joined_runs(stored.runs, brought.runs),
    )


def joined_runs(one: Runs, other: Runs) -> Runs:
    """All runs, those of `one` first."""
    return Runs(np.concatenate([one.object, other.object]), stacked(one.entry, other.entry))


def winners(points: Points) -> Ints:
    """Indices of the points that count, one for each identity (object, kind, key), by object.

    That is the one of the smallest (known_night, alert_mjd, alert_id), then the first.
    """
    n = len(points)
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    if n >= MANY:
        return _winners_of_many(points)
    order, starts = _groups(points)
    if len(starts) == n:
        return order
    rank = ranks(points.runs.entry)[points.run]
    best: Ints = np.minimum.reduceat((rank * n + np.arange(n))[order], starts) % n
    return best


def _winners_of_many(points: Points) -> Ints:
    """The same by machine code, whose loading takes longer than a few thousand points."""
    counts, entry = np.bincount(points.object), points.runs.entry
    objects = np.argsort(points.object, kind="stable"), np.cumsum(counts)
    identity = points.kind.astype(np.int64), np.array(points.key), np.array(points.run)
    runs = entry["known_night"].astype(np.int64), entry["alert_mjd"].copy(), entry["alert_id"].copy()
    places = np.empty(1 << int(2 * counts.max()).bit_length(), np.int64)
    best = np.empty(len(points), np.int64)
    return best[: compile_kernels()["identity"].best_of_each(objects, identity, runs, places, best)]


def ranks(runs: Structs) -> Ints:
    """Place of each run in the order of (known_night, alert_mjd, alert_id); equal ones have the same."""
    order = np.lexsort((runs["alert_id"], runs["alert_mjd"], runs["known_night"]))
    ordered = picked(runs, order)
    step = np.zeros(len(runs), dtype=np.int64)
    for name in ("alert_id", "alert_mjd", "known_night"):
        step[1:] |= ordered[name][1:] != ordered[name][:-1]
    rank = np.empty(len(runs), dtype=np.int64)
    rank[order] = np.cumsum(step)
    return rank


def taken_back(points: Points, withdrawn: Withdrawn, before: int | None = None) -> Bools:
    """Which points were withdrawn, or withdrawn before a night. Those are few: a set of them is quick enough."""
    found = np.zeros(len(points), dtype=bool)
    owner, kind, key, night = withdrawn
    if not len(owner):
        return found
    gone = {
        identity
        for identity, known in zip(zip(owner.tolist(), kind.tolist(), key.tolist(), strict=True), night, strict=True)
        if before is None or known < before
    }
    at = np.flatnonzero(np.isin(points.object, owner) & np.isin(points.key, key))
    mine = zip(points.object[at].tolist(), points.kind[at].tolist(), points.key[at].tolist(), strict=True)
    found[at] = [identity in gone for identity in mine]
    return found


def _groups(points: Points) -> tuple[Ints, Ints]:
    """An order in which points of one identity stand together, and where each identity begins in it.

    Sorted by 64 bits, of which the upper ones are the object and the others mix kind and key: one sort instead of
    three (2 ms instead of 13 for 80,000 points). Should two identities share their bits, all three are sorted.
    """
    if points.object.max(initial=0) >= 1 << _OBJECT_BITS:
        return _exact_groups(points)
    mixed = points.key.view(np.uint64) ^ (points.kind.view(np.uint8).astype(np.uint64) << np.uint64(56))
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _PRIME
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _PRIME
    bits = (points.object << (63 - _OBJECT_BITS)) | (mixed >> np.uint64(_OBJECT_BITS + 1)).astype(np.int64)
    order = np.argsort(bits)
    same = np.diff(bits[order]) == 0
    kind, key = points.kind[order], points.key[order]
    if (same & ((kind[1:] != kind[:-1]) | (key[1:] != key[:-1]))).any():
        return _exact_groups(points)
    return order, np.flatnonzero(np.concatenate([[True], ~same]))


def _exact_groups(points: Points) -> tuple[Ints, Ints]:
    order: Ints = np.lexsort((points.key, points.kind, points.object))
    first: npt.NDArray[np.bool_] = np.ones(len(points), dtype=bool)
    first[1:] = False
    for values in (points.key, points.kind, points.object):
        first[1:] |= values[order][1:] != values[order][:-1]
    return order, np.flatnonzero(first)
