"""Where an object lies in its table: in the order of the sky, so that a field and a cone are few pages.

The key `hk` is the HEALPix cell of order 24 (13 mas) in which the object first arrived, and 11 bits of its name. It is
placement alone: never shown, never changed. An object that has no place, or whose key is taken, gets a negative key;
whatever is folded to another cell than that of its key stands in the survey's table `stray` as well.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from zlib import crc32

from linnet.adapters.sqlite_store_layout import SurveyTables
from linnet.adapters.sqlite_store_objects import in_parts, marks

_CELL_SHIFT = 10
"""From order 29 to order 24: five orders of two bits."""

_NAME_BITS = 11


def key_range(start: int, stop: int) -> tuple[int, int]:
    """Keys [first, end) of all objects that arrived in the cells [start, stop) of order 29."""
    return (start >> _CELL_SHIFT) << _NAME_BITS, (((stop - 1) >> _CELL_SHIFT) + 1) << _NAME_BITS


def new_keys(
    connection: sqlite3.Connection, tables: SurveyTables, object_ids: Sequence[str], cells: Sequence[int | None]
) -> list[int]:
    """Keys for new objects, each with the order-29 cell where it arrived, or None."""
    wanted = [key_at(name, cell) for name, cell in zip(object_ids, cells, strict=True)]
    query = tables.sql("SELECT hk FROM {object} WHERE hk IN ({marks})", marks=marks())
    taken = {hk for part in in_parts(sorted(set(wanted) - {-1})) for (hk,) in connection.execute(query, part)}
    lowest = connection.execute(tables.sql("SELECT min(hk) FROM {object}")).fetchone()[0]
    below = min(0, lowest or 0)
    keys = []
    for hk in wanted:
        if hk < 0 or hk in taken:
            below -= 1
            keys.append(below)
        else:
            taken.add(hk)
            keys.append(hk)
    return keys


def write_strays(
    connection: sqlite3.Connection, tables: SurveyTables, places: Iterable[tuple[int | None, int]]
) -> None:
    """Note those of these places (order-29 cell, hk) that are not where the key says."""
    strays = [(cell, hk) for cell, hk in places if cell is not None and cell >= 0 and not _is_at(cell, hk)]
    if strays:
        connection.executemany(tables.sql("INSERT OR IGNORE INTO {stray} (healpix, hk) VALUES (?, ?)"), strays)


def key_at(name: str, cell: int | None) -> int:
    """The key of an object of this name that arrived in this order-29 cell; -1 where there is none."""
    if cell is None or cell < 0:
        return -1
    return (cell >> _CELL_SHIFT) << _NAME_BITS | (crc32(name.encode()) & ((1 << _NAME_BITS) - 1))


def _is_at(cell: int, hk: int) -> bool:
    return cell >> _CELL_SHIFT == hk >> _NAME_BITS
