"""From the store's pending rows to Parquet files in the science archive."""

from __future__ import annotations

import json

import pyarrow as pa

from linnet.core.ports import ScienceArchive, Store

FILE_ROWS = 10_000
FILE_SECONDS = 300.0
"""A science file is written at 10,000 alerts or after 5 minutes, whichever comes first."""

DEAD_CHUNK = 500


def flush(store: Store, science: ScienceArchive) -> int:
    """Write everything pending (alerts, tags, dead letters, positions, counts, runs); gives the number of alert rows.

    File names follow from unit numbers, so that a flush repeated after a crash writes the same names again. The store
    forgets the rows only once all files are durable.
    """
    pending = store.pending()
    upto = store.last_unit()
    if not upto or (not pending and _name(upto, upto) in {f.rsplit("/", 1)[-1] for f in store.science_files()}):
        return 0
    written: list[str] = []
    for (survey, night), units in _by_file(pending).items():
        name = _name(units[0][0], units[-1][0])
        table = pa.concat_tables([u[1] for u in units], promote_options="default")
        written.append(science.write(f"alerts/{survey}/{night}", name, table))
        written.extend(_tags(store, science, survey, night, name, table))
    written.extend(_dead(store, science))
    written.extend(_state(store, science, _name(upto, upto)))
    store.flushed(upto, written)
    # Arrow keeps what a large batch needed once; without this a broker seems to grow for hours.
    pa.default_memory_pool().release_unused()
    return sum(u[3].num_rows for u in pending)


def remove_orphans(store: Store, science: ScienceArchive) -> int:
    """Remove files that a crash left behind before the store recorded them; gives their number."""
    known = set(store.science_files())
    orphans = [
        f for kind in ("alerts", "tags", "dead", "positions", "counts") for f in science.files(kind) if f not in known
    ]
    for path in orphans:
        science.remove(path)
    return len(orphans)


def _name(first: int, last: int) -> str:
    return f"{first:012d}-{last:012d}.parquet"


def _by_file(pending: list[tuple[int, str, int, pa.Table]]) -> dict[tuple[str, int], list[tuple[int, pa.Table]]]:
    files: dict[tuple[str, int], list[tuple[int, pa.Table]]] = {}
    for number, survey, night, table in pending:
        files.setdefault((survey, night), []).append((number, table))
    return files


def _tags(store: Store, science: ScienceArchive, survey: str, night: int, name: str, alerts: pa.Table) -> list[str]:
    """One file for all filters, sorted by filter and version.

    A thousand filters match twenty alerts each of ten thousand: a file for each took longer than everything else.
    """
    tags = store.tags_of(survey, alerts.column("alert_id").combine_chunks())
    if not tags.num_rows:
        return []
    tags = tags.append_column("survey", pa.array([survey] * tags.num_rows, pa.string()))
    tags = tags.sort_by([("filter", "ascending"), ("version", "ascending"), ("seq", "ascending")])
    return [science.write(f"tags/{survey}/{night}", name, tags)]


def _dead(store: Store, science: ScienceArchive) -> list[str]:
    """Dead letters that no file holds yet; the newest archived number stands in the file names."""
    newest = max((int(f.rsplit("-", 1)[-1].split(".")[0]) for f in science_files(store, "dead/")), default=0)
    written = []
    while ids := store.dead(limit=DEAD_CHUNK, after=newest).column("dead_id").to_pylist():
        letters = pa.concat_tables([store.dead_letter(i) for i in ids])
        written.append(science.write("dead", _name(ids[0], ids[-1]), letters))
        newest = ids[-1]
    return written


def science_files(store: Store, prefix: str) -> list[str]:
    """Recorded files below a prefix."""
    return [f for f in store.science_files() if f.startswith(prefix)]


def _state(store: Store, science: ScienceArchive, name: str) -> list[str]:
    """Source positions, stage counts and runs as they are now."""
    positions = pa.Table.from_pylist(
        [{"topic": p.topic, "partition": p.partition, "offset": p.offset, "index": p.index} for p in store.positions()],
        schema=pa.schema(
            [("topic", pa.string()), ("partition", pa.int32()), ("offset", pa.int64()), ("index", pa.int32())]
        ),
    )
    runs = [{"run_id": i, "run": json.dumps(json.loads(r.as_json()))} for i, r in sorted(store.runs().items())]
    return [
        science.write("positions", name, positions),
        science.write("counts", name, store.counts()),
        science.write(
            "runs", name, pa.Table.from_pylist(runs, schema=pa.schema([("run_id", pa.string()), ("run", pa.string())]))
        ),
    ]
