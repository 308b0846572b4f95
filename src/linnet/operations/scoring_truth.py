"""Stored alerts of which the truth is known: what each is, to which source it belongs, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.ports import Store
from linnet.errors import InputError

CHUNK = 5000
"""Alerts read at once: a row has some three hundred columns."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_KINDS = {
    **dict.fromkeys(("survey", "object_id", "class", "source"), pa.string()),
    "alert_id": pa.int64(),
    "first_detectable_mjd": pa.float64(),
}
_ALWAYS = ("survey", "alert_id", "object_id", "mjd", "night")
_NOTHING = pa.table({n: pa.array([], _KINDS.get(n)) for n in ("survey", "alert_id", "object_id")})


@dataclass(frozen=True)
class Truth:
    """A table of truth.

    Attributes:
        by: columns that name a row: `alert_id` or else `object_id`, and `survey` where there is one.
        table: those, `class`, and where there are any `source` and `first_detectable_mjd`; one row for each name.
    """

    by: tuple[str, ...]
    table: pa.Table


@dataclass(frozen=True)
class Known:
    """Stored alerts of which the truth is known, one entry each.

    Attributes:
        rows: `survey`, `alert_id`, `object_id`, `mjd`, `night`, and the columns that were asked for.
        source: number of the source of each: the `source` of the truth, else the object, else the alert alone.
        label: number of its class in `classes`.
        detectable: when its source was first detectable (MJD), NaN where the truth does not say.
        classes: names of the classes of the truth, sorted.
        unknown: (survey, alert_id) of the other stored alerts.
    """

    rows: pa.Table
    source: Ints
    label: Ints
    detectable: Floats
    classes: tuple[str, ...]
    unknown: frozenset[tuple[str, int]]


def truth_of(given: pa.Table) -> Truth:
    """A table of truth, checked.

    Args:
        given: has `class`, and `alert_id` or `object_id`; may have `survey`, `source` (what alerts of one source share
            beyond an object) and `first_detectable_mjd`. Rows without a class or a name are left out.

    Raises:
        InputError: a column is missing or has another type, or two rows with one name disagree.
    """
    names = set(given.column_names)
    key = "alert_id" if "alert_id" in names else "object_id"
    if not {"class", key} <= names:
        raise InputError("a table of truth has the column class, and alert_id or object_id")
    try:
        table = pa.table({n: given.column(n).cast(kind) for n, kind in _KINDS.items() if n in names})
    except pa.ArrowException as error:
        raise InputError(f"a column of the truth has another type than it must have: {error}") from error
    by = tuple(n for n in ("survey", key) if n in names)
    table = table.filter(pc.and_(pc.is_valid(table["class"]), pc.is_valid(table[key])))
    others = [n for n in ("class", "source", "first_detectable_mjd") if n in names]
    table = table.select([*by, *others])
    once = table.group_by([*by, *others]).aggregate([])
    if len(once) > len(once.group_by(list(by)).aggregate([])):
        raise InputError(f"the truth says two things of one {key}")
    return Truth(by, once)


def known(store: Store, truth: Truth, columns: Collection[str], nights: Collection[int] = ()) -> Known:
    """The stored alerts of which a table of truth says what they are.

    Args:
        store: of a home.
        truth: what is known.
        columns: of the alerts that are asked for besides.
        nights: only alerts of these; all where there are none.

    Raises:
        InputError: the truth speaks of no alert that is stored.
    """
    wanted = [*_ALWAYS, *(c for c in columns if c not in _ALWAYS)]
    rows = pa.concat_tables([_NOTHING, *_stored(store, wanted, nights)], promote_options="default")
    answers = joined(rows.select(_NOTHING.column_names), truth)
    has = pc.is_valid(answers["true_class"])
    found, rest = answers.filter(has), answers.filter(pc.invert(has))
    if not len(found):
        raise InputError("the truth speaks of no alert that is stored here")
    classes = tuple(sorted(truth.table["class"].unique().to_pylist()))
    first = found["true_first_detectable_mjd"].combine_chunks()
    return Known(
        rows=rows.filter(has).unify_dictionaries(),
        source=_sources(found),
        label=pc.index_in(found["true_class"], pa.array(classes)).to_numpy().astype(np.int64),
        detectable=first.to_numpy(zero_copy_only=False).astype(np.float64),
        classes=classes,
        unknown=frozenset(zip(rest["survey"].to_pylist(), rest["alert_id"].to_pylist(), strict=True)),
    )


def joined(rows: pa.Table, truth: Truth) -> pa.Table:
    """The names of stored alerts in their order, with `true_NAME` for what the truth says, or null."""
    names = [n if n in truth.by else f"true_{n}" for n in truth.table.column_names]
    # A join gives its rows in any order.
    numbered = rows.append_column("row", pa.array(np.arange(len(rows))))
    found = numbered.join(truth.table.rename_columns(names), list(truth.by)).sort_by("row")
    for name in ("source", "first_detectable_mjd"):
        if f"true_{name}" not in names:
            found = found.append_column(f"true_{name}", pa.nulls(len(found), _KINDS[name]))
    return found


def _stored(store: Store, wanted: Sequence[str], nights: Collection[int]) -> Iterator[pa.Table]:
    """The wanted columns of all stored alerts, of these nights alone where there are any."""
    for survey, ids in sorted(store.alert_ids().items()):
        for start in range(0, len(ids), CHUNK):
            rows = store.alerts(survey, ids.slice(start, CHUNK)).select(wanted)
            plain = rows.set_column(rows.column_names.index("survey"), "survey", rows["survey"].cast(pa.string()))
            yield plain.filter(pc.is_in(plain["night"], pa.array(sorted(nights), pa.int32()))) if nights else plain


def _sources(found: pa.Table) -> Ints:
    """A number for each source: alerts of one source have the same."""
    alert = pc.binary_join_element_wise("alert", found["survey"], found["alert_id"].cast(pa.string()), " ")
    thing = pc.binary_join_element_wise("object", found["survey"], found["object_id"], " ")
    given = pc.binary_join_element_wise("source", found["survey"], found["true_source"], " ")
    coded = pc.coalesce(given, thing, alert).combine_chunks().dictionary_encode()
    numbers: Ints = coded.indices.to_numpy().astype(np.int64)
    return numbers
