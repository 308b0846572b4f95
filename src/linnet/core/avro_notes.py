"""What the machine noted of undeclared fields, as the JSON texts of the column `extra`."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from linnet.core import avro_varint
from linnet.core.avro_extra import Path
from linnet.core.avro_program import Note


@dataclass(frozen=True)
class Noted:
    """Notes of the rows of one program: what the numbers of notes mean, and the paths they speak of."""

    notes: Sequence[Note]
    paths: Sequence[Path]


def extras(data: memoryview, tape: Sequence[int], ends: Sequence[int], parts: Sequence[tuple[Noted, int]]) -> pa.Array:
    """The column `extra`: a loop over alerts, 1 us for each field, only where a schema has such fields.

    Args:
        data: the bytes in which the alerts lie.
        tape: all notes in order, see `extra_text`.
        ends: where the notes of each alert begin; one number more than alerts.
        parts: what the numbers of notes mean, for how many alerts in a row.
    """
    texts: list[str | None] = []
    for noted, count in parts:
        rows = range(len(texts), len(texts) + count)
        texts += [extra_text(data, tape[ends[row] : ends[row + 1]], noted) for row in rows]
    return pa.array(texts, pa.string())


def extra_text(data: memoryview, marks: Sequence[int], noted: Noted) -> str | None:
    """A JSON object, dotted path to value, of what one alert has of undeclared text, booleans and finite numbers.

    Args:
        data: the bytes in which the alert lies.
        marks: number of the note in the upper 32 bits, place of the value in the lower.
        noted: what the numbers mean.

    Returns:
        The text, in the order of the paths, or None where no field is left.
    """
    found: dict[int, object] = {}
    for mark in marks:
        note = noted.notes[mark >> 32]
        value = _value(data, mark & 0xFFFFFFFF, note)
        if not isinstance(value, float) or math.isfinite(value):
            found[note.path] = value
    named = {".".join(noted.paths[path]): found[path] for path in sorted(found)}
    return json.dumps(named, ensure_ascii=False, allow_nan=False) if named else None


def _value(data: memoryview, at: int, note: Note) -> object:
    kind = note.shape.kind
    if kind in ("float", "double"):
        return struct.unpack_from("<f" if kind == "float" else "<d", data, at)[0]
    if kind == "boolean":
        return data[at] == 1
    last = at
    while data[last] >= 0x80:
        last += 1
    number, behind = avro_varint.decode(bytes(data[at : last + 1]), 0)
    if kind == "enum":
        return note.shape.symbols[number]
    if kind == "string":
        return bytes(data[at + behind : at + behind + number]).decode()
    return number
