"""Sending messages so that it is known of each whether Kafka has it: idempotent, acknowledged by all replicas."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from linnet.adapters.kafka_access import KafkaAccess, Watch, client, told, words
from linnet.errors import DeliveryError

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

Headers = list[tuple[str, str | bytes | None]]

LARGEST = 8 * 1024 * 1024
"""Bytes of a message."""

ANY_PARTITION = -1
"""The partition follows from the key."""


class KafkaWriter:
    """A connected producer. Not for use from several threads at once.

    Args:
        access: where, and as whom.
        timeout: seconds until a message that was not acknowledged counts as not sent.

    Raises:
        ConfigError: the library is missing, or a setting is unusable.
        ServiceError: no broker answers, or it refuses the user.
    """

    def __init__(self, access: KafkaAccess, timeout: float = 30.0) -> None:
        settings = {
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 5,
            "compression.type": "zstd",
            "message.max.bytes": LARGEST,
            "queue.buffering.max.kbytes": 256 * 1024,
            "delivery.timeout.ms": int(timeout * 1000),
        }
        self._access = access
        self._timeout = timeout
        self._producer: Producer = client("Producer", access, Watch(access), settings)
        self._sent = 0
        self._failed: list[str] = []

    def send(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        headers: Headers | None = None,
        partition: int = ANY_PARTITION,
    ) -> None:
        """Hand a message over to the client; where its queue is full, wait until it has room.

        Raises:
            DeliveryError: it is too large, or the queue does not empty.
        """
        import confluent_kafka

        once = partial(self._producer.produce, topic, value, key, partition, headers=headers or [])
        try:
            _patiently(self._producer, partial(once, on_delivery=self._delivered), self._timeout)
        except (confluent_kafka.KafkaException, BufferError) as error:
            name = next((str(text) for _, text in headers or []), f"with key {key!r}")
            raise DeliveryError(f"Kafka does not take the message {name}: {told(error)}") from error
        self._sent += 1

    def serve(self, seconds: float = 0.0) -> None:
        """Let the client tell what was acknowledged, for so long."""
        self._producer.poll(seconds)

    def flush(self) -> None:
        """Return when every message is acknowledged by all replicas.

        Raises:
            DeliveryError: one is not; nothing since the last flush counts as sent.
        """
        left = self._producer.flush(self._timeout + 5.0)
        sent, failed, self._sent, self._failed = self._sent, self._failed, 0, []
        if left or failed:
            why = failed[0] if failed else "no answer"
            raise DeliveryError(
                f"Kafka at {self._access.bootstrap} did not take {left + len(failed)} of {sent} messages: {why}"
            )

    def drop(self) -> None:
        """Let go of the connection, and of what is not acknowledged."""
        self._producer.purge()
        self._producer.poll(0)

    def _delivered(self, error: KafkaError | None, _message: object) -> None:
        if error is not None:
            self._failed.append(words(error))


def _patiently(producer: Producer, send: Callable[[], None], timeout: float) -> None:
    end = time.monotonic() + timeout
    while True:
        try:
            return send()
        except BufferError:
            if time.monotonic() > end:
                raise
            producer.poll(0.1)
