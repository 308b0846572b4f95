"""Archives under kill -9 at their failpoints, in a process of their own, and damaged files of the science archive."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linnet.adapters.parquet_archive import ParquetArchive
from linnet.adapters.recording import write_recording
from linnet.adapters.segment_archive import SegmentArchive
from linnet.core.envelope import Message, envelopes
from linnet.errors import StorageError
from power_cut import PowerCut

PROCESS = """
import sys
from pathlib import Path
import pyarrow as pa
import pyarrow.parquet as pq
from linnet.adapters.parquet_archive import ParquetArchive
from linnet.adapters.segment_archive import SegmentArchive
from linnet.core import failpoints
from linnet.core.decoding import Datums

home, point, hits, doing = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
raw = SegmentArchive(home / "raw", lambda _: '{"type":"record","name":"r","fields":[{"name":"x","type":"bytes"}]}')
science = ParquetArchive(home / "science")
committed = home / "committed.parquet"

def append(text, night=20260131):
    datums = Datums.of([bytes([2 * len(text)]) + text.encode()])
    return raw.append("ztf", night, "zstandard", datums, pa.array(["aa"]))

if not committed.exists():
    references = append("kept")
    pq.write_table(raw.touched(), committed)
    pq.write_table(references, home / "references.parquet")
    append("beyond")
    append("beyond", 20260201)
    science.write("dead", "one", pa.table({"a": [1]}))
if doing == "break":
    failpoints.arm(point, hits)
raw.recover(pq.read_table(committed))
append("more")
append("new", 20260201)
raw.close_night("ztf", 20260131)
science.write("dead", "one", pa.table({"a": [2]}))
print("done")
"""


def _run(home: Path, point: str, hits: int, doing: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, str(home), point, str(hits), doing],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not done.stderr
    return done.returncode, done.stdout.strip()


# Passages on this way: 03 at each append; 04 at the manifest and the Parquet file; 05 there and at the new segment;
# 17 before a segment is cut and before one is removed.
@pytest.mark.parametrize("point", ["03-1", "03-2", "04-1", "04-2", "05-1", "05-2", "05-3", "17-1", "17-2"])
def test_a_kill_at_any_failpoint_loses_nothing_committed_and_the_next_start_goes_on(tmp_path: Path, point: str) -> None:
    name, hits = point.split("-")
    assert _run(tmp_path, name, int(hits), "break")[0] == -signal.SIGKILL
    if name == "17":
        assert _run(tmp_path, name, 1, "break")[0] == -signal.SIGKILL
    code, said = _run(tmp_path, name, int(hits), "finish")
    assert (code, said) == (0, "done")
    archive = SegmentArchive(tmp_path / "raw", lambda _: "")
    references = pq.read_table(tmp_path / "references.parquet")
    assert archive.read(references).to_pylist() == [b"\x08kept"]
    assert [path.name for path in sorted((tmp_path / "raw").rglob("*")) if path.is_file()] == [
        "aa-0001.avro",
        "aa-0001.json",
        "aa-0001.avro",
    ]
    assert archive.present()["rows"].to_pylist() == [2, 1]
    science = ParquetArchive(tmp_path / "science")
    assert science.files("dead") == ["dead/one.parquet"]
    assert science.read("dead/one.parquet")["a"].to_pylist() == [2]


def test_a_science_file_is_durable_under_its_name_when_write_returns(tmp_path: Path) -> None:
    power = PowerCut(tmp_path)
    archive = ParquetArchive(tmp_path / "science", sync=power)
    first = archive.write("tags/f/1", "a", pa.table({"a": [1]}))
    archive.write("tags/f/1", "b", pa.table({"a": [2]}))
    archive.remove("tags/f/1/b.parquet")
    power.cut()
    assert archive.files("tags") == [first]
    assert archive.read(first)["a"].to_pylist() == [1]


def test_without_syncs_the_power_cut_takes_the_science_file(tmp_path: Path) -> None:
    archive = ParquetArchive(tmp_path / "science", sync=lambda _: None)
    archive.write("tags/f/1", "a", pa.table({"a": [1]}))
    PowerCut(tmp_path).cut()
    assert archive.files("tags") == []


def test_a_damaged_science_file_is_one_clear_line(tmp_path: Path) -> None:
    archive = ParquetArchive(tmp_path)
    path = archive.write("dead", "one", pa.table({"a": list(range(1000))}))
    whole = (tmp_path / path).read_bytes()
    for damaged in (b"", b"picture", whole[:-1], whole[:4] + bytes(len(whole) - 8) + whole[-4:]):
        (tmp_path / path).write_bytes(damaged)
        with pytest.raises(StorageError, match=r"^cannot read dead/one\.parquet of the science archive: [^\n]+$"):
            archive.read(path)


def test_a_write_that_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    ParquetArchive(tmp_path).write("dead", "one", pa.table({"a": [1]}))
    archive = ParquetArchive(tmp_path, sync=full)
    with pytest.raises(StorageError, match=r"^cannot write dead/one\.parquet .*: No space left on device$"):
        archive.write("dead", "one", pa.table({"a": [2]}))
    assert archive.files("dead") == ["dead/one.parquet"]
    assert archive.read("dead/one.parquet")["a"].to_pylist() == [1]
    with pytest.raises(StorageError, match=r"^cannot write the recording .*: (Not a directory|File exists)$"):
        write_recording(tmp_path / "dead" / "one.parquet" / "x", [envelopes([Message(b"", "t")])])


FULL = """
import resource, signal, sys
from pathlib import Path
import pyarrow as pa
from linnet.adapters.segment_archive import SegmentArchive
from linnet.core.decoding import Datums
from linnet.errors import StorageError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
raw = SegmentArchive(Path(sys.argv[1]), lambda _: '"bytes"')
datums = Datums.of([b"x" * 1000] * 10)
references = raw.append("ztf", 20260131, "null", datums, pa.array(["aa"] * 10))
committed = raw.touched()
resource.setrlimit(resource.RLIMIT_FSIZE, (15_000, resource.RLIM_INFINITY))
try:
    raw.append("ztf", 20260131, "null", datums, pa.array(["aa"] * 10))
except StorageError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert raw.recover(committed) == 15_000 - committed["length"][0].as_py()
references = pa.concat_tables([references, raw.append("ztf", 20260131, "null", datums, pa.array(["aa"] * 10))])
assert raw.read(references).equals(pa.array([b"x" * 1000] * 20))
assert raw.touched()["rows"].to_pylist() == [20]
"""


def test_a_full_disk_is_one_clear_line_and_taking_goes_on_when_there_is_space(tmp_path: Path) -> None:
    """The largest size of a file, as the process limits it, stands for the end of the disk."""
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["cannot append to the raw archive: File too large"]
