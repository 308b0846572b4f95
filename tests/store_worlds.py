"""A small made-up sky, and the units in which a broker might commit it: any order within a night, any split."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from linnet.core.column import TEXT_CODE, Column, boolean, code, integer, real, text
from linnet.core.envelope import Position
from linnet.core.sky import healpix29
from linnet.core.unit import COUNT, DEAD, POINT, SEGMENT, TAG, WITHDRAWN, Run, Unit
from linnet.core.vocabulary import COUNTED, RECORD, SCALARS

MODULE: dict[str, Column] = {
    "spin_ok": boolean("A module's boolean."),
    "spin_small": integer("A module's small number.", bits=8),
    "spin_rate": real("A module's float."),
    "spin_phase": real("A module's double.", bits=64),
    "spin_kind": code("A module's code."),
    "spin_note": text("A module's text."),
}
COLUMNS: dict[str, Column] = {**SCALARS, **COUNTED, **MODULE, **RECORD}
RUN = Run("1.0", {"spin": "1"}, (("third", 1), ("bright", 2)))
NIGHTS = (20230101, 20230102, 20230103)
SURVEYS = ("lsst", "ztf")
OBJECTS = ("17", "18", "19", "20", "ünïcode", "nul\0in it", "21", None)


@dataclass(frozen=True)
class Alert:
    """One alert, its row, and what it brings."""

    survey: str
    alert_id: int
    night: int
    row: dict[str, object]
    points: tuple[dict[str, object], ...]
    withdrawn: tuple[dict[str, object], ...]


def world(seed: int, per_night: int = 12, *, all_public: bool = False) -> list[Alert]:
    """Alerts of two surveys over three nights; measurements repeat in several packets, with values that differ."""
    rng = random.Random(seed)
    return [
        _alert(rng, survey, night, 2**60 + 1000 * NIGHTS.index(night) + i, all_public=all_public)
        for survey in SURVEYS
        for night in NIGHTS
        for i in range(per_night)
    ]


def units(alerts: Sequence[Alert], seed: int, largest: int = 7) -> list[Unit]:
    """The alerts in some order: nights of a survey in theirs, alerts within a night shuffled, split anywhere."""
    rng = random.Random(seed)
    queues: dict[str, list[list[Alert]]] = {s: [] for s in SURVEYS}
    for survey in SURVEYS:
        for night in NIGHTS:
            mine = [a for a in alerts if (a.survey, a.night) == (survey, night)]
            rng.shuffle(mine)
            while mine:
                size = rng.randint(1, largest)
                queues[survey].append(mine[:size])
                mine = mine[size:]
    order = [s for s, q in queues.items() for _ in q]
    rng.shuffle(order)
    return [unit(number, queues[survey].pop(0)) for number, survey in enumerate(order, 1)]


def unit(number: int, alerts: Sequence[Alert]) -> Unit:
    """One commit of these alerts of one survey and night."""
    first = alerts[0]
    places = {"segment": f"{first.survey}-{number}", "block": number, "topic": "t", "partition": 0, "offset": number}
    rows = [{**a.row, **places, "place": i, "position": i, "length": 7} for i, a in enumerate(alerts)]
    return Unit(
        number=number,
        run=RUN,
        survey=first.survey,
        night=first.night,
        alerts=table_of(rows, {**COLUMNS, f"{first.survey}_own": text("The survey's own.")}),
        points=pa.Table.from_pylist([p for a in alerts for p in a.points], schema=POINT),
        withdrawn=pa.Table.from_pylist([w for a in alerts for w in a.withdrawn], schema=WITHDRAWN),
        tags=pa.Table.from_pylist([t for a in alerts for t in tags_of(a)], schema=TAG),
        dead=pa.Table.from_pylist([dead_letter(number)], schema=DEAD),
        counts=pa.Table.from_pylist(_counts(first, len(alerts)), schema=COUNT),
        segments=pa.Table.from_pylist([_segment(first, number)], schema=SEGMENT),
        positions=(Position("t", 0, number + 1),),
    )


def tags_of(alert: Alert) -> list[dict[str, object]]:
    """Filters that the alert passes."""
    passed = [("third", 1, alert.alert_id % 3 == 0), ("bright", 2, alert.alert_id % 4 == 0)]
    return [{"alert_id": alert.alert_id, "filter": name, "version": v} for name, v, passes in passed if passes]


def dead_letter(number: int, **values: object) -> dict[str, object]:
    """A row of `DEAD`."""
    return {
        "reason": "BAD_DATUM",
        "detail": "made up",
        "topic": "t",
        "partition": 0,
        "offset": number,
        "position": -1,
        "sha256": f"{number:064x}",
        "value": bytes([number % 256]) * 5,
        **values,
    }


def table_of(rows: Sequence[dict[str, object]], columns: dict[str, Column]) -> pa.Table:
    """Rows as columns of the declared types."""
    return pa.table({n: pa.array([r.get(n) for r in rows], c.type) for n, c in columns.items()})


def _alert(rng: random.Random, survey: str, night: int, alert_id: int, *, all_public: bool) -> Alert:
    mjd = 60000.0 + NIGHTS.index(night) + rng.random() / 2
    object_id = rng.choice(OBJECTS)
    row = {name: _value(rng, column) for name, column in COLUMNS.items()}
    row.update(_identity(rng, survey, object_id, alert_id))
    row.update(mjd=mjd, night=night, known_night=night, is_public=all_public or rng.random() < 0.7)
    brought = {"object_id": object_id, "known_night": night, "alert_mjd": mjd, "alert_id": alert_id}
    keys = rng.sample(range(12), rng.randint(0, 9)) if object_id is not None else []
    points = [{**_point(rng, key, all_public=all_public), **brought} for key in keys]
    gone: list[dict[str, object]] = []
    if object_id is not None and rng.random() < 0.2:
        gone = [{"object_id": object_id, "kind": 0, "key": rng.randrange(12), "known_night": night}]
    return Alert(survey, alert_id, night, row, tuple(points), tuple(gone))


def _identity(rng: random.Random, survey: str, object_id: str | None, alert_id: int) -> dict[str, object]:
    place = random.Random(f"{survey}{object_id}")
    ra = 150.0 + place.uniform(-0.02, 0.02) + rng.gauss(0, 1e-4)
    dec = 2.0 + place.uniform(-0.02, 0.02) + rng.gauss(0, 1e-4)
    key = int(object_id) if object_id is not None and object_id.isdecimal() else None
    identity = {"survey": survey, "alert_id": alert_id, "object_id": object_id, "object_key": key}
    return {**identity, "ra": ra, "dec": dec, "healpix": int(np.ravel(healpix29(ra, dec))[0]), "run_id": RUN.run_id}


def _point(rng: random.Random, key: int, *, all_public: bool) -> dict[str, object]:
    return {
        "kind": key % 3,
        "key": key,
        "source_id": key if key % 3 == 0 else None,
        "mjd": 59990.0 + key,
        "band": rng.choice(["g", "r", None]),
        "flux": float(np.float32(rng.gauss(0, 1000))),
        "flux_err": float(np.float32(rng.random())) if rng.random() < 0.9 else None,
        "public": all_public or rng.random() < 0.8,
    }


def _value(rng: random.Random, column: Column) -> object:
    if column.nullable and rng.random() < 0.2:
        return None
    if pa.types.is_boolean(column.type):
        return rng.random() < 0.5
    if pa.types.is_integer(column.type):
        bits = column.type.bit_width - 1
        return rng.choice([-(2**bits), 2**bits - 1, 0, rng.randrange(2**bits)])
    if pa.types.is_floating(column.type):
        value = rng.choice([-0.0, 1e-40, 3.0, rng.gauss(0, 1), float("inf")])
        return float(np.float32(value)) if column.type == pa.float32() else value
    return rng.choice(["u", "y", "ä\0b"] if column.type == TEXT_CODE else ["", "it's", "naïve ☄", "nul\0"])


def _counts(first: Alert, n: int) -> list[dict[str, object]]:
    base = {"topic": "t", "partition": 0, "survey": first.survey, "night": first.night, "visit": None}
    return [{**base, "stage": "store", "outcome": outcome, "n": n} for outcome in ("in", "out")]


def _segment(first: Alert, number: int) -> dict[str, object]:
    name = f"{first.survey}/{first.night}/0001"
    counted = {"length": 1000 * number, "rows": number, "closed": False}
    return {"segment": name, "survey": first.survey, "night": first.night, "fingerprint": "f" * 16, **counted}
