"""Containers are read whole or refused whole, and a small bomb stays small (2 s)."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import cramjam
import fastavro
import pytest
import zstandard

from linnet.core import avro_codec, avro_segment, avro_varint
from linnet.core.avro_decode import decode, read_datum
from linnet.core.avro_message import looks_like, open_message
from linnet.core.avro_schema import SchemaCache
from linnet.core.decoding import Wanted
from linnet.core.envelope import Message, envelopes
from linnet.errors import PacketError
from strict_avro import InvalidError, read_container
from tiny_survey import TinySurvey

SCHEMA = {"type": "record", "name": "r", "fields": [{"name": "id", "type": "long"}, {"name": "b", "type": "bytes"}]}
SYNC = bytes(range(100, 116))
TINY = TinySurvey("tiny", "id")


def _container(codec: str, blocks_: list[tuple[int, bytes]], schema: Any = SCHEMA) -> bytes:
    """A container of blocks given as count and stored bytes."""
    head = avro_segment.header(json.dumps(schema), "null", SYNC).replace(
        b"\x08null", avro_varint.encode(len(codec)) + codec.encode()
    )
    number = avro_varint.encode
    return head + b"".join(number(count) + number(len(data)) + data + SYNC for count, data in blocks_)


def _datum(number: int, size: int = 20) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, SCHEMA, {"id": number, "b": bytes(size)})
    return out.getvalue()


def _reason(data: bytes) -> tuple[str, str]:
    with pytest.raises(PacketError) as caught:
        open_message(data, "t", SchemaCache([TINY]))
    return caught.value.reason, str(caught.value)


def _opened(data: bytes) -> list[bytes]:
    return open_message(data, "t", SchemaCache([TINY]))[1]


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy"])
def test_every_codec_that_fastavro_writes_is_read(codec: str) -> None:
    out = io.BytesIO()
    records = [{"id": n, "b": bytes([n]) * 500} for n in range(200)]
    fastavro.writer(out, SCHEMA, records, codec=codec, sync_interval=5000)
    datums = _opened(out.getvalue())
    assert [read_datum(datum, SCHEMA) for datum in datums] == records
    assert read_container(out.getvalue())[1] == records


def test_zstandard_is_read_with_and_without_the_size_in_its_frame() -> None:
    data = _datum(1) + _datum(2)
    stream = zstandard.ZstdCompressor(write_content_size=False).compress(data)
    for stored in (bytes(avro_codec.compress_all("zstandard", [data])[0]), stream):
        assert _opened(_container("zstandard", [(2, stored)])) == [_datum(1), _datum(2)]


def test_a_container_without_records_is_valid_and_gives_no_alerts() -> None:
    assert _opened(_container("null", [])) == []
    assert _opened(_container("null", [(0, b"")])) == []
    decoded = decode(envelopes([Message(_container("null", []), "t")]), SchemaCache([TINY]), {"tiny": Wanted({})})
    assert (decoded.alerts, decoded.rejects.num_rows) == ({}, 0)


def test_damage_anywhere_refuses_the_whole_container() -> None:
    good = _container("null", [(1, _datum(1)), (1, _datum(2))])
    assert len(_opened(good)) == 2
    body = zlib.compress(_datum(1))[2:-4]
    snappy = bytes(cramjam.snappy.compress_raw(_datum(1)))
    checked = snappy + zlib.crc32(_datum(1)).to_bytes(4, "big")
    assert _opened(_container("snappy", [(1, checked)])) == [_datum(1)]
    for damaged, words in {
        "cut": (good[:-1], "longer than the container"),
        "sync": (good[:-1] + b"?", "does not end at a sync marker"),
        "end": (good + b"\x02", "the data end within a number"),
        "count": (_container("null", [(-1, _datum(1))]), "longer than the container"),
        "codec": (_container("bzip2", [(1, b"")]), "'bzip2' is not one of null"),
        "deflate": (_container("deflate", [(1, body[:-1])]), "the data end too early"),
        "deflate tail": (_container("deflate", [(1, body + b"xx")]), "2 bytes follow"),
        "deflate bits": (_container("deflate", [(1, b"\xff" + body)]), "damaged"),
        "snappy": (_container("snappy", [(1, snappy + bytes(4))]), "its checksum differs"),
        "snappy bits": (_container("snappy", [(1, b"\x00\xff" + checked)]), "damaged"),
        "snappy short": (_container("snappy", [(1, b"")]), "damaged"),
        "zstandard": (_container("zstandard", [(1, b"?" * 20)]), "damaged"),
        "schema": (good.replace(b"avro.schema", b"avro.sch3ma"), "no schema"),
        "header": (good[:30], "longer than the container"),
        "magic alone": (good[:4], "the data end within a number"),
        "entries": (b"Obj\x01" + avro_varint.encode(10**12), "more entries than bytes"),
    }.values():
        reason, detail = _reason(damaged)
        assert (reason, words in detail) == ("BAD_CONTAINER", True), (words, detail)
        if words != "'bzip2' is not one of null":
            with pytest.raises((InvalidError, KeyError, ValueError)):
                read_container(damaged)


def test_a_block_that_counts_wrong_or_keeps_bytes_is_a_bad_datum() -> None:
    for count in (0, 1, 3, 2**40):
        assert _reason(_container("null", [(count, _datum(1) + _datum(2))]))[0] == "BAD_DATUM"


BOMB = """
import io, resource, sys, zlib
import cramjam, zstandard
sys.path.insert(0, {tests!r})
from test_avro_container import _container, _reason
codec = sys.argv[1]
piece = bytes(1 << 20)
if codec == "deflate":
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = stream.compress(piece) + stream.flush(zlib.Z_FULL_FLUSH)
    bomb = block * 2048 + stream.flush()
