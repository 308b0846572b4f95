"""Raw segments on disk: what other tools read, what a crash leaves, what is made durable when."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, cast

import fastavro
import numpy as np
import pyarrow as pa
import pytest

from linnet.adapters.segment_archive import SegmentArchive, read_manifest
from linnet.core import avro_container
from linnet.core.avro_blocks import BLOCK
from linnet.core.avro_codec import MAX_EXPANDED
from linnet.core.avro_message import split
from linnet.core.avro_schema import writer_schema
from linnet.core.unit import SEGMENT
from linnet.errors import PacketError, StorageError
from power_cut import PowerCut
from raw_tables import raw

NIGHT = 20260131
SCHEMA = '{"type":"record","name":"r","fields":[{"name":"x","type":"bytes"}]}'


def _archive(folder: Path, **options: Any) -> SegmentArchive:
    return SegmentArchive(folder, lambda _: SCHEMA, **options)


def _datum(content: bytes) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, json.loads(SCHEMA), {"x": content})
    return out.getvalue()


def _datums(seed: int, sizes: list[int]) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table({"datum": pa.array([_datum(rng.bytes(n)) for n in sizes]), "fingerprint": ["aa"] * len(sizes)})


def _records(file: BinaryIO) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", list(fastavro.reader(file)))


def _contents(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return [_datum(record["x"]) for record in _records(file)]


@pytest.fixture(autouse=True)
def _fastavro_reads_zstandard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Python 3.14 fastavro wants one more package for this codec; Arrow's is as independent of ours."""

    def read(file: BinaryIO) -> io.BytesIO:
        data = cast("bytes", fastavro.schemaless_reader(file, "bytes", None))
        return io.BytesIO(pa.input_stream(io.BytesIO(data), compression="zstd").read())

    monkeypatch.setitem(fastavro._read.BLOCK_READERS, "zstandard", read)


def _only(folder: Path) -> Path:
    (path,) = folder.rglob("*.avro")
    return path


@pytest.mark.parametrize("codec", ["null", "zstandard"])
def test_fastavro_reads_in_a_segment_the_records_of_the_packets(shared_data: Path, tmp_path: Path, codec: str) -> None:
    schemas: dict[str, bytes] = {}
    datums: list[bytes] = []
    fingerprints: list[str] = []
    records: list[dict[str, Any]] = []
    for path in sorted((shared_data / "ztf" / "sequence-ZTF18aazxcwf").glob("*.avro")):
        data = path.read_bytes()
        head = avro_container.header(data)
        (block,) = avro_container.blocks(data, head)
        fingerprint = hashlib.sha256(head.schema).hexdigest()[:16]
        schemas[fingerprint] = head.schema
        datums.append(block.data)
        fingerprints.append(fingerprint)
        records += _records(io.BytesIO(data))
    archive = SegmentArchive(tmp_path, lambda fingerprint: schemas[fingerprint].decode())
    for part in np.array_split(np.arange(len(datums)), 3):
        table = pa.table({"datum": [datums[i] for i in part], "fingerprint": [fingerprints[i] for i in part]})
        archive.append("ztf", NIGHT, codec, *raw(table))
    assert len(schemas) == 5
    found: list[dict[str, Any]] = []
    for path in sorted(tmp_path.rglob("*.avro")):
        with path.open("rb") as file:
            found += _records(file)
        assert archive.schema(path.relative_to(tmp_path).as_posix()) == json.loads(schemas[path.stem.split("-")[0]])
    by_id = {record["candid"]: record for record in found}
    assert len(found) == len(by_id) == 103
    assert [by_id[record["candid"]] for record in records] == records


