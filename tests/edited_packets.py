"""Real ZTF packets with some values changed, written by fastavro: what a test must decide about a packet."""

from __future__ import annotations

import copy
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import fastavro

UNIX_EPOCH_JD = 2440587.5


@dataclass(frozen=True)
class Packet:
    """One alert and its writer schema."""

    schema: dict[str, Any]
    record: dict[str, Any]

    @property
    def alert_id(self) -> int:
        """The survey's number of the alert."""
        return int(self.record["candidate"]["candid"])

    @property
    def night(self) -> int:
        """YYYYMMDD of the local evening at Palomar: the date 20 h before the exposure began (UTC)."""
        return int((self.sent - timedelta(hours=20)).strftime("%Y%m%d"))

    @property
    def sent(self) -> datetime:
        """Begin of the exposure, UTC."""
        return datetime.fromtimestamp((self.record["candidate"]["jd"] - UNIX_EPOCH_JD) * 86400, UTC)

    def edited(self, *, days: float = 0.0, top: dict[str, Any] | None = None, **candidate: Any) -> Packet:
        """The same packet some days later, with these fields of the candidate and of the packet itself."""
        record = copy.deepcopy(self.record)
        record["candidate"]["jd"] += days
        record["candidate"].update(candidate)
        record.update(top or {})
        if "candid" in candidate:
            record["candid"] = candidate["candid"]
        return Packet(self.schema, record)

    @property
    def datum(self) -> bytes:
        """The bare datum."""
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self.schema, self.record)
        return out.getvalue()


def packet(path: Path) -> Packet:
    """The first alert of a file."""
    reader = fastavro.reader(io.BytesIO(path.read_bytes()))
    record = cast("dict[str, Any]", next(reader))
    return Packet(cast("dict[str, Any]", reader.writer_schema), record)


def container(packets: Sequence[Packet], schema: dict[str, Any] | None = None) -> bytes:
    """Alerts of one schema as one container; of none where a schema is given."""
    out = io.BytesIO()
    fastavro.writer(out, schema or packets[0].schema, [p.record for p in packets])
    return out.getvalue()
