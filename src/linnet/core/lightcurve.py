"""Light curves as columns: the packet's own history, the join with stored points, and the points that a batch brings.

All of it works on flat points (see `flat_points`); nothing here loops over alerts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.chosen_points import QUANTITIES, Chosen, choose, columns_of
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
    concat,
    exposure_key,
)
from linnet.core.lists import row_of
from linnet.core.unit import POINT, WITHDRAWN
from linnet.core.vocabulary import DETECTION, PACKET_ONLY

__all__ = [
    "IN_PACKET",
    "NO_ID",
    "OWN",
    "STORED",
    "TIME_TOLERANCE",
    "Flat",
    "concat",
    "exposure_key",
    "flat",
    "join",
    "packet_history",
    "point_rows",
    "withdrawn_rows",
]


def packet_history(points: Flat, alert_mjd: Floats, places: tuple[Floats, Floats] | None = None) -> dict[str, pa.Array]:
    """The `lc_*` columns, `lc_n_future` and `withdrawn_*` of a batch.

    Args:
        points: all points of the packets in the packets' order, the alert's own detection with rank `OWN`.
        alert_mjd: time of each alert (n rows).
        places: right ascension and declination in degrees of each point, NaN where it was not measured; without them
            `lc_ra` and `lc_dec` are null.

    Returns:
        Lists sorted by mjd, one entry per identity (the alert's own row wins, then the first in the packet), without
        withdrawn points and without points later than the alert, which `lc_n_future` counts.
    """
    chosen = choose(points, alert_mjd)
    back, edges = chosen.withdrawn, pa.array(chosen.withdrawn_edges.astype(np.int32))
    return {
        **columns_of(points, chosen.points, chosen.edges, "lc"),
        **_places_of(places, chosen, len(alert_mjd)),
        "lc_n_future": pa.array(chosen.n_future),
        "withdrawn_kind": pa.ListArray.from_arrays(edges, pa.array(points.kind[back].astype(np.int8))),
        "withdrawn_key": pa.ListArray.from_arrays(edges, pa.array(points.key[back])),
    }


def _places_of(places: tuple[Floats, Floats] | None, chosen: Chosen, rows: int) -> dict[str, pa.Array]:
    if places is None:
        return {name: PACKET_ONLY[name].empty(rows) for name in ("lc_ra", "lc_dec")}
    edges = pa.array(chosen.edges.astype(np.int32))
    values = (pa.array(each[chosen.points], pa.float64(), from_pandas=True) for each in places)
    return dict(zip(("lc_ra", "lc_dec"), (pa.ListArray.from_arrays(edges, v) for v in values), strict=True))


def flat(batch: pa.RecordBatch) -> Flat:
    """The `lc_*` columns of a batch as flat arrays; the alert's own detection gets rank `OWN`."""
    lists = {name: batch.column(f"lc_{name}") for name in QUANTITIES}
    row = row_of(lists["mjd"])
    column = {name: array.flatten() for name, array in lists.items()}
    # A null would turn all ids of the batch into floats, which are too short for them.
    ids = batch.column("alert_id").fill_null(0).to_numpy()
    own = (column["kind"].to_numpy() == DETECTION) & (column["key"].to_numpy() == ids[row])
    return _flat(column, row, np.where(own, OWN, IN_PACKET))


def join(batch: pa.RecordBatch, stored: pa.Table) -> dict[str, pa.Array]:
    """The `hist_*` columns: the packet's history joined with stored points of the same objects.

    Args:
        batch: columns of `vocabulary.PACKET`.
        stored: `POINT` rows that were known before the batch's open night (see `Store.points`).

    Stored points later than an alert, and those that its own packet says are withdrawn, are left out for that alert; of
    two values the alert's own row wins, then the stored one, which was known first.
    """
    expanded = _expand(stored, batch) if len(stored) else None
    if expanded is None or not len(expanded):
        return {f"hist_{name}": batch.column(f"lc_{name}") for name in QUANTITIES}
    points = concat([flat(batch), expanded, *_withdrawals(batch)])
    chosen = choose(points, batch.column("mjd").to_numpy(zero_copy_only=False))
    return columns_of(points, chosen.points, chosen.edges, "hist")


def point_rows(batch: pa.RecordBatch, known_night: int) -> pa.Table:
    """`POINT` rows that the alerts of a batch bring to the store; alerts without an object bring none."""
    lists = {name: batch.column(f"lc_{name}") for name in QUANTITIES}
    row = row_of(lists["mjd"])
    rows = {
        **{name: array.flatten() for name, array in lists.items()},
        "object_id": batch.column("object_id").take(pa.array(row)),
        "known_night": pa.array(np.full(len(row), known_night, dtype=np.int32)),
        "alert_mjd": batch.column("mjd").take(pa.array(row)),
        "alert_id": batch.column("alert_id").take(pa.array(row)),
    }
    return _with_object(pa.Table.from_arrays([rows[n] for n in POINT.names], schema=POINT))


def withdrawn_rows(batch: pa.RecordBatch, known_night: int) -> pa.Table:
    """`WITHDRAWN` rows that the alerts of a batch bring to the store."""
    row = row_of(batch.column("withdrawn_key"))
    arrays = [
        batch.column("object_id").take(pa.array(row)),
        batch.column("withdrawn_kind").flatten(),
        batch.column("withdrawn_key").flatten(),
        pa.array(np.full(len(row), known_night, dtype=np.int32)),
    ]
    return _with_object(pa.Table.from_arrays(arrays, schema=WITHDRAWN))


def _with_object(table: pa.Table) -> pa.Table:
    objects = table.column("object_id")
    return table.filter(pc.is_valid(objects)) if objects.null_count else table


def _withdrawals(batch: pa.RecordBatch) -> list[Flat]:
    """What the packets say is withdrawn, as points that take the stored ones away."""
    kind, key = batch.column("withdrawn_kind"), batch.column("withdrawn_key")
    row = row_of(key)
    if not len(row):
        return []
    nothing = np.full(len(row), np.nan)
    return [
        Flat(
            row=row,
            mjd=nothing,
            band=np.full(len(row), -1),
            flux=nothing,
            flux_err=nothing,
            kind=kind.flatten().to_numpy().astype(np.int64),
            source_id=np.full(len(row), NO_ID),
            key=key.flatten().to_numpy(),
            public=np.zeros(len(row), dtype=bool),
            withdrawn=np.ones(len(row), dtype=bool),
            rank=np.full(len(row), STORED),
            bands=(),
        )
    ]


def _expand(stored: pa.Table, batch: pa.RecordBatch) -> Flat:
    """Stored points once for every row of the batch that has their object."""
    objects = batch.column("object_id").dictionary_encode()
    codes = objects.indices.fill_null(-1).to_numpy().astype(np.int64)
    of_point = _places(_whole(stored.column("object_id")), objects.dictionary)
    by_code = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[by_code], np.arange(len(objects.dictionary)))
    counts = np.bincount(codes[codes >= 0], minlength=len(objects.dictionary))
    repeats = np.where(of_point >= 0, counts[of_point] if len(counts) else 0, 0)
    source = np.repeat(np.arange(len(of_point)), repeats)
    nth = np.arange(len(source)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    row = by_code[starts[of_point[source]] + nth] if len(source) else np.zeros(0, dtype=np.int64)
    # Mostly each object has one alert in the batch, and nothing needs to move.
    table = stored if (repeats == 1).all() else stored.take(pa.array(source))
    return _flat({name: _whole(table.column(name)) for name in QUANTITIES}, row, np.full(len(row), STORED))


def _places(names: pa.Array, among: pa.Array) -> Ints:
    """Place of each name in `among`, -1 without one. The points of an object lie together: one look-up is enough."""
    runs = pc.run_end_encode(names)
    places: Ints = pc.index_in(runs.values, among).fill_null(-1).to_numpy().astype(np.int64)
    return np.repeat(places, np.diff(runs.run_ends.to_numpy(), prepend=0))


def _flat(column: dict[str, pa.Array], row: Ints, rank: Ints) -> Flat:
    band = column["band"] if pa.types.is_dictionary(column["band"].type) else column["band"].cast(TEXT_CODE)
    return Flat(
        row=row,
        mjd=column["mjd"].to_numpy(),
        band=band.indices.fill_null(-1).to_numpy().astype(np.int64),
        flux=_floats(column["flux"]),
        flux_err=_floats(column["flux_err"]),
        kind=column["kind"].to_numpy().astype(np.int64),
        source_id=column["source_id"].fill_null(int(NO_ID)).to_numpy(),
        key=column["key"].to_numpy(),
        public=column["public"].to_numpy(zero_copy_only=False).astype(bool),
        withdrawn=np.zeros(len(row), dtype=bool),
        rank=rank,
        bands=tuple(band.dictionary.to_pylist()),
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        combined = combined.chunk(0) if combined.num_chunks else pa.array([], column.type)
    return combined


def _floats(array: pa.Array) -> Floats:
    values: Floats = array.to_numpy(zero_copy_only=False).astype(np.float64)
    return values
