"""Fill a store of the packed layout quickly, in the order of its keys: for measurements at size alone."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from bench_world import BASE_ID, FIRST_POINTS, NEW_POINTS, NIGHT, point_table, spans

from linnet.adapters.sqlite_file import open_writer
from linnet.adapters.sqlite_store_alerts import layout_for
from linnet.adapters.sqlite_store_layout import EVERYONE, OBJECT_COLUMNS, STORE, SurveyTables, add_columns
from linnet.adapters.sqlite_store_packing import ALERT_PUBLIC, IS_ALERT, RUN, Runs, pack
from linnet.adapters.sqlite_store_places import key_at
from linnet.adapters.sqlite_store_points import points_of
from linnet.core.answers import stored_columns

STEP = 20_000
ALERT_STEP = 200_000
FIRST_MJD = 59900.0
CODES = ("g", "r", "i")


def bulk_load(world: Any, path: Path, alerts: int) -> None:
    """Objects with their share of alerts each, and the alert rows by id."""
    each = np.full(world.objects, alerts // world.objects)
    each[: alerts - int(each.sum())] += 1
    world.alerts = world.rng.permutation(each)
    world.first_id = BASE_ID + np.concatenate([[0], np.cumsum(world.alerts)])
    with closing(open_writer(path, STORE)) as connection:
        for pragma in ("synchronous = OFF", "journal_mode = OFF", "cache_size = -1000000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        add_columns(connection, stored_columns(world.columns))
        tables = SurveyTables("ztf")
        tables.create(connection)
        connection.executemany("INSERT INTO band VALUES (?, ?)", enumerate(CODES))
        for start in range(0, world.objects, STEP):
            _write_objects(connection, tables, world, np.arange(start, min(start + STEP, world.objects)))
        connection.execute("UPDATE survey SET objects = ?", (world.objects,))
        _write_alerts(connection, tables, world, alerts)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


def _write_alerts(connection: sqlite3.Connection, tables: SurveyTables, world: Any, alerts: int) -> None:
    """Rows under rising ids, the same few values over and over; a tag for one in 200."""
    some = np.arange(min(2000, world.objects))
    unit = world.make(some, NIGHT)
    world.alerts[some] -= 1
    world.unit, world.next_id = 0, BASE_ID + alerts
    number, layout = layout_for(connection, [n for n in world.columns if n not in ("survey", "alert_id")])
    blobs = layout.pack(unit.alerts)
    for start in range(0, alerts, ALERT_STEP):
        rows = [(BASE_ID + i, i, number, blobs[i % len(blobs)]) for i in range(start, min(start + ALERT_STEP, alerts))]
        connection.executemany(tables.sql("INSERT INTO {alert} VALUES (?, ?, ?, ?)"), rows)
    tags = [("ztf", BASE_ID + i, "bright", 1) for i in range(0, alerts, 200)]
    connection.executemany("INSERT INTO tag_log (survey, alert_id, filter, version) VALUES (?, ?, ?, ?)", tags)


def _write_objects(connection: sqlite3.Connection, tables: SurveyTables, world: Any, chosen: np.ndarray) -> None:
    """The first alert's points fill a chunk, the others wait in the tail."""
    n, had = len(chosen), world.alerts[chosen]
    none, first, last = np.zeros(n, int), np.full(n, FIRST_POINTS), FIRST_POINTS + (had - 1) * NEW_POINTS
    chunk_points, chunk_runs = _packed(world, chosen, (none, first), (none, np.ones(n, int)))
    tails = _packed(world, chosen, (first, last), (np.ones(n, int), had))
    numbers = (chosen + 1).tolist()
    chunks = zip(numbers, chunk_points, chunk_runs, strict=True)
    connection.executemany(tables.sql("INSERT INTO {chunk} VALUES (?, ?, ?)"), chunks)
    ids = world.object_ids(chosen).to_pylist()
    rows = sorted(
        (key_at(name, int(world.cell[o])), name, *_fold(world, o), EVERYONE, 0, struct.pack("<q", number), *tail)
        for o, name, number, *tail in zip(chosen.tolist(), ids, numbers, *tails, strict=True)
    )
    values = ", ".join("?" * len(OBJECT_COLUMNS))
    connection.executemany(tables.sql("INSERT OR IGNORE INTO {object} VALUES ({values})", values=values), rows)


def _packed(
    world: Any, chosen: np.ndarray, points: tuple[np.ndarray, ...], alerts: tuple[np.ndarray, ...]
) -> tuple[list[bytes], list[bytes]]:
    """Points and alerts of objects from one number to another, as blobs."""
    row, key = spans(*points)
    first = world.first_id[chosen]
    nth = np.maximum(0, (key - FIRST_POINTS) // NEW_POINTS + 1)
    came = (NIGHT - 1, FIRST_MJD + nth, first[row] + nth)
    table = point_table(world.object_ids(chosen).take(pa.array(row)), chosen[row], key, came)
    owner, which = spans(*alerts)
    entry = np.zeros(len(owner), RUN)
    entry["alert_id"], entry["alert_mjd"], entry["known_night"] = first[owner] + which, FIRST_MJD + which, NIGHT - 1
    entry["size"] = IS_ALERT | ALERT_PUBLIC
    return pack(points_of(table, row, {name: code for code, name in enumerate(CODES)}), Runs(owner, entry), len(chosen))


def _fold(world: Any, o: int) -> tuple[Any, ...]:
    """The values of `FOLD_COLUMNS` of an object."""
    n, first = int(world.alerts[o]), int(world.first_id[o])
    points = FIRST_POINTS + (n - 1) * NEW_POINTS
    place = (int(world.names[o]), float(world.ra[o]), float(world.dec[o]), int(world.cell[o]))
    ends = (first, FIRST_MJD, first + n - 1, FIRST_MJD + n - 1)
    return (*place, *ends, n, (points + 2) // 3, 59000.0, 59000.0 + 3 * ((points - 1) // 3), 1)
