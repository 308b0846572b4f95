"""From what a user types after `linnet run` to a live source."""

from __future__ import annotations

from pathlib import Path

from linnet.adapters.avro_files import FolderSource
from linnet.app import kafka
from linnet.app.config import Settings
from linnet.app.home import Home
from linnet.core.ports import Source
from linnet.engines.together import Together
from linnet.errors import ConfigError, InputError


def live_source(text: str, home: Home, settings: Settings, *, skip_gap: bool = False) -> Source:
    """One live source.

    Args:
        text: a folder, or `kafka:TOPIC,TOPIC` of the Kafka in the settings.
        home: keeps the ledgers of folders.
        settings: its settings.
        skip_gap: go on behind messages that are gone, and record how many.

    Raises:
        InputError: there is no such folder.
        ConfigError: the home lies in it, and would take in what it writes itself; or no Kafka is named.
    """
    kind, _, topics = text.partition(":")
    if kind == "kafka":
        return kafka.source(settings, topics, skip_gap=skip_gap)
    folder = Path(text)
    if not folder.is_dir():
        raise InputError(f"cannot watch {text}: there is no such folder")
    if home.path.is_relative_to(folder.resolve()):
        raise ConfigError(f"the home {home.path} lies in the folder {text} that it is to watch: choose another one")
    return FolderSource(folder, home.ledgers, settings.watch_every, skip_gap=skip_gap)


def live_sources(texts: list[str], home: Home, settings: Settings, *, skip_gap: bool = False) -> Source:
    """All live sources as one.

    Raises:
        InputError, ConfigError: one of them cannot be used, or two are the same.
    """
    if len({str(Path(text).resolve()) for text in texts}) < len(texts):
        raise ConfigError("a source is named twice")
    found = tuple(live_source(text, home, settings, skip_gap=skip_gap) for text in texts)
    return found[0] if len(found) == 1 else Together(found)
