"""What a folder of the shared data offers, counted with fastavro and tarfile alone: the oracle of accounting.

Nothing here imports the project. A file is one message, so is each member of a tar; a message holds some alerts of one
survey, or is refused as a whole for one reason.
"""

from __future__ import annotations

import io
import math
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import fastavro

MAGIC = b"Obj\x01"
FRAMED_IDS = range(700, 1200)
TAI_MINUS_UTC = 37.0
"""Seconds, since 2017; all that matters here is the date, and no packet lies within a minute of its change."""

NOON_UTC = {"ztf": 20, "lsst": 12, "elasticc": 12}
"""Hours UTC at which nights turn."""

Content = tuple[object, ...]


@dataclass(frozen=True)
class Offered:
    """One alert as sent.

    Attributes:
        content: what tells a repeat from a conflict: object, time, place, band, flux and its error as the packet says.
        mjd_utc: middle of the exposure.
        record: the whole packet.
    """

    survey: str
    alert_id: int
    content: Content
    mjd_utc: float
    record: Mapping[str, Any]

    @property
    def night(self) -> int | None:
        """YYYYMMDD of the local evening, or None where the time is none."""
        if not 40_000 <= self.mjd_utc <= 80_000:
            return None
        turns = NOON_UTC[self.survey] / 24
        return int((datetime(1858, 11, 17, tzinfo=UTC) + timedelta(days=self.mjd_utc - turns)).strftime("%Y%m%d"))


@dataclass(frozen=True)
class Offer:
    """One message.

    Attributes:
        refused: reason why no alert of it can be taken, or None.
    """

    topic: str
    key: str
    value: bytes
    alerts: tuple[Offered, ...] = ()
    refused: str | None = None


@cache
def offers(folder: Path, schemas: Path) -> tuple[Offer, ...]:
    """All messages of a folder, sorted by path."""
    return tuple(_offer(topic, key, value, schemas) for topic, key, value in _messages(folder))


def in_order_of_arrival(found: list[Offer]) -> list[tuple[Offer, Offered]]:
    """Alerts by the first night of their message, those without a night before all others."""
    order = sorted(found, key=lambda offer: min((a.night for a in offer.alerts if a.night), default=0))
    return [(offer, alert) for offer in order for alert in offer.alerts]


def _messages(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.name.endswith((".tar", ".tar.gz", ".tgz")):
            with tarfile.open(path) as tar:
                for member in tar:
                    inner = tar.extractfile(member)
                    if inner is not None:
                        yield str(path), member.name, inner.read()
        else:
            yield str(folder), str(path.relative_to(folder)), path.read_bytes()


def _offer(topic: str, key: str, value: bytes, schemas: Path) -> Offer:
    if value.startswith(MAGIC):
        records = cast("list[dict[str, Any]]", list(fastavro.reader(io.BytesIO(value))))
        if records and _survey(records[0]) is None:
            return Offer(topic, key, value, refused="UNKNOWN_SCHEMA")
    elif value[:1] == b"\0" and int.from_bytes(value[1:5], "big") in FRAMED_IDS:
        major, minor = divmod(int.from_bytes(value[1:5], "big"), 100)
        schema = fastavro.schema.load_schema(str(schemas / f"lsst/{major}/{minor}/lsst.v{major}_{minor}.alert.avsc"))
        records = [cast("dict[str, Any]", fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None))]
    else:
        return Offer(topic, key, value, refused="NOT_A_PACKET")
    return Offer(topic, key, value, tuple(_alert(record) for record in records))


def _survey(record: Mapping[str, Any]) -> str | None:
    if "candidate" in record:
        return "ztf"
    if "hostgal_snsep" in (record.get("diaObject") or {}):
        return "elasticc"
    return "lsst" if "midpointMjdTai" in record.get("diaSource", {}) else None


def _alert(record: Mapping[str, Any]) -> Offered:
    return {"ztf": _ztf, "lsst": _lsst, "elasticc": _elasticc}[str(_survey(record))](record)


def _ztf(record: Mapping[str, Any]) -> Offered:
    c = record["candidate"]
    sign = c["isdiffpos"] in {"t", "1", 1}
    exposure = c.get("exptime") or 30.0
    content = (record.get("objectId"), c["jd"], exposure, c["ra"], c["dec"], c["fid"], c["magpsf"], c["sigmapsf"], sign)
    utc = c["jd"] - 2400000.5 + exposure / 2 / 86400
    return Offered("ztf", c["candid"], content, utc, record)


def _lsst(record: Mapping[str, Any]) -> Offered:
    s = record["diaSource"]
    numbers = (None if s[n] is None or math.isnan(s[n]) else s[n] for n in ("ra", "dec", "psfFlux", "psfFluxErr"))
    content = (s["diaObjectId"] or None, s["midpointMjdTai"], s["band"], *numbers)
    utc = s["midpointMjdTai"] - TAI_MINUS_UTC / 86400
    return Offered("lsst", s["diaSourceId"], content, utc, record)


def _elasticc(record: Mapping[str, Any]) -> Offered:
    s = record["diaSource"]
    numbers = (s[n] for n in ("ra", "decl", "psFlux", "psFluxErr"))
    content = (s["diaObjectId"], s["midPointTai"], s["filterName"], *numbers)
    return Offered("elasticc", s["diaSourceId"], content, s["midPointTai"] - TAI_MINUS_UTC / 86400, record)
