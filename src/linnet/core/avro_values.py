"""Values out of packets as Arrow columns of the wanted type.

What a value becomes depends on its own type, never on the schema's version:

- a float column takes floats and integers; NaN, infinity and what does not fit become null;
- an integer column takes integers in its range, and floats that are whole and exact (at most 2^53);
- a string column takes text, and integers and booleans as `12` and `true` (ZTF's isdiffpos is `t`, `"1"` or 1);
- a boolean column takes booleans, a binary one bytes;
- everything else is null: a number is never read out of text, a boolean is no number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

_EXACT = 2**53


def column(values: Sequence[object], wanted: pa.DataType) -> pa.Array:
    """Values of a packet (None for null) as an array of the wanted type and the same length.

    Raises:
        ValueError: no packet value can have this type (a declaration is wrong).
    """
    if pa.types.is_floating(wanted):
        return _floats(values, wanted)
    for matches, types, convert in _KINDS:
        if matches(wanted):
            if not types.issuperset(map(type, values)):
                values = [convert(value) for value in values]
            return _integers(values, wanted) if convert is _integer else pa.array(values, wanted)
    raise ValueError(f"no value of a packet becomes {wanted}")


def _floats(values: Sequence[object], wanted: pa.DataType) -> pa.Array:
    if not _FLOATS.issuperset(map(type, values)):
        values = [value if type(value) in _FLOATS else None for value in values]
    with np.errstate(over="ignore"):  # what is too large for the type becomes infinite, and so null
        numbers = np.array(values, dtype=np.float64).astype(wanted.to_pandas_dtype())
    return pa.array(numbers, wanted, mask=~np.isfinite(numbers))


def _integers(values: Sequence[object], wanted: pa.DataType) -> pa.Array:
    if wanted.bit_width == 64:
        return pa.array(values, wanted)
    limit = 1 << (wanted.bit_width - 1)
    return pa.array([v if isinstance(v, int) and -limit <= v < limit else None for v in values], wanted)


def _integer(value: object) -> int | None:
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) <= _EXACT:
        return int(value)
    return value if type(value) is int else None


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None


_NONE = type(None)
_FLOATS = frozenset({float, int, _NONE})
_KINDS: tuple[tuple[Callable[[pa.DataType], bool], frozenset[type], Callable[[object], object]], ...] = (
    (pa.types.is_signed_integer, frozenset({int, _NONE}), _integer),
    (pa.types.is_string, frozenset({str, _NONE}), _text),
    (pa.types.is_boolean, frozenset({bool, _NONE}), _truth),
    (pa.types.is_binary, frozenset({bytes, _NONE}), _bytes),
)
