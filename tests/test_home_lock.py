"""One writer at a time, told by name, and no lock left behind by a killed process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from linnet.adapters.home_lock import LOCK_FILE, HomeLock
from linnet.errors import HomeError, HomeLockedError

HOLD = """
import sys, time
from pathlib import Path
from linnet.adapters.home_lock import HomeLock
HomeLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_writer_is_refused_with_the_process_and_time_of_the_first(tmp_path: Path) -> None:
    with HomeLock(tmp_path), pytest.raises(HomeLockedError) as refused:
        HomeLock(tmp_path).acquire()
    expected = rf"is being written by process {os.getpid()} \(started 20\d\d-\d\d-\d\dT[\d:]+\+00:00\); wait for it or"
    assert re.search(expected, str(refused.value))
    assert "\n" not in str(refused.value)


def test_a_lock_let_go_can_be_taken_again(tmp_path: Path) -> None:
    lock = HomeLock(tmp_path)
    lock.acquire()
    lock.acquire()
    lock.release()
    lock.release()
    with HomeLock(tmp_path), pytest.raises(HomeLockedError):
        lock.acquire()
    with lock:
        pass


def test_a_killed_writer_leaves_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"held\n"
        with pytest.raises(HomeLockedError, match=f"process {writer.pid} "):
            HomeLock(tmp_path).acquire()
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    with HomeLock(tmp_path):
        pass


def test_a_damaged_note_does_not_hide_the_refusal(tmp_path: Path) -> None:
    with HomeLock(tmp_path):
        (tmp_path / LOCK_FILE).write_text("{")
        with pytest.raises(HomeLockedError, match="by another process"):
            HomeLock(tmp_path).acquire()


def test_a_home_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match=r"cannot be written: No such file or directory$"):
        HomeLock(tmp_path / "nowhere").acquire()
