"""A stream over Kafka: the topic `linnet.FILTER`, all its partitions, from positions that the reader keeps itself."""

from __future__ import annotations

import difflib
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from linnet_client.errors import ClientError, CursorError, UnknownStreamError
from linnet_client.kafka_value import Values
from linnet_client.log_port import Item, Start, unix_milliseconds

logger = logging.getLogger("linnet_client")

PREFIX = "linnet."
"""Before the name of a filter in the name of its topic."""

SLICE = 0.5
"""Seconds that one call waits inside librdkafka, where Ctrl-C is not heard."""

ASK = 10.0
"""Seconds for an answer about topics and offsets."""

LOOK_EVERY = 10.0
"""Seconds between looks for topics and partitions that are new."""

REFUSED = (
    KafkaError._AUTHENTICATION,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)
"""Errors that trying again does not mend."""

Offsets = dict[str, int]
"""Partition, as "topic/number" -> offset of the next message."""


class KafkaLog:
    """The stream of one filter, or of all.

    Args:
        servers: "host:port,host:port".
        name: of the filter; `*` for all topics `linnet.*`, also those that appear later.
        position: `Offsets` to go on from; None begins at `start`. Partitions it does not name are read from their
            beginning, and so are those that appear later.
        start: where to begin; `last` counts per partition, `since` is the time at which messages were sent.
        settings: more for librdkafka, e.g. `sasl.username`, and `registry`, the address of a schema registry.

    Raises:
        UnknownStreamError: no such topic.
        ClientError: the servers do not answer, or a setting is wrong.
    """

    def __init__(
        self, servers: str, name: str, position: Offsets | None, start: Start, settings: Mapping[str, Any]
    ) -> None:
        given = dict(settings)
        self._values = Values(given.pop("registry", None))
        fixed = {"enable.auto.commit": False, "auto.offset.reset": "error", "enable.auto.offset.store": False}
        plain = {"bootstrap.servers": servers, "group.id": f"linnet-client-{uuid4()}", **given, **fixed}
        self._name = name
        self._trouble: KafkaError | None = None
        self._consumer = _translated(lambda: Consumer({**plain, "error_cb": self._noted, "log_level": 0}))
        try:
            places = self._places(self._topics())
            if not places:
                logger.warning("no topic %s* there yet; waiting for the first", PREFIX)
            begin = self._begin(places, position, start)
            self._offsets: Offsets = {f"{b.topic}/{b.partition}": b.offset for b in begin if b.offset >= 0}
            self._read = set(places)
            self._consumer.assign(begin)
        except BaseException:
            self._consumer.close()
            raise
        self._look_at = time.monotonic() + LOOK_EVERY

    def fetch(self, limit: int, wait: float) -> list[Item]:
        """The next messages; see `Log.fetch`.

        Raises:
            CursorError: the position is no longer in the topic.
            ClientError: the servers refuse.
        """
        deadline = time.monotonic() + wait
        while True:
            self._look()
            left = max(0.0, deadline - time.monotonic())
            # librdkafka would wait until it has all `limit`: one is waited for, and what else is here comes along.
            came = self._consumer.consume(1, min(left, SLICE))
            came += self._consumer.consume(limit - 1, 0) if came and limit > 1 else []
            items = [item for message in came if (item := self._item(message)) is not None]
            if items or left <= SLICE:
                return items

    def idle_position(self) -> Offsets | None:
        """Offsets behind what was fetched; None before the first message."""
        return dict(self._offsets) or None

    def close(self) -> None:
        """Leave the servers. May be called twice."""
        self._consumer.close()

    def _look(self) -> None:
        """Now and then take on topics and partitions that are new: nothing of them was passed over before."""
        if time.monotonic() < self._look_at:
            return
        try:
            known = dict(self._consumer.list_topics(timeout=1.0).topics)
            new = [place for place in self._places(known) if place not in self._read]
        except (KafkaException, UnknownStreamError):
            new = []  # a server that is away, or a topic that is gone, for now
        self._look_at = time.monotonic() + LOOK_EVERY
        if new:
            logger.info("also reading %s", ", ".join(f"{topic}/{number}" for topic, number in new))
            self._consumer.incremental_assign([TopicPartition(t, p, OFFSET_BEGINNING) for t, p in new])
            self._read |= set(new)

    def _places(self, known: Mapping[str, Any]) -> list[tuple[str, int]]:
        """Topics and partitions of the stream, among those that there are."""
        ours = sorted(topic for topic in known if topic.startswith(PREFIX) and known[topic].error is None)
        name = PREFIX + self._name
        wanted = ours if self._name == "*" else [name]
        if self._name != "*" and name not in ours:
            near = difflib.get_close_matches(name, ours, 3, 0.5)
            found = f"; near: {', '.join(near)}" if near else f"; there are {', '.join(ours[:10]) or 'none of ours'}"
            raise UnknownStreamError(f"no topic {name} there{found}")
        return [(topic, number) for topic in wanted for number in sorted(known[topic].partitions)]

    def _topics(self) -> dict[str, Any]:
        deadline = time.monotonic() + ASK
        while True:
            try:
                return dict(self._consumer.list_topics(timeout=1.0).topics)
            except KafkaException as error:
                self._consumer.consume(1, 0)  # has `_noted` called
                if self._trouble is not None and self._trouble.code() in REFUSED:
                    raise ClientError(f"Kafka refuses: {self._trouble.str()}") from error
                if time.monotonic() > deadline:
                    why = self._trouble or error.args[0]
                    raise ClientError(f"Kafka does not answer: {why.str()}") from error

    def _noted(self, error: KafkaError) -> None:
        """What librdkafka reports beside the messages: it reconnects by itself, so that it is only told once."""
        if self._trouble is None or error.code() != self._trouble.code():
            logger.warning("Kafka: %s; trying on", error.str())
        self._trouble = error

    def _begin(self, places: list[tuple[str, int]], position: Offsets | None, start: Start) -> list[TopicPartition]:
        if position is not None:
            return [TopicPartition(t, p, position.get(f"{t}/{p}", OFFSET_BEGINNING)) for t, p in places]
        if start.since is not None:
            sent = _milliseconds(start.since)
            asked = [TopicPartition(t, p, sent) for t, p in places]
            found = _translated(lambda: self._consumer.offsets_for_times(asked, timeout=ASK))
            return [f if f.offset >= 0 else self._newest(f.topic, f.partition, 0) for f in found]
        if start.last is not None:
            return [self._newest(t, p, start.last) for t, p in places]
        # As a number, so that the cursor has every partition: what is deleted before it was read is then noticed.
        return [self._oldest(t, p) for t, p in places]

    def _oldest(self, topic: str, partition: int) -> TopicPartition:
        place = TopicPartition(topic, partition)
        low, _ = _translated(lambda: self._consumer.get_watermark_offsets(place, timeout=ASK))
        return TopicPartition(topic, partition, low)

    def _newest(self, topic: str, partition: int, count: int) -> TopicPartition:
        place = TopicPartition(topic, partition)
        low, high = _translated(lambda: self._consumer.get_watermark_offsets(place, timeout=ASK))
        return TopicPartition(topic, partition, max(low, high - count))

    def _item(self, message: Message) -> Item | None:
        error = message.error()
        if error is not None:
            _raise_what_stays(error)
            return None
        self._trouble = None
        self._offsets[f"{message.topic()}/{message.partition()}"] = int(message.offset() or 0) + 1
        headers = {name: _text(value) for name, value in _pairs(message)}
        return Item(headers, partial(self._values.alert, message.value() or b""), dict(self._offsets))


