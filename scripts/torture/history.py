"""The history of one case: what was offered, what was done to the broker, what sinks received. JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Offered:
    """One message of a source topic.

    Attributes:
        what: "alert", "repeat" (bytes of an earlier one), "conflict" (its identity, other content) or "damaged".
        survey, alert_id: of the alert in it; of damaged ones "" and 0.
        sha256: of the whole message. datum: of the bare Avro datum in it, or "".
    """

    topic: str
    partition: int
    offset: int
    what: str
    survey: str
    alert_id: int
    sha256: str
    datum: str


@dataclass(frozen=True)
class Received:
    """One message that a sink has.

    Attributes:
        sink: which.
        dedup_id: its name. survey, alert_id, filter: what it is about.
    """

    sink: str
    dedup_id: str
    survey: str
    alert_id: int
    filter: str


class History:
    """The log of one case, appended to as things happen."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def offered(self, messages: list[Offered]) -> None:
        """Messages are in their topics."""
        self._write([{"event": "offered", **asdict(each)} for each in messages])

    def received(self, messages: list[Received]) -> None:
        """What a sink holds in the end."""
        self._write([{"event": "received", **asdict(each)} for each in messages])

    def happened(self, event: str, **facts: object) -> None:
        """Anything else: a start, a kill, a stop."""
        self._write([{"event": event, **facts}])

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """All entries of these kinds, in order."""
        return [each for each in self._read() if each["event"] in kinds]

    def all_offered(self) -> list[Offered]:
        """Every message that was offered."""
        return [Offered(**_without(each)) for each in self.events("offered")]

    def all_received(self) -> list[Received]:
        """Every message that sinks hold."""
        return [Received(**_without(each)) for each in self.events("received")]

    def _read(self) -> Iterator[dict[str, Any]]:
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)

    def _write(self, entries: list[dict[str, object]]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in entries)


def _without(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "event"}
