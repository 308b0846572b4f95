"""Light curves as columns: the packet's own history, the join with stored points, and the points that a batch brings.

All of it works on flat points (see `flat_points`); nothing loops over alerts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.column import TEXT_CODE
from linnet.core.flat_points import (
    IN_PACKET,
    NO_ID,
    OWN,
    STORED,
    TIME_TOLERANCE,
    Flat,
    Floats,
    Ints,
    among,
    concat,
    exposure_key,
    unique,
)
from linnet.core.lists import numbers
from linnet.core.unit import POINT, WITHDRAWN
from linnet.core.vocabulary import DETECTION

__all__ = [
    "IN_PACKET",
    "NO_ID",
    "OWN",
    "STORED",
    "TIME_TOLERANCE",
    "Flat",
    "columns_of",
    "concat",
    "exposure_key",
    "flat",
    "join",
    "packet_history",
    "point_rows",
    "unique",
    "withdrawn_rows",
]


def packet_history(points: Flat, alert_mjd: Floats) -> dict[str, pa.Array]:
    """The `lc_*` columns, `lc_n_future` and `withdrawn_*` of a batch.

    Args:
        points: all points of the packets in the packets' order, the alert's own detection with rank `OWN`.
        alert_mjd: time of each alert (n rows).

    Returns:
        Lists sorted by mjd, one entry per identity (the alert's own row wins, then the first in the packet), without
        withdrawn points and without points later than the alert, which `lc_n_future` counts.
    """
    rows = len(alert_mjd)
    own = points.rank == OWN
    usable = np.isfinite(points.mjd) & np.isfinite(alert_mjd[points.row])
    future = usable & ~own & (points.mjd > alert_mjd[points.row] + TIME_TOLERANCE)
    back = unique(points.take(points.withdrawn & ~own))
    taken_back = ~own & among(points, back.row, back.kind, back.key)
    kept = unique(points.take(usable & ~future & ~taken_back))
    return {
        **columns_of(kept, rows, "lc"),
        "lc_n_future": pa.array(np.bincount(points.row[future], minlength=rows).astype(np.int32)),
        "withdrawn_kind": _list(back, rows, pa.array(back.kind.astype(np.int8))),
        "withdrawn_key": _list(back, rows, pa.array(back.key)),
    }


def columns_of(points: Flat, rows: int, prefix: str) -> dict[str, pa.Array]:
    """List columns `PREFIX_mjd` and so on, of flat points that are sorted by row."""
    names = pa.array(points.bands, pa.string())
    bands = pa.DictionaryArray.from_arrays(pa.array(points.band.astype(np.int32), mask=points.band < 0), names)
    values = {
        "mjd": pa.array(points.mjd),
        "band": bands,
        "flux": numbers(points.flux, pa.float32()),
        "flux_err": numbers(points.flux_err, pa.float32()),
        "kind": pa.array(points.kind.astype(np.int8)),
        "source_id": pa.array(points.source_id, mask=points.source_id == NO_ID),
        "key": pa.array(points.key),
        "public": pa.array(points.public),
    }
    return {f"{prefix}_{name}": _list(points, rows, array) for name, array in values.items()}


def flat(batch: pa.RecordBatch, prefix: str = "lc", rank: int = IN_PACKET) -> Flat:
    """The light-curve columns of a batch as flat arrays; the alert's own detection gets rank `OWN`."""
    lists = {name: batch.column(f"{prefix}_{name}") for name in ("mjd", "band", "kind", "source_id", "key", "public")}
    row = pc.list_parent_indices(lists["mjd"]).to_numpy().astype(np.int64)
    values = {name: array.flatten() for name, array in lists.items()}
    flux, flux_err = (batch.column(f"{prefix}_{n}").flatten() for n in ("flux", "flux_err"))
    # A null would turn all ids of the batch into floats, which are too short for them.
    ids = batch.column("alert_id").fill_null(0).to_numpy()
    kind = values["kind"].to_numpy().astype(np.int64)
    key = values["key"].to_numpy()
    own = (kind == DETECTION) & (key == ids[row])
    return Flat(
        row=row,
        mjd=values["mjd"].to_numpy(),
        band=_codes(values["band"]),
        flux=_floats(flux),
        flux_err=_floats(flux_err),
        kind=kind,
        source_id=values["source_id"].fill_null(int(NO_ID)).to_numpy(),
        key=key,
        public=values["public"].to_numpy(zero_copy_only=False).astype(bool),
        withdrawn=np.zeros(len(row), dtype=bool),
        rank=np.where(own, OWN, rank),
        bands=tuple(values["band"].dictionary.to_pylist()),
    )


def join(batch: pa.RecordBatch, stored: pa.Table) -> dict[str, pa.Array]:
    """The `hist_*` columns: the packet's history joined with stored points of the same objects.

    Args:
        batch: columns of `vocabulary.PACKET`.
        stored: `POINT` rows that were known before the batch's open night (see `Store.points`).

    Stored points later than an alert, and those that its own packet says are withdrawn, are left out for that alert; of
    two values the alert's own row wins, then the stored one, which was known first.
    """
    packet = flat(batch, "lc")
    expanded = _expand(stored, batch)
    mjd = batch.column("mjd").to_numpy()
    expanded = expanded.take(expanded.mjd <= mjd[expanded.row] + TIME_TOLERANCE)
    lists = {name: batch.column(f"withdrawn_{name}") for name in ("kind", "key")}
    row = pc.list_parent_indices(lists["key"]).to_numpy().astype(np.int64)
    kind, key = (lists[name].flatten().to_numpy().astype(np.int64) for name in ("kind", "key"))
    merged = unique(concat([packet, expanded.take(~among(expanded, row, kind, key))]))
    return columns_of(merged, batch.num_rows, "hist")


def point_rows(batch: pa.RecordBatch, known_night: int) -> pa.Table:
    """`POINT` rows that the alerts of a batch bring to the store; alerts without an object bring none."""
    points = flat(batch, "lc")
    objects = batch.column("object_id").take(pa.array(points.row))
    rows = {
        "object_id": objects,
        "kind": pa.array(points.kind.astype(np.int8)),
        "key": pa.array(points.key),
        "source_id": pa.array(points.source_id, mask=points.source_id == NO_ID),
        "mjd": pa.array(points.mjd),
        "band": batch.column("lc_band").flatten(),
        "flux": batch.column("lc_flux").flatten(),
        "flux_err": batch.column("lc_flux_err").flatten(),
        "public": pa.array(points.public),
        "known_night": pa.array(np.full(len(points), known_night, dtype=np.int32)),
        "alert_mjd": batch.column("mjd").take(pa.array(points.row)),
        "alert_id": batch.column("alert_id").take(pa.array(points.row)),
    }
    table = pa.Table.from_arrays([rows[n].cast(POINT.field(n).type) for n in POINT.names], schema=POINT)
    return table.filter(pc.is_valid(table.column("object_id")))


def withdrawn_rows(batch: pa.RecordBatch, known_night: int) -> pa.Table:
    """`WITHDRAWN` rows that the alerts of a batch bring to the store."""
    row = pc.list_parent_indices(batch.column("withdrawn_key"))
    arrays = [
        batch.column("object_id").take(row),
        batch.column("withdrawn_kind").flatten(),
        batch.column("withdrawn_key").flatten(),
        pa.array(np.full(len(row), known_night, dtype=np.int32)),
    ]
    table = pa.Table.from_arrays(arrays, schema=WITHDRAWN)
    return table.filter(pc.is_valid(table.column("object_id")))


def _expand(stored: pa.Table, batch: pa.RecordBatch) -> Flat:
    """Stored points once for every row of the batch that has their object."""
    table = stored.combine_chunks()
    objects = batch.column("object_id").dictionary_encode()
    codes = objects.indices.fill_null(-1).to_numpy().astype(np.int64)
    of_point = pc.index_in(table.column("object_id"), objects.dictionary).fill_null(-1).to_numpy().astype(np.int64)
    by_code = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[by_code], np.arange(len(objects.dictionary)))
    counts = np.bincount(codes[codes >= 0], minlength=len(objects.dictionary))
    repeats = np.where(of_point >= 0, counts[of_point] if len(counts) else 0, 0)
    source = np.repeat(np.arange(len(of_point)), repeats)
    nth = np.arange(len(source)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    row = by_code[starts[of_point[source]] + nth] if len(source) else np.zeros(0, dtype=np.int64)
    return _stored_flat(table, source, row)


def _stored_flat(table: pa.Table, source: Ints, row: Ints) -> Flat:
    picked = table.take(pa.array(source))
    column = {name: _whole(picked.column(name)) for name in picked.column_names}
    band = column["band"] if pa.types.is_dictionary(column["band"].type) else column["band"].cast(TEXT_CODE)
    return Flat(
        row=row,
        mjd=column["mjd"].to_numpy(),
        band=_codes(band),
        flux=_floats(column["flux"]),
        flux_err=_floats(column["flux_err"]),
        kind=column["kind"].to_numpy().astype(np.int64),
        source_id=column["source_id"].fill_null(int(NO_ID)).to_numpy(),
        key=column["key"].to_numpy(),
        public=column["public"].to_numpy(zero_copy_only=False).astype(bool),
        withdrawn=np.zeros(len(row), dtype=bool),
        rank=np.full(len(row), STORED),
        bands=tuple(band.dictionary.to_pylist()),
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        combined = combined.chunk(0) if combined.num_chunks else pa.array([], column.type)
    return combined


def _codes(band: pa.DictionaryArray) -> Ints:
    codes: Ints = band.indices.fill_null(-1).to_numpy().astype(np.int64)
    return codes


def _floats(array: pa.Array) -> Floats:
    values: Floats = array.to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def _list(points: Flat, rows: int, values: pa.Array) -> pa.ListArray:
    offsets = np.searchsorted(points.row, np.arange(rows + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)
