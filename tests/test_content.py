"""The content hash against its definition, one alert at a time."""

from __future__ import annotations

import math
import random
import struct
from hashlib import blake2b

import pyarrow as pa
import pytest

from linnet.core.column import TEXT_CODE
from linnet.core.content import content_hash

GOLDEN = -8_016_961_657_191_308_970
"""As rows hold it that were stored before the hash was made in its present way."""

NUMBERS = ("mjd", "ra", "dec", "flux", "flux_err")


def by_definition(row: dict[str, object]) -> int:
    """BLAKE2b of five little-endian doubles and two texts, each behind a byte that is 0 for null."""
    numbers = [math.nan if row[name] is None else row[name] for name in NUMBERS]
    data = b"".join(struct.pack("<d", number) for number in numbers)
    for name in ("object_id", "band"):
        data += b"\0" if row[name] is None else b"\1" + str(row[name]).encode() + b"\0"
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True)


def some_alerts(seed: int, count: int) -> pa.RecordBatch:
    """Alerts of which anything may be null, odd or not ASCII."""
    rng = random.Random(seed)
    columns = {
        name: pa.array(
            [rng.choice([None, rng.gauss(0, 1e5), 0.0, -0.0]) for _ in range(count)],
            pa.float32() if name.startswith("flux") else pa.float64(),
        )
        for name in NUMBERS
    }
    objects = [rng.choice([None, "", "ZTF18aazxcwf", "169298433216610349", "\u00e9\u65e5"]) for _ in range(count)]
    bands = [rng.choice([None, "g", "VR", "\u00e9", ""]) for _ in range(count)]
    columns |= {"object_id": pa.array(objects, pa.string()), "band": pa.array(bands).cast(TEXT_CODE)}
    return pa.RecordBatch.from_pydict(columns)


@pytest.mark.parametrize("seed", range(5))
def test_the_hash_is_that_of_its_definition(seed: int) -> None:
    alerts = some_alerts(seed, 60)
    for part in (alerts, alerts.slice(7, 20), alerts.slice(60)):
        assert content_hash(part).to_pylist() == [by_definition(row) for row in part.to_pylist()]
    assert content_hash(alerts.slice(0, 0)).type == pa.int64()


def test_the_hash_of_a_stored_alert_never_changes() -> None:
    row = {"mjd": 60000.25, "ra": 10.5, "dec": -20.25, "flux": 1234.5, "flux_err": None}
    columns = {name: pa.array([value], pa.float64()) for name, value in row.items()}
    alert = {**columns, "object_id": pa.array(["ZTF18aazxcwf"]), "band": pa.array(["g"]).cast(TEXT_CODE)}
    assert content_hash(pa.RecordBatch.from_pydict(alert)).to_pylist() == [GOLDEN]
