"""LSST packets: framed Avro datums with history, forced photometry, object, body and three cutouts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.core import avro_varint
from linnet.simulation.avro_rows import Columns, Rows, Schema, listed, record_of, rows, sized
from linnet.simulation.draws import Bools, Ints
from linnet.simulation.lsst_columns import LsstColumns
from linnet.simulation.lsst_objects import dia_object, orbit, ss_source
from linnet.simulation.lsst_stamps import cutouts
from linnet.simulation.night import Simulation

HISTORY, FORCED = 365.0, 30.0
"""Days of previous sources (DMTN-093: a year) and of forced ones in a packet."""

_NULL, _SOME = b"\0", b"\2"
_CUTOUTS = ("cutoutDifference", "cutoutScience", "cutoutTemplate")

Piece = bytes | memoryview


@dataclass(frozen=True)
class LsstPackets:
    """Writes the alerts of a simulation as LSST sends them.

    Attributes:
        simulation: of LSST.
        schema: the writer schema, self-contained; of version 10.0 or later.
        schema_id: which the frame names: major x 100 + minor.
        with_stamps: False leaves the cutouts null.
    """

    simulation: Simulation
    schema: Schema
    schema_id: int
    with_stamps: bool = True

    topic = "lsst-alerts-simulated"

    @cached_property
    def _columns(self) -> LsstColumns:
        return LsstColumns(self.simulation)

    @cached_property
    def _types(self) -> dict[str, Any]:
        return {field["name"]: field["type"] for field in self.schema["fields"]}

    @cached_property
    def _windows(self) -> tuple[Ints, Ints]:
        return self.simulation.since(HISTORY), self.simulation.since(FORCED)

    def alert_ids(self, alerts: Ints) -> Ints:
        """`diaSourceId` of points."""
        return self._columns.numbers.source_id[alerts]

    def object_ids(self, alerts: Ints) -> npt.NDArray[np.str_]:
        """`diaObjectId` of points in digits; empty for known bodies, which have none."""
        found = self._columns.numbers.object_id[alerts].astype(str)
        found[self._columns.is_known(alerts)] = ""
        return found

    def packets(self, alerts: Ints) -> list[bytes]:
        """The messages of some alerts (rows of the points)."""
        frame = b"\0" + self.schema_id.to_bytes(4, "big")
        parts = _Parts(self._columns, self._types, alerts, self._windows)
        ids = self.alert_ids(alerts).tolist()
        images = self._images(alerts)
        found = []
        for i, row in enumerate(alerts.tolist()):
            given: dict[str, Sequence[Piece]] = {
                "diaSourceId": (avro_varint.encode(ids[i]),),
                **parts.of(i, row),
                **dict(zip(_CUTOUTS, next(images), strict=True)),
            }
            # What the simulation has nothing to say of is null.
            found.append(b"".join((frame, *(piece for name in self._types for piece in given.get(name, (_NULL,))))))
        return found

    def _images(self, alerts: Ints) -> Iterator[Sequence[Sequence[Piece]]]:
        if self.with_stamps:
            for each in cutouts(self.simulation, self._columns.numbers, alerts):
                yield [(_SOME, sized(image)) for image in each]
        else:
            yield from ([(_NULL,)] * 3 for _ in alerts)


class _Parts:
    """The records of some alerts and of what was before them, each written once."""

    def __init__(self, columns: LsstColumns, types: dict[str, Any], alerts: Ints, windows: tuple[Ints, Ints]) -> None:
        points = columns.simulation.points
        self._first, since = windows
        self._detected = columns.simulation.first_detection
        self.known = columns.is_known(alerts)
        self.sources = _union(alerts, self._first, points.detected)
        self._recent = np.minimum(np.maximum(since, self._detected), np.arange(len(points)))
        self.forced = _union(alerts, self._recent, np.ones(len(points), dtype=bool))
        self._source_rows = _rows(types["diaSource"], columns.source(self.sources), len(self.sources))
        self._forced_rows = _rows(types["prvDiaForcedSources"], columns.forced(self.forced), len(self.forced))
        self._objects = _rows(types["diaObject"], dia_object(columns, alerts), len(alerts))
        bodies = alerts[self.known]
        self._body = np.cumsum(self.known) - 1
        empty = Rows(memoryview(b""), np.zeros(1, dtype=np.int64))
        self._ss = _rows(types["ssSource"], ss_source(columns, bodies), len(bodies)) if len(bodies) else empty
        self._orbits = _rows(types["mpc_orbits"], orbit(columns, bodies), len(bodies)) if len(bodies) else empty

    def of(self, i: int, row: int) -> dict[str, Sequence[Piece]]:
        """The fields of one alert."""
        start, own = np.searchsorted(self.sources, [self._first[row], row]).tolist()
        found: dict[str, Sequence[Piece]] = {"diaSource": (self._source_rows.slice(own, own + 1),)}
        if self.known[i]:
            b = int(self._body[i])
            return found | {
                "ssSource": (_SOME, self._ss.slice(b, b + 1)),
                "mpc_orbits": (_SOME, self._orbits.slice(b, b + 1)),
            }
        found["diaObject"] = (_SOME, self._objects.slice(i, i + 1))
        if own > start:
            found["prvDiaSources"] = (_SOME, *listed(self._source_rows, start, own))
        # Forced photometry of an object begins with its first detection, and is there from its second alert on.
        is_new = self._detected[row] == row
        low, high = np.searchsorted(self.forced, [self._recent[row], row + 1]).tolist()
        found["prvDiaForcedSources"] = (_SOME, *listed(self._forced_rows, high if is_new else low, high))
        return found


def _rows(kind: Any, columns: Columns, n: int) -> Rows:
    """Records of the fields that this version of the schema has."""
    record = record_of(kind)
    names = {field["name"] for field in record["fields"]}
    return rows(record, {name: values for name, values in columns.items() if name in names}, n)


def _union(alerts: Ints, since: Ints, wanted: Bools) -> Ints:
    """Rows, in order, of the points from `since` of any of the alerts to itself that are wanted."""
    counts = alerts - since[alerts] + 1
    ends = np.cumsum(counts)
    within = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
    found = np.unique(np.repeat(since[alerts], counts) + within)
    kept: Ints = found[wanted[found]]
    return kept