def _pairs(message: Message) -> list[tuple[str, str | bytes | None]]:
    """Headers of a message, which come as pairs whatever else the library's types allow."""
    found = message.headers()
    return [] if found is None else list(found.items()) if isinstance(found, dict) else list(found)


def _milliseconds(since: str) -> int:
    try:
        return unix_milliseconds(since)
    except ValueError:
        raise ClientError(f"since: {since!r} is no time; write 2026-01-31T08:30:00 (UTC) or an MJD (TAI)") from None


def _text(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""


def _raise_what_stays(error: KafkaError) -> None:
    """An error in place of a message; most of them pass.

    Raises:
        CursorError: the position is no longer in the topic.
        ClientError: it does not pass.
    """
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        raise CursorError(f"the messages at this position are gone from the topic ({error.str()}): begin anew")
    if error.fatal() or error.code() in REFUSED:
        raise ClientError(f"Kafka refuses: {error.str()}")
    logger.warning("Kafka: %s; trying on", error.str())


def _translated(call: Callable[[], Any]) -> Any:
    """The result of a call into librdkafka.

    Raises:
        ClientError: in place of its own error.
    """
    try:
        return call()
    except KafkaException as error:
        cause = error.args[0]
        raise ClientError(f"Kafka: {cause.str() if isinstance(cause, KafkaError) else cause}") from error
