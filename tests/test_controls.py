"""Negative controls: a broker that commits before it writes, or does not sync, must be caught by the same checks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from corridors import Bench, messages, on_disk, renumbered
from linnet.adapters.memory_source import MemorySource
from linnet.core.decoding import Datums
from linnet.core.ports import RawArchive
from linnet.engines.local import LocalEngine
from linnet.errors import StorageError
from linnet.operations.audit import audit


class Disk:
    """Remembers what was synced, and forgets everything else at a power cut."""

    def __init__(self, *, honest: bool) -> None:
        self._honest = honest
        self._synced: dict[int, int] = {}

    def sync(self, file: int) -> None:
        """Stand in for fsync; a dishonest disk returns without doing it."""
        if self._honest:
            os.fsync(file)
            state = os.fstat(file)
            self._synced[state.st_ino] = state.st_size

    def power_cut(self, folder: Path) -> None:
        """Cut every file back to what was synced of it."""
        for path in folder.rglob("*.avro"):
            os.truncate(path, self._synced.get(path.stat().st_ino, 0))


class Late:
    """A raw archive that only writes after the store's commit: the order of writes turned round."""

    def __init__(self, inner: RawArchive) -> None:
        self.inner = inner
        self.held: list[Callable[[], object]] = []

    def __getattr__(self, name: str) -> object:
        """Everything else as the real archive does it."""
        return getattr(self.inner, name)

    def append(self, survey: str, night: int, codec: str, datums: Datums, fingerprints: pa.Array) -> pa.Table:
        """Promise a place, write nothing yet."""
        self.held.append(lambda: self.inner.append(survey, night, codec, datums, fingerprints))
        n = len(datums)
        name = f"{survey}/{night}/{fingerprints[0].as_py()}-0001.avro"
        return pa.table(
            {
                "segment": pa.array([name] * n, pa.string()),
                "block": pa.array([0] * n, pa.int64()),
                "place": pa.array([0] * n, pa.int32()),
                "length": pa.array([1] * n, pa.int32()),
            }
        )


@pytest.fixture(name="packets")
def some_packets(samples: Path) -> MemorySource:
    """A dozen packets."""
    return MemorySource((renumbered(messages(sorted((samples / "ztf/transient").iterdir())[:12])),))


def cut_power_after_commits(folder: Path, packets: MemorySource, *, honest: bool) -> None:
    """Take packets, lose power right after the last commit, start again."""
    disk = Disk(honest=honest)
    with on_disk(folder, disk.sync) as bench:
        bench.engine(batch=5).run([packets])
        before = audit(bench.store, bench.control, bench.raw)
    disk.power_cut(folder / "raw")
    with on_disk(folder) as bench:
        bench.engine().recover()
        after = audit(bench.store, bench.control, bench.raw, deep=True)
        assert after.ok, after.problems
        assert after.archived == before.archived > 0


def test_a_power_cut_after_a_commit_loses_nothing(packets: MemorySource, tmp_path: Path) -> None:
    cut_power_after_commits(tmp_path / "home", packets, honest=True)


def test_leaving_out_the_sync_of_segments_is_caught(packets: MemorySource, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"segment|committed"):
        cut_power_after_commits(tmp_path / "home", packets, honest=False)


def test_committing_before_writing_is_caught(packets: MemorySource, tmp_path: Path) -> None:
    with on_disk(tmp_path / "home") as bench:
        late: Bench = replace(bench, corridor=replace(bench.corridor, raw=Late(bench.raw)))  # type: ignore[arg-type] # a double that delegates
        LocalEngine(late.corridor, batch=5).run([packets])
        # The process dies here, with the datums still in memory.
    with on_disk(tmp_path / "home") as bench:
        found = audit(bench.store, bench.control, bench.raw, deep=True)
        assert not found.ok
        assert any("segment" in problem or "archive" in problem for problem in found.problems)
