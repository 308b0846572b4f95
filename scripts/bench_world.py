"""A made-up survey to measure the store with: objects over the sky, their points, and units of their alerts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from linnet.app import wiring
from linnet.core.column import TEXT_CODE
from linnet.core.sky import healpix29
from linnet.core.unit import POINT, TAG, Run, Unit

BATCH = 1000
FIRST_POINTS, NEW_POINTS = 20, 2
ALERTS_PER_OBJECT = 10 / 3
BASE_ID = 10**15
NIGHT = 20250101
RUN = Run("bench", {})
BANDS = pa.array(["g", "r", "i"])


@dataclass
class World:
    """Objects in the order of the sky, and how many alerts each has had.

    Attributes:
        history: most points of a packet.
        names: number of each object's id: order of the sky and of names have nothing to do with each other.
    """

    objects: int
    seed: int = 1
    history: int = 30
    columns: dict[str, Any] = field(default_factory=lambda: wiring.stored_columns(wiring.plan()))

    def __post_init__(self) -> None:
        rng = self.rng = np.random.default_rng(self.seed)
        ra, dec = rng.uniform(0, 360, self.objects), np.degrees(np.arcsin(rng.uniform(-0.5, 1, self.objects)))
        cell = healpix29(ra, dec)
        order = np.argsort(cell)
        self.ra, self.dec, self.cell = ra[order], dec[order], cell[order]
        self.names = rng.permutation(self.objects)
        self.alerts = np.zeros(self.objects, dtype=np.int64)
        self.next_id = BASE_ID
        self.unit = 0

    def object_ids(self, chosen: np.ndarray) -> pa.Array:
        """Ids of objects."""
        return pa.array([f"ZTF{n:09d}" for n in self.names[chosen].tolist()])

    def batches(self, how: str, n: int) -> Iterator[np.ndarray]:
        """Objects of n batches: at random over the sky, or of one field each."""
        for _ in range(n):
            if how == "sky":
                yield self.rng.choice(self.objects, min(BATCH, self.objects), replace=False)
            else:
                width = min(3 * BATCH, self.objects)
                start = self.rng.integers(0, self.objects - width + 1)
                yield start + self.rng.choice(width, min(BATCH, width), replace=False)

    def make(self, chosen: np.ndarray, night: int) -> Unit:
        """One new alert of each of these objects as a unit."""
        self.unit += 1
        n = len(chosen)
        ids = np.arange(self.next_id, self.next_id + n)
        self.next_id += n
        mjd = 60000.0 + night - NIGHT + np.sort(self.rng.random(n)) / 2
        names = self.object_ids(chosen)
        had = np.where(self.alerts[chosen] > 0, FIRST_POINTS + (self.alerts[chosen] - 1) * NEW_POINTS, 0)
        have = np.where(self.alerts[chosen] > 0, had + NEW_POINTS, FIRST_POINTS)
        self.alerts[chosen] += 1
        first = np.maximum(0, have - self.history)
        row, key = spans(first, have)
        points = point_table(names.take(pa.array(row)), chosen[row], key, (night, mjd[row], ids[row]))
        tags = pa.table(
            {"alert_id": ids[:2], "filter": ["bright", "rising"][: len(ids[:2])], "version": [1, 1][: len(ids[:2])]}
        )
        return Unit(
            self.unit,
            RUN,
            survey="ztf",
            night=night,
            alerts=self._rows(chosen, ids, mjd, names, night),
            points=points,
            tags=tags.cast(TAG),
        )

    def _rows(self, chosen: np.ndarray, ids: np.ndarray, mjd: np.ndarray, names: pa.Array, night: int) -> pa.Table:
        n = len(ids)
        known = {
            "survey": pa.array(["ztf"] * n).dictionary_encode(),
            "alert_id": pa.array(ids),
            "object_id": names,
            "object_key": pa.array(self.names[chosen]),
            "mjd": pa.array(mjd),
            "ra": pa.array(self.ra[chosen]),
            "dec": pa.array(self.dec[chosen]),
            "healpix": pa.array(self.cell[chosen]),
            "is_public": pa.array([True] * n),
            "night": pa.array(np.full(n, night, np.int32)),
            "known_night": pa.array(np.full(n, night, np.int32)),
            "band": pa.DictionaryArray.from_arrays(pa.array(np.arange(n, dtype=np.int32) % 3), BANDS),
        }  # fmt: skip - a table, read by its columns
        made = {name: known.get(name) for name in self.columns}
        for name, column in self.columns.items():
            if made[name] is None:
                made[name] = filler(self.rng, name, column.type, n)
        return pa.table({name: made[name].cast(column.type) for name, column in self.columns.items()})


def spans(first: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row, number) for all numbers first <= number < stop of every row."""
    counts = stop - first
    row = np.repeat(np.arange(len(first)), counts)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts) + first[row]


def point_table(names: pa.Array, objects: np.ndarray, number: np.ndarray, came: tuple[Any, ...]) -> pa.Table:
    """Points that depend on object and number alone, as an alert of (night, mjd, id) brings them."""
    night, mjd, alert_id = came
    n = len(number)
    kind = np.where(number % 3 == 0, 0, 2).astype(np.int8)
    key = objects * 1000 + number
    flux = np.sin(key).astype(np.float32) * 1000
    arrays = {
        "object_id": names,
        "kind": kind,
        "key": key,
        "source_id": pa.array(key, mask=kind != 0),
        "mjd": 59000.0 + number,
        "band": pa.DictionaryArray.from_arrays(pa.array((key % 3).astype(np.int32)), BANDS),
        "flux": pa.array(flux, mask=kind == 2),
        "flux_err": np.abs(flux) / 10,
        "public": np.ones(n, bool),
        "known_night": np.full(n, night, np.int32),
        "alert_mjd": mjd,
        "alert_id": alert_id,
    }  # fmt: skip - a table, read by its columns
    return pa.table({k: arrays[k] for k in POINT.names}).cast(POINT)


def filler(rng: np.random.Generator, name: str, kind: pa.DataType, n: int) -> pa.Array:
    """Values of a column that mean nothing; per-band columns of modules are null but for one band, as they are."""
    if name.startswith("rates_") and not name.startswith(("rates_g", "rates_r_")):
        return pa.nulls(n, kind)
    if pa.types.is_boolean(kind):
        return pa.array(rng.random(n) < 0.5)
    if pa.types.is_integer(kind):
        return pa.array(rng.integers(0, 100 if kind != pa.int64() else 2**62, n), kind)
    if pa.types.is_floating(kind):
        return pa.array(rng.normal(100, 10, n), kind)
    texts = {"topic": "ztf_20250101_programid1", "segment": "ztf/20250101/0001.avro", "run_id": "0123456789ab"}
    value = texts.get(name) if kind != TEXT_CODE else "drb"
    return pa.array([value] * n, kind)
