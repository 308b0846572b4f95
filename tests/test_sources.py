"""One body of tests for every source that needs no service: files, recordings, memory."""

from __future__ import annotations

import contextlib
import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from linnet.adapters.avro_files import AvroFiles
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.recording import Recording, write_recording
from linnet.core import replay
from linnet.core.envelope import ENVELOPE, Message, Position, envelopes
from linnet.core.ports import Source
from linnet.errors import InputError

Make = Callable[[Path], Source]


def _messages() -> list[Message]:
    """Three partitions in two topics, interleaved, with gaps between offsets."""
    return [
        Message(b"v%d" % n, f"topic-{n % 3 // 2}", n % 3 % 2, offset=100 + 2 * n, key=b"k%d" % n, timestamp_us=n)
        for n in range(40)
    ]


def _memory(_: Path) -> Source:
    rows = _messages()
    return MemorySource((envelopes(rows[:17]), envelopes([]), envelopes(rows[17:])))


def _recording(folder: Path) -> Source:
    rows = _messages()
    assert write_recording(folder / "night.arrow", [envelopes(rows[:3]), envelopes(rows[3:])]) == len(rows)
    return Recording(folder / "night.arrow")


def _files(folder: Path) -> Source:
    for n in range(20):
        path = folder / f"sub{n % 3}" / f"{n}.avro"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"v%d" % n)
    with tarfile.open(folder / "sub1" / "night.tar.gz", "w:gz") as tar:
        for n in range(20, 40):
            member = tarfile.TarInfo(f"{n}.avro")
            member.size = 3
            tar.addfile(member, io.BytesIO(b"v%d" % n))
    return AvroFiles((folder,))


sources = pytest.mark.parametrize("make", [_memory, _recording, _files])


def _read(
    source: Source, limit: int, positions: tuple[Position, ...] = (), batches: int = 10**6
) -> tuple[pa.Table, tuple[Position, ...]]:
    """What a source gives in at most so many batches, and its position then."""
    reader = source.open(positions)
    got: list[pa.RecordBatch] = []
    while len(got) < batches and (batch := reader.next_batch(limit)) is not None:
        assert 1 <= batch.num_rows <= limit
        assert batch.schema == ENVELOPE
        got.append(batch)
    place = reader.position()
    reader.close()
    reader.close()
    return pa.Table.from_batches(got, ENVELOPE), place


@sources
def test_every_message_is_given_once_whatever_the_batch_size(make: Make, tmp_path: Path) -> None:
    source = make(tmp_path)
    whole, end = _read(source, 1000)
    assert sorted(whole["value"].to_pylist()) == sorted(b"v%d" % n for n in range(40))
    for limit in (1, 7, 40):
        again, place = _read(source, limit)
        assert again.equals(whole)
        assert place == end


@sources
def test_reading_goes_on_from_a_position_with_another_batch_size(make: Make, tmp_path: Path) -> None:
    source = make(tmp_path)
    whole, end = _read(source, 1000)
    for batches in range(10):
        first, place = _read(source, 5, batches=batches)
        rest, last = _read(source, 3, place)
        assert pa.concat_tables([first, rest]).equals(whole)
        assert last == end


@sources
def test_at_the_end_there_is_nothing_and_the_position_stays(make: Make, tmp_path: Path) -> None:
    source = make(tmp_path)
    _, end = _read(source, 1000)
    reader = source.open(end)
    assert reader.next_batch(10) is None
    assert reader.next_batch(10) is None
    assert reader.position() == end


@sources
def test_offsets_ascend_in_each_partition_and_the_position_is_the_next(make: Make, tmp_path: Path) -> None:
    whole, end = _read(make(tmp_path), 1000)
    last: dict[tuple[str, int], int] = {}
    for row in whole.select(["topic", "partition", "offset"]).to_pylist():
        where = row["topic"], row["partition"]
        assert row["offset"] > last.get(where, -1)
        last[where] = row["offset"]
    assert end == tuple(sorted(Position(t, p, o + 1) for (t, p), o in last.items()))


@sources
def test_positions_of_other_sources_are_left_alone(make: Make, tmp_path: Path) -> None:
    other = Position("elsewhere", 0, 5)
    whole, end = _read(make(tmp_path), 1000, (other,))
    assert whole.num_rows == 40
    assert other in end


@sources
def test_a_description_can_be_pickled(make: Make, tmp_path: Path) -> None:
    source = make(tmp_path)
    copy = pickle.loads(pickle.dumps(source))  # noqa: S301 - our own bytes
    assert _read(copy, 1000)[0].equals(_read(source, 1000)[0])


def test_a_batch_ends_before_it_holds_too_many_bytes() -> None:
    values = pa.array([b"x" * 10, None, b"x" * 10, b"x" * 11, b"x" * 50])
    assert replay.fitting(values, 5, 20) == 3
    assert replay.fitting(values, 2, 20) == 2
    assert replay.fitting(values, 5, 31) == 4
    assert replay.fitting(values.slice(4), 5, 20) == 1


def test_messages_of_one_memory_source_are_numbered_from_where_one_says() -> None:
    whole, place = _read(MemorySource.of([b"a", b"b"], "t", first=7), 10)
    assert whole["offset"].to_pylist() == [7, 8]
    assert place == (Position("t", 0, 9),)


def test_a_position_within_a_container_is_offered_again_and_kept() -> None:
    inside = Position("t", 0, 1, index=3)
    whole, _ = _read(MemorySource.of([b"a", b"b"], "t"), 10, (inside,))
    assert whole["value"].to_pylist() == [b"b"]
    assert MemorySource.of([b"a", b"b"], "t").open((inside,)).position() == (inside,)


def test_offsets_that_do_not_ascend_are_refused() -> None:
    for offsets in ([3, 3], [4, 3]):
        rows = [Message(b"", "t", offset=offset) for offset in offsets]
        for batches in ((envelopes(rows),), (envelopes(rows[:1]), envelopes(rows[1:]))):
            with pytest.raises(InputError, match="do not ascend"):
                _read(MemorySource(batches), 10)


def test_what_is_no_recording_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the recording .*missing"):
        Recording(tmp_path / "missing").open()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(InputError, match="cannot read the recording"):
        Recording(tmp_path / "picture.png").open()
    other = pa.record_batch({"a": [1]})
    with pa.OSFile(str(tmp_path / "other.arrow"), "wb") as file, pa.ipc.new_file(file, other.schema) as writer:
        writer.write_batch(other)
    with pytest.raises(InputError, match="no recording"):
        Recording(tmp_path / "other.arrow").open()


def test_a_damaged_recording_is_refused_or_read_as_valid_messages_never_worse(tmp_path: Path) -> None:
    _recording(tmp_path)
    whole = (tmp_path / "night.arrow").read_bytes()
    rng = np.random.default_rng(1)
    damaged = tmp_path / "damaged.arrow"
    refused = 0
    for trial in range(400):
        data = bytearray(whole)
        if trial % 2:
            data = data[: rng.integers(len(data))]
        else:
            for place in rng.integers(len(data), size=4):
                data[place] ^= 1 << int(rng.integers(8))
        damaged.write_bytes(data)
        with contextlib.suppress(InputError):
            _read(Recording(damaged), 7)
            continue
        refused += 1
    assert refused > 200


def test_writing_a_recording_again_replaces_it_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "night.arrow"
    write_recording(path, [envelopes([Message(b"old", "t")])])
    write_recording(path, [envelopes([Message(b"new", "t")])])
    assert _read(Recording(path), 10)[0]["value"].to_pylist() == [b"new"]
    assert [p.name for p in path.parent.iterdir()] == ["night.arrow"]
