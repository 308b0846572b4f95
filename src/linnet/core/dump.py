"""The canonical dump of a store, and its digest: two stores with the same content are equal, whatever their layout."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

IDENTITIES = {
    "objects": ("survey", "object_id"),
    "points": ("survey", "object_id", "kind", "key"),
    "withdrawn": ("survey", "object_id", "kind", "key"),
    "alerts": ("survey", "alert_id"),
    "tags": ("survey", "alert_id", "filter", "version"),
    "nights": ("survey", "night", "band"),
}
"""Tables of the dump and the columns that tell their rows apart."""

NOT_CONTENT = ("seq", "segment", "block", "place", "length", "topic", "partition", "offset", "position")
"""Columns that depend on the order of arrival or on where a packet came from; the dump leaves them out."""


def canonical(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Tables of a store with codes as plain text, sorted by identity, without `NOT_CONTENT`.

    Args:
        tables: one table for each name in `IDENTITIES`; all of them have a column `survey`.
    """
    result = {}
    for name, identity in IDENTITIES.items():
        table = _plain(tables[name])
        result[name] = table.sort_by([(column, "ascending") for column in identity]).combine_chunks()
    return result


def digest(tables: Mapping[str, pa.Table]) -> str:
    """SHA-256 (hex) over names, types, nulls and exact values of all tables and columns, in their order."""
    found = hashlib.sha256()
    for name, table in tables.items():
        found.update(f"{name}:{table.num_rows};".encode())
        for column in table.column_names:
            array = table.column(column).combine_chunks()
            found.update(f"{column}:{array.type};".encode())
            for part in _bytes_of(array):
                found.update(part)
    return found.hexdigest()


def differences(left: Mapping[str, pa.Table], right: Mapping[str, pa.Table], limit: int = 10) -> list[str]:
    """One sentence for each difference of two dumps, at most `limit`; none where their digests are equal."""
    found: list[str] = []
    for name in sorted({*left, *right}):
        if name not in left or name not in right:
            found.append(f"{name}: on one side only")
        elif left[name].schema != right[name].schema:
            found.append(f"{name}: other columns")
        elif digest({name: left[name]}) != digest({name: right[name]}):
            found.extend(_rows_apart(name, left[name], right[name], limit))
    return found[:limit]


def _plain(table: pa.Table) -> pa.Table:
    kept = [f for f in table.schema if f.name not in NOT_CONTENT]
    fields = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in kept]
    return table.select([f.name for f in kept]).cast(pa.schema(fields))


def _bytes_of(array: pa.Array) -> tuple[bytes, ...]:
    """Validity, and the values with nulls evened out; strings with their lengths."""
    valid = array.is_valid().cast(pa.int8()).to_numpy().tobytes()
    if pa.types.is_string(array.type):
        filled = array.fill_null("")
        lengths = pc.binary_length(filled).cast(pa.int64()).to_numpy().tobytes()
        return valid, lengths, "".join(filled.to_pylist()).encode()
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    return valid, array.fill_null(0).to_numpy().tobytes()


def _rows_apart(name: str, left: pa.Table, right: pa.Table, limit: int) -> list[str]:
    if left.num_rows != right.num_rows:
        identity = IDENTITIES[name]
        sets = [{tuple(row.values()) for row in t.select(list(identity)).to_pylist()} for t in (left, right)]
        odd = sorted(map(str, sets[0] ^ sets[1]))[:3]
        return [f"{name}: {left.num_rows} rows against {right.num_rows}, e.g. {', '.join(odd)}"]
    found: list[str] = []
    for one, other in zip(left.to_pylist(), right.to_pylist(), strict=True):
        apart = [c for c in one if one[c] != other[c]]
        if apart and len(found) < limit:
            identity_values = ", ".join(str(one[c]) for c in IDENTITIES[name])
            found.append(f"{name} {identity_values}: " + ", ".join(f"{c} {one[c]} against {other[c]}" for c in apart))
    return found or [f"{name}: equal numbers in other bits"]
