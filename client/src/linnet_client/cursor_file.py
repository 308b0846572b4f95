"""Where a reader is, in a small file that survives it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from linnet_client.errors import CursorError

PERIOD = 0.1
"""Seconds between two writes while messages come quickly: after a kill at most these are seen again."""


class CursorFile:
    """A position that is written as a whole or not at all.

    Args:
        path: the file; made at the first write.
        stream: name of the stream and kind of broker; a file of another one is refused.

    Raises:
        CursorError: the file is damaged, or of another stream.
    """

    def __init__(self, path: Path, stream: str) -> None:
        self._path, self._stream = path, stream
        self._written = 0.0
        self._told: Any = None
        self.position: Any = self._read()

    def note(self, position: Any, *, now: bool = False) -> None:
        """Keep a position (JSON-safe); writing it may wait for a tenth of a second unless `now`.

        Raises:
            CursorError: the disk does not take it.
        """
        self.position = position
        clock = time.monotonic()
        if position == self._told or not (now or clock - self._written >= PERIOD):
            return
        text = json.dumps({"stream": self._stream, "position": position})
        part = self._path.with_name(self._path.name + ".part")
        try:
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            raise CursorError(f"{self._path} cannot be written: {error.strerror or error}") from error
        self._written, self._told = clock, position

    def _read(self) -> Any:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            stream, position = found["stream"], found["position"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CursorError(f"{self._path} is no cursor file ({error}): remove it to begin anew") from error
        if stream != self._stream:
            raise CursorError(f"{self._path} is of {stream}, not of {self._stream}: give each stream its own file")
        self._told = position
        return position
