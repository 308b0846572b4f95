"""A stream over HTTP: one page after the other, each behind the cursor of the one before.

Pages rather than server-sent events: nothing waits in a socket while the reader is slow, a broken connection costs one
request, and an answer that does not come is noticed. A page that would be empty waits at the broker for a first match.
"""

from __future__ import annotations

import logging
import time
import weakref
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx

from linnet_client.alert import Alert
from linnet_client.backoff import Backoff
from linnet_client.errors import ClientError, CursorError, UnknownStreamError
from linnet_client.log_port import Item, Start

logger = logging.getLogger("linnet_client")

LONGEST_WAIT = 30.0
"""Seconds that one request waits at the broker."""

SLACK = 15.0
"""Seconds by which an answer may be late before the connection is given up."""


class HttpLog:
    """The stream of one filter.

    Args:
        address: of the broker, "http://host:port", perhaps with a path.
        name: of the filter; `*` for all.
        position: cursor to go on behind; None begins at `start`.
        start: where to begin.
        token: sent as "Authorization: Bearer ...".
    """

    def __init__(self, address: str, name: str, position: str | None, start: Start, token: str | None) -> None:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._client = httpx.Client(headers=headers, follow_redirects=True)
        # A `for` over a stream that nobody closes leaves no connection behind.
        weakref.finalize(self, self._client.close)
        self._url = f"{address.rstrip('/')}/api/v1/streams/{quote(name, safe='*')}"
        self._cursor, self._start = position, start
        self._backoff = Backoff()
        self._quiet_until = 0.0

    def fetch(self, limit: int, wait: float) -> list[Item]:
        """The next page; see `Log.fetch`.

        Raises:
            UnknownStreamError: no such filter.
            CursorError: the cursor is not of this broker.
            ClientError: the broker refuses for another reason.
        """
        wait = min(wait, LONGEST_WAIT)
        rest = self._quiet_until - time.monotonic()
        if rest > 0:
            time.sleep(min(rest, wait))
            if rest > wait:
                return []
            wait -= rest
        page = self._page(limit, wait)
        if page is None:
            return []
        self._backoff.reset()
        self._cursor = page["cursor"]
        return [_item(message) for message in page["messages"]]

    def idle_position(self) -> str | None:
        """The cursor behind the last page."""
        return self._cursor

    def close(self) -> None:
        """Close the connection. May be called twice."""
        self._client.close()

    def _page(self, limit: int, wait: float) -> dict[str, Any] | None:
        """One page, or None where the broker is away."""
        try:
            answer = self._client.get(
                self._url,
                params={"limit": limit, "wait": round(wait, 3), "form": "page", **self._beginning()},
                timeout=httpx.Timeout(wait + SLACK, connect=10.0),
            )
        except (httpx.TransportError, httpx.DecodingError) as error:
            self._away(str(error) or type(error).__name__, None)
            return None
        except httpx.InvalidURL as error:
            raise ClientError(f"{self._url} is no address: {error}") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            self._away(_detail(answer), answer.headers.get("retry-after"))
            return None
        if not answer.is_success:
            raise _refusal(answer, "after" in self._beginning())
        return _checked(answer)

    def _beginning(self) -> dict[str, Any]:
        if self._cursor is not None:
            return {"after": self._cursor}
        given = {"last": self._start.last, "since": self._start.since}
        return {name: value for name, value in given.items() if value is not None}

    def _away(self, why: str, asked: str | None) -> None:
        seconds = self._backoff.seconds(float(asked) if asked and asked.isdecimal() else None)
        logger.warning("%s does not answer (%s); trying again in %.1f s", self._url, why, seconds)
        self._quiet_until = time.monotonic() + seconds


def _item(message: dict[str, Any]) -> Item:
    alert = Alert(message)
    return Item(alert.headers, partial(_same, alert), str(alert["seq"]))


def _same(alert: Alert) -> Alert:
    return alert


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason_phrase}"


def _refusal(answer: httpx.Response, with_cursor: bool) -> ClientError:
    detail = _detail(answer)
    if answer.status_code == 404:
        return UnknownStreamError(detail)
    if answer.status_code == 400 and with_cursor:
        return CursorError(detail)
    return ClientError(f"{answer.url.copy_with(query=None)} refused: {detail}")


def _checked(answer: httpx.Response) -> dict[str, Any]:
    """The page, if it is one: what answers may be anything that listens at this address."""
    try:
        page = answer.json()
        str(page["cursor"]), [m["seq"] for m in page["messages"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ClientError(f"{answer.url.copy_with(query=None)} answers, but not as a Linnet broker does") from error
    found: dict[str, Any] = page
    return found
