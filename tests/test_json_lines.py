"""Lines of JSON, written by columns, hold what `json_rows` makes value by value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridors import in_memory, messages, renumbered
from linnet.adapters.memory_source import MemorySource
from linnet.core.column import TEXT_CODE
from linnet.core.json_lines import HEAD, lines, message_lines
from linnet.core.json_rows import rows
from linnet.core.payload import payload

UTC = pa.timestamp("us", tz="UTC")
MOMENTS = st.integers(-(2**50), 2**50)
VALUES: dict[pa.DataType, st.SearchStrategy[object]] = {
    pa.float32(): st.floats(width=32),
    pa.float64(): st.floats(),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(),
    TEXT_CODE: st.text(),
    pa.null(): st.none(),
    UTC: MOMENTS,
    pa.list_(pa.float32()): st.lists(st.none() | st.floats(width=32)),
    pa.list_(pa.int64()): st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
    **{
        kind: st.integers(*((0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)))
        for bits, pair in (
            (8, (pa.int8(), pa.uint8())),
            (16, (pa.int16(), pa.uint16())),
            (32, (pa.int32(), pa.uint32())),
            (64, (pa.int64(), pa.uint64())),
        )
        for kind, unsigned in zip(pair, (False, True), strict=True)
    },
}
"""Arrow type -> its values."""


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """A few columns of any type and any name, in one or two chunks, and cut out of something longer."""
    names = draw(st.lists(st.text(), min_size=1, max_size=4, unique=True))
    kinds = [draw(st.sampled_from(list(VALUES))) for _ in names]

    def chunk() -> pa.RecordBatch:
        size = draw(st.integers(0, 6))
        columns = [draw(st.lists(st.none() | VALUES[kind], min_size=size, max_size=size)) for kind in kinds]
        return pa.record_batch([_array(c, k) for c, k in zip(columns, kinds, strict=True)], names=names)

    table = pa.Table.from_batches([chunk() for _ in range(draw(st.integers(1, 2)))])
    return table.slice(draw(st.integers(0, 3)))


def _array(column: Sequence[object], kind: pa.DataType) -> pa.Array:
    return pa.array(column, pa.string()).cast(TEXT_CODE) if kind == TEXT_CODE else pa.array(column, kind)


def _same(found: Sequence[bytes], table: pa.Table | pa.RecordBatch) -> None:
    """The same keys in the same order, and the same values to the last bit and type: a float stays a float."""
    assert [repr(json.loads(line)) for line in found] == [repr(row) for row in rows(table)]


@given(tables())
@settings(deadline=None, max_examples=300)
def test_any_table_reads_back_as_its_rows(table: pa.Table) -> None:
    found = lines(table)
    assert all(b"\n" not in line for line in found)
    _same(found, table)


def test_float32_has_the_fewest_digits_that_read_back_as_the_same_float32() -> None:
    floats = np.random.default_rng(4).integers(0, 2**32, 20_000, dtype=np.uint32).view(np.float32)
    found = [json.loads(line)["x"] for line in lines(pa.table({"x": floats}))]
    expected = [float(str(x)) if np.isfinite(x) else None for x in floats]
    assert found == expected


def test_a_line_has_no_spaces_and_every_key() -> None:
    batch = pa.record_batch({"b%d": pa.array([None], pa.string()), "a": pa.array([True]), "n": pa.nulls(1)})
    assert lines(batch) == [b'{"b%d":null,"a":true,"n":null}']
    assert lines(pa.table({"n%": pa.nulls(2)})) == [b'{"n%":null}'] * 2


def test_a_line_holds_any_text_on_one_line() -> None:
    text = 'line\nbreak " quote \u2028 \u00e9 \x00 , %b'
    (line,) = lines(pa.table({"detail": [text]}))
    assert b"\n" not in line
    assert json.loads(line) == {"detail": text}


def test_binary_is_refused_with_the_name_of_its_column() -> None:
    with pytest.raises(TypeError, match="column value of type binary"):
        lines(pa.table({"value": pa.array([b"x"])}))


@given(st.lists(st.tuples(st.sampled_from(["ztf", "lsst"]), st.integers(-3, 3), st.text()), max_size=12))
@settings(deadline=None)
def test_messages_share_the_text_of_their_alert_and_no_other(tags: list[tuple[str, int, str]]) -> None:
    surveys, ids, names = zip(*tags, strict=True) if tags else ((), (), ())
    batch = pa.record_batch(
        {
            "dedup_id": pa.array([f"{s}:{i}:{n}:1" for s, i, n in tags], pa.string()),
            "filter": pa.array(names, pa.string()),
            "version": pa.array([1] * len(tags), pa.int32()),
            "seq": pa.array(range(len(tags)), pa.int64()),
            "survey": pa.array(surveys, pa.string()).dictionary_encode(),
            "alert_id": pa.array(ids, pa.int64()),
            "mag": pa.array([20 + i / 7 for i in ids], pa.float32()),
        }
    )
    pieces = message_lines(batch)
    _same([head + tail for head, tail in pieces], batch)
    assert len({id(tail) for _, tail in pieces}) == len(set(zip(surveys, ids, strict=True)))


def test_real_alerts_of_both_surveys_read_back_as_their_rows(samples: Path) -> None:
    folders = ("ztf/transient", "ztf/forced-photometry", "lsst/commissioning")
    packets = renumbered(messages([p for f in folders for p in sorted((samples / f).iterdir())]))
    bench = in_memory()
    bench.engine().run([MemorySource((packets,))])
    found = payload(bench.store, bench.store.tags_after(0, 10_000))
    assert tuple(found.schema.names[:4]) == HEAD
    assert found.num_rows > len(set(found.column("alert_id").to_pylist())) > 30
    assert set(found.column("survey").to_pylist()) == {"ztf", "lsst"}
    _same([head + tail for head, tail in message_lines(found)], found)
