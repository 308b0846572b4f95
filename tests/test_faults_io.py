"""F05: one call of the disk fails, whichever it is. The command says so and ends; the next one completes everything."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from torture.nursery import Job, Nursery

from linnet.app.home import create
from small_home import state

SOURCE = Path(__file__).with_name("failing_io.c")
PACKETS = "ztf/transient"
HANGS = 10.0
CALLS = 7
"""So many of the calls, evenly over all of them."""


@dataclass(frozen=True)
class Disk:
    """What runs commands on a disk that fails."""

    nursery: Nursery
    samples: Path
    folder: Path

    def ingest(self, home: Path, fails_at: int = 0) -> tuple[int, int, str]:
        """Take the packets in while one call fails; gives the exit code, the number of calls, and what was said."""
        create(home)
        (home / "linnet.toml").write_text("batch = 3\n")
        notes, output = self.folder / "notes", self.folder / "output"
        notes.write_text(f"{fails_at} {home}")
        output.unlink(missing_ok=True)
        arguments = ("ingest", str(self.samples / PACKETS), "--home", str(home))
        pid = self.nursery.start(Job(arguments, str(output), {}, "failing_disk", str(notes)))
        end = time.monotonic() + HANGS
        while (code := self.nursery.ended(pid)) is None:
            assert time.monotonic() < end, f"call {fails_at}: it hangs"
            time.sleep(0.01)
        return code, int(notes.read_text()), output.read_text()


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Iterator[Disk]:
    """A disk that can fail; needs a C compiler."""
    if shutil.which("cc") is None:
        pytest.skip("NOT TESTED: a failing disk needs a C compiler")
    folder = tmp_path_factory.mktemp("io")
    library = folder / "failing_io.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    nursery = Nursery(LD_PRELOAD=str(library))
    try:
        yield Disk(nursery, samples, folder)
    finally:
        nursery.close()


def delivered(home: Path) -> set[str]:
    """Names of all messages in the files of a home."""
    lines = [line for path in (home / "outbox").glob("*.jsonl") for line in path.read_text().splitlines()]
    return {json.loads(line)["dedup_id"] for line in lines}


def test_whichever_call_fails_nothing_is_lost_and_the_next_start_completes(disk: Disk, tmp_path: Path) -> None:
    code, calls, said = disk.ingest(tmp_path / "sound")
    assert (code, calls > CALLS) == (0, True), said
    wanted = (state(tmp_path / "sound"), delivered(tmp_path / "sound"))
    told = 0
    for number in range(1, calls + 1, max(1, calls // CALLS)):
        home = tmp_path / str(number)
        code, _, said = disk.ingest(home, number)
        assert "Traceback" not in said, f"call {number}: {said}"
        told += code != 0
        code, _, said = disk.ingest(home)
        assert code == 0, f"after call {number} had failed: {said}"
        assert (state(home), delivered(home)) == wanted, f"call {number}"
    assert told > CALLS // 2
