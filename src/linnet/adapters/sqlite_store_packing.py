"""Light-curve points as bytes: how they lie in the store, and how many of them become arrays at once.

An object's points lie in the order of their arrival, in blobs that are only ever appended to or joined. Each blob of
points goes with a blob of *runs*: one run for each alert that brought some of them (or none), with what was known of
their coming. A point that is already there in an older value is simply added: of two with one identity the smaller run
counts, whoever reads (see `sqlite_store_merging`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Structs = npt.NDArray[np.void]

SLOT = np.dtype(
    [
        ("key", "<i8"),
        ("mjd", "<f8"),
        ("flux", "<f4"),
        ("flux_err", "<f4"),
        ("band", "<u2"),
        ("kind", "i1"),
        ("is", "u1"),
    ]
)
"""One point, 28 bytes. band: its code in the table `band`. is: the bits below."""

RUN = np.dtype([("alert_id", "<i8"), ("alert_mjd", "<f8"), ("known_night", "<i4"), ("size", "<u4")])
"""One alert and how many slots after those of the run before are its own (lower 28 bits of size; upper: see below)."""

NO_FLUX, NO_FLUX_ERR, NO_BAND, PUBLIC, NO_SOURCE, OTHER_SOURCE, MORE = (1 << bit for bit in range(7))
"""Bits of a slot. OTHER_SOURCE: a slot marked MORE follows, which holds the source id (key) and the code of the band
(mjd): where the id is not the key, as it nearly always is, or the code does not fit."""

SIZE, IS_ALERT, ALERT_PUBLIC = (1 << 28) - 1, 1 << 28, 1 << 29
"""Parts of a run's size. IS_ALERT: the alert itself is one of this object; it may have brought no point."""

WIDEST_BAND = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class Runs:
    """Runs of many objects: `object` (index of each one's object, int64) and `entry` (of `RUN`)."""

    object: Ints
    entry: Structs

    def __len__(self) -> int:
        """Number of runs."""
        return len(self.object)

    @property
    def is_alert(self) -> Bools:
        """Which runs are of alerts of their object."""
        marked: Bools = (self.entry["size"] & IS_ALERT) != 0
        return marked

    @property
    def is_public(self) -> Bools:
        """Which runs are of public alerts of their object."""
        marked: Bools = (self.entry["size"] & ALERT_PUBLIC) != 0
        return marked


@dataclass(frozen=True)
class Points:
    """Points of many objects, one entry each, extra slots (`MORE`) taken out of the way.

    Attributes:
        object: index of the object (int64).
        run: index into `runs`.
        slot: entries of `SLOT`.
        source_id: meaningless where the slot says `NO_SOURCE`.
        band: code of the band (int64), meaningless where the slot says `NO_BAND`.
    """

    object: Ints
    run: Ints
    slot: Structs
    source_id: Ints
    band: Ints
    runs: Runs

    def __len__(self) -> int:
        """Number of points."""
        return len(self.object)

    @cached_property
    def kind(self) -> npt.NDArray[np.int8]:
        """Kind of each point."""
        return np.ascontiguousarray(self.slot["kind"])

    @cached_property
    def key(self) -> Ints:
        """Key of each point."""
        return np.ascontiguousarray(self.slot["key"]).astype(np.int64, copy=False)

    @cached_property
    def public(self) -> Bools:
        """Which points may be published."""
        marked: Bools = (self.slot["is"] & PUBLIC) != 0
        return marked

    def take(self, chosen: Ints | Bools) -> Points:
        """The points at these indices or where this mask is true, with all runs."""
        at = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64, copy=False)
        object_, run, source_id, band = (a.take(at) for a in (self.object, self.run, self.source_id, self.band))
        return Points(object_, run, picked(self.slot, at), source_id, band, self.runs)


