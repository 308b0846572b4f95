"""Solar System bodies that LSST links to a source."""

from __future__ import annotations

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


def body_id(decoded: pa.RecordBatch) -> pa.Array:
    """The designation of the body (string), null where the survey links none."""
    named = [_not_blank(decoded.column(path)) for path in DESIGNATIONS]
    numbered = [unpacked(decoded.column(f"{record}.ssObjectId")) for record in ("diaSource", "ssSource")]
    return pc.coalesce(*named, *numbered)


def body_sep(decoded: pa.RecordBatch) -> pa.Array:
    """Separation of the source from the body's predicted place in arcsec (float), null before version 10.0."""
    offset = decoded.column("ssSource.ephOffset")
    return pc.if_else(pc.fill_null(pc.is_finite(offset), False), offset, None)


def unpacked(ids: pa.Array) -> pa.Array:
    """The designations (string) that LSST packs into `ssObjectId`, null for any other number.

    The id is the MPC's packed designation in ASCII, read as a big-endian integer: 21163615805847120 is K02JE6P.
    """
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
    trimmed = pc.utf8_trim_whitespace(names)
    return pc.if_else(pc.not_equal(trimmed, ""), trimmed, None)
