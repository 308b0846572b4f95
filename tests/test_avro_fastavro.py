"""Every real packet decodes to the columns that fastavro and the rules in plain Python give, bit for bit (5 s)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.app import wiring
from linnet.core.avro_decode import decode, read_datum
from linnet.core.avro_schema import SchemaCache
from linnet.core.decoding import DecodedAlerts, Wanted
from linnet.core.envelope import Message, envelopes
from slow_decoder import rows

BATCH = 50


def _batches(folder: Path) -> Iterator[pa.RecordBatch]:
    paths = sorted(path for path in folder.rglob("*.avro") if path.is_file())
    for first in range(0, len(paths), BATCH):
        yield envelopes([Message(path.read_bytes(), path.parent.name) for path in paths[first : first + BATCH]])


def _check(alerts: DecodedAlerts, schemas: SchemaCache, wanted: Wanted) -> None:
    """Compare all rows of each writer schema with what fastavro reads out of their datums."""
    for fingerprint in pc.unique(alerts.fingerprint).to_pylist():
        schema = schemas.schema(fingerprint)
        chosen = np.flatnonzero(pc.equal(alerts.fingerprint, fingerprint))
        records = [read_datum(bytes(view), schema) for view in alerts.datums.take(chosen).views()]
        expected = rows(records, schema.shape, wanted)
        found = alerts.fields.take(pa.array(chosen))
        assert found.schema.equals(expected.schema)
        for name in found.schema.names:
            assert found.column(name).equals(expected.column(name)), name


def _compare(folder: Path) -> dict[str, int]:
    surveys = wiring.surveys()
    schemas, wanted = SchemaCache(surveys), {survey.name: survey.fields() for survey in surveys}
    counts = dict.fromkeys(wanted, 0)
    for batch in _batches(folder):
        for survey, alerts in decode(batch, schemas, wanted).alerts.items():
            alerts.fields.validate(full=True)
            _check(alerts, schemas, wanted[survey])
            counts[survey] += len(alerts)
    return counts


def test_all_columns_of_every_ztf_packet_are_those_that_fastavro_gives(shared_data: Path) -> None:
    assert _compare(shared_data / "ztf")["ztf"] > 700


def test_all_columns_of_every_lsst_packet_are_those_that_fastavro_gives(shared_data: Path) -> None:
    assert _compare(shared_data / "lsst")["lsst"] > 100
