"""`listen`: the matches of a filter, one after the other, from a broker's HTTP address or its Kafka."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from linnet_client.alert import Alert
from linnet_client.cursor_file import CursorFile
from linnet_client.errors import ClientError
from linnet_client.http_log import HttpLog
from linnet_client.log_port import Item, Log, Start, since_text
from linnet_client.repetitions import Seen

LOCAL = "http://127.0.0.1:8000"
"""Where `linnet serve` listens unless told otherwise."""

AT_ONCE = 500
"""Messages fetched at once."""

FOREVER = 30.0
"""Seconds of one wait of a reader that waits for ever."""

KAFKA = "kafka://"


class Options(TypedDict, total=False):
    """Options of `listen`; all may be left out.

    Attributes:
        since: begin at the first match that was observed at this time or later: ISO 8601 text (UTC), datetime, MJD
            (TAI) or astropy Time; "now" for what comes from now on. Kafka counts from when a message was sent.
        last: begin with the newest so many. Without `since` and `last`: at the beginning of the broker's log.
        cursor: a file that keeps the place. Where it is there, it goes before `since` and `last`.
        where: asked with the headers (all text: `dedup-id, survey, object-id, alert-id, ra, dec, filter,
            filter-version`) of each message; False drops it. Over Kafka a dropped message is never decoded.
        remember: how many `dedup_id` are remembered to drop repetitions; 100,000 unless given.
        token: for an HTTP broker that asks for one.
        kafka: settings for librdkafka, such as `sasl.username`; and `registry`, the address of the schema registry,
            where messages are Avro.
    """

    since: object
    last: int
    cursor: str | Path
    where: Callable[[Mapping[str, str]], bool]
    remember: int
    token: str
    kafka: Mapping[str, Any]


def listen(name: str, url: str = LOCAL, **options: Unpack[Options]) -> Listener:
    """Listen to the matches of a filter.

    Args:
        name: of the filter, or of its topic (`linnet.NAME`); `*` for all filters, over Kafka also those
            whose topics appear later (within about ten seconds).
        url: "http://host:port" or "kafka://host:port,host:port".
        options: see `Options`.

    Returns:
        An iterator that never ends: it waits for the next match, and for a broker that is away.

    Raises:
        UnknownStreamError: there is no such filter or topic.
        CursorError: the cursor file cannot be used.
        ClientError: the address or an option is wrong.
    """
    return Listener(name.removeprefix("linnet."), url, options)


class Listener:
    """An open stream; an iterator and a context manager. One thread uses it.

    A message counts as finished when the next one is asked for, or when the `with` block is left without an error. Only
    then does the cursor pass it: whoever is killed while working on a message gets it again.
    """

    def __init__(self, name: str, url: str, options: Options) -> None:
        kind = "Kafka" if url.startswith(KAFKA) else "HTTP"
        kept = options.get("cursor")
        self._file = CursorFile(Path(kept), f"{name} over {kind}") if kept is not None else None
        self._log = _log(name, url, self._file.position if self._file else None, options)
        self._where = options.get("where")
        self._seen = Seen(options.get("remember", 100_000))
        self._waiting: deque[Item] = deque()
        self._handed: Any = None

    def __iter__(self) -> Iterator[Alert]:
        return self

    def __next__(self) -> Alert:
        while True:
            self._note()
            alert = self._draw()
            if alert is not None:
                return alert
            self._fetch(AT_ONCE, FOREVER)

    def poll(self, max_messages: int = AT_ONCE, timeout: float = 1.0) -> list[Alert]:
        """What there is, at most `max_messages`, waiting at most about `timeout` seconds for a first one.

        The messages of the call before count as finished.
        """
        self._note()
        deadline = time.monotonic() + timeout
        found: list[Alert] = []
        while len(found) < max_messages:
            alert = self._draw()
            left = deadline - time.monotonic()
            if alert is not None:
                found.append(alert)
            elif left > 0 and not found:
                self._fetch(min(max_messages, AT_ONCE), left)
            elif not self._fetch(min(max_messages - len(found), AT_ONCE), 0.0):
                break
        return found

    def finish(self) -> None:
        """Say that all messages handed out so far are finished, and write the cursor."""
        self._note(now=True)

    def close(self) -> None:
        """Leave the broker, without finishing the message that was handed out last. May be called twice."""
        if self._file is not None and self._file.position is not None:
            self._file.note(self._file.position, now=True)
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        self.close()

    def _draw(self) -> Alert | None:
        """The next message of those that are here, repetitions and what is not wanted left out."""
        while self._waiting:
            item = self._waiting.popleft()
            self._handed = item.after
            if self._where is not None and not self._where(item.headers):
                continue
            name = item.headers.get("dedup-id")
            if name is None or self._seen.is_new(name):
                return item.decode()
        return None

    def _fetch(self, limit: int, wait: float) -> bool:
        """Whether anything came."""
        items = self._log.fetch(limit, wait)
        self._waiting.extend(items)
        if not items:
            self._handed = self._log.idle_position()
        return bool(items)

    def _note(self, *, now: bool = False) -> None:
        """All that was handed out is finished."""
        if self._file is not None and self._handed is not None:
            self._file.note(self._handed, now=now)


def _log(name: str, url: str, position: Any, options: Options) -> Log:
    since, last = options.get("since"), options.get("last")
    if since is not None and last is not None:
        raise ClientError("since and last exclude each other: give one of them")
    start = Start(0, None) if since == "now" else Start(last, None if since is None else since_text(since))
    if url.startswith(("http://", "https://")):
        return HttpLog(url, name, position, start, options.get("token"))
    if not url.startswith(KAFKA):
        raise ClientError(f"{url!r} is no address of a broker: http://host:port or kafka://host:port")
    try:
        from linnet_client.kafka_log import KafkaLog
    except ImportError as error:
        raise ClientError("Kafka needs more: pip install 'linnet-client[kafka]'") from error
    return KafkaLog(url.removeprefix(KAFKA).rstrip("/"), name, position, start, options.get("kafka", {}))
