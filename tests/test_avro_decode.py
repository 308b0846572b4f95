"""Decoded columns hold what fastavro reads, for every real packet; damaged messages are one reject each (5 s)."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa

from linnet.core.avro_decode import decode, decode_datums, read_datum
from linnet.core.avro_schema import SchemaCache
from linnet.core.decoding import Decoded, DecodedAlerts, Wanted
from linnet.core.envelope import Message, envelopes
from tiny_survey import LSST_WANTED, ZTF, ZTF_WANTED, TinySurvey

WANTED = {"ztf": ZTF_WANTED, "lsst": LSST_WANTED}


def _surveys(shared_data: Path) -> list[TinySurvey]:
    return [ZTF, TinySurvey("lsst", "diaSource", ("lsst.*",), shared_data / "schemas" / "lsst")]


def _avro_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.avro") if path.is_file())


def _decode(paths: list[Path], shared_data: Path) -> Decoded:
    messages = [Message(path.read_bytes(), str(path)) for path in paths]
    return decode(envelopes(messages), SchemaCache(_surveys(shared_data)), WANTED)


def _at(record: Any, path: str) -> Any:
    for key in path.split("."):
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _expected(value: Any, wanted: pa.DataType) -> Any:
    """What the rules of decoding say, told again in plain Python."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is not None and pa.types.is_string(wanted) and not isinstance(value, str):
        return str(value).lower()
    return float(np.float32(value)) if value is not None and wanted == pa.float32() else value


def _check(alerts: DecodedAlerts, records: Iterator[Any], wanted: Wanted) -> int:
    columns = {name: alerts.fields.column(name).to_pylist() for name in alerts.fields.schema.names}
    row = -1
    for row, record in enumerate(records):
        for path, kind in wanted.scalars.items():
            assert columns[path][row] == _expected(_at(record, path), kind), path
        for path, items in wanted.lists.items():
            for name, kind in items.items():
                expected = [_expected(item.get(name), kind) for item in _at(record, path) or []]
                assert columns[f"{path}.{name}"][row] == expected, f"{path}.{name}"
    assert row + 1 == len(alerts)
    return len(alerts)


def _by_fastavro(paths: list[Path], skip: set[int]) -> Iterator[Any]:
    for number, path in enumerate(paths):
        if number not in skip:
            with path.open("rb") as file:
                yield from fastavro.reader(file)


def test_every_ztf_alert_has_the_values_that_fastavro_reads(shared_data: Path) -> None:
    paths = _avro_files(shared_data / "ztf")
    decoded = _decode(paths, shared_data)
    refused = {row["envelope"]: row for row in decoded.rejects.to_pylist()}
    bare = {"87704463155000~021f713c.avro", "87704463155001~2b81bde5.avro"}
    assert {paths[n].name for n in refused} == bare, "datums without a header, and nothing else"
    assert {row["reason"] for row in refused.values()} == {"NOT_A_PACKET"}
    alerts = decoded.alerts["ztf"]
    assert alerts.fields.schema.names[-1] == "extra"
    assert alerts.fields.column("candidate.no_such_field").null_count == len(alerts)
    # 903 records of the folder, 130 of which lie in two tar archives.
    assert _check(alerts, _by_fastavro(paths, set(refused)), ZTF_WANTED) == 773


def test_every_lsst_container_and_framed_message_has_the_values_that_fastavro_reads(shared_data: Path) -> None:
    paths = _avro_files(shared_data / "lsst")
    decoded = _decode(paths, shared_data)
    refused = set(decoded.rejects["envelope"].to_pylist())
    kept = [path for number, path in enumerate(paths) if number not in refused]
    assert {paths[n].name for n in refused} == {"v2_0_fakeAlert.avro"}, "a datum without a header"

    def records() -> Iterator[Any]:
        for path in kept:
            data = path.read_bytes()
            if data[0] == 0:
                schema = _surveys(shared_data)[1].named_schema(int.from_bytes(data[1:5], "big"))
                yield fastavro.schemaless_reader(io.BytesIO(data[5:]), json.loads(json.dumps(schema)), None)
            else:
                yield from fastavro.reader(io.BytesIO(data))

    assert _check(decoded.alerts["lsst"], records(), LSST_WANTED) > 110
    assert sum(path.parent.name.startswith("kafka-wire") for path in kept) == 16


