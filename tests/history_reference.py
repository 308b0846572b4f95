"""A second, slow meaning of the functions of the light curve: Python's loops and its `statistics`, alert by alert.

A condition on points is a nested tuple, made at random:

("and", a, b) ("or", a, b) ("not", a) ("<", x, y) ("in", band, [text ...]) ("null", field) ("flag",)
("field", name) ("alert", name) ("now",) ("minus", x, y) ("literal", value)
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from linnet.core.column import Column
from linnet.core.vocabulary import BANDS, COMMON

Expression: TypeAlias = tuple[Any, ...]
Point: TypeAlias = Mapping[str, Any]
Alert: TypeAlias = Mapping[str, Any]
Function: TypeAlias = tuple[str, str, str, Expression | None]

COLUMNS: dict[str, Column] = COMMON
LISTS = ("hist_mjd", "hist_band", "hist_flux", "hist_flux_err", "hist_kind")
SCALARS = ("mjd", "gal_lat", "n_detections", "is_moving")
SEQUENCES = ("lc", "forced", "limits")
FUNCTIONS = ("count", "min", "max", "mean", "median", "std", "slope", "first", "last")
NUMBERS = ("mjd", "flux", "flux_err", "snr", "mag")
LEAST = {"std": 2, "slope": 2}


def single(value: float | None) -> float | None:
    """As a float32 holds it."""
    return None if value is None else float(np.float32(value))


def some_alerts(chance: random.Random, number: int, most: int) -> list[dict[str, Any]]:
    """Alerts with light curves of up to `most` points, in which something is missing here and there."""
    return [_alert(chance, chance.choice((0, 1, 2, most, chance.randint(0, most)))) for _ in range(number)]


def _alert(chance: random.Random, points: int) -> dict[str, Any]:
    now = 60_000 + chance.randint(0, 90_000) / 1000
    times = sorted(now - chance.choice((0, 0.001, 1, 8, 40)) * chance.randint(0, 50) / 50 for _ in range(points))
    unknown = chance.random() < 0.05
    sort = chance.choice(("noise", "bright", "constant"))
    return {
        "mjd": now,
        "gal_lat": chance.choice((None, single(chance.uniform(-90, 90)))),
        "n_detections": chance.choice((None, chance.randint(0, 9))),
        "is_moving": chance.choice((None, True, False)),
        "points": None if unknown else [_point(chance, mjd, _flux(chance, sort)) for mjd in times],
    }


def _flux(chance: random.Random, sort: str) -> float:
    return {"noise": chance.gauss(0, 300), "bright": chance.lognormvariate(7, 2), "constant": 150.0}[sort]


def _point(chance: random.Random, mjd: float, flux: float) -> dict[str, Any]:
    kind = chance.choice((0, 0, 0, 1, 2))
    odd = chance.choice((None, math.nan)) if chance.random() < 0.1 else flux
    return {
        "mjd": mjd,
        "band": chance.choice((*BANDS, *BANDS, None, "clear")),
        "flux": None if kind == 2 or odd is None else single(odd),
        "flux_err": chance.choice((None, 0.0, single(chance.uniform(1, 90)), single(chance.uniform(1, 90)))),
        "kind": kind,
    }


def batch(alerts: Sequence[Alert]) -> pa.RecordBatch:
    """Alerts as the columns that a filter reads."""
    arrays = {name: pa.array([a[name] for a in alerts], COLUMNS[name].type) for name in SCALARS}
    for name in LISTS:
        field = name.removeprefix("hist_")
        told = [None if a["points"] is None else [p[field] for p in a["points"]] for a in alerts]
        arrays[name] = pa.array(told, COLUMNS[name].type)
    return pa.RecordBatch.from_pydict(arrays)


def alerts_of(rows: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows with `hist_*` columns as alerts."""
    found = []
    for row in rows.select([*SCALARS, *LISTS]).to_pylist():
        lists = {name.removeprefix("hist_"): row.pop(name) for name in LISTS}
        points = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
        found.append({**row, "points": points})
    return found


def a_function(chance: random.Random) -> Function:
    """A random function: name, sequence, field, condition."""
    function, sequence = chance.choice(FUNCTIONS), chance.choice(SEQUENCES)
    name = "" if function == "count" else chance.choice(numbers_of(sequence))
    return function, sequence, name, condition(chance, 2, sequence) if chance.random() < 0.8 else None


def spelled(function: Function) -> str:
    """The text of a function."""
    word, sequence, name, where = function
    target = f"{sequence}.{name}" if name else sequence
    return f"{word}({target})" if where is None else f"{word}({target} where {spell(where)})"


