"""Solar System bodies that LSST links to a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DESIGNATIONS = (
    "ssSource.designation",
    "mpc_orbits.designation",
    "ssObject.designation",
    "MPCORB.mpcDesignation",
)
"""Where a packet names its body, the first one first. Packed in some packets, unpacked in others: kept as sent."""

_LETTERS = np.zeros(256, dtype=bool)
_LETTERS[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~")] = True
_SHORTEST = 5  # a numbered body: five characters, a provisional designation has seven


def body_id(sent: Mapping[str, pa.Array]) -> pa.Array:
    """The designation of the body (string), null where the survey links none.

    Args:
        sent: columns by the packet's fields.
    """
    named = [_not_blank(sent[path]) for path in DESIGNATIONS]
    numbered = [unpacked(sent[f"{record}.ssObjectId"]) for record in ("diaSource", "ssSource")]
    return one_of([*named, *numbered])


def one_of(columns: Sequence[pa.Array]) -> pa.Array:
    """Of several columns of one type the first value that is not null, row by row."""
    if len(columns) == 1:
        return columns[0]
    filled = [each for each in columns if each.null_count < len(each)]
    return pc.coalesce(*filled) if len(filled) > 1 else (filled or columns)[0]


def unpacked(ids: pa.Array) -> pa.Array:
    """The designations (string) that LSST packs into `ssObjectId`, null for any other number.

    The id is the MPC's packed designation in ASCII, read as a big-endian integer: 21163615805847120 is K02JE6P.
    """
    if ids.null_count == len(ids):
        return pa.nulls(len(ids), pa.string())
    values = ids.fill_null(0).to_numpy(zero_copy_only=False).astype(">i8")
    octets = values.view(np.uint8).reshape(-1, 8)
    length = np.where(octets.any(axis=1), 8 - (octets != 0).argmax(axis=1), 0)
    letters = _LETTERS[octets] | (np.arange(8) < 8 - length[:, None])
    good = letters.all(axis=1) & (length >= _SHORTEST)
    names = np.full(len(values), None, dtype=object)
    for characters in range(_SHORTEST, 9):
        chosen = good & (length == characters)
        packed = np.ascontiguousarray(octets[chosen, 8 - characters :])
        names[chosen] = packed.view(f"S{characters}").ravel().astype(str)
    return pa.array(names, pa.string())


def _not_blank(names: pa.Array) -> pa.Array:
    if names.null_count == len(names):
        return names
    trimmed = pc.utf8_trim_whitespace(names)
    return pc.if_else(pc.not_equal(trimmed, ""), trimmed, None)