def test_datums_read_back_bare_give_the_same_rows(shared_data: Path) -> None:
    paths = _avro_files(shared_data / "ztf" / "boom") + _avro_files(shared_data / "ztf" / "ampel-list-schema")
    schemas = SchemaCache([ZTF])
    alerts = decode(envelopes([Message(p.read_bytes(), "t") for p in paths]), schemas, WANTED).alerts["ztf"]
    again = []
    for row, fingerprint in enumerate(alerts.fingerprint.to_pylist()):
        datum = alerts.datum.slice(row, 1)
        bare = decode_datums(datum, schemas.schema(fingerprint), ZTF_WANTED)
        again.append(bare.fields)
        assert bare.datum.equals(datum)
    assert pa.Table.from_batches(again).combine_chunks().equals(pa.Table.from_batches([alerts.fields]))
    assert alerts.envelope.to_pylist()[-1] == len(paths) - 1
    assert alerts.index.to_pylist()[-11:] == list(range(11))


def test_malformed_files_are_one_reject_each_with_a_reason_that_a_person_understands(shared_data: Path) -> None:
    paths = sorted(path for path in (shared_data / "malformed").rglob("*") if path.is_file())
    good = _avro_files(shared_data / "ztf" / "boom")
    decoded = _decode(paths + good, shared_data)
    found = {(paths[row["envelope"]].parent.name, row["reason"]) for row in decoded.rejects.to_pylist()}
    assert found == {
        ("avro-eol-mangled", "BAD_CONTAINER"),
        ("avro-invalid-default-turbo", "BAD_SCHEMA"),
        ("avro-invalid-default-winter", "BAD_SCHEMA"),
        ("avro-redefined-type", "BAD_SCHEMA"),
        ("avro-sync-mismatch", "BAD_CONTAINER"),
        ("html-saved-as-avro", "NOT_A_PACKET"),
        ("lasair-bad-csv", "NOT_A_PACKET"),
        ("lsst-unknown-schema-id", "UNKNOWN_SCHEMA"),
        ("orbit-file-bad-format", "NOT_A_PACKET"),
        ("voevent-leading-text-frb", "NOT_A_PACKET"),
        ("voevent-mwa-do-not-work", "NOT_A_PACKET"),
        ("voevent-mwa-not-well-formed", "NOT_A_PACKET"),
        ("voevent-no-namespace", "NOT_A_PACKET"),
    }
    assert decoded.rejects.num_rows == len(paths)
    assert set(decoded.alerts) == {"ztf"}
    assert len(decoded.alerts["ztf"]) == len(good)
    html = next(n for n, path in enumerate(paths) if path.parent.name.startswith("html"))
    assert "HTML" in decoded.rejects["detail"][html].as_py()


def test_a_datum_keeps_its_bytes_and_reads_as_fastavro_reads_it(shared_data: Path) -> None:
    path = _avro_files(shared_data / "lsst" / "alerce-v9_0")[0]
    schemas = SchemaCache(_surveys(shared_data))
    alerts = decode(envelopes([Message(path.read_bytes(), "t")]), schemas, WANTED).alerts["lsst"]
    datum, schema = alerts.datum[0].as_py(), schemas.schema(alerts.fingerprint[0].as_py())
    with path.open("rb") as file:
        whole: Any = next(iter(fastavro.reader(file)))
    assert datum in path.read_bytes()
    for form in (schema, schema.parsed):
        assert repr(read_datum(datum, form)) == repr(whole)
