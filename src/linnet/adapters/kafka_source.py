"""Alerts from Kafka topics: raw messages, read from our own positions.

The client assigns partitions by hand and commits nothing by itself; the group's offsets are a hint for others. A batch
is what waits, so nobody waits for a full one. What our position points to must be there: a message that retention has
deleted stops the reader, unless it is told to record the gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from linnet.adapters.kafka_access import KafkaAccess, Watch, client, words
from linnet.adapters.kafka_batches import batch_of, waiting
from linnet.adapters.kafka_lookout import Lookout
from linnet.adapters.kafka_partitions import Partitions, Place, Selection
from linnet.core.envelope import Gap, Position
from linnet.core.failpoints import passing
from linnet.errors import GapError, LinnetError, ServiceError

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError


@dataclass(frozen=True)
class KafkaSource:
    """Topics to read.

    Attributes:
        access: where, and as whom.
        topics: names, and patterns that begin with "^" and mean whole names ("^ztf_[0-9]{8}_programid1").
        group: under which group our progress is told to Kafka; the user's name is put before it.
        start: where a source begins of which there is no position at all yet. Topics and partitions that appear later
            are always read from their beginning.
        share: (i, n): take the i-th part of all partitions, of n.
        skip_gap: go on behind messages that are gone, and record it; otherwise that is an error.
        look_every: seconds between looks for new topics and partitions.
        until_end: give None once the end of every partition was reached, instead of waiting for more.
        queue_kb: most that the client fetches ahead.
    """

    access: KafkaAccess
    topics: tuple[str, ...]
    group: str = "linnet"
    start: Literal["earliest", "latest"] = "earliest"
    share: tuple[int, int] = (1, 1)
    skip_gap: bool = False
    look_every: float = 30.0
    until_end: bool = False
    queue_kb: int = 64 * 1024

    def open(self, positions: Sequence[Position] = ()) -> OpenKafka:
        """Connect, and go on from these positions where they concern these topics.

        Raises:
            ConfigError: the library is missing, or a setting is unusable.
            ServiceError: no broker answers, or it refuses the user.
        """
        return OpenKafka(self, positions)


class OpenKafka:
    """A connected reader. Not for use from several threads at once."""

    def __init__(self, about: KafkaSource, positions: Sequence[Position]) -> None:
        selection = Selection(about.topics, about.share)
        self._about = about
        self._watch = Watch(about.access)
        self._gaps: list[Gap] = []
        self._astray: set[Place] = set()
        self._ended: set[Place] = set()
        self._fault: LinnetError | None = None
        self._hinted: dict[Place, int] = {}
        self._open = True
        self._lookout = Lookout(about.access, about.look_every)
        settings = {**_config(about), "on_commit": self._hint_arrived}
        try:
            self._consumer: Consumer = client("Consumer", about.access, self._watch, settings)
            self._partitions = Partitions(self._consumer, selection, positions, from_end=about.start == "latest")
            self._partitions.look(self._lookout.now())
        except LinnetError:
            self.close()
            raise

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Up to `limit` messages that wait, in order within each partition; an empty batch when none do.

        Raises:
            GapError: messages of a partition were deleted before they were read, or its topic was made anew.
            ServiceError: Kafka refuses the user, or reading the topic.
        """
        if self._fault is not None:
            raise self._fault
        self._look()
        self._find_again()
        messages = waiting(self._consumer, limit, self._note)
        self._watch.check()
        if messages:
            self._watch.fine()
        elif self._about.until_end and self._ended >= self._partitions.assigned:
            return None
        batch = batch_of(messages)
        self._partitions.passed(batch)
        return batch

    def position(self) -> tuple[Position, ...]:
        """Where to go on after the last batch, for every partition being read of which it is known; sorted."""
        return self._partitions.positions()

    def committed(self, positions: Sequence[Position]) -> None:
        """Tell the group how far we are; errors are not ours to mend, for our own positions hold."""
        import confluent_kafka

        passing("10")
        news = [each for each in positions if self._hinted.get((each.topic, each.partition)) != each.offset]
        mine = [each for each in news if (each.topic, each.partition) in self._partitions.assigned]
        if mine:
            offsets = [confluent_kafka.TopicPartition(each.topic, each.partition, each.offset) for each in mine]
            self._consumer.commit(offsets=offsets, asynchronous=True)
            self._hinted |= {(each.topic, each.partition): each.offset for each in mine}
        passing("11")

    def _hint_arrived(self, error: KafkaError | None, _partitions: object) -> None:
        if error is not None:  # told again with the next commit
            self._hinted = {}

    def pause(self) -> None:
        """Fetch nothing more; `next_batch` gives empty batches and keeps the connection alive."""
        self._partitions.pause()

    def resume(self) -> None:
        """Go on where it was paused."""
        self._partitions.resume()

    def gaps(self) -> tuple[Gap, ...]:
        """What was passed over since this was opened, because it is gone."""
        return tuple(self._gaps)

    def lag(self) -> dict[Place, int]:
        """Messages behind our position, by topic and partition, where the client has heard of the end."""
        import confluent_kafka

        found = {}
        for place in self._partitions.assigned:
            low, high = self._consumer.get_watermark_offsets(confluent_kafka.TopicPartition(*place), cached=True)
            if high >= 0:
                ours = self._partitions.next.get(place)
                found[place] = max(0, high - (max(low, 0) if ours is None else ours.offset))
        return found

    def missing(self) -> tuple[str, ...]:
        """Names and patterns for which there is no topic (yet)."""
        return self._partitions.missing

    def trouble(self) -> str | None:
        """What keeps messages from coming, in one line."""
        if self._watch.trouble is not None:
            return f"Kafka at {self._about.access.bootstrap}: {self._watch.trouble}"
        absent = ", ".join(self._partitions.missing)
        return f"there is no topic {absent} (yet)" if absent else None

    def close(self) -> None:
        """Let go of the connection. May be called twice."""
        if self._open:
            self._open = False
            self._lookout.close()
            if hasattr(self, "_consumer"):  # not where it could not be made
                self._consumer.close()

    def _look(self) -> None:
        """Take on what has appeared among the topics, and leave what has gone."""
        try:
            found = self._lookout.answer()
            if found is not None:
                self._watch.fine()
                self._partitions.look(found)
        except ServiceError as error:
            self._watch.trouble = str(error)

    def _find_again(self) -> None:
        for place in sorted(self._astray):
            try:
                gap = self._partitions.astray(place, skip=self._about.skip_gap)
            except GapError:
                raise
            except ServiceError as error:  # asked again with the next batch
                self._watch.trouble = str(error)
                continue
            self._astray.discard(place)
            self._gaps += [] if gap is None else [gap]

    def _note(self, error: KafkaError, place: Place) -> None:
        """Take what the client tells between the messages."""
        import confluent_kafka

        codes = confluent_kafka.KafkaError
        if error.code() == codes._PARTITION_EOF:
            self._ended.add(place)
        elif error.code() == codes._AUTO_OFFSET_RESET:
            self._astray.add(place)
        elif error.code() in (codes.UNKNOWN_TOPIC_OR_PART, codes._UNKNOWN_TOPIC, codes._UNKNOWN_PARTITION):
            self._lookout.soon()
        elif error.retriable() or error.code() in (codes._TRANSPORT, codes._ALL_BROKERS_DOWN, codes._TIMED_OUT):
            self._watch(error)
        else:
            # Raised with the next call, so that the messages of this one are not lost sight of.
            self._fault = ServiceError(f"cannot read {place[0]}, partition {place[1]}: {words(error)}")


def _config(about: KafkaSource) -> dict[str, object]:
    return {
        "group.id": about.access.group(about.group),
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "enable.partition.eof": about.until_end,
        "queued.max.messages.kbytes": about.queue_kb,
        "fetch.queue.backoff.ms": 20,  # by default a full queue costs a second
        "fetch.wait.max.ms": 100,
        "fetch.message.max.bytes": 8 * 1024 * 1024,
        "check.crcs": True,
    }