def picked(entries: Structs, at: Ints) -> Structs:
    """Entries at these indices, taken as rows of words: numpy copies structures field by field, 15 times as slowly."""
    words = entries.dtype.itemsize // 4
    return entries.view(np.uint32).reshape(-1, words).take(at, axis=0).reshape(-1).view(entries.dtype)


def stacked(one: Structs, other: Structs) -> Structs:
    """All entries of both, copied as words as well."""
    pair = [entries.view(np.uint32) for entries in (one, other)]
    return np.concatenate(pair).view(one.dtype)


def unpack(owners: Sequence[int], points: Sequence[bytes], runs: Sequence[bytes]) -> Points:
    """Points of blobs: the index of the object of each, its points and its runs."""
    owner = np.array(owners, dtype=np.int64)
    slots, entries = np.frombuffer(b"".join(points), SLOT), np.frombuffer(b"".join(runs), RUN)
    slot_object = np.repeat(owner, np.array([len(p) for p in points], dtype=np.int64) // SLOT.itemsize)
    run_object = np.repeat(owner, np.array([len(r) for r in runs], dtype=np.int64) // RUN.itemsize)
    run = np.repeat(np.arange(len(entries)), entries["size"] & SIZE)
    key, band = slots["key"].astype(np.int64), slots["band"].astype(np.int64)
    more = np.flatnonzero(slots["is"] & MORE)
    found = Points(slot_object, run, slots, key, band, Runs(run_object, entries))
    if not len(more):
        return found
    key[more - 1], band[more - 1] = key[more], slots["mjd"][more].astype(np.int64)
    return found.take((slots["is"] & MORE) == 0)


def pack(points: Points, alerts: Runs, objects: int) -> tuple[list[bytes], list[bytes]]:
    """Points and alerts of `objects` objects as blobs: for each object those of its points, and those of its runs.

    Args:
        points: with the runs that they point to.
        alerts: runs without a point of their own; one that equals a point's run becomes one with it.
        objects: how many blobs of each sort to give.
    """
    head = picked(points.runs.entry, points.run)
    wide = (points.slot["is"] & OTHER_SOURCE) != 0
    head["size"] = 1 + wide
    entry = stacked(head, alerts.entry)
    owner = np.concatenate([points.object, alerts.object])
    order = np.lexsort((entry["alert_id"], entry["alert_mjd"], entry["known_night"], owner))
    entry, owner = picked(entry, order), owner[order]
    if not len(owner):
        return [b""] * objects, [b""] * objects
    first = np.ones(len(owner), dtype=bool)
    first[1:] = owner[1:] != owner[:-1]
    for name in ("alert_id", "alert_mjd", "known_night"):
        first[1:] |= entry[name][1:] != entry[name][:-1]
    starts = np.flatnonzero(first)
    runs = entry[starts]
    counted = np.add.reduceat(entry["size"] & SIZE, starts)
    runs["size"] = counted | np.bitwise_or.reduceat(entry["size"] & ~np.uint32(SIZE), starts)
    of_points = order[order < len(points)]
    slots = _with_more(points.take(of_points), wide[of_points])
    slot_owner = np.repeat(points.object[of_points], 1 + wide[of_points])
    return _cut(slots, slot_owner, objects), _cut(runs, owner[starts], objects)


def _with_more(points: Points, wide: Bools) -> Structs:
    if not wide.any():
        return points.slot
    slots = np.repeat(points.slot, 1 + wide)
    more = np.cumsum(1 + wide)[wide] - 1
    slots["key"][more], slots["mjd"][more] = points.source_id[wide], points.band[wide]
    slots["is"][more] = MORE
    return slots


def _cut(entries: Structs, owner: Ints, objects: int) -> list[bytes]:
    """The bytes of entries that are sorted by their owner, one piece for each."""
    data = entries.tobytes()
    bounds = (np.searchsorted(owner, np.arange(objects + 1)) * entries.itemsize).tolist()
    return [data[start:stop] for start, stop in pairwise(bounds)]
