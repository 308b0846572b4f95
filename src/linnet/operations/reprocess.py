"""Reprocess: archived packets through the plan again, as each alert was lived.

`known_night` is taken from the record, so an alert that came late sees again what it saw. `verify` compares with what
was recorded; without it the new rows are written as science files of a new run, and nothing that was is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.avro_schema import SchemaCache
from linnet.core.membership import NO_LISTS, Memberships
from linnet.core.plan import Plan
from linnet.core.ports import ActiveFilters, RawArchive, ScienceArchive, Store
from linnet.core.survey import Survey
from linnet.core.tagging import enrich, evaluate, scalars
from linnet.core.unit import Run
from linnet.core.vocabulary import RECORD
from linnet.operations.replay_packets import replay

MAX_EXAMPLES = 20


@dataclass
class Verdict:
    """What reprocessing found.

    Attributes:
        alerts: alerts reprocessed. other_run: of these, made by other modules or filters than today's, not compared.
        differences: column (or `tags`) -> alerts in which it differs.
        examples: some of them in words.
    """

    alerts: int = 0
    other_run: int = 0
    differences: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every compared alert came out as recorded."""
        return not self.differences

    def as_dict(self) -> dict[str, object]:
        """The same as plain values."""
        return {"ok": self.ok, **asdict(self)}


@dataclass(frozen=True)
class Bench:
    """What reprocessing works with.

    Attributes:
        filters: the filters of a recorded run, or None where a version is not there any more.
        run: today's run with the filters that are active now.
        lists: the areas and watchlists of a recorded run, or None where a version is not there any more.
        lists_now: those of today's.
        plans: today's modules with the catalogues of a recorded run, or None where a version is not there any more;
            where it is not given, `plan` for all.
    """

    store: Store
    raw: RawArchive
    science: ScienceArchive
    schemas: SchemaCache
    surveys: Mapping[str, Survey]
    plan: Plan
    filters: Callable[[Run], ActiveFilters | None]
    run: Run
    plans: Callable[[Run], Plan | None] | None = None
    lists: Callable[[Run], Memberships | None] = lambda _run: NO_LISTS
    lists_now: Memberships = NO_LISTS


def verify(bench: Bench, progress: Callable[[int], None] = lambda _n: None) -> Verdict:
    """Raw packets through the same versions must give the recorded results, bit for bit, tags included."""
    verdict = Verdict()
    runs = bench.store.runs()
    for survey, night, rows, alerts in _recorded(bench):
        verdict.alerts += rows.num_rows
        for run_id in rows.column("run_id").unique().to_pylist():
            same = pc.equal(rows.column("run_id"), run_id).combine_chunks()
            versions = _same_versions(bench, runs.get(run_id))
            if versions is None:
                verdict.other_run += pc.sum(same.cast(pa.int64())).as_py()
                continue
            as_lived = replace(bench, plan=versions[0], lists_now=versions[2])
            _compare(as_lived, survey, night, (rows.filter(same), alerts.filter(same)), versions[1], verdict)
        progress(rows.num_rows)
    return verdict


def reprocess(bench: Bench, filters: ActiveFilters, progress: Callable[[int], None] = lambda _n: None) -> Verdict:
    """Write the rows and tags that today's modules and filters give, as files of today's run."""
    verdict = Verdict()
    for piece, (survey, night, rows, alerts) in enumerate(_recorded(bench)):
        enriched = _again(bench, survey, night, alerts)
        record = {n: rows.column(n) for n in RECORD if n != "run_id"}
        record["run_id"] = pa.chunked_array([pa.array([bench.run.run_id] * rows.num_rows, pa.string())])
        table = pa.Table.from_batches([scalars(enriched)])
        for name, column in record.items():
            table = table.append_column(name, column)
        tags = evaluate(filters, enriched, bench.plan.columns, bench.lists_now)
        kind, name = f"reprocessed/{bench.run.run_id}", f"{piece:012d}.parquet"
        verdict.files.append(bench.science.write(f"{kind}/alerts/{survey.name}/{night}", name, table))
        verdict.files.append(bench.science.write(f"{kind}/tags/{survey.name}/{night}", name, tags))
        verdict.alerts += rows.num_rows
        progress(rows.num_rows)
    return verdict


def _recorded(bench: Bench) -> Iterator[tuple[Survey, int, pa.Table, pa.RecordBatch]]:
    """Recorded rows with their packets, by survey and known night."""
    for path in bench.science.files("alerts"):
        _, survey, night, _name = path.split("/")
        for rows, alerts in replay(bench.raw, bench.schemas, bench.surveys[survey], bench.science.read(path)):
            yield bench.surveys[survey], int(night), rows, alerts


def _again(bench: Bench, survey: Survey, night: int, alerts: pa.RecordBatch) -> pa.RecordBatch:
    return enrich(survey, alerts, night, bench.store, bench.plan, lambda _module, _error: None)


def _same_versions(bench: Bench, run: Run | None) -> tuple[Plan, ActiveFilters, Memberships] | None:
    """The modules, with the catalogues, filters and lists of a recorded run, where all of them are still there."""
    if run is None or run.code != bench.run.code:
        return None
    plan = bench.plan if bench.plans is None else bench.plans(run)
    if plan is None or {m.name: m.version for m in plan.modules} != dict(run.modules):
        return None
    filters, lists = bench.filters(run), bench.lists(run)
    return None if filters is None or lists is None else (plan, filters, lists)


def _compare(
    bench: Bench,
    survey: Survey,
    night: int,
    recorded: tuple[pa.Table, pa.RecordBatch],
    filters: ActiveFilters,
    verdict: Verdict,
) -> None:
    rows, alerts = recorded
    enriched = _again(bench, survey, night, alerts)
    ids = rows.column("alert_id").to_pylist()
    for name, column in zip(scalars(enriched).schema.names, scalars(enriched).columns, strict=True):
        different = [i for i, (a, b) in enumerate(zip(_bits(column), _bits(rows.column(name)), strict=True)) if a != b]
        _note(verdict, name, [f"{survey.name} {ids[i]}: {name}" for i in different])
    now = evaluate(filters, enriched, bench.plan.columns, bench.lists_now).to_pylist()
    before = bench.store.tags_of(survey.name, rows.column("alert_id").combine_chunks()).to_pylist()
    key = ("alert_id", "filter", "version")
    odd = {tuple(t[k] for k in key) for t in now} ^ {tuple(t[k] for k in key) for t in before}
    _note(verdict, "tags", [f"{survey.name} {i}: tag {f} version {v}" for i, f, v in sorted(odd)])


def _note(verdict: Verdict, what: str, found: list[str]) -> None:
    if found:
        verdict.differences[what] = verdict.differences.get(what, 0) + len(found)
        verdict.examples.extend(found[: MAX_EXAMPLES - len(verdict.examples)])


def _bits(column: pa.Array | pa.ChunkedArray) -> list[object]:
    """Values as Python objects that compare equal only where every bit does (floats carry no NaN here)."""
    values: list[object] = column.to_pylist()
    return values
