"""Columns cleared together against the same columns cleared one value at a time."""

from __future__ import annotations

import math
import random

import numpy as np
import pyarrow as pa
import pytest

from linnet.core.as_sent import as_sent, integers, plain, reals, without

FLOATS = (pa.float32(), pa.float64())
WHOLE = (pa.int32(), pa.int64())
ODD = (float("nan"), float("inf"), float("-inf"), -999.0, -99999.0, 0.0, -0.0, 1.5)


def some_column(rng: random.Random, rows: int) -> pa.Array:
    """A column of any type, whole or out of the middle of another, with garbage beneath its nulls."""
    kind = rng.choice([*FLOATS, *WHOLE, pa.string(), pa.bool_()])
    before, after = rng.randrange(9), rng.randrange(9)
    n = before + rows + after
    empty, odd = rng.choice([0.0, 0.3, 1.0]), rng.choice([0.0, 0.2])
    missing = np.array([rng.random() < empty for _ in range(n)], dtype=bool)
    if kind in FLOATS:
        values = [rng.choice(ODD) if rng.random() < odd else rng.gauss(0, 9) for _ in range(n)]
    elif kind in WHOLE:
        values = [-999 if rng.random() < odd else rng.choice([0, 7, -99999]) for _ in range(n)]
    else:
        return pa.array([None if m else kind == pa.string() and "-999" for m in missing], kind).slice(before, rows)
    return pa.array(np.array(values, kind.to_pandas_dtype()), kind, mask=missing).slice(before, rows)


def cleared(value: object) -> object:
    """What one value of a column says."""
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) and value not in {-999.0, -99999.0} else None
    return None if value == -999 else value


@pytest.mark.parametrize("seed", range(30))
def test_columns_are_cleared_together_as_one_by_one(seed: int) -> None:
    rng = random.Random(seed)
    rows = rng.choice([0, 1, 7, 64])
    columns = [some_column(rng, rows) for _ in range(25)]
    found = as_sent(columns, (-999.0, -99999.0), (-999,))
    for before, after in zip(columns, found, strict=True):
        after.validate(full=True)
        assert after.type == before.type
        expected = [cleared(value) for value in before.to_pylist()]
        assert str(after.to_pylist()) == str(expected)  # 0.0 and -0.0 are told apart
        if not before.null_count and expected == before.to_pylist():
            assert after is before


@pytest.mark.parametrize("seed", range(20))
def test_numbers_are_read_with_their_nulls(seed: int) -> None:
    rng = random.Random(seed)
    columns = [c for c in (some_column(rng, 9) for _ in range(30)) if c.type in {*FLOATS, *WHOLE}]
    for column in columns:
        values = column.to_pylist()
        assert str(reals(column).tolist()) == str([math.nan if v is None else float(v) for v in values])
        assert without(column, 0).to_pylist() == [None if v == 0 else v for v in values] or "nan" in str(values)
        if column.type in WHOLE:
            whole, missing = integers(column)
            assert whole.tolist() == [v or 0 for v in values]
            assert missing.tolist() == [v is None for v in values]
            assert [p for p, m in zip(plain(column).tolist(), missing, strict=True) if not m] == [
                v for v in values if v is not None
            ]


def test_ids_are_not_rounded() -> None:
    ids = pa.array([2**60 + 1, None, 2**63 - 1])
    assert integers(ids)[0].tolist() == [2**60 + 1, 0, 2**63 - 1]
    assert without(ids, 5) is ids
    assert without(pa.array([2**60 + 1, None, 5]), 5).to_pylist() == [2**60 + 1, None, None]
