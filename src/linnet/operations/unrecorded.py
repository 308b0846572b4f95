"""Archived packets without a recorded row: what a lost store takes with it, saved before the tail is cut.

Rows wait in the store until a science file holds them. Where the store is lost, the packets of the last commits are in
the raw archive with no row beside them. They are told apart here, so that they can be offered again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from linnet.core.avro_segment import block, header
from linnet.core.envelope import Message
from linnet.core.ports import RawArchive, ScienceArchive
from linnet.core.unit import SEGMENT

SYNC = b"linnet-recover16"
Places = set[tuple[int, int]]


@dataclass(frozen=True)
class Recorded:
    """What science files say of the raw archive.

    Attributes:
        segments: `SEGMENT` rows as far as they are recorded: lengths end where the first unrecorded block begins.
        messages: every datum without a row, each as a container of its own.
    """

    segments: pa.Table
    messages: list[Message]


def recorded(raw: RawArchive, science: ScienceArchive) -> Recorded:
    """Compare the segments that are there with the references of all science files."""
    places: dict[str, Places] = {}
    for path in science.files("alerts"):
        rows = science.read(path).select(["segment", "block", "place"])
        for segment, at, place in zip(*(c.to_pylist() for c in rows.columns), strict=True):
            places.setdefault(segment, set()).add((at, place))
    segments: list[dict[str, object]] = []
    messages: list[Message] = []
    for row in raw.present().to_pylist():
        known = places.get(row["segment"], set())
        if len(known) < row["rows"]:
            lost = list(_unrecorded(raw, row["segment"], known))
            messages.extend(message for _, message in lost)
            row["length"] = min(at for at, _ in lost)
            row["rows"] = len(known)
        if row["rows"]:
            segments.append(row)
    return Recorded(pa.Table.from_pylist(segments, schema=SEGMENT), messages)


def _unrecorded(raw: RawArchive, segment: str, known: Places) -> Iterator[tuple[int, Message]]:
    head = header(json.dumps(raw.schema(segment)), "null", SYNC)
    for number, (at, place, datum) in enumerate(raw.datums(segment)):
        if (at, place.place) not in known:
            yield at, Message(head + block([datum], "null", SYNC)[0], topic=segment, offset=number)
