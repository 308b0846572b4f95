"""Columns that a filter wants in its messages besides those of every message: out of the archived packets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.avro_schema import SchemaCache
from linnet.core.column import Column
from linnet.core.ports import Control, RawArchive, Store
from linnet.core.survey import Survey
from linnet.operations.replay_packets import replay

Version = tuple[str, int]


class Carrying:
    """Puts the columns that each version of a filter asks for behind those of its messages.

    They come in the order in which it asks. A message has everything that is stored of an alert already: that is not
    doubled. The survey's own columns are
    decoded again from its packet. A column of another survey is null.

    Args:
        control: has the columns of each version.
        store: has the places of packets.
        raw: has the packets.
        surveys: that decode them.
        schemas: cache of writer schemas.
        columns: all that are declared.
    """

    def __init__(
        self,
        control: Control,
        store: Store,
        raw: RawArchive,
        surveys: Sequence[Survey],
        schemas: SchemaCache,
        columns: Mapping[str, Column],
    ) -> None:
        self._control, self._store, self._raw = control, store, raw
        self._surveys = {each.name: each for each in surveys}
        self._schemas, self._columns = schemas, columns
        self._known: tuple[int, dict[Version, tuple[str, ...]]] = (-1, {})

    def __call__(self, messages: pa.RecordBatch) -> list[pa.RecordBatch]:
        """Messages as batches: those that carry nothing more, then those of each version that does.

        Raises:
            StorageError: a packet cannot be read any more.
        """
        asked = self._asked()
        versions = list(zip(*(messages.column(n).to_pylist() for n in ("filter", "version")), strict=True))
        carrying = [each for each in dict.fromkeys(versions) if each in asked]
        if not carrying:
            return [messages]
        rest = messages.filter(pa.array([each not in asked for each in versions]))
        found = [rest] if rest.num_rows else []
        for one in carrying:
            rows = messages.filter(pa.array([each == one for each in versions]))
            found.append(self._with(rows, [n for n in asked[one] if n not in messages.schema.names]))
        return found

    def _asked(self) -> dict[Version, tuple[str, ...]]:
        """The columns of the versions that ask for any; each is known before its first tag."""
        generation = self._control.generation()
        if generation != self._known[0]:
            found = {(f.name, f.version): f.details.columns for f in self._control.filters() if f.details.columns}
            self._known = generation, found
        return self._known[1]

    def _with(self, messages: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
        """Messages of one filter with more columns."""
        parts = {survey: self._packets(survey, messages) for survey in set(messages.column("survey").to_pylist())}
        for name in names:
            values = [self._value(parts[s], name, i) for s, i in _identities(messages)]
            messages = messages.append_column(name, pa.array(values, self._columns[name].type))
        return messages

    def _packets(self, survey: str, messages: pa.RecordBatch) -> dict[int, dict[str, object]]:
        """The survey's own columns of each alert of its, by id."""
        known = self._surveys[survey]
        mine = messages.filter(pc.equal(messages.column("survey").cast(pa.string()), survey))
        rows = self._store.alerts(survey, pc.unique(mine.column("alert_id")))
        found: dict[int, dict[str, object]] = {}
        for piece, alerts in replay(self._raw, self._schemas, known, rows):
            own = alerts.select([n for n in known.own_columns if n in alerts.schema.names]).to_pylist()
            found.update(zip(piece.column("alert_id").to_pylist(), own, strict=True))
        return found

    @staticmethod
    def _value(packets: Mapping[int, Mapping[str, object]], name: str, alert_id: int) -> object:
        return packets[alert_id].get(name)


def _identities(messages: pa.RecordBatch) -> list[tuple[str, int]]:
    return list(zip(*(messages.column(n).to_pylist() for n in ("survey", "alert_id")), strict=True))
