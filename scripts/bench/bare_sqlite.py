"""The yardstick of the store: the same rows in plain SQLite, nothing looked up but what an upsert needs."""

from __future__ import annotations

import sqlite3
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from linnet.core.unit import Unit

POINT_BYTES = 32


Row = tuple[Any, ...]


class BareSqlite:
    """Alert rows, objects, and points packed 32 bytes each, in one durable transaction a unit."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for line in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-262144"):
            self._connection.execute(f"pragma {line}")
        self._connection.execute("create table if not exists object(id integer primary key, ra, dec, mjd, points blob)")
        self._ready = False

    def rows(self, unit: Unit) -> tuple[list[Row], list[Row]]:
        """A unit as rows of alerts and of objects; not part of what is measured."""
        assert unit.alerts is not None  # noqa: S101  # a unit of alerts
        names = [f.name for f in unit.alerts.schema if not pa.types.is_nested(f.type)]
        alerts = list(zip(*(_plain(unit.alerts.column(n)) for n in names), strict=True))
        if not self._ready:
            columns = ", ".join(f"c{i}" for i in range(1, len(names)))
            self._connection.execute(f"create table if not exists alert(id integer primary key, {columns})")
            self._ready = True
        at = names.index("alert_id")
        alerts = [(row[at], *row[:at], *row[at + 1 :]) for row in alerts]
        keys, ra, dec, mjd = (unit.alerts.column(n).to_pylist() for n in ("object_key", "ra", "dec", "mjd"))
        points = unit.points.column("object_id").combine_chunks().dictionary_encode()
        counts = dict(zip(points.dictionary.to_pylist(), np.bincount(points.indices.to_numpy()).tolist(), strict=True))
        sizes = [counts.get(name, 0) for name in unit.alerts.column("object_id").to_pylist()]
        return alerts, [
            (k, r, d, m, bytes(POINT_BYTES * n)) for k, r, d, m, n in zip(keys, ra, dec, mjd, sizes, strict=True)
        ]

    def commit(self, alerts: list[Row], objects: list[Row]) -> None:
        """Write them: what an object has is read first, as a join must."""
        run = self._connection.execute
        run("begin immediate")
        marks = ", ".join("?" * len(objects))
        run(f"select id, points from object where id in ({marks})", [o[0] for o in objects]).fetchall()  # noqa: S608 - marks
        self._connection.executemany(
            "insert into object values (?, ?, ?, ?, ?) on conflict(id) do update set mjd = excluded.mjd, "
            "points = substr(object.points, 1, length(object.points) - 32) || substr(excluded.points, -64)",
            sorted(objects, key=itemgetter(0)),
        )
        values = ", ".join("?" * len(alerts[0]))
        self._connection.executemany(f"insert into alert values ({values})", alerts)  # noqa: S608  # question marks alone
        run("commit")

    def close(self) -> None:
        """Close."""
        self._connection.close()


def _plain(column: pa.ChunkedArray) -> list[object]:
    return [v if v is None or isinstance(v, int | float | str | bytes) else str(v) for v in column.to_pylist()]
