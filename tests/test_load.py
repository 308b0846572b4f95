"""Loads: packets made out of samples, read back by fastavro and taken by the whole corridor."""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pytest
import zstandard
from astropy.io import fits

from corridors import SURVEYS, in_memory
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.recording import Recording, write_recording
from linnet.app.demo import sample_folder
from linnet.app.load import KINDS, load_of
from linnet.core import times
from linnet.core.avro_container import blocks, header
from linnet.core.avro_varint import decode, encode
from linnet.errors import InputError
from linnet.simulation.load import Load
from linnet.simulation.load_pixels import pixel_regions
from linnet.simulation.load_schedule import Schedule
from linnet.simulation.load_slots import encoded
from linnet.surveys.lsst.schemas import carried

GIVEN = Schedule(alerts=90, objects=30, nights=3, per_visit=8)
FEW = Schedule(alerts=15, objects=5, nights=3, per_visit=2)
"""Packets of 350 previous sources take 16 ms to read by fastavro."""

SIZES = {"ztf": 74_800, "lsst": 116_000, "lsst-long": 260_000}

Records = list[dict[str, Any]]


def _given(kind: str) -> Schedule:
    return FEW if kind == "lsst-long" else GIVEN


@pytest.fixture(scope="module", params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(kind: str) -> tuple[Load, list[bytes], Records]:
    """The load, its messages, and their values read by fastavro alone."""
    load = load_of(kind, _given(kind))
    values = [v for batch in load.batches() for v in batch.column("value").to_pylist()]
    return load, values, [_read(v) for v in values]


def _read(value: bytes) -> dict[str, Any]:
    if value.startswith(b"Obj\x01"):
        (record,) = fastavro.reader(io.BytesIO(value))
    else:
        schema = fastavro.parse_schema(json.loads(json.dumps(carried(*divmod(int.from_bytes(value[1:5], "big"), 100)))))
        stream = io.BytesIO(value[5:])
        record = fastavro.schemaless_reader(stream, schema, None)
        assert stream.read() == b""
    assert isinstance(record, dict)
    return record


def _own(record: dict[str, Any]) -> tuple[int, Any, float, float, float]:
    """Id, object, time, place of an alert."""
    if "candidate" in record:
        own = record["candidate"]
        assert own["candid"] == record["candid"]
        return own["candid"], record["objectId"], own["jd"], own["ra"], own["dec"]
    own = record["diaSource"]
    assert own["diaSourceId"] == record["diaSourceId"]
    assert own["diaObjectId"] == record["diaObject"]["diaObjectId"]
    return own["diaSourceId"], own["diaObjectId"], own["midpointMjdTai"], own["ra"], own["dec"]


def _detections(record: dict[str, Any]) -> list[tuple[int, float, float]]:
    """Id, time and brightness of the detections in a packet's history."""
    if "candidate" in record:
        items = record["prv_candidates"]
        return [(i["candid"], i["jd"], i["magpsf"]) for i in items if i["candid"] is not None]
    return [(i["diaSourceId"], i["midpointMjdTai"], i["psfFlux"]) for i in record["prvDiaSources"] or []]


def test_every_alert_has_an_id_and_a_place_of_its_own_where_the_schedule_says(
    made: tuple[Load, list[bytes], Records],
) -> None:
    load, _, records = made
    numbers = np.arange(len(records))
    assert len(records) == load.given.alerts
    assert len({_own(r)[0] for r in records}) == load.given.alerts
    objects = load.schedule.object_of(numbers)
    ra, dec = load.schedule.position(objects)
    np.testing.assert_array_equal([_own(r)[3:] for r in records], np.column_stack([ra, dec]))
    names = [_own(r)[1] for r in records]
    assert len(set(names)) == len(set(objects.tolist()))
    assert all(names[i] == names[i % load.schedule.objects] for i in range(len(names)))


def test_a_history_is_sorted_unique_and_repeats_what_was_sent_before(made: tuple[Load, list[bytes], Records]) -> None:
    _, _, records = made
    sent: dict[Any, list[tuple[int, float, float]]] = defaultdict(list)
    for record in records:
        alert_id, name, when, _, _ = _own(record)
        found = _detections(record)
        moments = [t for _, t, _ in found]
        assert moments == sorted(set(moments))
        assert len({i for i, _, _ in found}) == len(found)
        assert all(t < when for t in moments)
        assert found[len(found) - len(sent[name]) :] == sent[name]
        own = record.get("candidate") or record["diaSource"]
        sent[name].append((alert_id, when, own["magpsf"] if "magpsf" in own else own["psfFlux"]))
    assert max(map(len, sent.values())) == 3


def test_the_samples_own_points_keep_their_ids_and_times_from_packet_to_packet(
    made: tuple[Load, list[bytes], Records],
) -> None:
    load, _, records = made
    first, later = records[0], records[load.schedule.objects]
    shared = set(_detections(first)) & set(_detections(later))
    assert _own(first)[1] == _own(later)[1]
    assert len(shared) >= len(_detections(first)) - 1


def test_nothing_else_of_a_packet_changes(kind: str, made: tuple[Load, list[bytes], Records]) -> None:
    load, _, records = made
    sample = load.samples[0].record
    part, changed = ("candidate", 9) if kind == "ztf" else ("diaSource", 8)
    differing = {n for n, v in records[0][part].items() if v != sample[part].get(n) and not _is_nan(v)}
    assert len(differing) <= changed
    assert records[0].get("cutoutScience") is not None


def _is_nan(value: object) -> bool | np.bool_:
    return isinstance(value, float) and np.isnan(value)


def test_packets_have_the_sizes_of_the_surveys(kind: str, made: tuple[Load, list[bytes], Records]) -> None:
    assert np.mean([len(v) for v in made[1]]) == pytest.approx(SIZES[kind], rel=0.05)


def test_long_histories_are_long() -> None:
    load = load_of("lsst-long", Schedule(alerts=5, objects=5))
    counts = {len(_read(v)["prvDiaSources"]) for b in load.batches() for v in b.column("value").to_pylist()}
    assert counts == {350}


def test_the_corridor_takes_every_alert_as_a_new_one_of_its_night(kind: str) -> None:
    given = _given(kind)
    load = load_of(kind, given)
    bench = in_memory()
    engine = bench.engine(batch=20)
    engine.run([MemorySource(tuple(load.batches(rows=25)))])
    engine.finish()
    alerts = pa.Table.from_batches(bench.store.dump()["alerts"].to_batches())
    numbers = np.arange(given.alerts)
    survey = next(s for s in SURVEYS if s.name == kind[:4].rstrip("-"))
    nights = Counter(survey.night(times.utc_to_tai(load.schedule.mjd(numbers))).tolist())
    assert Counter(alerts.column("night").to_pylist()) == nights
    assert len(nights) == 3
    assert alerts.num_rows == given.alerts


def test_a_recording_of_a_load_is_the_same_whatever_its_batches(tmp_path: Path) -> None:
    values = []
    for rows in (7, 1000):
        path = tmp_path / f"{rows}.arrow"
        assert write_recording(path, load_of("ztf", GIVEN).batches(rows=rows)) == GIVEN.alerts
        reader = Recording(path).open()
        found = []
        while (batch := reader.next_batch(50)) is not None:
            found += list(zip(batch.column("offset").to_pylist(), batch.column("value").to_pylist(), strict=True))
        reader.close()
        values.append(found)
    assert values[0] == values[1]
    assert [offset for offset, _ in values[0]] == list(range(GIVEN.alerts))


def test_batches_that_somebody_holds_keep_their_packets() -> None:
    load = load_of("ztf", Schedule(alerts=190, objects=190))
    held = list(load.batches(rows=19))
    again = [batch.column("value").to_pylist() for batch in load_of("ztf", Schedule(190, 190)).batches(rows=19)]
    assert [batch.column("value").to_pylist() for batch in held] == again


def test_another_seed_gives_other_places_and_the_same_ids() -> None:
    batches = [next(load_of("ztf", Schedule(19, 19, seed=seed)).batches()) for seed in (1, 2)]
    one, two = ([_own(_read(v)) for v in b.column("value").to_pylist()] for b in batches)
    assert [r[0] for r in one] == [r[0] for r in two]
    assert all(a[3:] != b[3:] for a, b in zip(one, two, strict=True))


def test_places_over_the_whole_sky_are_even_and_those_of_a_field_lie_together() -> None:
    numbers = np.arange(20_000)
    _, dec = Schedule(20_000, 20_000, by_field=False).position(numbers)
    assert np.sin(np.radians(dec)).mean() == pytest.approx(0.0, abs=0.02)
    assert np.mean(np.abs(dec) > 30.0) == pytest.approx(0.5, abs=0.02)
    ra, dec = Schedule(20_000, 20_000).position(numbers[:1000])
    x = np.cos(np.radians(dec)) * np.exp(1j * np.radians(ra))
    centre = np.array([x.real.mean(), x.imag.mean(), np.sin(np.radians(dec)).mean()])
    away = np.column_stack([x.real, x.imag, np.sin(np.radians(dec))]) @ centre / np.linalg.norm(centre)
    assert np.degrees(np.arccos(away.clip(-1, 1))).max() < 2.2


def test_numbers_are_written_as_avro_writes_them_or_refused() -> None:
    values = np.array([2**62 - 1, -(2**62), 3 * 10**18])
    written = encoded(values, "long", 9)
    assert [w.tobytes() for w in written] == [encode(int(v)) for v in values]
    assert [decode(w.tobytes(), 0)[0] for w in written] == values.tolist()
    for value in (1, 2**63 - 1):
        with pytest.raises(ValueError, match="does not take 9 bytes"):
            encoded(np.array([value]), "long", 9)


def test_an_unknown_load_names_those_there_are() -> None:
    with pytest.raises(InputError, match="there are ztf, lsst, lsst-long"):
        load_of("atlas", GIVEN)


def test_stamps_stay_readable_and_differ_in_the_low_bits_of_their_pixels_alone() -> None:
    load = load_of("lsst", Schedule(16, 16))
    packets = [_read(v) for v in next(load.batches()).column("value").to_pylist()]
    for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference"):
        sample = load.samples[0].record[name]
        images = [sample, packets[0][name], packets[8][name]]
        hdus = [fits.open(io.BytesIO(image)) for image in images]
        assert sum(end - start for start, end in pixel_regions(sample)) == 2 * 30 * 30 * 4
        for before, one, other in zip(*hdus, strict=True):
            assert repr(before.header) == repr(one.header) == repr(other.header)
            if before.data.dtype.itemsize == 4:
                np.testing.assert_allclose(one.data, before.data, rtol=2.0**-7)
                assert np.mean(one.data == other.data) < 0.01
            else:
                np.testing.assert_array_equal(one.data, before.data)


def test_a_load_compresses_as_real_packets_do() -> None:
    load = load_of("lsst", Schedule(32, 32))
    made = b"".join(v for b in load.batches() for v in b.column("value").to_pylist())
    real = b""
    for path in sorted((sample_folder() / "lsst" / "commissioning").glob("*.avro")):
        container = path.read_bytes()
        real += b"".join(block.data for block in blocks(container, header(container)))
    ratios = [_compressed(data) / len(data) for data in (made, real)]
    assert ratios[0] == pytest.approx(ratios[1], rel=0.05)


def _compressed(data: bytes) -> int:
    """Bytes of some data in blocks of a megabyte, as the archive keeps them."""
    pack = zstandard.ZstdCompressor(level=1).compress
    return sum(len(pack(data[i : i + (1 << 20)])) for i in range(0, len(data), 1 << 20))
