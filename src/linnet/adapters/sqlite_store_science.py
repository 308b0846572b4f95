"""What a commit does with alerts, points and objects of its survey. All of it runs inside the commit's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from linnet.adapters.sqlite_store_alerts import layout_for
from linnet.adapters.sqlite_store_columns import one_piece
from linnet.adapters.sqlite_store_fold import Fresh, Seen, folded
from linnet.adapters.sqlite_store_layout import FOLD_COLUMNS, SurveyTables
from linnet.adapters.sqlite_store_merging import Withdrawn, joined, joined_runs, taken_back, winners
from linnet.adapters.sqlite_store_objects import Held, Row, held, in_parts, marks
from linnet.adapters.sqlite_store_packing import ALERT_PUBLIC, IS_ALERT, RUN, Ints, Points, Runs, pack
from linnet.adapters.sqlite_store_places import new_keys
from linnet.adapters.sqlite_store_points import band_codes, points_of
from linnet.adapters.sqlite_store_recent import Recent
from linnet.adapters.sqlite_store_rows import Changes, write_rows
from linnet.core.column import TEXT_CODE
from linnet.core.ports import OBJECT
from linnet.core.unit import WITHDRAWN, Unit
from linnet.core.vocabulary import DETECTION


@dataclass(frozen=True)
class Touched:
    """The objects of a unit by name, and for each row of its tables the index of its object (-1 for none)."""

    object_ids: list[str]
    of_alert: Ints
    of_point: Ints
    of_withdrawn: Ints


@dataclass(frozen=True)
class _Brought:
    """New alerts of a unit, and the objects that it touches."""

    alerts: pa.Table
    touched: Touched


def write_science(
    connection: sqlite3.Connection, unit: Unit, survey: str, columns: pa.Schema, recent: Recent
) -> list[str]:
    """Alerts, points and what was taken back, and the objects folded anew; gives the objects that were touched."""
    tables = SurveyTables(survey)
    tables.create(connection)
    alerts = _new_alerts(connection, tables, unit.alerts)
    if len(alerts):
        _write_alerts(connection, tables, alerts, columns)
        _count_night(connection, unit.number, survey, alerts)
    touched = _touched(alerts, unit.points, unit.withdrawn)
    if touched.object_ids:
        stored = recent.get(survey, touched.object_ids) or held(connection, tables, touched.object_ids)
        _write_objects(connection, tables, unit, stored, _Brought(alerts, touched))
    return touched.object_ids


def _new_alerts(connection: sqlite3.Connection, tables: SurveyTables, alerts: pa.Table | None) -> pa.Table:
    """Alerts that are not stored yet; of two with one id the first."""
    if alerts is None or not len(alerts):
        return OBJECT.empty_table().append_column("alert_id", pa.array([], pa.int64()))
    ids = alerts.column("alert_id").to_numpy()
    query = tables.sql("SELECT alert_id FROM {alert} WHERE alert_id IN ({marks})", marks=marks())
    known = [i for part in in_parts(ids.tolist()) for (i,) in connection.execute(query, part)]
    _, first = np.unique(ids, return_index=True)
    if not known and len(first) == len(ids):
        return alerts
    first = np.sort(first)
    return alerts.take(pa.array(first[~np.isin(ids[first], known)]))


def _write_alerts(connection: sqlite3.Connection, tables: SurveyTables, alerts: pa.Table, columns: pa.Schema) -> None:
    given = set(alerts.column_names) - {"survey", "alert_id"}
    names = [n for n in columns.names if n in given]
    number, layout = layout_for(connection, names)
    ids = alerts.column("alert_id").to_pylist()
    hashes = alerts.column("content_hash").to_pylist() if "content_hash" in names else [None] * len(ids)
    rows = sorted(zip(ids, hashes, layout.pack(alerts), strict=True))
    connection.executemany(
        tables.sql(
            "INSERT INTO {alert} (alert_id, content_hash, layout, row) VALUES (?, ?, {layout}, ?)", layout=str(number)
        ),
        rows,
    )


def _count_night(connection: sqlite3.Connection, number: int, survey: str, alerts: pa.Table) -> None:
    band = one_piece(alerts.column("band"), TEXT_CODE)
    names, codes = band.dictionary.to_pylist(), band.indices.fill_null(len(band.dictionary)).to_numpy()
    nights = alerts.column("night").to_numpy().astype(np.int64)
    kinds, counts = np.unique(nights * (len(names) + 1) + codes, return_counts=True)
    counted = [(*divmod(kind, len(names) + 1), n) for kind, n in zip(kinds.tolist(), counts.tolist(), strict=True)]
    connection.executemany(
        "INSERT INTO night_count (unit, survey, night, band, n) VALUES (?, ?, ?, ?, ?)",
        [(number, survey, night, [*names, None][code], n) for night, code, n in counted],
    )


def _touched(alerts: pa.Table, points: pa.Table, withdrawn: pa.Table) -> Touched:
    columns = [table.column("object_id").cast(pa.string()) for table in (alerts, points, withdrawn)]
    encoded = pa.concat_arrays([chunk for c in columns for chunk in c.chunks]).dictionary_encode()
    indices = encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
    names = encoded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names) + 1, dtype=np.int64)
    place[order], place[-1] = np.arange(len(names)), -1
    of_alert, of_point, of_withdrawn = np.split(place[indices], np.cumsum([len(alerts), len(points)]))
    return Touched([names[i] for i in order], of_alert, of_point, of_withdrawn)


def _write_objects(
    connection: sqlite3.Connection, tables: SurveyTables, unit: Unit, stored: Held, new: _Brought
) -> None:
    touched = new.touched
    fresh, runs = _fresh(new.alerts, touched.of_alert, unit.night)
    brought = points_of(unit.points, touched.of_point, band_codes(connection, unit.points.column("band")))
    both = joined(stored.points, brought)
    kept = winners(both)
    seen = _seen(stored, both.take(kept), joined_runs(both.runs, runs), _gone(unit.withdrawn, touched))
    rows = folded(seen, stored.rows, fresh)
    keys = _keys(connection, tables, stored, rows)
    changes = Changes(stored, seen, rows, keys)
    taken = set(touched.of_withdrawn.tolist())
    _write_withdrawn(connection, tables, unit.withdrawn, [keys[i] for i in touched.of_withdrawn.tolist()])
    write_rows(connection, tables, changes, pack(both.take(kept[kept >= len(stored.points)]), runs, len(keys)), taken)


def _fresh(alerts: pa.Table, owner: Ints, night: int | None) -> tuple[Fresh, Runs]:
    """The alerts that have an object, and their runs."""
    chosen = np.flatnonzero(owner >= 0)
    rows = alerts.take(pa.array(chosen)) if len(chosen) < len(owner) else alerts
    entry = np.zeros(len(chosen), RUN)
    if not len(chosen):
        nothing = np.zeros(0, dtype=np.int64)
        return Fresh(nothing, nothing.astype(np.float64), nothing, nothing.astype(bool), rows), Runs(nothing, entry)
    public = rows.column("is_public").fill_null(False).to_numpy()
    entry["alert_id"], entry["alert_mjd"] = (rows.column(n).to_numpy() for n in ("alert_id", "mjd"))
    entry["known_night"] = rows.column("known_night").to_numpy() if "known_night" in rows.column_names else night
    entry["size"] = np.where(public, IS_ALERT | ALERT_PUBLIC, IS_ALERT)
    mjd, alert_id = (np.ascontiguousarray(entry[n]) for n in ("alert_mjd", "alert_id"))
    return Fresh(owner[chosen], mjd, alert_id, public, rows), Runs(owner[chosen], entry)


def _seen(stored: Held, points: Points, runs: Runs, gone: Withdrawn) -> Seen:
    hidden = points.object[(points.kind == DETECTION) & ~points.public]
    owner, kind, key, night = (np.concatenate(pair) for pair in zip(stored.withdrawn, gone, strict=True))
    private = np.bincount(hidden, minlength=len(stored.rows)) > 0
    back = taken_back(points, (owner, kind, key, night))
    return Seen(len(stored.rows), runs, points.take(~back) if back.any() else points, private)


def _gone(withdrawn: pa.Table, touched: Touched) -> Withdrawn:
    kind, key, night = (withdrawn.column(n).to_numpy().astype(np.int64) for n in WITHDRAWN.names[1:])
    return touched.of_withdrawn, kind, key, night


def _keys(connection: sqlite3.Connection, tables: SurveyTables, stored: Held, rows: Sequence[Row]) -> list[int]:
    """The key of each object, for new ones by the place where they are now."""
    new = [i for i, row in enumerate(stored.rows) if row is None]
    cells = [rows[i][FOLD_COLUMNS.index("healpix")] for i in new]
    made = new_keys(connection, tables, [stored.object_ids[i] for i in new], cells) if new else []
    fresh = dict(zip(new, made, strict=True))
    return [fresh[i] if row is None else row[0] for i, row in enumerate(stored.rows)]


def _write_withdrawn(
    connection: sqlite3.Connection, tables: SurveyTables, withdrawn: pa.Table, keys: Sequence[int]
) -> None:
    if len(withdrawn):
        lists = [withdrawn.column(n).to_pylist() for n in WITHDRAWN.names[1:]]
        connection.executemany(
            tables.sql(
                'INSERT INTO {withdrawn} (hk, kind, "key", known_night) VALUES (?, ?, ?, ?) '
                "ON CONFLICT DO UPDATE SET known_night = min(known_night, excluded.known_night)"
            ),
            zip(keys, *lists, strict=True),
        )
