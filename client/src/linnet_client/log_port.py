"""What the two transports have in common: a log that is read piece by piece from a position."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from linnet_client.alert import Alert

TAI_MINUS_UTC = 37.0
"""Seconds, since 2017."""

MJD_OF_1970 = 40587

MJD_DAYS = 1e6
"""Numbers below are MJD."""


@dataclass(frozen=True)
class Item:
    """One message of a log, perhaps not decoded yet.

    Attributes:
        headers: what can be asked without decoding it.
        decode: gives the message.
        after: the position behind it.
    """

    headers: Mapping[str, str]
    decode: Callable[[], Alert]
    after: Any


class Log(Protocol):
    """One stream as read by one reader."""

    def fetch(self, limit: int, wait: float) -> list[Item]:
        """The next messages, at most `limit`; none where none came within `wait` seconds, or the broker is away.

        Raises:
            ClientError: the broker refuses.
        """

    def idle_position(self) -> Any:
        """The position once everything fetched so far is finished; None before anything is known."""

    def close(self) -> None:
        """Close the connection. May be called twice."""


@dataclass(frozen=True)
class Start:
    """Where a reader without a cursor begins: with the newest so many, or since a time, or at the beginning."""

    last: int | None = None
    since: str | None = None


def since_text(since: object) -> str:
    """A time as the broker takes it: a number is an MJD (TAI), text stays, a datetime without a zone is UTC.

    Anything with `.tai.mjd`, such as an `astropy.time.Time`, is taken too.
    """
    tai = getattr(since, "tai", None)
    if tai is not None:
        return repr(float(tai.mjd))
    if isinstance(since, datetime):
        utc = since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
        return utc.replace(tzinfo=None).isoformat()
    return repr(float(since)) if isinstance(since, int | float) else str(since)


def unix_milliseconds(since: str) -> int:
    """The same time in milliseconds since 1970, as Kafka counts.

    Raises:
        ValueError: it is no time.
    """
    try:
        number = float(since)
    except ValueError:
        number = MJD_DAYS
    if 0 <= number < MJD_DAYS:
        return round(((number - MJD_OF_1970) * 86400 - TAI_MINUS_UTC) * 1000)
    given = datetime.fromisoformat(since)
    utc = given.replace(tzinfo=UTC) if given.tzinfo is None else given
    return round(utc.timestamp() * 1000)
