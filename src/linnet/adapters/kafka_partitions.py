"""The partitions that a reader follows: those of its topics and its share, found anew while it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import pyarrow as pa

from linnet.adapters.kafka_access import kafka_errors
from linnet.core.envelope import Gap, Position
from linnet.core.failpoints import passing
from linnet.errors import ConfigError, GapError

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition
    from confluent_kafka.admin import ClusterMetadata

Place = tuple[str, int]
"""Topic and partition."""

PATTERN = "^"
"""What begins with it is a regular expression of whole names, as Kafka's clients have it."""

ASK = 10.0
"""Seconds for one question to the broker."""


@dataclass(frozen=True)
class Selection:
    """Which partitions a reader takes.

    Attributes:
        topics: names, and patterns that begin with "^".
        share: (i, n): the i-th of n processes that share the partitions, counted from 1.
    """

    topics: tuple[str, ...]
    share: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ConfigError: no topic, a pattern that is no regular expression, a share such as 3 of 2.
        """
        if not self.topics or not all(self.topics):
            raise ConfigError("no topic to read from")
        for pattern in self.topics:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ConfigError(f"topic {pattern!r} is no regular expression: {error}") from error
        if not 1 <= self.share[0] <= self.share[1]:
            raise ConfigError(f"share {self.share[0]}/{self.share[1]}: it is i/n with i from 1 to n")

    def has(self, topic: str) -> bool:
        """Whether a topic is among those meant."""
        return any(re.fullmatch(each, topic) if each.startswith(PATTERN) else each == topic for each in self.topics)

    def of(self, partitions: Mapping[str, Iterable[int]]) -> set[Place]:
        """The partitions of this share, of the topics that are there with these partitions.

        Every topic begins with another process, so that many topics of one partition are shared as well.
        """
        mine, among = self.share
        return {
            (topic, number)
            for topic, numbers in partitions.items()
            if self.has(topic)
            for number in numbers
            if (crc32(topic.encode()) + number) % among == mine - 1
        }

    def missing(self, present: Iterable[str]) -> tuple[str, ...]:
        """Names and patterns for which there is no topic (yet)."""
        known = list(present)
        return tuple(each for each in self.topics if not any(Selection((each,)).has(topic) for topic in known))


class Partitions:
    """What a consumer is assigned, and where each partition goes on.

    Args:
        consumer: connected; nothing is assigned yet.
        selection: which partitions are taken.
        positions: our own, of earlier runs.
        from_end: where there is no position at all yet, begin with what comes from now on.

    Attributes:
        next: where to go on in every partition of which that is known.
        missing: names and patterns for which there is no topic.
    """

    def __init__(
        self, consumer: Consumer, selection: Selection, positions: Sequence[Position], *, from_end: bool
    ) -> None:
        self._consumer = consumer
        self._selection = selection
        self._at_end = from_end and not any(selection.has(each.topic) for each in positions)
        self._assigned: set[Place] = set()
        self._gone: set[Place] = set()
        self._paused = False
        self.next = {(each.topic, each.partition): each for each in positions if selection.has(each.topic)}
        self.missing: tuple[str, ...] = ()

    def look(self, found: ClusterMetadata) -> None:
        """Take on the partitions that are new, and leave those that are gone.

        Raises:
            ServiceError: the end of a partition cannot be asked for.
        """
        topics = {name: list(topic.partitions) for name, topic in found.topics.items()}
        wanted = self._selection.of(topics)
        self.missing = self._selection.missing(topics)
        # A broker that has just started may not know all its topics yet: gone is what is missing twice.
        gone = self._assigned - wanted
        self._leave(gone & self._gone)
        self._gone = gone
        self._take(sorted(wanted - self._assigned))
        # What appears later was empty when we began: nothing of it may be passed over.
        self._at_end = False

    @property
    def assigned(self) -> frozenset[Place]:
        """The partitions being followed."""
        return frozenset(self._assigned)

    def positions(self) -> tuple[Position, ...]:
        """Where to go on in every partition that is followed, as far as that is known; sorted."""
        return tuple(sorted(self.next[place] for place in self._assigned & self.next.keys()))

    def passed(self, batch: pa.RecordBatch) -> None:
        """A batch was handed over."""
        places = (batch.column(name).to_pylist() for name in ("topic", "partition", "offset"))
        for topic, partition, offset in zip(*places, strict=True):
            self.next[topic, partition] = Position(topic, partition, offset + 1)

    def begin(self, place: Place, offset: int) -> None:
        """Go on elsewhere in a partition."""
        self._leave({place})
        self.next[place] = Position(*place, offset)
        self._take([place])

    def astray(self, place: Place, *, skip: bool) -> Gap | None:
        """Find a partition again whose next message is not there; gives what was passed over, None for nothing.

        Args:
            place: where the broker has no message of our offset.
            skip: go on behind a gap instead of raising it.

        Raises:
            GapError: messages are gone, or offsets began anew; nothing was passed over.
            ServiceError: the broker cannot be asked.
        """
        with kafka_errors(f"ask where {place[0]}, partition {place[1]}, begins"):
            low, high = self._consumer.get_watermark_offsets(_at(place), timeout=ASK)
        ours = self.next.get(place)
        if ours is None or low <= ours.offset <= high:
            self.begin(place, low if ours is None else ours.offset)
            return None
        gap = Gap(*place, ours.offset, low)
        if not skip:
            raise GapError(_sentence(gap, high))
        self.begin(place, low)
        return gap

    def pause(self) -> None:
        """Fetch nothing more until `resume`."""
        self._paused = True
        self._consumer.pause([_at(place) for place in self._assigned])

    def resume(self) -> None:
        """Go on fetching where it was paused."""
        self._paused = False
        self._consumer.resume([_at(place) for place in self._assigned])

    def _take(self, places: Sequence[Place]) -> None:
        if not places:
            return
        for place in places if self._at_end else ():
            if place not in self.next:
                with kafka_errors(f"ask where {place[0]}, partition {place[1]}, ends"):
                    self.next[place] = Position(
                        *place, self._consumer.get_watermark_offsets(_at(place), timeout=ASK)[1]
                    )
        starts = [_at(place, self.next[place].offset if place in self.next else None) for place in places]
        self._consumer.incremental_assign(starts)
        self._assigned |= set(places)
        if self._paused:
            self._consumer.pause(starts)

    def _leave(self, places: set[Place]) -> None:
        if places:
            self._consumer.incremental_unassign([_at(place) for place in sorted(places)])
            passing("16")
            self._assigned -= places


def _at(place: Place, offset: int | None = None) -> TopicPartition:
    """A partition in the client's words; without an offset its beginning."""
    import confluent_kafka

    return confluent_kafka.TopicPartition(*place, confluent_kafka.OFFSET_BEGINNING if offset is None else offset)


def _sentence(gap: Gap, end: int) -> str:
    where = f"{gap.topic}, partition {gap.partition}"
    if gap.found > gap.expected:
        return (
            f"{where}: messages {gap.expected} to {gap.found - 1} were deleted before they were read, the first one "
            f"there is {gap.found}; `--skip-gap` goes on with it and records the gap"
        )
    return (
        f"{where}: the next message to read is {gap.expected}, but the topic ends at {end}: it was made anew; "
        "`--skip-gap` reads it from its beginning and records that"
    )
