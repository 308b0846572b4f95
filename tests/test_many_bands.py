"""Names of bands are text that packets bring: however many come, every row keeps its own and every join works (3 s)."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any, cast

import fastavro
import pytest

from corridors import in_memory, on_disk
from linnet.core.envelope import Message, envelopes
from linnet.operations.audit import audit

MANY = 150
"""More than a signed byte can number."""


@pytest.mark.parametrize("batch", [50, MANY], ids=["over many batches", "in one batch"])
def test_hundreds_of_band_names_are_kept_and_joined(batch: int, samples: Path, tmp_path: Path) -> None:
    reader = fastavro.reader(io.BytesIO(next((samples / "lsst/test-stream").glob("*.avro")).read_bytes()))
    record = cast("dict[str, Any]", next(reader))
    schema = cast("dict[str, Any]", reader.writer_schema)
    record |= {n: None for n in record if n.startswith(("cutout", "prv"))}

    def message(number: int, night: int) -> Message:
        packet = copy.deepcopy(record)
        packet["diaSource"] |= {
            "diaSourceId": 1000 * (night + 1) + number,
            "diaObjectId": 77 + number,
            "band": f"b{number}",
            "midpointMjdTai": record["diaSource"]["midpointMjdTai"] + night,
        }
        out = io.BytesIO()
        fastavro.writer(out, schema, [packet])
        return Message(out.getvalue(), "lsst", 0, MANY * night + number, b"%d" % (MANY * night + number))

    batches = [
        envelopes([message(n, night) for n in range(at, at + batch)])
        for night in (0, 1)
        for at in range(0, MANY, batch)
    ]
    dumps = []
    with on_disk(tmp_path / "home") as stored:
        for bench in (stored, in_memory()):
            engine = bench.engine()
            for each in batches:
                engine.take(each, ())
            engine.finish()
            alerts = bench.store.dump()["alerts"]
            assert alerts.num_rows == 2 * MANY
            for row in alerts.to_pylist():
                number = row["alert_id"] % 1000
                assert (row["band"], row["n_nights"]) == (f"b{number}", row["alert_id"] // 1000)
            found = audit(bench.store, bench.control, bench.raw, deep=True)
            assert found.ok, found.problems
            dumps.append(bench.dump())
    assert dumps[0] == dumps[1]
