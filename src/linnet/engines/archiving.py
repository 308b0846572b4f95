"""Writing datums to the raw archive while the columns of the same alerts are worked on."""

from __future__ import annotations

from threading import Thread
from typing import Self

import pyarrow as pa

from linnet.core.ports import RawArchive
from linnet.engines.arrivals import Arrivals


class Archiving:
    """One append, begun at once in a thread of its own: compressing, writing and syncing let others run meanwhile.

    Args:
        raw: the raw archive; nobody else may append until `places` has returned.
        fresh: the alerts. night: their known_night.
    """

    def __init__(self, raw: RawArchive, fresh: Arrivals, night: int) -> None:
        self._raw = raw
        self._fresh = fresh
        self._night = night
        self._places: pa.Table | None = None
        self._error: BaseException | None = None
        self._thread = Thread(target=self._append, name="linnet-archive")
        self._thread.start()

    def __enter__(self) -> Self:
        """Nothing of it outlasts the block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Wait until nothing is written any more."""
        self._thread.join()

    def places(self) -> pa.Table:
        """Where each datum lies (`segment`, `block`, `place`, `length`), once all of them are durable.

        Raises:
            StorageError: they are not.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._places

    def _append(self) -> None:
        fresh = self._fresh
        try:
            self._places = self._raw.append(
                fresh.survey.name, self._night, fresh.survey.raw_codec, fresh.datums, fresh.fingerprint
            )
        except BaseException as error:  # noqa: BLE001  # raised again where the places are asked for
            self._error = error
