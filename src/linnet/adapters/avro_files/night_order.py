"""Files in the order of their nights, as the survey would have sent them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace

import pyarrow as pa

from linnet.adapters.avro_files.listing import Entry
from linnet.adapters.avro_files.reading import AvroFiles, FileList

NightOf = Callable[[pa.RecordBatch], Sequence[int | None]]
"""The first night (YYYYMMDD) of the alerts in each message of a batch of envelopes; None where there are none."""


def in_night_order(
    files: AvroFiles,
    night_of: NightOf,
    progress: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005 - the default shows nothing
    batch_size: int = 1000,
) -> FileList:
    """The messages of these files by (night, path), those without alerts first.

    All messages are read once here, batch by batch, and again when the result is opened: only their nights are kept.
    The second time a tar is read once for each of its nights.

    Offsets are numbered anew in this order, within each topic from 0, so that positions mean the same as everywhere:
    what comes before them was handed over. The key says which file it was.

    Args:
        files: what to read.
        night_of: tells the night of each message.
        progress: called after each batch with the number of messages done and of all.
        batch_size: messages per batch of the first pass.

    Raises:
        InputError: as of `AvroFiles.open`.
    """
    listed = files.listing()
    nights: list[int] = []
    with closing(listed.open()) as reader:
        while (batch := reader.next_batch(batch_size)) is not None:
            nights += [-1 if night is None else night for night in night_of(batch)]
            progress(len(nights), len(listed.entries))
    order = sorted(zip(nights, range(len(listed.entries)), strict=True))
    return FileList(_numbered(listed.entries[place] for _, place in order))


def _numbered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    counts: dict[str, int] = {}
    numbered = []
    for entry in entries:
        offset = counts.get(entry.topic, 0)
        counts[entry.topic] = offset + 1
        numbered.append(replace(entry, offset=offset))
    return tuple(numbered)
