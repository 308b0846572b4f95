"""Damaged datums on the compiled decoder: no fault, and rows and verdicts of an independent strict reader.

20,000 between pages that nobody may touch, 10,000 on the range-checked build; 20 s, and 15 more where the checked build
was never compiled.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from linnet.core.avro_container import blocks, header
from linnet.core.avro_reading import Read, Reader
from linnet.core.avro_schema import WriterSchema, writer_schema
from linnet.core.decoding import Wanted
from machines import GuardedBytes, back_to_back, checked, read_each
from mutations import mutate
from random_avro import encode, random_schema
from random_histories import histories, history_schema
from random_wanted import random_wanted
from slow_decoder import rows
from strict_avro import InvalidError, read_datums


@pytest.fixture(scope="module")
def checked_build(pytestconfig: pytest.Config) -> ModuleType:
    """The range-checked kernel, compiled once and kept in pytest's own cache."""
    cache = pytestconfig.cache
    assert cache is not None
    return checked(cache.mkdir("avro_kernel"))


Case = tuple[WriterSchema, Wanted, list[bytes]]


def _random_cases(seed: int, schemas: int, datums: int) -> Iterator[Case]:
    """Random schemas and wanted fields; of the datums one in five is whole, the others are damaged."""
    rng = random.Random(seed)
    for _ in range(schemas):
        schema = writer_schema(json.dumps(random_schema(rng)).encode())
        whole = [encode(rng, schema.parsed)[0] for _ in range(datums // 5)]
        yield (
            schema,
            random_wanted(rng, schema.parsed),
            whole + [mutate(rng, rng.choice(whole)) for _ in range(datums - len(whole))],
        )


def _history_cases(seed: int, schemas: int, datums: int) -> Iterator[Case]:
    """Long histories of few layouts, half of them damaged."""
    rng = random.Random(seed)
    for _ in range(schemas):
        schema = writer_schema(json.dumps(history_schema(rng)).encode())
        whole = histories(rng, schema.parsed, datums // 2)
        yield schema, random_wanted(rng, schema.parsed), whole + [mutate(rng, datum) for datum in whole]


def _real_cases(folder: Path, seed: int, datums: int) -> Iterator[Case]:
    """Real packets of LSST without stamps, damaged, with random wanted fields."""
    rng = random.Random(seed)
    for path in sorted((folder / "lsst" / "official-fake-samples").glob("v*_fakeAlert.avro")):
        data = path.read_bytes()
        if data.startswith(b"Obj\x01"):
            head = header(data)
            datum = next(iter(blocks(data, head))).data
            schema = writer_schema(head.schema)
            yield schema, random_wanted(rng, schema.parsed), [mutate(rng, datum) for _ in range(datums)]


def _expected(datums: list[bytes], schema: WriterSchema) -> tuple[list[bool], list[Any]]:
    """Which datums are valid, and the records of those, by the independent reader."""
    verdicts, records = [], []
    for datum in datums:
        try:
            records += read_datums(datum, schema.parsed)
            verdicts.append(True)
        except InvalidError:
            verdicts.append(False)
    return verdicts, records


def _compare(found: Read, case: Case) -> int:
    """Assert that verdicts and rows are right; gives how many are valid."""
    schema, wanted, datums = case
    verdicts, records = _expected(datums, schema)
    assert (found.errors == 0).tolist() == verdicts, schema.json_text
    assert found.rows[:, 2].tolist() == np.flatnonzero(verdicts).tolist()
    expected = rows(records, schema.shape, wanted)
    found.fields.validate(full=True)
    for name in expected.schema.names:
        assert found.fields.column(name).equals(expected.column(name)), (name, schema.json_text)
    assert found.fields.schema.equals(expected.schema)
    return len(records)


def test_twenty_thousand_mutants_between_guard_pages_do_not_fault_and_get_the_right_rows(shared_data: Path) -> None:
    reader, valid, total = Reader(), 0, 0
    for case in (*_random_cases(1, 130, 100), *_history_cases(5, 60, 40), *_real_cases(shared_data, 2, 400)):
        schema, wanted, datums = case
        guarded = GuardedBytes(datums)
        valid += _compare(read_each(reader, guarded.data, guarded.places, schema, wanted), case)
        total += len(datums)
    assert total >= 20_000
    assert min(valid, total - valid) > 3_000


def test_ten_thousand_mutants_stay_within_their_regions_on_the_checked_build(
    shared_data: Path, checked_build: ModuleType
) -> None:
    reader, valid, total = Reader(checked_build), 0, 0
    for case in (*_random_cases(3, 70, 100), *_history_cases(6, 40, 40), *_real_cases(shared_data, 4, 160)):
        schema, wanted, datums = case
        data, places = back_to_back(datums)
        valid += _compare(read_each(reader, data, places, schema, wanted), case)
        total += len(datums)
    assert total >= 10_000
    assert min(valid, total - valid) > 1_000


def test_the_checked_build_notices_an_access_outside(checked_build: ModuleType) -> None:
    schema = writer_schema(b'{"type":"record","name":"r","fields":[{"name":"a","type":"long"}]}')
    data, _ = back_to_back([b"\x02"])
    with pytest.raises(IndexError, match="outside"):
        read_each(Reader(checked_build), data, [(5, 9)], schema, Wanted({"a": pa.int64()}))
