"""Keep a small home of the format that this code writes, for ever: later code must open it.

    python scripts/keep_home.py

writes `tests/homes/format-N-store-M.tar.gz` once, when the format of homes or that of stores is new. What is there is
never written again: it is what users of that release have.
"""

from __future__ import annotations

import gzip
import io
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from linnet.adapters.sqlite_control import SqliteControl
from linnet.adapters.sqlite_store_layout import STORE
from linnet.app.config import Settings
from linnet.app.home import FORMAT, Home, create
from linnet.app.ingest import ingest

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
HOMES = ROOT / "tests" / "homes"

FIRST = ("ztf/transient/899207243115015012.avro", "broken/1217406343915015013.avro")
SECOND = ("ztf/transient/903213723115015014.avro", "lsst/wire")
"""Packets of two runs: two nights of one ZTF object, a broken file, one LSST alert."""


def fill(home: Home, folder: Path) -> None:
    """Two runs with different filters, so that there are two run records, a tag, a dead letter and a user's filter."""
    for number, names in enumerate((FIRST, SECOND)):
        packets = folder / f"packets-{number}"
        packets.mkdir()
        for name in names:
            path = SAMPLES / name
            shutil.copy(path if path.is_file() else min(path.iterdir(), key=lambda p: p.stat().st_size), packets)
        ingest(home, Settings(), (packets,))
        control = SqliteControl.open(home.control)
        control.set_active("kept", control.add_filter("kept", "mag < 30", topic_line="everything with a magnitude"))
        control.close()


def packed(home: Path) -> bytes:
    """The home as a compressed tar without owners and times."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path in sorted(p for p in home.rglob("*") if p.name != "writer.lock"):
            member = tar.gettarinfo(path, str(path.relative_to(home)))
            member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
            if path.is_file():
                with path.open("rb") as file:
                    tar.addfile(member, file)
            else:
                tar.addfile(member)
    return out.getvalue()


def main() -> None:
    """Write the home of today's formats, where it is not kept yet."""
    target = HOMES / f"format-{FORMAT}-store-{STORE.format}.tar.gz"
    if target.exists():
        sys.exit(f"{target} is kept already, and is never written again")
    with tempfile.TemporaryDirectory() as name:
        home = create(Path(name) / "home")
        fill(home, Path(name))
        content = packed(home.path)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(content)
    sys.stdout.write(f"wrote {target}, {len(content)} bytes\n")


if __name__ == "__main__":
    main()