def test_blocks_hold_at_most_a_megabyte_or_one_larger_datum(tmp_path: Path) -> None:
    archive = _archive(tmp_path)
    sizes = [300_000] * 10 + [3_000_000] + [10] * 1000
    table = _datums(0, sizes)
    references = archive.append("ztf", NIGHT, "zstandard", *raw(table))
    segment = references["segment"][0].as_py()
    with (tmp_path / segment).open("rb") as file:
        found: list[Any] = list(fastavro.block_reader(file))
    blocks = [(block.num_records, len(block.bytes_.getvalue())) for block in found]
    assert [count for count, _ in blocks] == [3, 3, 3, 1, 1, 1000]
    assert all(size <= BLOCK or count == 1 for count, size in blocks)
    datums = [(segment, block, place.place, place.length) for block, place, _ in archive.datums(segment)]
    assert datums == [tuple(row.values()) for row in references.to_pylist()]
    assert [datum for _, _, datum in archive.datums(segment)] == table["datum"].to_pylist()
    assert archive.read(references).to_pylist() == table["datum"].to_pylist() == _contents(tmp_path / segment)


@pytest.mark.parametrize("codec", ["null", "zstandard"])
def test_the_largest_datum_that_decoding_gives_is_archived_and_read_back(tmp_path: Path, codec: str) -> None:
    archive = _archive(tmp_path)
    datum = _datum(np.random.default_rng(0).bytes(MAX_EXPANDED - 4))
    schema = writer_schema(SCHEMA.encode())
    assert len(datum) == MAX_EXPANDED
    assert split(datum, 1, schema) == [datum]
    table = pa.table({"datum": [datum], "fingerprint": ["aa"]})
    assert archive.read(archive.append("ztf", NIGHT, codec, *raw(table))).to_pylist() == [datum]
    with pytest.raises(PacketError, match="a datum of 33554433 bytes"):
        split(_datum(bytes(MAX_EXPANDED - 3)), 1, schema)


@pytest.mark.parametrize("codec", ["null", "zstandard"])
def test_a_tail_cut_at_any_byte_is_cut_back_to_the_commit(tmp_path: Path, codec: str) -> None:
    archive = _archive(tmp_path)
    archive.append("ztf", NIGHT, codec, *raw(_datums(0, [40, 7])))
    committed = archive.touched()
    length = committed["length"][0].as_py()
    archive.append("ztf", NIGHT, codec, *raw(_datums(1, [5])))
    path = _only(tmp_path)
    whole = path.read_bytes()
    for end in range(length - 20, len(whole) + 1):
        path.write_bytes(whole[:end])
        again = _archive(tmp_path, sync=lambda _: None)
        if end < length:
            with pytest.raises(
                StorageError, match=f"aa-0001.avro holds {end} of {length} .* {length - end} bytes are lost"
            ):
                again.recover(committed)
            assert path.read_bytes() == whole[:end]
        else:
            assert again.recover(committed) == end - length
            again.append("ztf", NIGHT, codec, *raw(_datums(2, [9])))
            assert _contents(path) == [*_datums(0, [40, 7])["datum"].to_pylist(), *_datums(2, [9])["datum"].to_pylist()]


def test_a_committed_end_of_zeros_is_found_at_the_start(tmp_path: Path) -> None:
    archive = _archive(tmp_path)
    archive.append("ztf", NIGHT, "null", *raw(_datums(0, [400])))
    archive.append("ztf", NIGHT, "null", *raw(_datums(1, [400])))
    committed = archive.touched()
    path = _only(tmp_path)
    whole = path.read_bytes()
    for zeros in (1, 16, 17, 300, 430):
        path.write_bytes(whole[:-zeros] + bytes(zeros))
        with pytest.raises(StorageError, match=r"aa-0001\.avro.*committed alerts are lost"):
            _archive(tmp_path).recover(committed)
        assert len(archive.verify(committed)) == 1


def test_after_a_failed_sync_nothing_is_taken_until_the_rest_is_cut_off(tmp_path: Path) -> None:
    failing: list[str] = []

    def sync(descriptor: int) -> None:
        if failing:
            raise OSError(5, failing[0])
        os.fsync(descriptor)

    archive = _archive(tmp_path, sync=sync)
    first = archive.append("ztf", NIGHT, "null", *raw(_datums(0, [40])))
    committed = archive.touched()
    failing.append("Input/output error")
    with pytest.raises(StorageError, match=r"^cannot append to the raw archive: Input/output error$"):
        archive.append("ztf", NIGHT, "null", *raw(_datums(1, [40])))
    failing.clear()
    for call in (
        lambda: archive.append("ztf", NIGHT, "null", *raw(_datums(1, [40]))),
        lambda: archive.close_night("ztf", NIGHT),
    ):
        with pytest.raises(StorageError, match="an earlier append to the raw archive failed"):
            call()
    assert archive.recover(committed) > 0
    second = archive.append("ztf", NIGHT, "null", *raw(_datums(1, [40])))
    assert archive.read(pa.concat_tables([first, second])).to_pylist() == _contents(_only(tmp_path))


