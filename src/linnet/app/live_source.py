"""From what a user types after `linnet run` to a live source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linnet.adapters.avro_files import FolderSource
from linnet.adapters.kafka_source import KafkaSource
from linnet.app.config import Settings
from linnet.app.home import Home
from linnet.app.kafka import access
from linnet.core.ports import Source
from linnet.engines.together import Together
from linnet.errors import ConfigError, InputError

KAFKA = "kafka:"


@dataclass(frozen=True)
class Manner:
    """How live sources are read.

    Attributes:
        skip_gap: go on behind messages that are gone, and record how many.
        from_end: of a topic of which there is no position yet, take only what comes from now on.
        share: (i, n): take the i-th part of all partitions, of n.
    """

    skip_gap: bool = False
    from_end: bool = False
    share: tuple[int, int] = (1, 1)


def live_source(text: str, home: Home, settings: Settings, manner: Manner) -> Source:
    """One live source.

    Args:
        text: `kafka:TOPIC` (several with commas between; patterns of whole names begin with ^), or a folder.
        home: keeps the ledgers of folders.
        settings: its settings.
        manner: how it is read.

    Raises:
        InputError: there is no such folder.
        ConfigError: the home lies in it and would take in what it writes itself; no Kafka is named, or no topic.
    """
    if text.startswith(KAFKA):
        return _kafka(text.removeprefix(KAFKA), settings, manner)
    folder = Path(text)
    if not folder.is_dir():
        raise InputError(f"cannot watch {text}: there is no such folder")
    if home.path.is_relative_to(folder.resolve()):
        raise ConfigError(f"the home {home.path} lies in the folder {text} that it is to watch: choose another one")
    return FolderSource(folder, home.ledgers, settings.watch_every, skip_gap=manner.skip_gap)


def live_sources(texts: Sequence[str], home: Home, settings: Settings, manner: Manner) -> Source:
    """All live sources as one.

    Raises:
        InputError, ConfigError: one of them cannot be used, or two are the same.
    """
    names = {text if text.startswith(KAFKA) else str(Path(text).resolve()) for text in texts}
    if len(names) < len(texts):
        raise ConfigError("a source is named twice")
    found = tuple(live_source(text, home, settings, manner) for text in texts)
    return found[0] if len(found) == 1 else Together(found)


def share_of(text: str) -> tuple[int, int]:
    """`2/3` as (2, 3).

    Raises:
        ConfigError: it is something else.
    """
    found = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise ConfigError(f"--share {text}: write e.g. 2/3, the second of three parts")
    return int(found[1]), int(found[2])


def _kafka(text: str, settings: Settings, manner: Manner) -> KafkaSource:
    topics = tuple(dict.fromkeys(topic.strip() for topic in text.split(",") if topic.strip()))
    if not topics:
        raise ConfigError("name a topic: kafka:TOPIC, or a pattern of whole names: 'kafka:^ztf_[0-9]{8}_programid1'")
    return KafkaSource(
        access(settings),
        topics,
        group=settings.kafka.group,
        start="latest" if manner.from_end else "earliest",
        share=manner.share,
        skip_gap=manner.skip_gap,
    )
