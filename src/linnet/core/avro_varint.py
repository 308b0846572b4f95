"""Avro's integers: zig-zag, seven bits a byte, least significant first (Avro 1.11 specification, "Binary Encoding")."""

from __future__ import annotations

from linnet.core.reasons import Reason
from linnet.errors import PacketError

MAX_BYTES = 10
"""Bytes of the longest encoding of a 64-bit number. Longer than needed is legal, longer than this is not."""


def encode(value: int) -> bytes:
    """The shortest encoding of a 64-bit signed number."""
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def decode(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and the place behind it.

    Raises:
        PacketError: `BAD_DATUM`: the data end within it, or it has more than 64 bits.
    """
    if at < len(data) and data[at] < 0x80:
        low = data[at]
        return (low >> 1) ^ -(low & 1), at + 1
    value = 0
    for place, byte in enumerate(data[at : at + MAX_BYTES]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            if value >> 64:
                break
            return (value >> 1) ^ -(value & 1), at + place + 1
    else:
        if len(data) - at < MAX_BYTES:
            raise PacketError(Reason.BAD_DATUM, f"the data end within a number at byte {at}")
    raise PacketError(Reason.BAD_DATUM, f"the number at byte {at} has more than 64 bits")
