"""The three images of a ZTF packet: gzipped FITS of 63 x 63 pixels, or JPEG in the packets of 2017."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from linnet.core.avro_decode import read_datum
from linnet.core.decoding import Schema
from linnet.core.reasons import Reason
from linnet.core.survey import Stamp
from linnet.errors import PacketError

CUTOUTS = {"science": "cutoutScience", "template": "cutoutTemplate", "difference": "cutoutDifference"}
"""Name of each image -> field of the packet."""

MAX_IMAGE_BYTES = 1024 * 1024
"""An image expands to 20 to 30 kB; a gzip bomb of 4 MB would to 4 GB."""

_GZIP = b"\x1f\x8b"
_JPEG = b"\xff\xd8\xff"
_FITS = b"SIMPLE  ="
_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS


def stamps(datum: bytes, schema: Schema) -> dict[str, Stamp]:
    """The images of one datum; absent, null and empty ones are left out.

    Raises:
        PacketError: the datum does not decode by its schema, or an image is too large, damaged, or of no known form.
    """
    record = read_datum(datum, schema)
    found = {}
    for name, field in CUTOUTS.items():
        data = _bytes_of(record.get(field))
        if data:
            found[name] = _stamp(data, field)
    return found


def _bytes_of(cutout: object) -> bytes:
    data = cutout.get("stampData") if isinstance(cutout, Mapping) else None
    return data if isinstance(data, bytes) else b""


def _stamp(data: bytes, field: str) -> Stamp:
    if data.startswith(_JPEG):
        return Stamp("jpeg", _within_limit(data, field))
    plain = _expand(data, field) if data.startswith(_GZIP) else _within_limit(data, field)
    if not plain.startswith(_FITS):
        raise PacketError(Reason.BAD_VALUE, f"{field} is neither a FITS nor a JPEG image")
    return Stamp("fits", plain)


def _within_limit(data: bytes, field: str) -> bytes:
    if len(data) > MAX_IMAGE_BYTES:
        raise PacketError(Reason.TOO_LARGE, f"{field} is larger than {MAX_IMAGE_BYTES} bytes")
    return data


def _expand(data: bytes, field: str) -> bytes:
    reader = zlib.decompressobj(_WITH_GZIP_HEADER)
    try:
        plain = reader.decompress(data, MAX_IMAGE_BYTES + 1)
    except zlib.error as problem:
        raise PacketError(Reason.BAD_VALUE, f"{field} does not unzip: {problem}") from problem
    if len(plain) > MAX_IMAGE_BYTES:
        raise PacketError(Reason.TOO_LARGE, f"{field} unzips to more than {MAX_IMAGE_BYTES} bytes")
    if not reader.eof:
        raise PacketError(Reason.BAD_VALUE, f"{field} is a cut-off gzip file")
    return plain
