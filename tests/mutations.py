"""Seeded damage to packets: what a bad line, a bad disk or a bad person does to bytes."""

from __future__ import annotations

import random

_NASTY = (b"\x00", b"\x01", b"\x02", b"\x03", b"\x7f", b"\x80", b"\xff", b"\xff" * 10, b"\x80" * 9 + b"\x01")
SYNC = 16


def mutate(rng: random.Random, data: bytes) -> bytes:
    """A damaged copy: one to eight flipped bits, a cut, nasty bytes in place, bytes lost, doubled or moved."""
    kind = rng.choices(("bits", "cut", "nasty", "lose", "double", "insert"), (50, 15, 15, 7, 7, 6))[0]
    out = bytearray(data)
    at = rng.randrange(len(out))
    if kind == "bits":
        for _ in range(rng.randint(1, 8)):
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del out[at:]
    elif kind == "nasty":
        nasty = rng.choice(_NASTY)
        out[at : at + len(nasty)] = nasty
    elif kind == "lose":
        del out[at : at + rng.randint(1, 64)]
    elif kind == "double":
        out[at:at] = out[at : at + rng.randint(1, 64)]
    else:
        out[at:at] = rng.choice(_NASTY)
    return bytes(out)


def swap_headers(one: bytes, other: bytes) -> bytes:
    """The header of one container before the blocks of another, whose sync markers are made to fit."""
    ours, theirs = _header_end(one), _header_end(other)
    return one[:ours] + other[theirs:].replace(other[theirs - SYNC : theirs], one[ours - SYNC : ours])


def _header_end(container: bytes) -> int:
    """End of the header, found by the sync marker that also ends the file."""
    return container.index(container[-SYNC:]) + SYNC
