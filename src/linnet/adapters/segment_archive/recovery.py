"""Recovery: back to what the store committed, whatever a crash left in the folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from linnet.adapters.segment_archive.manifest import digest, manifest_path, read_manifest
from linnet.adapters.segment_archive.names import segments_in
from linnet.adapters.segment_archive.reading import SegmentReader
from linnet.core import failpoints
from linnet.core.durable import Sync, storage_errors, sync_file, sync_folder
from linnet.errors import LinnetError, StorageError

Committed = dict[str, Any]
"""One `SEGMENT` row."""


def cut_back(folder: Path, committed: Iterable[Committed], sync: Sync) -> int:
    """Cut segments to their committed lengths and remove those that nobody committed; gives the number of bytes cut.

    Nothing is touched where a committed segment is missing or too short. May be interrupted anywhere and repeated.

    Raises:
        StorageError: committed bytes are lost, with file and number of bytes; or the folder cannot be written.
    """
    rows = list(committed)
    with storage_errors("recover the raw archive"):
        lengths = {row["segment"]: _length(folder, row) for row in rows}
        cut = sum(_cut(folder / row["segment"], lengths[row["segment"]], row["length"], sync) for row in rows)
        cut += sum(_remove(folder / name, sync) for name in segments_in(folder) if name not in lengths)
        for row in rows:
            # A crash may lie between a manifest and the commit that says "closed".
            if not row["closed"]:
                manifest_path(folder / row["segment"]).unlink(missing_ok=True)
    return cut


def check_open(reader: SegmentReader, committed: Iterable[Committed]) -> None:
    """Check that the segments which will grow consist of whole blocks with the committed number of rows.

    A file system may give back a file of the right length whose end is zeros.

    Raises:
        StorageError: one does not.
    """
    for row in committed:
        if not row["closed"] and (wrong := damage(reader, row)):
            raise StorageError(f"{wrong}; committed alerts are lost: restore this file from a copy")


def damage(reader: SegmentReader, row: Committed) -> str:
    """What is wrong with the committed part of a segment: one sentence, or ""."""
    segment, length, rows = row["segment"], 0, 0
    try:
        for block in reader.blocks(segment):
            if block.end > row["length"]:
                break
            length, rows = block.end, rows + block.count
    except StorageError as error:
        if length < row["length"]:
            return str(error)
    if (max(length, reader.header(segment).end), rows) != (row["length"], row["rows"]):
        return f"{segment} holds {rows} rows in {length} bytes of whole blocks, not {row['rows']} in {row['length']}"
    return ""


def problems(folder: Path, reader: SegmentReader, row: Committed, *, deep: bool) -> list[str]:
    """What is wrong with a committed segment and its manifest; `deep` compares its SHA-256 as well."""
    try:
        wrong = damage(reader, row)
    except LinnetError as error:
        wrong = str(error)
    if wrong or not row["closed"]:
        return [wrong] if wrong else []
    path = folder / row["segment"]
    manifest = read_manifest(path)
    if manifest is None:
        return [f"{row['segment']} is closed but has no manifest"]
    if (manifest.get("rows"), manifest.get("bytes")) != (row["rows"], row["length"]):
        return [f"{row['segment']} and its manifest differ in rows or bytes"]
    if deep and manifest.get("sha256") != digest(path):
        return [f"{row['segment']} does not have the SHA-256 of its manifest"]
    return []


def _length(folder: Path, row: Committed) -> int:
    path = folder / row["segment"]
    length = path.stat().st_size if path.is_file() else 0
    if length < row["length"]:
        raise StorageError(
            f"raw segment {row['segment']} holds {length} of {row['length']} committed bytes: "
            f"{row['length'] - length} bytes are lost; restore this file from a copy"
        )
    return length


def _cut(path: Path, length: int, committed: int, sync: Sync) -> int:
    if length == committed:
        return 0
    failpoints.passing("17")
    with path.open("r+b") as file:
        file.truncate(committed)
    sync_file(path, sync)
    return length - committed


def _remove(path: Path, sync: Sync) -> int:
    failpoints.passing("17")
    length = path.stat().st_size
    manifest_path(path).unlink(missing_ok=True)
    path.unlink()
    sync_folder(path.parent, sync)
    return length
