"""Rebuild: fold the recorded archive into an empty store, without running any module or filter again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.accounting import released
from linnet.core.avro_schema import SchemaCache
from linnet.core.envelope import Position
from linnet.core.lightcurve import point_rows, withdrawn_rows
from linnet.core.ports import RawArchive, ScienceArchive, Store
from linnet.core.survey import Survey
from linnet.core.unit import COUNT, DEAD, SEGMENT, TAG, Run, Unit
from linnet.operations.replay_packets import replay

UNKNOWN = Run("unknown", {})


@dataclass(frozen=True)
class Archives:
    """What a store is folded from: both archives, and what reads their packets (surveys by name)."""

    raw: RawArchive
    science: ScienceArchive
    surveys: Mapping[str, Survey]
    schemas: SchemaCache


def rebuild(
    target: Store, archives: Archives, segments: pa.Table, progress: Callable[[int], None] = lambda _n: None
) -> int:
    """Fold alerts, points, tags, dead letters, counts and positions of the archive into an empty store.

    Args:
        target: the empty store.
        archives: where everything is recorded.
        segments: `SEGMENT` rows that hold from now on: the live store's, or what `unrecorded.recorded` found.
        progress: called with the number of rows after each piece.

    Returns:
        Number of alert rows folded.

    Raises:
        StorageError: an archived packet does not decode, or a science file cannot be read.
    """
    science = archives.science
    runs = _runs(science)
    tags = _tags(science)
    number = 0
    folded = 0
    for path in sorted(science.files("alerts"), key=_unit_of):
        _, survey, night, _name = path.split("/")
        table = science.read(path)
        packets = replay(archives.raw, archives.schemas, archives.surveys[survey], table)
        for rows, alerts in _by_run(packets):
            number += 1
            target.commit(_fold(number, survey, int(night), rows, alerts, (tags, runs)))
            folded += rows.num_rows
            progress(rows.num_rows)
    last = max(number, _last_unit(science))
    for state in _states(last, segments, science):
        target.commit(state)
    target.flushed(target.last_unit(), _all_files(science))
    return folded


def _by_run(pieces: Iterator[tuple[pa.Table, pa.RecordBatch]]) -> Iterator[tuple[pa.Table, pa.RecordBatch]]:
    """Pieces whose rows share one run, as the units that made them did."""
    for rows, alerts in pieces:
        for run_id in rows.column("run_id").unique().to_pylist():
            same = pc.equal(rows.column("run_id"), run_id).combine_chunks()
            yield rows.filter(same), alerts.filter(same)


def _fold(
    number: int,
    survey: str,
    night: int,
    rows: pa.Table,
    alerts: pa.RecordBatch,
    recorded: tuple[dict[tuple[str, int], list[dict[str, object]]], dict[str, Run]],
) -> Unit:
    tags, runs = recorded
    run_id = rows.column("run_id")[0].as_py()
    mine = [t for i in rows.column("alert_id").to_pylist() for t in tags.get((survey, i), ())]
    schema = TAG.append(pa.field("seq", pa.int64()))
    return Unit(
        number,
        runs.get(run_id, UNKNOWN),
        survey=survey,
        night=night,
        kind="fold",
        alerts=rows,
        points=point_rows(alerts, night),
        withdrawn=withdrawn_rows(alerts, night),
        tags=pa.Table.from_pylist(sorted(mine, key=lambda t: int(str(t["seq"]))), schema=schema),
    )


def _states(last: int, segments: pa.Table, science: ScienceArchive) -> Iterator[Unit]:
    """Everything that is no alert: dead letters, counts, positions, segments."""
    newest = _newest(science, "counts")
    counts = COUNT.empty_table() if newest is None else newest.cast(COUNT)
    positions = _newest(science, "positions")
    dead, passing = _dead(science, released(counts))
    yield Unit(
        last + 1,
        UNKNOWN,
        kind="fold",
        dead=dead,
        counts=counts,
        segments=segments.cast(SEGMENT),
        positions=() if positions is None else tuple(Position(**row) for row in positions.to_pylist()),
    )
    if passing:
        yield Unit(last + 2, UNKNOWN, kind="fold", released=passing)


def _dead(science: ScienceArchive, gone: list[tuple[int, int]]) -> tuple[pa.Table, tuple[tuple[int, int], ...]]:
    """Archived dead letters under their numbers, and those of them that pass through the store only.

    Released ones stay away, but for one that has the largest number: the next dead letter must get a larger one.
    """
    numbered = pa.schema([pa.field("dead_id", pa.int64()), *DEAD])
    parts = [science.read(path).select(numbered.names).cast(numbered) for path in science.files("dead")]
    whole = pa.concat_tables([numbered.empty_table(), *parts]).sort_by("dead_id")
    ids = whole.column("dead_id").to_numpy()
    away = np.zeros(len(ids), bool)
    for first, last in gone:
        away |= (ids >= first) & (ids <= last)
    if not len(ids) or not away[-1]:
        return whole.filter(pa.array(~away)), ()
    away[-1] = False
    newest = int(ids[-1])
    return whole.filter(pa.array(~away)), ((newest, newest),)


def _newest(science: ScienceArchive, kind: str) -> pa.Table | None:
    files = science.files(kind)
    return science.read(files[-1]) if files else None


def _unit_of(path: str) -> tuple[str, str]:
    name = path.rsplit("/", 1)[-1]
    return name, path


def _last_unit(science: ScienceArchive) -> int:
    files = science.files("counts")
    return int(files[-1].rsplit("-", 1)[-1].split(".")[0]) if files else 0


def _tags(science: ScienceArchive) -> dict[tuple[str, int], list[dict[str, object]]]:
    found: dict[tuple[str, int], list[dict[str, object]]] = {}
    for path in science.files("tags"):
        for row in science.read(path).to_pylist():
            key = (row["survey"], row["alert_id"])
            found.setdefault(key, []).append({n: row[n] for n in ("alert_id", "filter", "version", "seq")})
    return found


def _runs(science: ScienceArchive) -> dict[str, Run]:
    newest = _newest(science, "runs")
    return {} if newest is None else {r["run_id"]: run_from_json(r["run"]) for r in newest.to_pylist()}


def run_from_json(text: str) -> Run:
    """A run out of its canonical JSON."""
    found = json.loads(text)
    found["filters"] = tuple((name, version) for name, version in found["filters"])
    return Run(**found)


def _all_files(science: ScienceArchive) -> list[str]:
    kinds = ("alerts", "tags", "dead", "positions", "counts", "runs")
    return [p for kind in kinds for p in science.files(kind)]
