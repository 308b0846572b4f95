"""Avro types whose encoding is a regular language, as regular expressions over bytes.

All but strings, bytes, arrays and maps, whose lengths stand in the data. The alternatives of every expression differ in
their first byte, so that matching never goes back: it takes time in proportion to the bytes, whatever they are.

An expression matches the common encodings only. Where a number is longer than needed it fails, and who asks must look
again; what it does match is a valid value.
"""

from __future__ import annotations

from linnet.core.avro_shape import Shape

_INT = rb"(?:[\x80-\xff]{0,3}[\x00-\x7f]|[\x80-\xff]{4}[\x00-\x0f])"
_LONG = rb"(?:[\x80-\xff]{0,8}[\x00-\x7f]|[\x80-\xff]{9}[\x00\x01])"
_REGULAR: dict[str, bytes] = {
    "null": b"",
    "boolean": rb"[\x00\x01]",
    "int": _INT,
    "long": _LONG,
    "float": b".{4}",
    "double": b".{8}",
}
_ONE_BYTE = 64
"""Indices below this are one byte."""


def pattern(shape: Shape) -> bytes | None:
    """The expression (for `re.DOTALL`) of a shape, or None where its length stands in the data."""
    if shape.kind in _REGULAR:
        return _REGULAR[shape.kind]
    if shape.kind == "fixed":
        return b".{%d}" % shape.size
    if shape.kind == "enum":
        return b"[%s]" % b"".join(map(_index, range(shape.size))) if shape.size <= _ONE_BYTE else None
    if shape.kind == "record":
        fields = [pattern(part) for _, part in shape.fields]
        return None if None in fields else b"".join(part for part in fields if part)
    if shape.kind == "union" and len(shape.parts) <= _ONE_BYTE:
        branches = [pattern(part) for part in shape.parts]
        if None not in branches:
            return b"(?:%s)" % b"|".join(_index(n) + (part or b"") for n, part in enumerate(branches))
    return None


def _index(number: int) -> bytes:
    """An index below 64 as it is encoded."""
    return b"\\x%02x" % (2 * number)