elif codec == "zstandard":
    out = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(out, closefd=False) as stream:
        for _ in range(2048):
            stream.write(piece)
    bomb = out.getvalue()
else:
    bomb = b"\\x80\\x80\\x80\\x80\\x08" + b"\\x00" * 100 + bytes(4)
message = _container(codec, [(1, bomb)])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
reason, detail = _reason(message)
print(len(message), reason, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("codec", ["deflate", "zstandard", "snappy"])
def test_a_bomb_of_two_gigabytes_costs_less_than_64_megabytes(codec: str) -> None:
    script = BOMB.format(tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", script, codec], capture_output=True, text=True, check=True)
    size, reason, grown = done.stdout.split()
    assert int(size) < 4_000_000
    assert reason in {"TOO_LARGE", "BAD_CONTAINER"}
    assert int(grown) < 64 * 1024, "KB"


def test_sizes_beyond_the_limits_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linnet.core.avro_message.MAX_MESSAGE", 1000)
    assert _reason(bytes(1001))[0] == "TOO_LARGE"
    monkeypatch.undo()
    monkeypatch.setattr(avro_codec, "MAX_COMPRESSED", 100)
    assert _reason(_container("deflate", [(1, bytes(101))]))[0] == "TOO_LARGE"
    monkeypatch.setattr("linnet.core.avro_container.FREE_EXPANSION", 0)
    stored = zlib.compress(_datum(1, 5000))[2:-4]
    assert _reason(_container("deflate", [(1, stored)]))[0] == "TOO_LARGE"


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"PAR1....", "Parquet"),
        (b"\x1f\x8b\x08", "gzip"),
        (b' {"a": 1}', "JSON"),
        (b"<!DOCTYPE HTML PUBLIC", "HTML"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\x89PNG\r\n", "PNG"),
        (b"SIMPLE  =", "FITS"),
        (b"hello", "plain text"),
        (b"\xfe\xed", "bytes fe ed"),
    ],
)
def test_what_is_no_packet_is_called_by_its_name(start: bytes, words: str) -> None:
    assert words in looks_like(start)
    assert _reason(start)[0] == "NOT_A_PACKET"


def test_an_empty_message_and_a_frame_without_a_datum_are_no_packets() -> None:
    assert _reason(b"") == ("NOT_A_PACKET", "the message is empty")
    assert _reason(bytes(5))[0] == "NOT_A_PACKET"
    assert _reason(bytes(6)) == ("UNKNOWN_SCHEMA", "no survey here knows the schema id 0")
    refused = decode(envelopes([Message(None, "t")]), SchemaCache([]), {}).rejects  # type: ignore[arg-type]  # a Kafka tombstone
    assert refused["reason"].to_pylist() == ["NOT_A_PACKET"]


def test_a_frame_holds_exactly_one_datum(shared_data: Path) -> None:
    survey = TinySurvey("lsst", "diaSource", schemas=shared_data / "schemas" / "lsst")
    data = (shared_data / "lsst" / "kafka-wire-format-minimal" / "lsst.v10_0.avro").read_bytes()
    assert open_message(data, "t", SchemaCache([survey]))[1] == [data[5:]]
    with pytest.raises(PacketError, match="1 bytes follow"):
        open_message(data + b"\x00", "t", SchemaCache([survey]))