def test_nothing_is_appended_to_segments_that_were_not_recovered(tmp_path: Path) -> None:
    archive = _archive(tmp_path)
    archive.append("ztf", NIGHT, "null", *raw(_datums(0, [40])))
    with pytest.raises(StorageError, match="recover them before"):
        _archive(tmp_path).append("ztf", NIGHT, "null", *raw(_datums(0, [40])))
    with _only(tmp_path).open("ab") as file:
        file.write(b"x")
    with pytest.raises(StorageError, match=r"aa-0001\.avro was changed by someone else"):
        archive.append("ztf", NIGHT, "null", *raw(_datums(0, [40])))


def test_every_append_syncs_its_segments_and_every_new_name_its_folder(tmp_path: Path) -> None:
    power = PowerCut(tmp_path)
    archive = _archive(tmp_path / "raw", sync=power)

    def synced() -> list[str]:
        names = {path.stat().st_ino: path.relative_to(tmp_path).as_posix() for path in [tmp_path, *tmp_path.rglob("*")]}
        calls, power.calls = power.calls, []
        return [names[inode] for inode in calls]

    night, segment = f"raw/ztf/{NIGHT}", f"raw/ztf/{NIGHT}/aa-0001.avro"
    archive.append("ztf", NIGHT, "null", *raw(_datums(0, [40])))
    assert synced() == [".", "raw", "raw/ztf", segment, night, segment]
    archive.append("ztf", NIGHT, "null", *raw(_datums(1, [40, 40])))
    assert synced() == [segment]
    archive.close_night("ztf", NIGHT)
    assert synced() == [segment, f"raw/ztf/{NIGHT}/aa-0001.json", night]


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="this system takes no advice about files")
def test_what_is_durable_does_not_push_other_files_out_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int]] = []

    def advised(file: int, start: int, length: int, advice: int) -> None:
        assert (start, length, advice) == (0, 0, os.POSIX_FADV_DONTNEED)
        told.append(("not needed", os.fstat(file).st_size))

    monkeypatch.setattr(os, "posix_fadvise", advised)
    archive = _archive(tmp_path / "raw", sync=lambda file: told.append(("synced", os.fstat(file).st_size)))
    archive.append("ztf", NIGHT, "null", *raw(_datums(0, [40])))
    told.clear()
    archive.append("ztf", NIGHT, "null", *raw(_datums(1, [40, 40])))
    size = _only(tmp_path).stat().st_size
    assert told == [("synced", size), ("not needed", size)]


def _lose_power(
    folder: Path, sync: Callable[[int], None], power: PowerCut
) -> tuple[SegmentArchive, pa.Table, pa.Table]:
    """Appends that were acknowledged, one that was not, then the power goes."""
    archive = _archive(folder / "raw", sync=sync)
    references = archive.append("ztf", NIGHT, "null", *raw(_datums(0, [40, 50])))
    archive.close_night("ztf", NIGHT)
    late = archive.append("ztf", NIGHT, "null", *raw(_datums(1, [60])))
    committed = archive.touched()
    archive.append("ztf", NIGHT + 1, "null", *raw(_datums(2, [70])))
    archive.close()
    power.cut()
    return _archive(folder / "raw"), committed, pa.concat_tables([references, late])


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    power = PowerCut(tmp_path)
    archive, committed, references = _lose_power(tmp_path, power, power)
    assert archive.recover(committed) > 0
    assert (
        archive.read(references).to_pylist()
        == _datums(0, [40, 50])["datum"].to_pylist() + _datums(1, [60])["datum"].to_pylist()
    )
    assert archive.verify(committed, deep=True) == []
    assert archive.present().equals(committed)