def condition(chance: random.Random, depth: int, sequence: str) -> Expression:
    """A random condition on points of a sequence."""
    if depth > 0 and chance.random() < 0.6:
        sort = chance.choice(("and", "and", "or", "not"))
        parts = [condition(chance, depth - 1, sequence) for _ in range(1 if sort == "not" else 2)]
        return (sort, *parts)
    fields = numbers_of(sequence)
    sort = chance.choice(("band", "time", "time", "field", "field", "null", "flag", "alert"))
    if sort == "band":
        listed = [chance.choice(BANDS) for _ in range(chance.randint(1, 3))]
        return ("in", listed)
    if sort == "time":
        return (chance.choice("<>"), ("field", "mjd"), ("minus", ("now",), ("literal", chance.choice((0.5, 3, 10.25)))))
    if sort == "null":
        return ("null", ("field", chance.choice((*fields, "band"))))
    if sort == "flag":
        return ("flag",)
    if sort == "alert":
        return (chance.choice("<>"), ("alert", chance.choice(("gal_lat", "n_detections"))), ("field", fields[-1]))
    name = chance.choice(fields)
    return (chance.choice(("<", ">")), ("field", name), ("literal", chance.choice(_BOUNDS[name])))


_BOUNDS = {"mjd": (60_020.5,), "flux": (0, 151.5), "flux_err": (30.25,), "snr": (3.25, -1.5), "mag": (21.77, 25.31)}


def numbers_of(sequence: str) -> tuple[str, ...]:
    """Fields of numbers that the points of a sequence have."""
    return ("mjd", "flux_err") if sequence == "limits" else NUMBERS


def spell(expression: Expression) -> str:
    """The text of a condition, with parentheses everywhere."""
    sort, *parts = expression
    match sort:
        case "and" | "or" | "<" | ">":
            return f"({spell(parts[0])} {sort} {spell(parts[1])})"
        case "not":
            return f"not ({spell(parts[0])})"
        case "minus":
            return f"{spell(parts[0])} - {spell(parts[1])}"
        case "in":
            return f"band in ({', '.join(repr(band) for band in parts[0])})"
        case "null":
            return f"{spell(parts[0])} is null"
        case "flag" | "now":
            return {"flag": "is_moving", "now": "now()"}[sort]
        case _:
            return str(parts[0])


def field(point: Point, name: str) -> Any:
    """A field of a point, None where there is nothing to say."""
    if name in ("snr", "mag"):
        flux, error = field(point, "flux"), field(point, "flux_err")
        if name == "mag":
            return 31.4 - 2.5 * math.log10(flux) if flux is not None and flux > 0 else None
        return flux / error if flux is not None and error else None
    value = point[name]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def meaning(expression: Expression, point: Point, alert: Alert) -> Any:
    """What an expression is for a point of an alert, None for null."""
    sort, *parts = expression
    if sort in ("and", "or"):
        found = [meaning(p, point, alert) for p in parts]
        decisive = sort == "or"
        return decisive if decisive in found else (None if None in found else not decisive)
    if sort == "flag":
        return alert["is_moving"]
    if sort == "in":
        return None if point["band"] is None else point["band"] in parts[0]
    if sort in ("field", "alert"):
        return field(point, parts[0]) if sort == "field" else alert[parts[0]]
    if sort in ("now", "literal"):
        return alert["mjd"] if sort == "now" else parts[0]
    return _of_values(sort, [meaning(p, point, alert) for p in parts])


def _of_values(sort: str, values: list[Any]) -> Any:
    if sort == "null":
        return values[0] is None
    if None in values:
        return None
    if sort == "not":
        return not values[0]
    left, right = values
    return left - right if sort == "minus" else (left < right if sort == "<" else left > right)


def value(function: str, sequence: str, name: str, where: Expression | None, alert: Alert) -> float | None:
    """What a function of the light curve says of an alert."""
    if alert["points"] is None:
        return None
    mine = [p for p in alert["points"] if p["kind"] == SEQUENCES.index(sequence)]
    mine = [p for p in mine if where is None or meaning(where, p, alert) is True]
    if function == "count":
        return len(mine)
    told = [(p["mjd"], v) for p in mine if (v := field(p, name)) is not None]
    times: list[float] = [t for t, _ in told]
    values: list[float] = [v for _, v in told]
    if len(values) < LEAST.get(function, 1) or (function == "slope" and len(set(times)) == 1):
        return None
    if function == "slope":
        return statistics.linear_regression([t - times[0] for t in times], values).slope
    match function:
        case "min" | "max":
            return float(min(values) if function == "min" else max(values))
        case "first" | "last":
            return values[0 if function == "first" else -1]
        case "mean":
            return statistics.fmean(values)
        case "median":
            return statistics.median(values)
        case _:
            return statistics.stdev(values)
