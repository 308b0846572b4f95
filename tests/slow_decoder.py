"""The rules of decoding told a second time, in plain Python over the values of one record after the other.

Slow, and sharing nothing with the compiled decoder but the list of undeclared paths. What a value becomes depends on
its own type, never on the schema's version:

- a float column takes floats and integers; NaN, infinity and what does not fit become null;
- an integer column takes integers in its range, and floats that are whole and exact (at most 2^53);
- a string column takes text, and integers and booleans as `12` and `true` (ZTF's isdiffpos is `t`, `"1"` or 1);
- a boolean column takes booleans, a binary one bytes;
- everything else is null: a number is never read out of text, a boolean is no number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from linnet.core.avro_extra import Path, undeclared
from linnet.core.avro_shape import Shape
from linnet.core.decoding import Wanted

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
    with np.errstate(over="ignore", invalid="ignore"):  # too large becomes infinite, and so null
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


def rows(records: Sequence[Mapping[str, object]], shape: Shape, wanted: Wanted) -> pa.RecordBatch:
    """The columns of these records, all written by a schema of this shape."""
    columns: dict[str, pa.Array] = {}
    for path, kind in wanted.scalars.items():
        columns[path] = column([value_at(record, tuple(path.split("."))) for record in records], kind)
    for name, items in wanted.lists.items():
        lists = [found if isinstance(found := value_at(r, tuple(name.split("."))), list) else [] for r in records]
        offsets = pa.array(np.cumsum([0, *map(len, lists)]), pa.int32())
        flat = [item for found in lists for item in found]
        for path, kind in items.items():
            values = column([value_at(item, tuple(path.split("."))) for item in flat], kind)
            columns[f"{name}.{path}"] = pa.ListArray.from_arrays(offsets, values)
    paths = undeclared(shape, wanted)
    columns["extra"] = pa.array([extra(record, paths) for record in records], pa.string())
    return pa.RecordBatch.from_pydict(columns)


def extra(record: Mapping[str, object], paths: tuple[Path, ...]) -> str | None:
    """A JSON object of those of these fields that hold text, a boolean or a finite number; None where none does."""
    found = {".".join(path): value for path in paths if _says(value := value_at(record, path))}
    return json.dumps(found, ensure_ascii=False, allow_nan=False) if found else None


def value_at(record: object, path: Path) -> object:
    """The value at a path; None where a record on the way is null or lacks the field."""
    for key in path:
        if not isinstance(record, Mapping):
            return None
        record = record.get(key)
    return record


def _says(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
