"""Objects folded anew from all their stored alerts and points: never incremented, so order of arrival cannot matter."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

EVERYONE, INSIDERS, PUBLIC = 0, 1, 2
"""Audiences of a folded row. An object without anything private has one row for everyone."""

# CROSS JOIN keeps the touched objects outermost: without statistics SQLite would scan all points for a few objects.
_FOLD = """
INSERT INTO fold
WITH detected AS (
    SELECT p.object, count(*) AS n, min(p.mjd) AS first, max(p.mjd) AS last
    FROM touched t CROSS JOIN point p ON p.object = t.object AND p.kind = 0
    LEFT JOIN withdrawn w ON w.object = p.object AND w.kind = p.kind AND w."key" = p."key"
    WHERE w.object IS NULL AND {point} GROUP BY p.object
), alerted AS (
    SELECT a._object AS object, count(*) AS n, max(ifnull(a.is_public, 0)) AS is_public
    FROM touched t CROSS JOIN alert a ON a._object = t.object WHERE {alert} GROUP BY a._object
)
SELECT o.object, {audience}, f.object_key, f.ra, f.dec, f.healpix, f.alert_id, l.alert_id, l.mjd, o.n,
    ifnull(d.n, 0), d.first, d.last, o.is_public
FROM alerted o
JOIN alert f ON f._row = (SELECT a._row FROM alert a WHERE a._object = o.object AND {alert}
    ORDER BY a.mjd, a.alert_id LIMIT 1)
JOIN alert l ON l._row = (SELECT a._row FROM alert a WHERE a._object = o.object AND {alert}
    ORDER BY a.mjd DESC, a.alert_id DESC LIMIT 1)
LEFT JOIN detected d ON d.object = o.object
"""

_FOR_INSIDERS = _FOLD.format(point="1", alert="1", audience=INSIDERS)

_FOR_PUBLIC = _FOLD.format(point="p.public", alert="a.is_public", audience=PUBLIC)

_OPEN_TO_EVERYONE = """
UPDATE fold SET audience = 0 WHERE object IN (SELECT object FROM touched)
AND NOT EXISTS (SELECT 1 FROM alert a WHERE a._object = fold.object AND NOT ifnull(a.is_public, 0))
AND NOT EXISTS (SELECT 1 FROM point p WHERE p.object = fold.object AND p.kind = 0 AND NOT p.public)
"""


def fold(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Fold these objects anew, for those who may see everything and for the public."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS touched (object INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM touched")
    connection.executemany("INSERT INTO touched (object) VALUES (?)", ((n,) for n in numbers))
    connection.execute("DELETE FROM fold WHERE object IN (SELECT object FROM touched)")
    connection.execute(_FOR_INSIDERS)
    connection.execute(_OPEN_TO_EVERYONE)
    whole = "SELECT 1 FROM fold f WHERE f.object = touched.object AND f.audience = ?"
    connection.execute(f"DELETE FROM touched WHERE EXISTS ({whole})", (EVERYONE,))  # noqa: S608 - the line above
    connection.execute(_FOR_PUBLIC)
