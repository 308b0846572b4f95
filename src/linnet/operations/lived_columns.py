"""The columns of recorded alerts as they were lived: what the run recorded, and what only the packets can say.

Recorded values are taken as they are, whatever version of a module made them. The untouched packets are read again
where a list of the light curve is asked for, or a column that the run did not make. Points of the store count as far as
they were known before the alert's known_night, so nothing that came later is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.lightcurve import join
from linnet.core.membership import FAILED, is_list
from linnet.core.module import Module
from linnet.core.plan import Plan
from linnet.core.unit import Run
from linnet.core.vocabulary import HISTORY
from linnet.errors import InputError
from linnet.filters.evaluate import Lookup
from linnet.operations.recorded_nights import Past, RecordedNight
from linnet.operations.replay_packets import REFERENCE, replay

_PLACE = ("healpix", "ra", "dec")
"""What is asked of areas and watchlists."""

Failed = Callable[[Module, Exception], None]


@dataclass(frozen=True)
class Rows:
    """Alerts with everything that was asked for.

    Attributes:
        table: the recorded columns, one row for each alert.
        columns: all columns by name.
        after_the_fact: column -> module and version that made it, where the recorded run had no such module; and
            membership -> version of the list, where the run did not ask for it.
    """

    table: pa.Table
    columns: Mapping[str, pa.Array]
    after_the_fact: Mapping[str, str]


class Lived:
    """Gives the columns that filters ask for.

    Args:
        past: what was.
        needs: names of columns that are asked for.
        always: recorded columns that are read besides.
        failed: called for each module that raises.
        packets: whether packets may be read again.
    """

    def __init__(
        self, past: Past, needs: Sequence[str], always: Sequence[str], failed: Failed, *, packets: bool = True
    ) -> None:
        self._past = past
        self._lists = tuple(name for name in needs if is_list(name))
        self._needs = tuple(name for name in needs if not is_list(name))
        self._always = (*always, *(_PLACE if self._lists else ()))
        self._failed = failed
        self._packets = packets
        self._runs = past.store.runs()
        self._givers = {name: module for module in past.plan.modules for name in module.gives}

    def lookup(self, rows: Rows) -> Lookup:
        """Gives the columns of some rows to a filter; typed nulls for those of another survey."""

        def look_up(name: str) -> pa.Array:
            found = rows.columns.get(name)
            return self._past.plan.columns[name].empty(len(rows.table)) if found is None else found

        return look_up

    def rows(
        self, night: RecordedNight, piece: int, chosen: Callable[[pa.Table], pa.Array] | None = None
    ) -> Iterator[Rows]:
        """The alerts of one piece of a night, in one or many batches.

        Args:
            night: of the record.
            piece: number of the piece.
            chosen: which rows are asked for, as booleans; all where it is not given.

        Raises:
            InputError: only the packets can say it, and they may not be read.
        """
        read = night.pieces[piece]
        table = _filtered(read(("run_id", *self._always, *self._needs)), chosen)
        for run_id in table.column("run_id").unique().to_pylist():
            run = self._runs.get(run_id)
            of_run = _of_run(table, run_id)
            missing = self._missing(night.survey, of_run, run, self._needs)
            if not missing:
                yield self._with_lists(Rows(of_run, _whole(of_run), {}), run)
                continue
            if not self._packets:
                names = ", ".join(missing[:3])
                raise InputError(f"{names} is only in the packets: ask `linnet filter test`, which reads them again")
            # The same rows again, with what leads to their packets and what newer modules need of the record.
            names = list(dict.fromkeys([*self._needs, *(n for m in self._behind(missing) for n in m.needs)]))
            wider = _filtered(read(("run_id", *REFERENCE, *self._always, *names)), chosen)
            for rows in self._out_of_packets(night, _of_run(wider, run_id), run, names):
                yield self._with_lists(rows, run)

    def _with_lists(self, rows: Rows, run: Run | None) -> Rows:
        """The rows with what is asked of areas and watchlists: of those that the run used, else of those of today."""
        if not self._lists:
            return rows
        recorded = None if run is None else self._past.lists(run)
        used = {} if recorded is None else recorded.contents
        places = pa.RecordBatch.from_pydict({name: rows.columns[name] for name in _PLACE})
        columns, after = dict(rows.columns), dict(rows.after_the_fact)
        for name in self._lists:
            if recorded is not None and name in used:
                columns[name] = recorded.of(name, places)
            else:
                columns[name] = self._past.lists_now.of(name, places)
                after[name] = f"list {self._past.lists_now.contents.get(name, FAILED)}"
        return Rows(rows.table, columns, after)

    def _missing(self, survey: str, table: pa.Table, run: Run | None, names: Sequence[str]) -> list[str]:
        """Names that the record does not answer and the packets can."""
        own, present = self._past.surveys[survey].own_columns, set(table.column_names)
        found = []
        for name in names:
            giver = self._givers.get(name)
            if giver is not None:
                is_there = name in present and (run is None or giver.name in run.modules)
            else:
                is_there = name in present or not (name in own or self._past.plan.columns[name].is_list)
            if not is_there:
                found.append(name)
        return found

    def _behind(self, missing: Sequence[str]) -> tuple[Module, ...]:
        """The modules that give what is missing, and those that these need, recorded or not."""
        asked = [self._givers[n] for n in missing if n in self._givers]
        found: set[str] = set()
        while asked:
            module = asked.pop()
            if module.name not in found:
                found.add(module.name)
                asked += [self._givers[n] for n in module.needs if n in self._givers]
        return tuple(m for m in self._past.plan.modules if m.name in found)

    def _out_of_packets(
        self, night: RecordedNight, table: pa.Table, run: Run | None, names: Sequence[str]
    ) -> Iterator[Rows]:
        past, survey = self._past, self._past.surveys[night.survey]
        missing = set(self._missing(night.survey, table, run, names))
        modules = tuple(m for m in self._behind(sorted(missing)) if not missing.isdisjoint(m.gives))
        after = {n: f"{m.name} {m.version}" for m in modules for n in m.gives if n in missing and n in self._needs}
        plan, needs_history = self._plan(modules), any(n in HISTORY for n in names)
        for part, alerts in replay(past.raw, past.schemas, survey, table):
            recorded = {n: a for n, a in _whole(part).items() if n not in missing}
            columns = {**dict(zip(alerts.schema.names, alerts.columns, strict=True)), **recorded}
            if needs_history:
                objects = pc.drop_null(pc.unique(alerts.column("object_id")))
                columns |= join(alerts, past.store.points(night.survey, objects, before=night.night))
            if modules:
                batch = plan.run(pa.RecordBatch.from_pydict(columns), self._failed)
                columns = {**dict(zip(batch.schema.names, batch.columns, strict=True)), **recorded}
            yield Rows(part, columns, after)

    def _plan(self, modules: Sequence[Module]) -> Plan:
        given = {name for module in modules for name in module.gives}
        return Plan(modules, {n: c for n, c in self._past.plan.columns.items() if n not in given})


def _of_run(table: pa.Table, run_id: str) -> pa.Table:
    return _filtered(table, lambda rows: pc.equal(rows.column("run_id"), run_id))


def _filtered(table: pa.Table, chosen: Callable[[pa.Table], pa.Array] | None) -> pa.Table:
    if chosen is None:
        return table
    mask = chosen(table)
    return table if pc.all(mask).as_py() is not False else table.filter(mask)


def _whole(table: pa.Table) -> dict[str, pa.Array]:
    """Each column in one piece."""
    found = {}
    for name, column in zip(table.column_names, table.unify_dictionaries().columns, strict=True):
        one = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        found[name] = one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one
    return found
