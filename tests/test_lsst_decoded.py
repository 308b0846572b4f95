"""LSST through the real decoder: what it gives of every message is what fastavro reads in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.decoding import Decoded
from linnet.core.envelope import Message, envelopes
from linnet.core.reasons import Reason
from linnet.core.vocabulary import PACKET
from linnet.surveys.lsst import Lsst
from lsst_packets import decoded, packets

LSST = Lsst()


@pytest.fixture(scope="module")
def files(shared_data: Path) -> list[Path]:
    """Every Avro file of the survey, containers first, in the order of `packets`."""
    found = sorted((shared_data / "lsst").rglob("*.avro"))
    framed = [f for f in found if f.parent.name.startswith("kafka-wire-format")]
    return [f for f in found if f not in framed] + framed


@pytest.fixture(scope="module")
def result(files: list[Path]) -> Decoded:
    """All of them, decoded as one batch."""
    batch = envelopes(Message(f.read_bytes(), "lsst-alerts-v10.0", offset=i) for i, f in enumerate(files))
    return decode(batch, SchemaCache([LSST]), {"lsst": LSST.fields()})


def _expected(shared_data: Path) -> list[dict[str, object]]:
    return [p.record for p in packets(shared_data) if p.schema is not None]


def test_the_decoder_gives_the_fields_that_fastavro_reads(shared_data: Path, result: Decoded) -> None:
    ours = result.alerts["lsst"].fields
    theirs = decoded(_expected(shared_data), LSST.fields())
    assert ours.schema.names == theirs.schema.names
    for name in theirs.schema.names:
        if name != "extra":
            assert ours.column(name).type == theirs.column(name).type, name
    # NaN is null in one and NaN in the other: what the survey makes of them must be the same.
    assert LSST.columns(ours).drop_columns(["extra"]).to_pylist() == (
        LSST.columns(theirs).drop_columns(["extra"]).to_pylist()
    )


def test_only_messages_of_older_versions_are_refused(files: list[Path], result: Decoded) -> None:
    refused = {files[r["envelope"]].name: r["reason"] for r in result.rejects.to_pylist()}
    assert refused == {
        "11290844.avro": Reason.UNKNOWN_SCHEMA,  # ELAsTiCC
        "sample_10_alert.avro": Reason.UNKNOWN_SCHEMA,  # 3.x
        "v2_0_fakeAlert.avro": Reason.NOT_A_PACKET,  # a bare datum
        "v2_1_fakeAlert.avro": Reason.UNKNOWN_SCHEMA,
        "v2_1_fakeAlert~979c1537.avro": Reason.UNKNOWN_SCHEMA,
        "v3_0_fakeAlert.avro": Reason.UNKNOWN_SCHEMA,
        "v4_0_fakeAlert.avro": Reason.UNKNOWN_SCHEMA,
    }


def test_a_brokers_leftovers_are_kept_as_extra_and_official_packets_have_none(
    files: list[Path], result: Decoded
) -> None:
    alerts = result.alerts["lsst"]
    extra = LSST.columns(alerts.fields).column("extra")
    for number, text in zip(alerts.envelope.to_pylist(), extra.to_pylist(), strict=True):
        folder, name = files[number].parent.name, files[number].name
        if folder.startswith("fink"):
            assert {"brokerIngestMjd", "lsst_schema_version"} & json.loads(text).keys()
        elif folder == "official-fake-samples" and name.startswith(("v5", "v6")):
            assert "diaSource.ccdVisitId" in json.loads(text)
        else:
            assert text is None, files[number]


def test_every_column_of_the_vocabulary_that_lsst_can_fill_is_filled(result: Decoded) -> None:
    table = LSST.columns(result.alerts["lsst"].fields)
    empty = {name for name in PACKET if table.column(name).null_count == table.num_rows}
    assert empty == {"program", "ebv"}


def test_an_unknown_schema_id_is_a_dead_letter(shared_data: Path) -> None:
    files = sorted((shared_data / "malformed" / "lsst-unknown-schema-id").iterdir())
    batch = envelopes(Message(f.read_bytes(), "lsst-alerts", offset=i) for i, f in enumerate(files))
    found = decode(batch, SchemaCache([LSST]), {"lsst": LSST.fields()})
    assert found.alerts == {}
    assert found.rejects.column("reason").to_pylist() == [Reason.UNKNOWN_SCHEMA] * 2
