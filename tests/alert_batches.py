"""Alert batches out of a few Python rows, for tests that need columns and no packets.

    batch(alert(1, points=[point(60000.0, "g", 500.0)]), alert(2, mag=None))

gives a record batch with every column of `vocabulary.PACKET` and `vocabulary.HISTORY`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from linnet.core.column import Column
from linnet.core.vocabulary import DETECTION, HISTORY, LIMIT, PACKET

NIGHT_OF_TESTS = 20230225
MJD_OF_TESTS = 60001.3


@dataclass(frozen=True)
class Point:
    """One point of a light curve; `key` is the source id, else made of time and band."""

    mjd: float
    band: str | None = "r"
    flux: float | None = 1000.0
    flux_err: float | None = 50.0
    kind: int = DETECTION
    source_id: int | None = None
    public: bool = True

    @property
    def key(self) -> int:
        """Identity within object and kind."""
        if self.source_id is not None:
            return self.source_id
        return -(round(self.mjd * 1e6) << 7) - sum(map(ord, self.band or "")) % 128 - 1


@dataclass(frozen=True)
class Alert:
    """One alert: scalar columns by name, and its history."""

    values: Mapping[str, object]
    lc: tuple[Point, ...]
    hist: tuple[Point, ...]
    own: Mapping[str, object] = field(default_factory=dict)


def point(mjd: float, band: str | None = "r", flux: float | None = 1000.0, flux_err: float | None = 50.0) -> Point:
    """A detection."""
    return Point(mjd, band, flux, flux_err)


def forced(mjd: float, band: str | None = "r", flux: float | None = 0.0, flux_err: float | None = 50.0) -> Point:
    """A forced measurement."""
    return Point(mjd, band, flux, flux_err, kind=1)


def limit(mjd: float, band: str | None = "r", flux_err: float | None = 50.0) -> Point:
    """An upper limit of 5 times `flux_err`."""
    return Point(mjd, band, None, flux_err, kind=LIMIT)


def alert(
    alert_id: int,
    points: Sequence[Point] = (),
    stored: Sequence[Point] = (),
    own: Mapping[str, object] | None = None,
    **values: object,
) -> Alert:
    """One alert whose own detection is added to its history.

    Args:
        alert_id: identity.
        points: earlier points of the packet.
        stored: further points of `hist_*` only.
        own: the survey's own columns by name.
        values: any scalar column by name; what is left out gets a plausible default.
    """
    scalars: dict[str, object] = {**_DEFAULTS, "alert_id": alert_id, **values}
    flux = scalars["flux"]
    scalars.setdefault("is_positive", isinstance(flux, float) and flux > 0)
    itself = Point(
        _number(scalars["mjd"]) or 0.0,
        None if scalars["band"] is None else str(scalars["band"]),
        _number(flux),
        _number(scalars["flux_err"]),
        source_id=alert_id,
    )
    packet = _sorted([*points, itself])
    return Alert(scalars, packet, _sorted([*packet, *stored]), dict(own or {}))


def batch(*alerts: Alert, own_columns: Mapping[str, Column] | None = None) -> pa.RecordBatch:
    """The alerts as columns of `PACKET` and `HISTORY`, and the survey's own columns where these are declared."""
    columns: dict[str, pa.Array] = {}
    for name, column in PACKET.items():
        if not column.is_list:
            columns[name] = _column([each.values.get(name) for each in alerts], column)
    columns.update(_lists("lc", [a.lc for a in alerts]))
    columns.update({n: pa.array([[] for _ in alerts], PACKET[n].type) for n in ("withdrawn_kind", "withdrawn_key")})
    columns.update({n: PACKET[n].empty(len(alerts)) for n in ("lc_ra", "lc_dec")})
    columns.update(_lists("hist", [a.hist for a in alerts]))
    for name, column in (own_columns or {}).items():
        columns[name] = _column([each.own.get(name) for each in alerts], column)
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def with_history(one: Alert, hist: Sequence[Point]) -> Alert:
    """The alert with exactly this joined history."""
    return replace(one, hist=_sorted(hist))


def nights_of_tests(mjd: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """A night changes at 12 h TAI: days since 1858-11-17 as a number that looks like YYYYMMDD and orders the same."""
    days = np.floor(np.asarray(mjd) - 0.5).astype(np.int64)
    dates = np.datetime64("1858-11-17", "D") + days
    text = np.datetime_as_string(dates) if len(days) else np.zeros(0, "U10")
    return np.array([int(t.replace("-", "")) for t in text], dtype=np.int32)


_DEFAULTS: dict[str, object] = {
    "survey": "lsst",
    "object_id": "1",
    "object_key": 1,
    "is_moving": False,
    "mjd": MJD_OF_TESTS,
    "night": NIGHT_OF_TESTS,
    "band": "r",
    "ra": 150.0,
    "dec": 2.2,
    "flux": 1000.0,
    "flux_err": 50.0,
    "reliability": 0.9,
    "reliability_kind": "reliability",
    "is_public": True,
    "healpix": 0,
    "lc_n_future": 0,
}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _column(values: Sequence[object], column: Column) -> pa.Array:
    """`pa.array` of Python strings makes plain strings even where a dictionary is asked for, hence the cast."""
    if pa.types.is_dictionary(column.type):
        return pa.array(values, column.type.value_type).cast(column.type)
    return pa.array(values, column.type)


def _sorted(points: Sequence[Point]) -> tuple[Point, ...]:
    return tuple(sorted(points, key=lambda p: (p.mjd, p.kind, p.key)))


def _lists(prefix: str, curves: Sequence[Sequence[Point]]) -> dict[str, pa.Array]:
    offsets = pa.array(np.cumsum([0, *(len(c) for c in curves)]).astype(np.int32))
    found = {}
    for name in ("mjd", "band", "flux", "flux_err", "kind", "source_id", "key", "public"):
        item = HISTORY[f"hist_{name}"].type.value_type
        values = _column([getattr(p, name) for curve in curves for p in curve], Column(item, ""))
        found[f"{prefix}_{name}"] = pa.ListArray.from_arrays(offsets, values)
    return found
