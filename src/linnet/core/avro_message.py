"""One message: which schema wrote it, and where its datums begin and end.

A message is an Avro container, or a datum framed as Confluent's serialisers do it: a zero byte, the schema id as four
bytes big-endian, the datum.
"""

from __future__ import annotations

from linnet.core.avro_codec import MAX_EXPANDED
from linnet.core.avro_container import MAGIC, MAX_MESSAGE, blocks, header
from linnet.core.avro_schema import SchemaCache, WriterSchema
from linnet.core.avro_strict import Budget
from linnet.core.reasons import Reason
from linnet.errors import PacketError

FRAME = 5
"""Bytes in front of a framed datum."""

_LOOKS: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x28\xb5\x2f\xfd", "zstandard data"),
    (b"SIMPLE  =", "a FITS file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
)
_TEXTS: tuple[tuple[bytes, str], ...] = (
    (b"{", "JSON text"),
    (b"[", "JSON text"),
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<", "XML text"),
)


def open_message(value: bytes | None, topic: str, schemas: SchemaCache) -> tuple[WriterSchema, list[bytes]]:
    """The writer schema of a message and its untouched datums in order, every one walked strictly.

    Raises:
        PacketError: why the message is refused as a whole, with the reason of its dead letter.
    """
    if not value:
        raise PacketError(Reason.NOT_A_PACKET, "the message is empty")
    if len(value) > MAX_MESSAGE:
        raise PacketError(Reason.TOO_LARGE, f"{len(value)} bytes; a message has at most {MAX_MESSAGE}")
    if value.startswith(MAGIC):
        head = header(value)
        schema = schemas.of_container(head.schema, topic)
        datums: list[bytes] = []
        for block in blocks(value, head):
            datums += split(block.data, block.count, schema)
        return schema, datums
    if value[0] == 0 and len(value) > FRAME:
        schema = schemas.of_frame(int.from_bytes(value[1:FRAME], "big"), topic)
        return schema, split(value[FRAME:], 1, schema)
    raise PacketError(Reason.NOT_A_PACKET, f"neither an Avro container nor a framed Avro message: {looks_like(value)}")


def split(data: bytes, count: int, schema: WriterSchema) -> list[bytes]:
    """The `count` datums that fill these bytes back to back.

    Raises:
        PacketError: `BAD_DATUM` where one is invalid or bytes are left over; `TOO_LARGE` where one has too many values.
    """
    if count * schema.shape.least > len(data):
        raise PacketError(Reason.BAD_DATUM, f"{count} datums do not fit {len(data)} bytes")
    datums: list[bytes] = []
    at = 0
    for _ in range(count):
        end = schema.walk(data, at, Budget())
        if end - at > MAX_EXPANDED:
            raise PacketError(Reason.TOO_LARGE, f"a datum of {end - at} bytes; at most {MAX_EXPANDED} are taken")
        datums.append(data[at:end])
        at = end
    if at < len(data):
        raise PacketError(Reason.BAD_DATUM, f"{len(data) - at} bytes follow the last datum")
    return datums


def looks_like(value: bytes) -> str:
    """What bytes that are no packet seem to be, for a person to read."""
    for start, what in _LOOKS:
        if value.startswith(start):
            return f"it looks like {what}"
    text = value[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, what in _TEXTS:
        if text.startswith(start):
            return f"it looks like {what}"
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in value[:64]):
        return "it looks like plain text"
    return f"it begins with the bytes {value[:8].hex(' ')}"
