"""Damaged real packets are refused, or are what an independent strict reader reads out of them (3 s)."""

from __future__ import annotations

import random
import resource
from collections import Counter
from pathlib import Path

import pytest

from linnet.core.avro_container import blocks, header
from linnet.core.avro_decode import decode, read_datum
from linnet.core.avro_machine import kernels
from linnet.core.avro_message import open_message
from linnet.core.avro_schema import SchemaCache
from linnet.core.envelope import Message, envelopes
from linnet.core.reasons import Reason
from linnet.errors import PacketError
from mutations import mutate, swap_headers
from strict_avro import InvalidError, read_container, read_datums
from tiny_survey import LSST_WANTED, ZTF, ZTF_WANTED, TinySurvey


def test_two_thousand_mutated_packets_are_refused_or_are_what_an_independent_reader_reads(shared_data: Path) -> None:
    folder = shared_data / "ztf"
    small = sorted((folder / "ampel-v1.3-20171214").glob("*.avro"), key=lambda path: path.stat().st_size)[:6]
    snappy = sorted((folder / "alerce-survey-parser").glob("*.avro"), key=lambda path: path.stat().st_size)[:2]
    lsst = sorted((shared_data / "lsst" / "official-fake-samples").glob("v[789]*.avro"))[:4]
    packets = [path.read_bytes() for path in (*small, *snappy, *lsst)]
    rng = random.Random(20260101)
    schemas = SchemaCache([ZTF, TinySurvey("lsst", "diaSource")])
    kernels()  # compiling takes memory of its own
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken: list[bytes] = []
    places: list[int] = []
    mutants: list[bytes] = []
    refused: Counter[str] = Counter()
    for turn in range(2000):
        packet = rng.choice(packets)
        if turn % 20 == 0:
            mutant = swap_headers(packet, rng.choice(packets))
        elif turn % 2:
            # Damage behind the header only, and with its size kept, reaches the datums.
            end = header(packet).end
            mutant = packet[:end] + mutate(rng, packet[end:])
        else:
            mutant = mutate(rng, packet)
        mutants.append(mutant)
        try:
            schema, datums = open_message(mutant, "t", schemas)
        except PacketError as error:
            refused[error.reason] += 1
            continue
        text, records = read_container(mutant)
        assert text == schema.json_text
        assert repr([read_datum(datum, schema) for datum in datums]) == repr(records)
        taken += datums
        places += [turn] * len(datums)
    assert len(taken) > 200
    assert set(refused) >= {"BAD_CONTAINER", "BAD_DATUM", "BAD_SCHEMA"}
    assert set(refused) <= set(Reason)
    decoded = decode(
        envelopes([Message(mutant, "t") for mutant in mutants]), schemas, {"ztf": ZTF_WANTED, "lsst": LSST_WANTED}
    )
    alerts = decoded.alerts.values()
    found = [pair for each in alerts for pair in zip(each.envelope.to_pylist(), each.datum.to_pylist(), strict=True)]
    assert sorted(found) == sorted(zip(places, taken, strict=True))
    assert Counter(decoded.rejects.column("reason").to_pylist()) == refused
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000, "KB"


def test_mutated_datums_get_the_verdict_of_an_independent_reader(shared_data: Path) -> None:
    rng = random.Random(7)
    cache = SchemaCache([])
    verdicts = [0, 0]
    for path in sorted((shared_data / "lsst" / "official-fake-samples").glob("v*_fakeAlert.avro")):
        data = path.read_bytes()
        if not data.startswith(b"Obj\x01"):
            continue
        head = header(data)
        schema = cache.known(head.schema)
        datum = next(iter(blocks(data, head))).data
        for _ in range(100):
            mutant = mutate(rng, datum)
            try:
                expected = repr(read_datums(mutant, schema.parsed)[0])
            except InvalidError:
                with pytest.raises(PacketError):
                    read_datum(mutant, schema)
                verdicts[0] += 1
            else:
                assert repr(read_datum(mutant, schema)) == expected
                verdicts[1] += 1
    assert min(verdicts) > 100
