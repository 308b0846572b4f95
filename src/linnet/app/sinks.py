"""Which sink a route means."""

from __future__ import annotations

from linnet.adapters.jsonl_files import JsonLinesFiles
from linnet.app.config import Settings
from linnet.app.home import Home
from linnet.app.kafka import sink
from linnet.core.ports import Route, Sink
from linnet.errors import ConfigError


def sink_of(home: Home, settings: Settings, route: Route) -> Sink:
    """The sink that a route names: `files:FOLDER`, `kafka:BOOTSTRAP` (JSON), `kafka-avro:BOOTSTRAP`; not connected.

    Raises:
        ConfigError: there is no such kind, or the target is missing.
    """
    kind, _, target = route.sink.partition(":")
    if kind not in {"files", "kafka", "kafka-avro"}:
        raise ConfigError(f"route {route.name}: no sink of kind {kind!r} here; kinds: files, kafka, kafka-avro")
    if not target:
        raise ConfigError(f"route {route.name}: name its target, e.g. files:outbox or kafka:127.0.0.1:9092")
    if kind == "files":
        return JsonLinesFiles(home.path / target)
    return sink(settings, target, "avro" if kind == "kafka-avro" else "json")
