"""One body of tests for every sink that needs no service: files of JSON lines, memory."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from linnet.adapters.jsonl_files import JsonLinesFiles
from linnet.adapters.memory_sink import MemorySink
from linnet.core.json_rows import JsonRow
from linnet.core.ports import Sink
from linnet.errors import StorageError

Read = Callable[[], list[JsonRow]]


def _batch(first: int, count: int, names: tuple[str, ...] = ("snia", "moving")) -> pa.RecordBatch:
    numbers = range(first, first + count)
    return pa.record_batch(
        {
            "dedup_id": [f"ztf:{2**53 + n}:snia:1" for n in numbers],
            "filter": [names[n % len(names)] for n in numbers],
            "version": pa.array([1] * count, pa.int32()),
            "seq": pa.array(numbers, pa.int64()),
            "survey": ["ztf"] * count,
            "alert_id": pa.array([2**53 + n for n in numbers], pa.int64()),
            "mag": pa.array([18.2, None] * count, pa.float32())[:count],
            "snr": pa.array([float("nan")] * count, pa.float32()),
        }
    )


def _memory(_: Path) -> tuple[Sink, Read]:
    sink = MemorySink()
    return sink, lambda: list(sink.durable)


def _files(folder: Path) -> tuple[Sink, Read]:
    def read() -> list[JsonRow]:
        return [json.loads(line) for path in sorted(folder.glob("out/*")) for line in path.read_text().splitlines()]

    return JsonLinesFiles(folder / "out"), read


sinks = pytest.mark.parametrize("make", [_memory, _files])


def _by_id(rows: list[JsonRow]) -> dict[str, JsonRow]:
    return {row["dedup_id"]: row for row in rows}


@sinks
def test_what_was_flushed_is_there_in_the_json_form(make: Callable[[Path], tuple[Sink, Read]], tmp_path: Path) -> None:
    sink, read = make(tmp_path)
    writer = sink.open()
    writer.write(_batch(0, 5))
    writer.write(_batch(5, 0))
    writer.flush()
    rows = _by_id(read())
    assert len(rows) == 5
    assert rows[f"ztf:{2**53 + 1}:snia:1"] == {
        "dedup_id": f"ztf:{2**53 + 1}:snia:1",
        "filter": "moving",
        "version": 1,
        "seq": "1",
        "survey": "ztf",
        "alert_id": "9007199254740993",
        "mag": None,
        "snr": None,
    }
    writer.close()
    writer.close()


@sinks
def test_closing_flushes_and_a_new_writer_appends(make: Callable[[Path], tuple[Sink, Read]], tmp_path: Path) -> None:
    sink, read = make(tmp_path)
    for first in (0, 10):
        writer = sink.open()
        writer.write(_batch(first, 10))
        writer.close()
    assert sorted(int(row["seq"]) for row in read()) == list(range(20))


@sinks
def test_sending_again_after_a_crash_loses_nothing_and_doubles_only_the_dedup_id(
    make: Callable[[Path], tuple[Sink, Read]], tmp_path: Path
) -> None:
    sink, read = make(tmp_path)
    writer = sink.open()
    writer.write(_batch(0, 6))
    writer.flush()
    writer.write(_batch(6, 6))  # the process ends here, its cursor at 6
    again = sink.open()
    again.write(_batch(6, 6))
    again.close()
    rows = read()
    assert len(rows) >= 12
    assert _by_id(rows).keys() == {f"ztf:{2**53 + n}:snia:1" for n in range(12)}


def test_a_description_can_be_pickled(tmp_path: Path) -> None:
    sink = JsonLinesFiles(tmp_path)
    assert pickle.loads(pickle.dumps(sink)) == sink  # noqa: S301 - our own bytes


def test_each_filter_has_its_own_file_and_no_name_leaves_the_folder(tmp_path: Path) -> None:
    names = ("snia", "../../etc/x", "..", "a b", "\u00e9/")
    writer = JsonLinesFiles(tmp_path / "out").open()
    writer.write(_batch(0, 5, names))
    writer.close()
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert files == [
        "out/%C3%A9%2F.jsonl",
        "out/..%2F..%2Fetc%2Fx.jsonl",
        "out/...jsonl",
        "out/a%20b.jsonl",
        "out/snia.jsonl",
    ]


def test_half_a_line_left_by_a_crash_is_cut_off_at_any_byte(tmp_path: Path) -> None:
    writer = JsonLinesFiles(tmp_path).open()
    writer.write(_batch(0, 3, ("f",)))
    writer.close()
    whole = (tmp_path / "f.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    for length in range(len(whole) + 1):
        (tmp_path / "f.jsonl").write_bytes(whole[:length])
        writer = JsonLinesFiles(tmp_path, sync=lambda _: None).open()
        writer.write(_batch(3, 1, ("f",)))
        writer.close()
        kept = whole[:length].count(b"\n")
        found = (tmp_path / "f.jsonl").read_bytes().splitlines(keepends=True)
        assert found[:-1] == lines[:kept]
        assert json.loads(found[-1])["seq"] == "3"


def test_a_long_half_line_is_cut_off_and_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_bytes(b'{"a":1}\n' + b"x" * 200_000)
    (tmp_path / "notes.jsonl").write_bytes(b"no end of line")
    writer = JsonLinesFiles(tmp_path).open()
    writer.write(_batch(0, 1, ("f",)))
    writer.close()
    assert (tmp_path / "f.jsonl").read_bytes().startswith(b'{"a":1}\n{"dedup_id"')
    assert (tmp_path / "notes.jsonl").read_bytes() == b"no end of line"


def test_flush_syncs_each_file_written_and_the_folder_of_a_new_one(tmp_path: Path) -> None:
    synced: list[int] = []
    writer = JsonLinesFiles(tmp_path / "out", sync=lambda fd: synced.append(os.fstat(fd).st_ino)).open()

    def of(*paths: str) -> list[int]:
        return [(tmp_path / path).stat().st_ino for path in paths]

    assert synced == of(".")
    synced.clear()
    writer.write(_batch(0, 4))
    writer.write(_batch(4, 4))
    assert synced == []
    writer.flush()
    assert sorted(synced[:2]) == sorted(of("out/moving.jsonl", "out/snia.jsonl"))
    assert synced[2:] == of("out")
    writer.write(_batch(8, 1))
    writer.flush()
    assert synced[3:] == of("out/snia.jsonl")
    writer.close()
    assert len(synced) == 4


def test_a_disk_that_fails_is_one_clear_line_and_the_next_line_is_whole(tmp_path: Path) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    writer = JsonLinesFiles(tmp_path).open()
    writer.write(_batch(0, 1, ("f",)))
    writer.close()
    broken = JsonLinesFiles(tmp_path, sync=full).open()
    broken.write(_batch(1, 1, ("f",)))
    with pytest.raises(StorageError, match=r"^cannot sync the files in .*: No space left on device$"):
        broken.flush()
    with pytest.raises(StorageError, match="No space left"):
        broken.close()
    with pytest.raises(StorageError, match="cannot make the folder"):
        JsonLinesFiles(tmp_path / "f.jsonl" / "x").open()


def test_one_file_of_many_that_is_not_durable_fails_the_flush_and_is_synced_by_the_next(tmp_path: Path) -> None:
    bad: set[int] = set()
    synced: list[int] = []

    def sync(descriptor: int) -> None:
        file = os.fstat(descriptor).st_ino
        if file in bad:
            raise OSError(5, "Input/output error")
        synced.append(file)

    writer = JsonLinesFiles(tmp_path / "out", sync=sync).open()
    writer.write(_batch(0, 80, tuple(f"f{i}" for i in range(40))))
    bad.add((tmp_path / "out/f7.jsonl").stat().st_ino)
    with pytest.raises(StorageError, match=r"^cannot sync the files in .*: Input/output error$"):
        writer.flush()
    bad.clear()
    writer.flush()
    assert set(synced) >= {path.stat().st_ino for path in [*(tmp_path / "out").iterdir(), tmp_path / "out"]}


def test_a_full_disk_leaves_no_half_line_for_good(tmp_path: Path) -> None:
    """The largest size of a file, as the process limits it, stands for the end of the disk."""
    script = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import test_sinks
from linnet.adapters.jsonl_files import JsonLinesFiles
from linnet.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = JsonLinesFiles(Path(sys.argv[1])).open()
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    writer.write(test_sinks._batch(0, 20, ("f",)))
except StorageError as error:
    print(error)
half = Path(sys.argv[1], "f.jsonl").read_bytes()
assert len(half) == 1000 and not half.endswith(b"\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.write(test_sinks._batch(0, 20, ("f",)))
writer.close()
"""
    command = [sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cannot write matches of filter f: ")
    rows = [json.loads(line) for line in (tmp_path / "f.jsonl").read_text().splitlines()]
    assert {int(row["seq"]) for row in rows} == set(range(20))
