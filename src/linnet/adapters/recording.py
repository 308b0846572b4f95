"""Recordings: messages kept as they came, in an Arrow IPC file of envelopes, for replay, tests and load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.durable import replace_file, storage_errors
from linnet.core.envelope import ENVELOPE, Position
from linnet.core.replay import Replay
from linnet.errors import InputError


@dataclass(frozen=True)
class Recording:
    """The messages of one recording, in the order in which they were recorded.

    Positions go by (topic, partition) as recorded, so a replay goes on where another one, with other batch sizes,
    was interrupted.

    Attributes:
        path: the file.
    """

    path: Path

    def open(self, positions: Sequence[Position] = ()) -> Replay:
        """Map the file into memory and hand its messages over.

        Raises:
            InputError: there is no such file, or it is no recording, or a damaged one.
        """
        try:
            mapped = pa.memory_map(str(self.path))
            reader = pa.ipc.open_file(mapped)
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"cannot read the recording {self.path}: {_one_line(error)}") from error
        if reader.schema != ENVELOPE:
            mapped.close()
            raise InputError(f"{self.path} is an Arrow file but no recording: its columns are not those of envelopes")
        return Replay(self._batches(reader), positions, mapped.close)

    def _batches(self, reader: pa.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
        for number in range(reader.num_record_batches):
            try:
                batch = reader.get_batch(number)
                _check(batch)
            except (OSError, pa.ArrowException) as error:
                raise InputError(
                    f"the recording {self.path} is damaged in batch {number}: {_one_line(error)}"
                ) from error
            yield batch


def write_recording(path: Path, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches of envelopes as a recording, durably and as a whole; gives the number of messages.

    Raises:
        StorageError: the disk is full or the folder cannot be written; an earlier file of this name is untouched.
    """
    count = 0

    def write(part: Path) -> None:
        nonlocal count
        with pa.OSFile(str(part), "wb") as file, pa.ipc.new_file(file, ENVELOPE) as writer:
            for batch in batches:
                writer.write_batch(batch)
                count += batch.num_rows

    with storage_errors(f"write the recording {path}"):
        replace_file(path, write)
    return count


def _check(batch: pa.RecordBatch) -> None:
    # Without this a flipped bit in a list of lengths is read as an address.
    batch.validate(full=True)
    if any(batch.column(name).null_count for name in ("topic", "partition", "offset")):
        raise pa.ArrowInvalid("a message has no topic, partition or offset")
    if batch.num_rows and min(pc.min(batch.column(name)).as_py() for name in ("partition", "offset")) < 0:
        raise pa.ArrowInvalid("a message has a negative partition or offset")


def _one_line(error: Exception) -> str:
    return str(error).splitlines()[0]
