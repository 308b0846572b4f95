"""Digest and differences of canonical dumps."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from linnet.adapters.memory_store import MemoryStore
from linnet.core import dump
from linnet.core.column import TEXT_CODE
from store_worlds import COLUMNS, units, world


def _dump() -> dict[str, pa.Table]:
    store = MemoryStore(COLUMNS)
    for each in units(world(4), 8):
        store.commit(each)
    return store.dump()


def test_a_digest_does_not_see_chunks_or_what_lies_under_a_null() -> None:
    whole = pa.table({"a": pa.array([1, None, 3], pa.int64()), "b": ["x", "", None]})
    values = np.array([1, 77, 3])
    other = pa.table({"a": pa.array(values, mask=np.array([False, True, False])), "b": ["x", "", None]})
    chunked = pa.concat_tables([other.slice(0, 1), other.slice(1)])
    assert dump.digest({"t": whole}) == dump.digest({"t": chunked})


def test_a_digest_sees_every_bit_and_tells_null_from_zero() -> None:
    columns = [
        pa.array([0.0, 1.0], pa.float32()),
        pa.array([-0.0, 1.0], pa.float32()),
        pa.array([None, 1.0], pa.float32()),
        pa.array([0.0, 1.0], pa.float64()),
        pa.array([0, 1], pa.int32()),
        pa.array(["", "1"]),
        pa.array([None, "1"]),
        pa.array([False, True]),
        pa.array([None, True]),
    ]
    digests = {dump.digest({"t": pa.table({"a": c})}) for c in columns}
    digests |= {dump.digest({"u": pa.table({"a": columns[0]})}), dump.digest({"t": pa.table({"b": columns[0]})})}
    digests |= {dump.digest({"t": pa.table({"a": pa.array(parts)})}) for parts in (["ab", "c"], ["a", "bc"])}
    assert len(digests) == len(columns) + 4


def test_a_dump_is_sorted_and_free_of_codes_and_places() -> None:
    tables = _dump()
    assert set(tables) == set(dump.IDENTITIES)
    for name, table in tables.items():
        assert not set(dump.NOT_CONTENT) & set(table.column_names)
        assert TEXT_CODE not in table.schema.types
        keys = list(zip(*(table.column(c).to_pylist() for c in dump.IDENTITIES[name]), strict=True))
        assert keys == sorted(keys, key=lambda k: tuple((v is None, v) for v in k))
        assert len(keys) == len(set(keys)) > 0


def test_differences_name_the_row_and_the_column() -> None:
    one, other = _dump(), _dump()
    assert dump.differences(one, other) == []
    alerts = other["alerts"]
    mag = alerts.column("mag").to_pylist()
    mag[3] = 17.25
    other["alerts"] = alerts.set_column(alerts.schema.get_field_index("mag"), "mag", pa.array(mag, pa.float32()))
    other["tags"] = other["tags"].slice(1)
    first, second = dump.differences(one, other)
    assert first.startswith(f"alerts {alerts['survey'][3]}, {alerts['alert_id'][3]}: mag ")
    assert first.endswith(" against 17.25")
    assert second.startswith(f"tags: {one['tags'].num_rows} rows against {one['tags'].num_rows - 1}, e.g. (")
    del other["tags"]
    assert "tags: on one side only" in dump.differences(one, other)
