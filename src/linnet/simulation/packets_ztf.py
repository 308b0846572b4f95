"""ZTF packets: Avro containers of one alert each, with history, forced photometry and three gzipped stamps."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.core import avro_varint
from linnet.core.avro_container import SYNC
from linnet.core.avro_segment import header
from linnet.simulation.avro_rows import Columns, Rows, Schema, listed, record_of, rows, sized
from linnet.simulation.draws import Bools, Ints
from linnet.simulation.night import Simulation
from linnet.simulation.stamp_images import Images, stamps
from linnet.simulation.ztf_catalogues import neighbours
from linnet.simulation.ztf_columns import ZtfColumns
from linnet.simulation.ztf_numbers import object_ids

HISTORY = 30.0
"""Days of history in a packet."""

SIZE = 63
"""Pixels along a side of a stamp."""

_SYNC = bytes(range(SYNC))
_NULL, _SOME = b"\0", b"\2"
_CARD, _BLOCK = 80, 2880
_CUTOUTS = (("cutoutScience", "_targ_sci"), ("cutoutTemplate", "_ref"), ("cutoutDifference", "_targ_refmsci"))
_COUNTS = np.float32(10.0 ** ((26.2 - 31.4) / 2.5))
"""Counts of a nJy at the usual zero point."""

_KEPT_BITS = np.uint32(0xFFFFFF00)
"""Of a pixel: real stamps compress to two thirds, as their last digits are not random."""


@dataclass(frozen=True)
class ZtfPackets:
    """Writes the alerts of a simulation as ZTF sends them.

    Attributes:
        simulation: of ZTF.
        schema: the writer schema, 4.02.
        schema_text: the same as it stands in a container.
        with_stamps: False leaves the cutouts null.
    """

    simulation: Simulation
    schema: Schema
    schema_text: str
    with_stamps: bool = True

    topic = "ztf_simulated"

    @cached_property
    def _columns(self) -> ZtfColumns:
        return ZtfColumns(self.simulation)

    @cached_property
    def _since(self) -> Ints:
        return self.simulation.since(HISTORY)

    @cached_property
    def _head(self) -> bytes:
        return header(self.schema_text, "null", _SYNC)

    def alert_ids(self, alerts: Ints) -> Ints:
        """`candid` of points."""
        return self._columns.numbers.candid[alerts]

    def object_ids(self, alerts: Ints) -> npt.NDArray[np.str_]:
        """`objectId` of points."""
        return object_ids(self.simulation, alerts)

    def packets(self, alerts: Ints) -> list[bytes]:
        """The messages of some alerts (rows of the points)."""
        types = {field["name"]: field["type"] for field in self.schema["fields"]}
        candidate = rows(record_of(types["candidate"]), self._candidates(alerts), len(alerts))
        history = _History(self, alerts, types)
        names, ids = self.object_ids(alerts), self.alert_ids(alerts)
        cutouts = self._cutouts(alerts, ids)
        publisher = sized(self.schema_text_version.encode()) + sized(b"ZTF (www.ztf.caltech.edu)")
        found = []
        for i, row in enumerate(alerts.tolist()):
            parts: list[bytes | memoryview] = [
                publisher,
                sized(str(names[i]).encode()),
                avro_varint.encode(int(ids[i])),
                candidate.slice(i, i + 1),
            ]
            parts += [*history.before(row), *history.forced(row), next(cutouts)]
            datum = b"".join(parts)
            found.append(b"".join((self._head, _SOME, avro_varint.encode(len(datum)), datum, _SYNC)))
        return found

    @property
    def schema_text_version(self) -> str:
        """`schemavsn` of the packets."""
        return str(self.schema["version"])

    def _candidates(self, alerts: Ints) -> Columns:
        columns = self._columns
        return {
            **columns.visit(alerts),
            **columns.detection(alerts),
            **columns.own(alerts),
            **neighbours(self.simulation, alerts),
        }

    def _cutouts(self, alerts: Ints, ids: Ints) -> Iterator[bytes]:
        if not self.with_stamps:
            yield from (_NULL * 3 for _ in alerts)
            return
        made = stamps(self.simulation, alerts, SIZE)
        images = (made.science * _COUNTS + 200.0, made.template * _COUNTS + 200.0, made.difference * _COUNTS)
        pixels = [_pixels(image) for image in images]
        pid = self._columns.numbers.pid[alerts]
        for i, (candid, image) in enumerate(zip(ids.tolist(), pid.tolist(), strict=True)):
            whole = []
            for (_, suffix), each in zip(_CUTOUTS, pixels, strict=True):
                image_part = "" if suffix == "_ref" else f"_pid{image}"
                name = f"candid{candid}{image_part}{suffix}.fits.gz"
                whole += [_SOME, sized(name.encode()), sized(_gzipped(_fits_head(SIZE) + each[i].tobytes()))]
            yield b"".join(whole)


class _History:
    """The points before some alerts, written once for each object."""

    def __init__(self, packets: ZtfPackets, alerts: Ints, types: dict[str, Any]) -> None:
        self._since = packets._since
        simulation, columns = packets.simulation, packets._columns
        self.points = _before(alerts, self._since)
        n = len(self.points)
        detected = simulation.points.detected[self.points]
        item = record_of(types["prv_candidates"])
        shown = {f["name"] for f in item["fields"]}
        detections = columns.detection(self.points)
        kept = {name: _where(detected, values) for name, values in detections.items() if name in shown}
        visit = {name: values for name, values in columns.visit(self.points).items() if name in shown}
        self._items: Rows = rows(item, {**visit, **kept}, n)
        self._forced: Rows = rows(record_of(types["fp_hists"]), columns.forced(self.points[::-1]), n)

    def before(self, row: int) -> Sequence[bytes | memoryview]:
        """`prv_candidates` of an alert: oldest first."""
        start, stop = np.searchsorted(self.points, [self._since[row], row]).tolist()
        return (_SOME, *listed(self._items, start, stop))

    def forced(self, row: int) -> Sequence[bytes | memoryview]:
        """`fp_hists` of an alert: newest first."""
        start, stop = np.searchsorted(self.points, [self._since[row], row]).tolist()
        n = len(self.points)
        return (_SOME, *listed(self._forced, n - stop, n - start))


def _before(alerts: Ints, since: Ints) -> Ints:
    """Rows of the points in the history of any of the alerts, in order."""
    counts = alerts - since[alerts]
    ends = np.cumsum(counts)
    within = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
    return np.unique(np.repeat(since[alerts], counts) + within)


def _where(detected: Bools, values: Any) -> Any:
    """Values of detections; null in limits."""
    given = np.broadcast_to(values, detected.shape)
    return np.where(detected, given, np.nan) if given.dtype.kind == "f" else np.ma.array(given, mask=~detected)


def _pixels(images: Images) -> npt.NDArray[np.uint32]:
    bits = (images.view(np.uint32) + np.uint32(0x80)) & _KEPT_BITS
    found: npt.NDArray[np.uint32] = bits.astype(">u4")
    return found


def _fits_head(size: int) -> bytes:
    """The header of a stamp (FITS Standard 4.0, section 4)."""
    cards = ["SIMPLE  =                    T", "BITPIX  =                  -32", "NAXIS   =                    2"]
    cards += [f"NAXIS{i}  = {size:20d}" for i in (1, 2)] + ["BUNIT   = 'DN      '", "END"]
    return "".join(card.ljust(_CARD) for card in cards).ljust(_BLOCK).encode()


def _gzipped(head_and_pixels: bytes) -> bytes:
    """A FITS file, padded to whole blocks, gzipped quickly; no time in it, so that it is the same again."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(head_and_pixels + bytes(-len(head_and_pixels) % _BLOCK)) + packer.flush()
