"""The JSON form of tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest

from linnet.core.column import TEXT_CODE
from linnet.core.json_rows import rows, values


def test_ids_beyond_53_bits_come_back_digit_by_digit_as_strings() -> None:
    ids = [2**53 + 1, -(2**63), 2**63 - 1, None, 7]
    found = rows(pa.table({"alert_id": pa.array(ids, pa.int64())}))
    assert [row["alert_id"] for row in found] == [
        "9007199254740993",
        "-9223372036854775808",
        "9223372036854775807",
        None,
        "7",
    ]


def test_a_32_bit_integer_stays_a_number() -> None:
    assert values(pa.array([20260131, None], pa.int32())) == [20260131, None]
    assert values(pa.array([1, -1], pa.int8())) == [1, -1]


def test_a_float32_is_printed_with_the_fewest_digits_that_read_back_as_the_same_float32() -> None:
    rng = np.random.default_rng(4)
    bits = rng.integers(0, 2**32, 20_000, dtype=np.uint32).view(np.float32)
    floats = bits[np.isfinite(bits)]
    texts = [json.dumps(value) for value in values(pa.array(floats))]
    assert np.array_equal(np.array([np.float32(text) for text in texts]), floats)
    assert all(float(text) == float(str(single)) for text, single in zip(texts, floats, strict=True))
    assert json.dumps(values(pa.array([18.2, 0.1], pa.float32()))) == "[18.2, 0.1]"


def test_a_float64_reads_back_exactly() -> None:
    floats = np.random.default_rng(5).normal(size=600) * 10.0 ** np.arange(-300, 300)
    assert [json.loads(json.dumps(v)) for v in values(pa.array(floats))] == floats.tolist()


def test_nan_and_infinity_are_null_also_in_lists() -> None:
    bad = [1.5, float("nan"), float("inf"), -float("inf"), None]
    for kind in (pa.float32(), pa.float64()):
        assert values(pa.array(bad, kind)) == [1.5, None, None, None, None]
        assert values(pa.array([bad, None, []], pa.list_(kind))) == [[1.5, None, None, None, None], None, []]


def test_a_slice_of_lists_gives_its_own_rows() -> None:
    whole = pa.array([[2**60], None, [1, 2, 3], [], [None, 9]], pa.list_(pa.int64()))
    assert values(whole.slice(1, 3)) == [None, ["1", "2", "3"], []]
    assert values(whole.slice(4)) == [[None, "9"]]


def test_dictionaries_are_written_as_their_values_also_when_chunks_differ() -> None:
    first = pa.array(["g", None, "r"]).cast(TEXT_CODE)
    second = pa.array(["r", "z"]).cast(TEXT_CODE)
    assert values(pa.chunked_array([first, second])) == ["g", None, "r", "r", "z"]
    codes = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), pa.array([2**60, 5], pa.int64()))
    assert values(codes) == ["5", str(2**60)]


def test_times_are_utc_and_end_in_z() -> None:
    moment = datetime(2026, 1, 31, 23, 59, 59, 123456, tzinfo=UTC)
    assert values(pa.array([moment, None], pa.timestamp("us", tz="UTC"))) == ["2026-01-31T23:59:59.123456Z", None]
    there = moment.astimezone(timezone(timedelta(hours=-4)))
    assert values(pa.array([there], pa.timestamp("us", tz="America/Santiago"))) == ["2026-01-31T23:59:59.123456Z"]
    assert values(pa.array([-1], pa.timestamp("s"))) == ["1969-12-31T23:59:59.000000Z"]


def test_binary_is_refused_with_the_name_of_its_column() -> None:
    with pytest.raises(TypeError, match="column value of type binary"):
        rows(pa.table({"value": pa.array([b"x"])}))
    with pytest.raises(TypeError, match="cutouts"):
        rows(pa.table({"cutouts": pa.array([[b"x"]])}))


def test_keys_keep_the_order_of_columns_and_nulls_keep_their_key() -> None:
    batch = pa.record_batch({"b": pa.array([None], pa.string()), "a": pa.array([True]), "n": pa.nulls(1)})
    assert json.dumps(rows(batch)) == '[{"b": null, "a": true, "n": null}]'


def test_no_rows_are_no_rows() -> None:
    assert rows(pa.table({"a": pa.array([], pa.int64()), "l": pa.array([], pa.list_(pa.float32()))})) == []
    assert rows(pa.table({"a": pa.chunked_array([], pa.float32())})) == []
