"""Points between Arrow (`POINT`) and the arrays in which the store handles them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.adapters.sqlite_store_packing import (
    NO_BAND,
    NO_FLUX,
    NO_FLUX_ERR,
    NO_SOURCE,
    OTHER_SOURCE,
    PUBLIC,
    RUN,
    SLOT,
    WIDEST_BAND,
    Ints,
    Points,
    Runs,
    picked,
)
from linnet.core.unit import POINT


def points_of(table: pa.Table, objects: Ints, codes: dict[str, int]) -> Points:
    """Rows of `POINT` as arrays.

    Args:
        table: the rows.
        objects: index of the object of each.
        codes: code of each band (see `band_codes`).
    """
    columns = {name: _array(table.column(name)) for name in POINT.names[1:]}
    key, source = columns["key"].to_numpy(), columns["source_id"]
    no_source = _nulls(source)
    source_id = np.where(no_source, key, source.fill_null(0).to_numpy())
    band = _codes(columns["band"], codes)
    slots = np.empty(len(table), SLOT)
    for name in ("key", "mjd", "kind"):
        slots[name] = columns[name].to_numpy()
    for name in ("flux", "flux_err"):
        slots[name] = columns[name].fill_null(0.0).to_numpy()
    slots["band"] = np.minimum(band, WIDEST_BAND)
    bits = {
        NO_FLUX: _nulls(columns["flux"]),
        NO_FLUX_ERR: _nulls(columns["flux_err"]),
        NO_BAND: _nulls(columns["band"]),
        PUBLIC: columns["public"].to_numpy(zero_copy_only=False),
        NO_SOURCE: no_source,
        OTHER_SOURCE: (source_id != key) | (band > WIDEST_BAND),
    }
    marks = np.zeros(len(table), np.uint8)
    for bit, mask in bits.items():
        marks |= mask.view(np.uint8) * np.uint8(bit)
    slots["is"] = marks
    run, runs = _runs(columns, objects)
    return Points(objects, run, slots, source_id, band, runs)


def table_of_points(points: Points, object_ids: Sequence[str], bands: dict[int, str]) -> pa.Table:
    """Points as rows of `POINT`.

    Args:
        points: the points.
        object_ids: the objects that `points.object` counts.
        bands: name of each code.
    """
    slot, run = points.slot, picked(points.runs.entry, points.run)
    names = pa.array([bands[code] for code in range(len(bands))], pa.string())
    arrays = {
        "object_id": pa.array(object_ids, pa.string()).take(pa.array(points.object)),
        "kind": pa.array(points.kind),
        "key": pa.array(points.key),
        "source_id": pa.array(points.source_id, mask=(slot["is"] & NO_SOURCE) != 0),
        "mjd": pa.array(np.ascontiguousarray(slot["mjd"])),
        "band": pa.DictionaryArray.from_arrays(
            pa.array(points.band.astype(np.int32), mask=(slot["is"] & NO_BAND) != 0), names
        ),
        "flux": pa.array(np.ascontiguousarray(slot["flux"]), mask=(slot["is"] & NO_FLUX) != 0),
        "flux_err": pa.array(np.ascontiguousarray(slot["flux_err"]), mask=(slot["is"] & NO_FLUX_ERR) != 0),
        "public": pa.array(points.public),
        **{n: pa.array(np.ascontiguousarray(run[n])) for n in ("known_night", "alert_mjd", "alert_id")},
    }
    return pa.Table.from_arrays([arrays[name] for name in POINT.names], schema=POINT)


def bands_of(connection: sqlite3.Connection) -> dict[int, str]:
    """Code (from 0, without gaps) -> band. There are as many as packets ever named, that is a handful."""
    return dict(connection.execute("SELECT code, name FROM band").fetchall())


def band_codes(connection: sqlite3.Connection, band: pa.ChunkedArray) -> dict[str, int]:
    """Band -> code, for all bands stored and those of this column, which are added."""
    codes = {name: code for code, name in bands_of(connection).items()}
    for name in _array(band).unique().drop_null().to_pylist():
        if name not in codes:
            codes[name] = len(codes)
            connection.execute("INSERT INTO band (code, name) VALUES (?, ?)", (codes[name], name))
    return codes


def _runs(columns: dict[str, pa.Array], objects: Ints) -> tuple[Ints, Runs]:
    """Neighbours of one object that came with one alert are one run."""
    n = len(objects)
    entry = np.zeros(n, RUN)
    first = np.zeros(n, dtype=bool)
    first[:1] = True
    first[1:] = objects[1:] != objects[:-1]
    for name in ("alert_id", "alert_mjd", "known_night"):
        entry[name] = columns[name].to_numpy()
        first[1:] |= entry[name][1:] != entry[name][:-1]
    run: Ints = np.cumsum(first) - 1
    return run, Runs(objects[first], entry[first])


def _codes(band: pa.Array, codes: dict[str, int]) -> Ints:
    encoded = band if pa.types.is_dictionary(band.type) else band.dictionary_encode()
    table = np.array([codes.get(name, 0) for name in encoded.dictionary.to_pylist()] + [0], dtype=np.int64)
    found: Ints = table[encoded.indices.fill_null(-1).to_numpy().astype(np.int64)]
    return found


def _nulls(array: pa.Array) -> npt.NDArray[np.bool_]:
    if array.null_count == 0:
        return np.zeros(len(array), dtype=bool)
    nulls: npt.NDArray[np.bool_] = array.is_null().to_numpy(zero_copy_only=False)
    return nulls


def _array(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return column.combine_chunks() if column.num_chunks else pa.array([], column.type)
