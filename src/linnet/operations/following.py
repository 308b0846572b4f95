"""Following the matches of a filter: a page of messages after a cursor, and the cursor where a reader begins.

A cursor is a number of the tag log. It is all that a reader owns: whoever comes back with one goes on behind it, and
nothing is kept here for anyone.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.payload import payload
from linnet.core.ports import Store
from linnet.core.times import evening
from linnet.errors import InputError

PAGE = 500
"""Tag-log rows per look while a beginning is searched."""

DAY = 24.0
"""Hours by which a night's date is behind UTC at most, at any telescope."""


@dataclass(frozen=True)
class Page:
    """What one look at the log gave.

    Attributes:
        rows: messages (`linnet.core.payload`), or None where there is none.
        cursor: everything up to this number has been seen.
        more: whether another look may find something at once.
    """

    rows: pa.RecordBatch | None
    cursor: int
    more: bool


def page(
    store: Store, filter_name: str | None, after: int, limit: int, *, public: bool, hidden: frozenset[str] = frozenset()
) -> Page:
    """The messages after a cursor.

    Args:
        store: whose log is read.
        filter_name: of this filter; None means of all.
        after: the reader's cursor.
        limit: most messages.
        public: leave out what may not be published; the cursor passes it.
        hidden: names of filters that this reader does not see; likewise.
    """
    # Asked first: all that is committed up to this number is in the tags that are read after it.
    end = store.last_tag()
    tags = store.tags_after(after, limit, filter_name)
    if not tags.num_rows:
        return Page(None, end, more=False)
    rows = payload(store, tags)
    if public:
        rows = rows.filter(rows.column("is_public"))
    if hidden:
        rows = rows.filter(pc.invert(pc.is_in(rows.column("filter"), pa.array(sorted(hidden), pa.string()))))
    more = tags.num_rows == limit
    last = int(tags.column("seq")[-1].as_py())
    return Page(rows if rows.num_rows else None, last if more else max(last, end), more=more)


def check_cursor(store: Store, cursor: int) -> int:
    """A cursor that came from outside, as it is.

    Raises:
        InputError: the log is not as long as it says, so it is a cursor of another broker.
    """
    end = store.last_tag()
    if cursor > end:
        raise InputError(f"cursor {cursor} is beyond the end of this broker's log ({end}): it is not of this broker")
    return cursor


def before_last(store: Store, filter_name: str | None, count: int, *, public: bool) -> int:
    """The cursor behind which the newest `count` messages of a filter stand; the end of the log for 0."""
    end = store.last_tag()
    newest = store.latest(filter_name, count, public=public) if count else None
    if newest is None or not newest.num_rows:
        return end
    return int(newest.column("seq")[-1].as_py()) - 1


def before_time(store: Store, filter_name: str | None, mjd: float) -> int:
    """The cursor behind which a filter's first match stands that was observed at a time or later.

    Args:
        store: whose log is read.
        filter_name: of this filter; None means of all.
        mjd: MJD TAI.

    Returns:
        The end of the log where nothing was observed since.
    """
    end = store.last_tag()
    night = int(evening(mjd, DAY))
    # The log is in the order of commits, in which a survey's open night never goes back.
    start = min((_before_night(store, filter_name, s, night) for s in store.open_nights()), default=end)
    while (tags := store.tags_after(start, PAGE, filter_name)).num_rows:
        found = payload(store, tags)
        late = pc.greater_equal(found.column("mjd"), mjd)
        first = pc.index(late, True).as_py()
        if first >= 0:
            return int(found.column("seq")[first].as_py()) - 1
        start = int(tags.column("seq")[-1].as_py())
    return end


def _before_night(store: Store, filter_name: str | None, survey: str, night: int) -> int:
    """A cursor with all of a survey's matches behind it that were known in a night or later, by halving the log."""
    low, high = 0, store.last_tag()
    while low < high:
        middle = (low + high) // 2
        seq, alert_id = _next_of(store, filter_name, survey, (middle, high))
        if seq is None:
            high = middle
            continue
        row = store.alerts(survey, pa.array([alert_id], pa.int64()))
        if row.column("known_night")[0].as_py() < night:
            low = seq
        else:
            high = middle
    return low


def _next_of(
    store: Store, filter_name: str | None, survey: str, between: tuple[int, int]
) -> tuple[int | None, int | None]:
    """Number and alert of a survey's first match behind one number and up to another."""
    after, upto = between
    while (tags := store.tags_after(after, PAGE, filter_name)).num_rows:
        place = pc.index(tags.column("survey"), survey).as_py()
        if place >= 0:
            seq = int(tags.column("seq")[place].as_py())
            return (seq, int(tags.column("alert_id")[place].as_py())) if seq <= upto else (None, None)
        after = int(tags.column("seq")[-1].as_py())
        if after >= upto:
            break
    return None, None