def test_without_its_syncs_the_same_power_cut_is_noticed(tmp_path: Path) -> None:
    archive, committed, _ = _lose_power(tmp_path, lambda _: None, PowerCut(tmp_path))
    with pytest.raises(StorageError, match="committed bytes"):
        archive.recover(committed)


def test_a_full_segment_is_closed_with_its_manifest_and_the_next_one_begun(tmp_path: Path) -> None:
    archive = _archive(tmp_path, roll=2_500_000)
    table = _datums(0, [400_000] * 30)
    references = archive.append("ztf", NIGHT, "null", *raw(table))
    rows = archive.touched().to_pylist()
    assert [row["closed"] for row in rows] == [True] * (len(rows) - 1) + [False]
    assert len(rows) == 4
    assert archive.read(references).to_pylist() == table["datum"].to_pylist()
    found: list[bytes] = []
    for row in rows:
        path = tmp_path / row["segment"]
        found += _contents(path)
        manifest = read_manifest(path)
        if row["closed"]:
            assert 2_500_000 <= row["length"] < 2_500_000 + BLOCK
            assert manifest == {
                **{name: row[name] for name in ("segment", "survey", "night", "fingerprint", "rows")},
                "codec": "null",
                "bytes": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
        else:
            assert manifest is None
    assert found == table["datum"].to_pylist()


def test_another_codec_begins_another_segment(tmp_path: Path) -> None:
    archive = _archive(tmp_path)
    archive.append("ztf", NIGHT, "null", *raw(_datums(0, [4000])))
    archive.append("ztf", NIGHT, "zstandard", *raw(_datums(1, [4000])))
    assert archive.touched()["closed"].to_pylist() == [True, False]
    assert [len(_contents(path)) for path in tmp_path.rglob("*.avro")] == [1, 1]


def test_damage_in_a_closed_segment_is_found_by_its_sha256(tmp_path: Path) -> None:
    archive = _archive(tmp_path)
    archive.append("ztf", NIGHT, "null", *raw(_datums(0, [400])))
    archive.close_night("ztf", NIGHT)
    committed = archive.touched()
    assert archive.verify(committed, deep=True) == []
    path = _only(tmp_path)
    whole = bytearray(path.read_bytes())
    whole[-200] ^= 1
    path.write_bytes(whole)
    assert archive.verify(committed) == []
    assert archive.verify(committed, deep=True) == [
        f"ztf/{NIGHT}/aa-0001.avro does not have the SHA-256 of its manifest"
    ]
    path.with_suffix(".json").unlink()
    assert archive.verify(committed) == [f"ztf/{NIGHT}/aa-0001.avro is closed but has no manifest"]


def test_many_threads_read_while_segments_grow_and_more_are_open_than_kept(tmp_path: Path) -> None:
    archive = _archive(tmp_path)
    tables = {night: _datums(night, [2000] * 20) for night in range(NIGHT - 80, NIGHT)}
    references = {night: archive.append("ztf", night, "zstandard", *raw(table)) for night, table in tables.items()}

    def read(seed: int) -> bool:
        nights = np.random.default_rng(seed).choice(list(tables), 40)
        return all(archive.read(references[n]).to_pylist() == tables[n]["datum"].to_pylist() for n in nights)

    with ThreadPoolExecutor(8) as pool:
        found = pool.map(read, range(16))
        for night in range(NIGHT - 80, NIGHT):
            archive.append("ztf", night, "zstandard", *raw(_datums(1, [2000] * 3)))
        assert all(found)


def test_a_segment_that_is_no_container_is_told_by_name(tmp_path: Path) -> None:
    path = tmp_path / "ztf" / str(NIGHT) / "aa-0001.avro"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"picture")
    archive = _archive(tmp_path)
    reference = pa.table({"segment": [f"ztf/{NIGHT}/aa-0001.avro"], "block": [7], "place": [0], "length": [1]})
    with pytest.raises(StorageError, match=r"aa-0001\.avro: the segment's head is damaged"):
        archive.read(reference)
    assert archive.present()["rows"].to_pylist() == [0]
    assert archive.recover(SEGMENT.empty_table()) == 7
    assert list(tmp_path.rglob("*.avro")) == []
