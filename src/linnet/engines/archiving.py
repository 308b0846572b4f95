"""Writing datums to the raw archive while the columns of the same alerts, and of those behind them, are worked on."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from threading import Thread

import pyarrow as pa

from linnet.core.ports import RawArchive
from linnet.core.unit import Unit
from linnet.engines.arrivals import Arrivals

PLACES = ("segment", "block", "place", "length")
"""The columns of a row that say where its datum lies: the last of `vocabulary.RECORD`."""


@dataclass(frozen=True)
class Archived:
    """What one append gave: `PLACES` of each datum, `SEGMENT` rows of the segments it changed, and how long it took."""

    places: pa.Table
    segments: pa.Table
    seconds: float


class Archiving:
    """One append, begun at once in a thread of its own: compressing, writing and syncing let others run meanwhile.

    Args:
        raw: the raw archive.
        fresh: the alerts. night: their known_night.
        before: the append that this one waits for, and with which it fails.
    """

    def __init__(self, raw: RawArchive, fresh: Arrivals, night: int, before: Archiving | None = None) -> None:
        self._raw = raw
        self._fresh: Arrivals | None = fresh
        self._night = night
        self._before = before
        self._archived: Archived | None = None
        self._error: BaseException | None = None
        self._thread = Thread(target=self._append, name="linnet-archive")
        self._thread.start()

    def rest(self) -> None:
        """Return when nothing of it is written any more."""
        self._thread.join()

    def archived(self) -> Archived:
        """What it gave, once all of it is durable.

        Raises:
            StorageError: it is not.
        """
        self._thread.join()
        if self._archived is None:
            assert self._error is not None  # noqa: S101  # one of the two is always there
            raise self._error
        return self._archived

    def sealed(self, unit: Unit) -> Unit:
        """The unit of these alerts, with the places of their datums.

        Raises:
            StorageError: not all of them are durable.
        """
        found = self.archived()
        rows = unit.alerts
        assert rows is not None  # noqa: S101  # nothing else is archived
        places = [found.places.column(name) for name in PLACES]
        alerts = pa.Table.from_arrays([*rows.columns, *places], names=[*rows.schema.names, *PLACES])
        return replace(unit, alerts=alerts, segments=found.segments)

    def _append(self) -> None:
        try:
            if self._before is not None:
                self._before.archived()
            self._archived = self._written()
        except BaseException as error:  # noqa: BLE001  # raised again where the places are asked for
            self._error = error
        finally:
            # Neither is held longer than it takes: a unit that waits for its commit would keep its messages in memory.
            self._before = self._fresh = None

    def _written(self) -> Archived:
        fresh, started = self._fresh, time.perf_counter()
        assert fresh is not None  # noqa: S101  # let go of at the end
        survey = fresh.survey
        places = self._raw.append(survey.name, self._night, survey.raw_codec, fresh.datums, fresh.fingerprint)
        return Archived(places, self._raw.touched(), time.perf_counter() - started)


class Appends:
    """The appends to one raw archive, one after the other: where one is asked for, the plan need not wait for it.

    Args:
        raw: the raw archive; nobody else appends to it, and whoever closes a night waits for `rest` first.
    """

    def __init__(self, raw: RawArchive) -> None:
        self._raw = raw
        self._latest: Archiving | None = None

    def begin(self, fresh: Arrivals, night: int) -> Archiving:
        """Append the datums of new alerts, of which there is one at least, behind all others."""
        self._latest = Archiving(self._raw, fresh, night, self._latest)
        return self._latest

    def touched(self) -> pa.Table:
        """`SEGMENT` rows of segments changed since the last append (a night's were closed)."""
        self.rest()
        return self._raw.touched()

    def close_night(self, survey: str, night: int) -> None:
        """Close the segments of a night.

        Raises:
            StorageError: a manifest cannot be written.
        """
        self.rest()
        self._raw.close_night(survey, night)

    def rest(self) -> None:
        """Return when nothing is written any more."""
        if self._latest is not None:
            self._latest.rest()
