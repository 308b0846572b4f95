"""A unit: everything that one durable commit writes, as Arrow tables.

One unit has alerts of one survey and one open night (or no alerts at all, where a batch held only dead letters).
Committing the same unit again leaves the same state; nothing in it is an increment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Literal

import pyarrow as pa

from linnet.core.column import TEXT_CODE
from linnet.core.envelope import Position

POINT = pa.schema(
    [
        pa.field("object_id", pa.string(), nullable=False),
        pa.field("kind", pa.int8(), nullable=False),
        pa.field("key", pa.int64(), nullable=False),
        pa.field("source_id", pa.int64()),
        pa.field("mjd", pa.float64(), nullable=False),
        pa.field("band", TEXT_CODE),
        pa.field("flux", pa.float32()),
        pa.field("flux_err", pa.float32()),
        pa.field("public", pa.bool_(), nullable=False),
        pa.field("known_night", pa.int32(), nullable=False),
        pa.field("alert_mjd", pa.float64(), nullable=False),
        pa.field("alert_id", pa.int64(), nullable=False),
    ]
)
"""Light-curve points of one survey. Identity: (object_id, kind, key). Of several values for one identity the
one with the smallest (known_night, alert_mjd, alert_id) is kept: the result does not depend on the order of arrival."""

WITHDRAWN = pa.schema(
    [
        pa.field("object_id", pa.string(), nullable=False),
        pa.field("kind", pa.int8(), nullable=False),
        pa.field("key", pa.int64(), nullable=False),
        pa.field("known_night", pa.int32(), nullable=False),
    ]
)
"""Points that the survey has taken back; the smallest known_night is kept."""

TAG = pa.schema(
    [
        pa.field("alert_id", pa.int64(), nullable=False),
        pa.field("filter", pa.string(), nullable=False),
        pa.field("version", pa.int32(), nullable=False),
    ]
)
"""Matches of this unit in order of delivery. Identity: (survey, alert_id, filter, version); the store numbers them."""

DEAD = pa.schema(
    [
        pa.field("survey", pa.string()),
        pa.field("alert_id", pa.int64()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
        pa.field("key", pa.binary()),
        pa.field("timestamp", pa.timestamp("us", tz="UTC")),
        pa.field("fingerprint", pa.string()),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("value", pa.binary(), nullable=False),
    ]
)
"""Dead letters. `value`: the whole message (position -1), or the untouched datum of one alert (its index) with the
fingerprint of its schema. Identity: (topic, partition, position, key, sha256): the same bytes offered again are a
duplicate."""

RELEASE = "release"
"""Stage of a `COUNT` row that tells of released dead letters: its outcome is "FIRST-LAST", their numbers in the store,
its topic is empty, n is how many they are. Dead letters that are released leave the counts of `decode` as well."""

COUNT = pa.schema(
    [
        pa.field("topic", pa.string(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("survey", pa.string()),
        pa.field("night", pa.int32()),
        pa.field("visit", pa.int64()),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("n", pa.int64(), nullable=False),
    ]
)
"""Stage counts of one unit: outcome is `in`, `out` or the named reason of what was dropped; in = out + dropped at
every stage. Kept by unit, summed when read."""

SEGMENT = pa.schema(
    [
        pa.field("segment", pa.string(), nullable=False),
        pa.field("survey", pa.string(), nullable=False),
        pa.field("night", pa.int32(), nullable=False),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("closed", pa.bool_(), nullable=False),
    ]
)
"""Raw segments touched by the unit with the length (bytes) and rows that are committed in them after it."""

STAGES = ("decode", "check", "dedupe", "archive", "plan", "filter", "store")
"""Stages that count, in order. decode: in = alerts and unreadable messages offered, out = decoded alerts.
Stages `module` and `judging` are apart: their outcome names a module or a filter, n counts the batches in which it
failed."""


@dataclass(frozen=True)
class Run:
    """What made the rows: reprocessing under another run is another result.

    `filters` are (name, version) of the filters that were active; `modules` name -> version; `lists` are the areas and
    watchlists that the filters asked for, by the names under which they did, with version and hash of the content.
    """

    code: str
    modules: Mapping[str, str]
    filters: tuple[tuple[str, int], ...] = ()
    catalogues: Mapping[str, str] = field(default_factory=dict)
    schemas: str = ""
    lists: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> str:
        """Canonical JSON of the run."""
        return self._json

    @cached_property
    def _json(self) -> str:
        # Written once: with a thousand filters it takes 2 ms, and every unit names its run several times.
        # Without lists it is what it was before there were any: recorded ids stay true.
        told = {name: value for name, value in asdict(self).items() if value or name != "lists"}
        return json.dumps(told, sort_keys=True)

    @cached_property
    def run_id(self) -> str:
        """Twelve hex digits of the SHA-256 of the canonical JSON."""
        return sha256(self.as_json().encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Unit:
    """One commit.

    Attributes:
        number: counts up by one from 1; a unit with the number of a stored one is a repetition.
        survey: survey of the alerts, or None where there are none.
        night: open night of that survey after this unit (the alerts' known_night), or None.
        kind: "live" for the corridor; "fold" for a rebuild, which brings alert rows without new counts.
        alerts: one row per new alert: all scalar columns (common, modules', `RECORD`, the survey's own).
        dead: new dead letters; those of a rebuild bring their numbers (`dead_id`).
        released: numbers (first, last) of dead letters that are none any more: their alerts are accounted for.
        positions: where each source goes on after this unit.
    """

    number: int
    run: Run
    survey: str | None = None
    night: int | None = None
    kind: Literal["live", "fold"] = "live"
    alerts: pa.Table | None = None
    points: pa.Table = field(default_factory=POINT.empty_table)
    withdrawn: pa.Table = field(default_factory=WITHDRAWN.empty_table)
    tags: pa.Table = field(default_factory=TAG.empty_table)
    dead: pa.Table = field(default_factory=DEAD.empty_table)
    released: tuple[tuple[int, int], ...] = ()
    counts: pa.Table = field(default_factory=COUNT.empty_table)
    segments: pa.Table = field(default_factory=SEGMENT.empty_table)
    positions: tuple[Position, ...] = ()
