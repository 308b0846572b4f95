"""Where a stream begins: behind a cursor, a time, or some newest messages; and which filter is meant."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header, Path, Query

from linnet.core.times import utc_to_tai
from linnet.errors import InputError, NotFoundError
from linnet.operations.following import before_last, before_time, check_cursor
from linnet.web.broker import Broker
from linnet.web.parameters import INT64_MAX, MAX_ROWS

ALL = "*"
"""In place of a filter's name: all filters."""

MJD_DAYS = 1e6
"""Numbers below are MJD; 20260131 is a date."""

_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)

StreamName = Annotated[
    str, Path(pattern=r"^(\*|[A-Za-z0-9_.-]{1,64})$", description="Name of a filter; `*` for the matches of all.")
]
After = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,19}$", description="Cursor: what comes behind it. 0 is the beginning of the log."),
]
Since = Annotated[
    str | None,
    Query(
        max_length=40,
        description="Begin at the first match that was observed at this time or later: ISO 8601 in UTC "
        "(2026-01-31T08:30:00), or an MJD in TAI. All that follows in the log comes, late alerts too.",
    ),
]
Last = Annotated[int | None, Query(ge=0, le=MAX_ROWS, description="Begin with the newest so many; 0: from now on.")]
LastEventId = Annotated[
    str | None, Header(pattern=r"^[0-9]{0,19}$", description="Cursor as an EventSource sends it; it goes before all.")
]


@dataclass(frozen=True)
class Start:
    """Where a reader wants to begin; at most one of the three is given, and nothing means the beginning of the log."""

    after: int | None
    since: str | None
    last: int | None

    def cursor(self, broker: Broker, name: str | None) -> int:
        """The cursor of this beginning for one filter, or for all.

        Raises:
            InputError: what should be a time is none, or the cursor is of another broker.
        """
        if self.since is not None:
            return before_time(broker.store, name, moment(self.since))
        if self.last is not None:
            return before_last(broker.store, name, self.last, public=broker.public_only)
        return check_cursor(broker.store, self.after or 0)


def start(after: After = None, since: Since = None, last: Last = None, last_event_id: LastEventId = None) -> Start:
    """The beginning that a request asks for.

    Raises:
        InputError: more than one, or a cursor that is too large.
    """
    if last_event_id:
        return Start(_number(last_event_id), None, None)
    if sum(value is not None for value in (after, since, last)) > 1:
        raise InputError("after, since and last exclude each other: give one of them")
    return Start(None if after is None else _number(after), since, last)


TheStart = Annotated[Start, Depends(start)]
"""An endpoint's argument: where the reader begins."""


def filter_named(broker: Broker, name: str) -> str | None:
    """The filter that a stream is of, active or not; None for all filters.

    Raises:
        NotFoundError: there is none of this name; it names those that are written alike.
    """
    if name == ALL:
        return None
    known = sorted({f.name for f in broker.control.filters()} - broker.hidden)
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, 3, 0.5)
    meant = f" (near: {', '.join(near)})" if near else ""
    raise NotFoundError(f"no filter {name} here{meant}; /api/v1/filters lists them")


def moment(text: str) -> float:
    """A time as MJD TAI: ISO 8601, in UTC where it names no zone, or the number of an MJD in TAI.

    Raises:
        InputError: it is neither.
    """
    try:
        number = float(text)
    except ValueError:
        number = MJD_DAYS
    if 0 <= number < MJD_DAYS:
        return number
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"since: {text!r} is no time; write 2026-01-31T08:30:00 (UTC) or an MJD (TAI) such as 61071.35"
        ) from None
    utc = given.replace(tzinfo=UTC) if given.tzinfo is None else given
    passed = utc - _EPOCH
    return float(utc_to_tai(passed.days + (passed.seconds + passed.microseconds / 1e6) / 86400.0))


def _number(cursor: str) -> int:
    number = int(cursor)
    if number > INT64_MAX:
        raise InputError(f"cursor {cursor} is larger than any")
    return number
