"""A sample packet made ready to be sent again and again: its bytes, and where its changing fields lie.

An object's k-th alert brings the sample's own history, dated back from the object's first alert, and the k alerts
before it. Where the sample's history is longer than k, they take the place of its oldest points, so that the packet
keeps its size as a survey's do, which bring a fixed span of time.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fastavro
import numpy as np
import numpy.typing as npt

from linnet.core.avro_schema import WriterSchema
from linnet.simulation.load_schedule import Floats, Ints, Schedule
from linnet.simulation.load_slots import Slots, locate

Record = dict[str, Any]

Values = Mapping[str, npt.NDArray[np.generic]]

SHORTEST_APART = 1e-4
"""Days between two points of a history; nearer ones of a sample would be told apart by nothing but their ids."""


@dataclass(frozen=True)
class Sample:
    """A real packet.

    Attributes:
        record: its values as sent.
        schema: the writer schema with which it is written again.
        before, after: bytes around its datum: a container's header and sync marker, or a frame's five bytes.
    """

    record: Record
    schema: WriterSchema
    before: bytes = b""
    after: bytes = b""


@dataclass(frozen=True)
class History:
    """One list of a template, item by item.

    Attributes:
        items: the records.
        base: number of the sample's own point, -1 where the item is an earlier alert.
        earlier: number of the earlier alert, 0 where the item is the sample's own.
        ago: days by which the sample's own point precedes the object's first alert; 0 for an earlier alert.
    """

    items: tuple[Record, ...]
    base: Ints
    earlier: Ints
    ago: Floats

    def times(self, alerts: Floats) -> Floats:
        """Time of every item (n x items) from those of the object's alerts (n x alerts, first to present)."""
        return alerts[:, self.earlier] - self.ago

    def among(self, own: npt.NDArray[Any], base: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values of every item (n x items): of earlier alerts out of `own`, else the sample's (n x items, or items)."""
        return np.where(self.base < 0, own[:, self.earlier], base)


@dataclass(frozen=True)
class Template:
    """The bytes of an object's k-th alert.

    Attributes:
        packet: a whole message.
        slots: where the changing fields lie in it.
        histories: path of a list -> its items.
        sample: what it was made from.
        noisy: byte ranges of big-endian 32-bit floats whose low bits no two packets share.
    """

    packet: bytes
    slots: Mapping[str, Slots]
    histories: Mapping[str, History]
    sample: Sample
    noisy: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Sending:
    """Which alerts are made: n objects that share a template, at their k-th alert.

    Attributes:
        schedule: where and when.
        number: the n objects.
        turn: k, counted from 0.
    """

    schedule: Schedule
    number: Ints
    turn: int

    @cached_property
    def alerts(self) -> Ints:
        """Numbers of each object's alerts, n x (k + 1), the present one last."""
        turns = np.arange(self.turn + 1, dtype=np.int64)
        return self.number[:, None] + turns * self.schedule.objects

    @cached_property
    def mjd(self) -> Floats:
        """Starts of their exposures, MJD in UTC, n x (k + 1)."""
        return self.schedule.mjd(self.alerts)

    @cached_property
    def position(self) -> tuple[Floats, Floats]:
        """Right ascension and declination of the objects, degrees."""
        return self.schedule.position(self.number)


def history(base: Sequence[tuple[float, Record]], earlier: Record, turn: int, length: int | None = None) -> History:
    """The list that an object's alert brings.

    Args:
        base: the sample's points: days before its alert (positive), record.
        earlier: an item that stands for an earlier alert of the object.
        turn: how many earlier alerts there are.
        length: number of points wanted; the sample's own by default.
    """
    points = _stretched(_apart(base), length)
    kept = points[min(turn, len(points)) :]
    numbers = range(len(points) - len(kept), len(points))
    return History(
        items=(*(record for _, record in kept), *(dict(earlier) for _ in range(turn))),
        base=np.array([*numbers, *([-1] * turn)], dtype=np.int64),
        earlier=np.array([0] * len(kept) + list(range(turn)), dtype=np.int64),
        ago=np.array([ago for ago, _ in kept] + [0.0] * turn),
    )


def template(sample: Sample, record: Record, wanted: frozenset[str], histories: Mapping[str, History]) -> Template:
    """Write a record in its sample's schema and find the fields that will change.

    Args:
        sample: the real packet, whose schema and framing are kept.
        record: its values, with numbers in the places of ids that take as many bytes as the ids to come.
        wanted: paths of the changing fields; those that are null in the record are left alone.
        histories: the lists in it.
    """
    written = io.BytesIO()
    fastavro.schemaless_writer(written, sample.schema.reader, record | {p: list(h.items) for p, h in histories.items()})
    datum = written.getvalue()
    found = locate(datum, sample.schema.shape, wanted)
    slots = {path: places.moved(len(sample.before)) for path, places in found.items()}
    return Template(sample.before + datum + sample.after, slots, histories, sample)


def _apart(base: Sequence[tuple[float, Record]]) -> list[tuple[float, Record]]:
    """Points before the alert, oldest first, none too near to another."""
    kept: list[tuple[float, Record]] = []
    for ago, record in sorted(base, key=lambda point: point[0]):
        if ago >= (kept[-1][0] if kept else 0.0) + SHORTEST_APART:
            kept.append((ago, record))
    return kept[::-1]


def _stretched(points: list[tuple[float, Record]], length: int | None) -> list[tuple[float, Record]]:
    """The newest points where there are more than wanted; the same ones again, longer ago, where there are fewer."""
    if length is None or not points:
        return points
    span = points[0][0] + 1.0
    repeats = -(-length // len(points))
    longer = [(ago + span * back, record) for back in reversed(range(repeats)) for ago, record in points]
    return longer[len(longer) - length :]
