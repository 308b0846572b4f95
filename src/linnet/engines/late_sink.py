"""A sink that is opened when something is to be written, and anew after it has failed."""

from __future__ import annotations

from contextlib import suppress

import pyarrow as pa

from linnet.core.ports import OpenSink, Sink
from linnet.errors import LinnetError


class LateSink:
    """An open sink that may be down at the start, and come back.

    Args:
        sink: its description.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._open: OpenSink | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows.

        Raises:
            StorageError, ServiceError: as the sink, also of opening it. The next call opens it anew.
        """
        try:
            self._open = self._open or self._sink.open()
            self._open.write(batch)
        except LinnetError:
            self._drop()
            raise

    def flush(self) -> None:
        """Return when everything written since the last flush or failure is durable.

        Raises:
            StorageError, ServiceError: it is not. The next write opens the sink anew.
        """
        if self._open is None:
            return
        try:
            self._open.flush()
        except LinnetError:
            self._drop()
            raise

    def close(self) -> None:
        """Let go. Whatever is not durable lies behind the cursor of its route."""
        self._drop()

    def _drop(self) -> None:
        sink, self._open = self._open, None
        if sink is not None:
            with suppress(LinnetError):  # what was wrong has been told
                sink.close()
