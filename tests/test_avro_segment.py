"""Raw segments are plain Avro containers, and every datum is found again where its reference says."""

from __future__ import annotations

import io
import json
import os
from typing import Any, BinaryIO

import fastavro
import fastavro._read
import pyarrow as pa
import pytest

from linnet.core import avro_blocks
from linnet.core import avro_segment as segment
from linnet.errors import NotFoundError, StorageError

SCHEMA = {
    "type": "record",
    "name": "r",
    "fields": [{"name": "n", "type": "long"}, {"name": "b", "type": "bytes"}],
}
SYNC = bytes(range(16))


def _datum(number: int, size: int) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, SCHEMA, {"n": number, "b": os.urandom(size)})
    return out.getvalue()


def _segment(datums: list[bytes], codec: str) -> tuple[io.BytesIO, list[tuple[int, avro_blocks.Place]]]:
    out = io.BytesIO()
    out.write(segment.header(json.dumps(SCHEMA), codec, SYNC))
    references = []
    for group in avro_blocks.groups([len(d) for d in datums]):
        offset = out.tell()
        data, places = segment.block([datums[n] for n in group], codec, SYNC)
        out.write(data)
        references += [(offset, place) for place in places]
    return out, references


def _zstandard_through_arrow(file: BinaryIO) -> io.BytesIO:
    size, shift = 0, 0
    while (byte := file.read(1)[0]) > 0x7F:
        size |= (byte & 0x7F) << shift
        shift += 7
    size = (size | byte << shift) >> 1
    return io.BytesIO(pa.input_stream(io.BytesIO(file.read(size)), compression="zstd").read())


@pytest.fixture
def _fastavro_reads_zstandard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fastavro wants one more package for this codec; Arrow's zstandard is as independent of ours."""
    monkeypatch.setitem(fastavro._read.BLOCK_READERS, "zstandard", _zstandard_through_arrow)


@pytest.mark.usefixtures("_fastavro_reads_zstandard")
@pytest.mark.parametrize("codec", ["null", "zstandard"])
def test_fastavro_reads_a_segment_and_every_reference_leads_to_its_datum(codec: str) -> None:
    sizes = [10, 400_000, 700_000, 5, 1_500_000, 20, 0, 300_000]
    datums = [_datum(n, size) for n, size in enumerate(sizes)]
    file, references = _segment(datums, codec)

    file.seek(0)
    records: Any = fastavro.reader(file)
    assert [record["n"] for record in records] == list(range(len(sizes)))

    head = segment.read_header(file)
    assert (head.schema.decode(), head.codec, head.sync) == (json.dumps(SCHEMA), codec, SYNC)
    found = [segment.read_datum(file, head, offset, p.place, p.length) for offset, p in references]
    assert found == datums

    assert list(segment.datums(file, head)) == [(o, p, d) for (o, p), d in zip(references, datums, strict=True)]
    assert [d for _, _, d in segment.datums(file, head, references[4][0])] == datums[4:]

    listed = list(segment.blocks(file, head))
    assert [b.count for b in listed] == [2, 2, 1, 3]
    assert [b.offset for b in listed] == sorted({offset for offset, _ in references})
    assert listed[-1].end == len(file.getvalue())


def test_blocks_hold_at_most_a_megabyte_or_one_larger_datum() -> None:
    assert avro_blocks.groups([]) == []
    assert avro_blocks.groups([avro_blocks.BLOCK, 1, avro_blocks.BLOCK + 1, 1, 1]) == [
        range(1),
        range(1, 2),
        range(2, 3),
        range(3, 5),
    ]


def test_a_segment_grows_by_appending_blocks_and_listing_can_start_anywhere() -> None:
    file, references = _segment([_datum(1, 10)], "zstandard")
    more, _ = segment.block([_datum(2, 10)], "zstandard", SYNC)
    start = file.seek(0, 2)
    file.write(more)
    head = segment.read_header(file)
    assert [b.offset for b in segment.blocks(file, head, start)] == [start]
    assert references[0][0] == head.end


def test_a_cut_or_overwritten_tail_is_named_and_a_wrong_reference_is_not_found() -> None:
    file, references = _segment([_datum(1, 1000), _datum(2, 1000)], "null")
    head = segment.read_header(file)
    offset = references[0][0]
    with pytest.raises(NotFoundError, match="no datum"):
        segment.read_datum(file, head, offset, 5000, 10)
    with pytest.raises(NotFoundError, match="no block"):
        segment.read_datum(file, head, len(file.getvalue()), 0, 1)
    with pytest.raises(NotFoundError, match="no block"):
        segment.read_datum(file, head, 0, 0, 1)
    with pytest.raises((NotFoundError, StorageError)):
        segment.read_datum(file, head, offset + 1, 0, 1)
    cut = io.BytesIO(file.getvalue()[:-1])
    with pytest.raises(StorageError, match="cut off"):
        list(segment.blocks(cut, head))
    spoiled = io.BytesIO(file.getvalue()[:-1] + b"?")
    with pytest.raises(StorageError, match="sync marker"):
        list(segment.blocks(spoiled, head))


def test_a_damaged_datum_of_a_segment_is_named() -> None:
    file = io.BytesIO(segment.header(json.dumps(SCHEMA), "null", SYNC))
    file.seek(0, 2)
    file.write(segment.block([_datum(1, 10) + b"\x00"], "null", SYNC)[0])
    with pytest.raises(StorageError, match="the segment is damaged: 1 bytes follow"):
        list(segment.datums(file, segment.read_header(file)))


def test_a_schema_larger_than_the_first_read_is_still_found() -> None:
    wide = {**SCHEMA, "doc": "x" * 300_000}
    file = io.BytesIO(segment.header(json.dumps(wide), "null", SYNC))
    assert segment.read_header(file).schema.decode() == json.dumps(wide)
    with pytest.raises(StorageError, match="head"):
        segment.read_header(io.BytesIO(b"Obj\x01"))


def test_what_no_reader_would_take_back_is_not_written() -> None:
    with pytest.raises(ValueError, match="block holds"):
        segment.block([], "null", SYNC)
    with pytest.raises(ValueError, match="block holds"):
        segment.block([bytes(33 * 1024 * 1024)], "null", SYNC)
    with pytest.raises(ValueError, match="codec"):
        segment.header("{}", "deflate", SYNC)
    with pytest.raises(ValueError, match="16 bytes"):
        segment.header("{}", "null", b"")
