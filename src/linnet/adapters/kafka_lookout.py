"""Which topics there are now, asked in a thread of its own: a broker that is silent holds nobody up.

The connection is its own as well: on that of a consumer, whose thread always waits for messages, an answer can take
seconds (librdkafka 2.16, after a topic was deleted).
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from linnet.adapters.kafka_access import KafkaAccess, Watch, client, kafka_errors

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient, ClusterMetadata

ANSWER = 5.0
"""Seconds for an answer; closing may have to wait for it."""

AGAIN = 5.0
"""Seconds until a broker that did not answer is asked again, at most."""


class Lookout:
    """Asks again and again.

    Args:
        access: where, and as whom.
        every: seconds between two questions.

    Raises:
        ServiceError: no broker answers, or it refuses the user.
    """

    def __init__(self, access: KafkaAccess, every: float) -> None:
        self._client: AdminClient = client("AdminClient", access, Watch(access), {})
        self._every = every
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="linnet-kafka-lookout")
        self._asked: Future[ClusterMetadata] | None = None
        self._next = time.monotonic() + every

    def soon(self) -> None:
        """Ask earlier than planned, for something has changed."""
        self._next = min(self._next, time.monotonic() + 1.0)

    def now(self) -> ClusterMetadata:
        """The answer, waited for.

        Raises:
            ServiceError: there is none.
        """
        return self._ask()

    def answer(self) -> ClusterMetadata | None:
        """The answer, once for each question; None while there is none. Never waits.

        Raises:
            ServiceError: there was no answer; it is asked again soon.
        """
        if self._asked is None:
            if time.monotonic() >= self._next:
                self._asked = self._thread.submit(self._ask)
            return None
        if not self._asked.done():
            return None
        asked, self._asked = self._asked, None
        failed = asked.exception() is not None
        self._next = time.monotonic() + (min(self._every, AGAIN) if failed else self._every)
        return asked.result()

    def close(self) -> None:
        """Return when nobody asks any more."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _ask(self) -> ClusterMetadata:
        with kafka_errors("ask which topics there are"):
            return self._client.list_topics(timeout=ANSWER)
