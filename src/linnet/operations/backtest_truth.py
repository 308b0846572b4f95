"""Classes of recorded alerts, out of a table of what is known: by alert, by object, or by place."""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.catalogue import Places
from linnet.core.sky import healpix29
from linnet.core.sky_matching import SortedSky, Sources
from linnet.errors import InputError
from linnet.operations.scoring_truth import joined, truth_of

RADIUS = 2.0
"""Arcsec within which an alert is the source of a table of places: TNS reports of one source scatter by 1 arcsec."""

_PLACE = {"ra": ("ra", "RA"), "dec": ("dec", "declination", "DEC"), "class": ("class", "type", "object_type")}


class Classes(Protocol):
    """Says what recorded alerts are."""

    @property
    def digest(self) -> str:
        """Names the table."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of all classes, sorted."""

    def of(self, survey: str, rows: pa.Table) -> tuple[pa.Array, pa.Array]:
        """Source and class (texts) of each row, null where nothing is known of it.

        Args:
            survey: of all rows.
            rows: `survey`, `alert_id`, `object_id`, `ra`, `dec`.
        """


def classes_of(given: pa.Table) -> Classes:
    """A table of known classes.

    Args:
        given: `class`, and `alert_id` or `object_id` (see `scoring_truth.truth_of`), or else `ra` and `dec` in degrees;
            the names of the Transient Name Server (`type`, `declination`) are understood.

    Raises:
        InputError: columns are missing or of another type, or two rows disagree about one name.
    """
    if "alert_id" in given.column_names or "object_id" in given.column_names:
        return _ByName(given)
    return _ByPlace(given)


class _ByName:
    def __init__(self, given: pa.Table) -> None:
        self._truth = truth_of(given)
        self.digest = _digest(self._truth.table)
        self.classes = tuple(sorted(self._truth.table["class"].unique().to_pylist()))

    def of(self, survey: str, rows: pa.Table) -> tuple[pa.Array, pa.Array]:
        """See `Classes`."""
        alike = pa.table(
            {
                "survey": pa.array([survey] * len(rows), pa.string()),
                "alert_id": rows["alert_id"].cast(pa.int64()),
                "object_id": rows["object_id"].cast(pa.string()),
            }
        )
        found = joined(alike, self._truth)
        alert = pc.binary_join_element_wise("alert", alike["survey"], alike["alert_id"].cast(pa.string()), " ")
        thing = pc.binary_join_element_wise("object", alike["survey"], alike["object_id"], " ")
        given = pc.binary_join_element_wise("source", alike["survey"], found["true_source"], " ")
        return _one(pc.coalesce(given, thing, alert)), _one(found["true_class"])


class _ByPlace:
    def __init__(self, given: pa.Table) -> None:
        names = {key: next((n for n in among if n in given.column_names), None) for key, among in _PLACE.items()}
        if None in names.values():
            raise InputError("a table of known classes has class and one of alert_id, object_id, or ra and dec")
        try:
            kinds = {"ra": pa.float64(), "dec": pa.float64(), "class": pa.string()}
            table = pa.table({key: given.column(str(names[key])).cast(kind) for key, kind in kinds.items()}).drop_null()
        except pa.ArrowException as error:
            raise InputError(f"a column of the known classes has another type than it must have: {error}") from error
        cells = healpix29(table["ra"].to_numpy(), table["dec"].to_numpy())
        order = np.argsort(cells, kind="stable")
        table = table.take(pa.array(order))
        ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
        self._sky = SortedSky(Sources(cells[order], ra, dec, np.array([RADIUS])))
        self._class = table["class"].combine_chunks()
        self.digest = _digest(table)
        self.classes = tuple(sorted(table["class"].unique().to_pylist()))

    def of(self, survey: str, rows: pa.Table) -> tuple[pa.Array, pa.Array]:
        """See `Classes`. A source is a row of the table, whichever survey saw it."""
        del survey
        ra, dec = rows["ra"].to_numpy(), rows["dec"].to_numpy()
        places = Places(healpix29(ra, dec), ra, dec, np.full(len(ra), np.nan))
        alert, row, _ = self._sky.match(places, 1)
        number = np.full(len(ra), -1)
        number[alert] = row
        known = pa.array(number, mask=number < 0)
        return pc.binary_join_element_wise("place", known.cast(pa.string()), " "), self._class.take(known)


def _digest(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sha256(sink.getvalue()).hexdigest()[:12]


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    return whole
