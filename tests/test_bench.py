"""The benchmarks' own arithmetic, and that generated units are what the corridor commits."""

from __future__ import annotations

import io
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow as pa
import pytest
from bench.__main__ import PARTS, measure
from bench.decoding import _of_real
from bench.endless import Endless, send
from bench.enriched import home
from bench.figures import Figure, percentile
from bench.flame import Sampler, svg, tree
from bench.generated import SHARE, Ground, population
from bench.metered import Metered
from bench.nights import FIELDS, nights
from bench.paced import Clocked, Paced
from bench.real_packets import real_packets
from bench.resident import Resident
from bench.results import better, fallen, figures_of, line, page, put_into, summary
from bench.rounds import MOST_REPEATS, in_turn
from bench.scale import SCALES, Scale
from bench.steady import levels
from bench.trials import Trial, _messages
from bench.units import model
from bench.whole_run import Job, run

from linnet.adapters.memory_sink import MemorySink
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.recording import write_recording
from linnet.app import wiring
from linnet.app.load import load_of
from linnet.core.avro_decode import decode, decode_datums
from linnet.core.avro_schema import SchemaCache
from linnet.core.column import Column
from linnet.engines.arrivals import open_batch
from linnet.simulation.load_schedule import Schedule

FIGURE = Figure("P3_x", "decode x", 80.0, "x fastavro", ">= 80").beside(5.0, "fastavro", 400.0)


def _result(**changes: object) -> dict[str, Any]:
    machine = {
        "date": "2026-01-01",
        "commit": "abc",
        "cores": 2,
        "cpu": "a cpu",
        "system": "a system",
        "load_average": 0.1,
        "python": "3.11",
        "sqlite": "3.45",
        "libraries": {"numpy": "2"},
    }
    figures = {"P3_x": FIGURE.as_dict() | changes}
    return {"scale": "usual", "machine": machine, "figures": figures, "quick": figures, "failed": {}}


def test_a_goal_is_met_at_its_bound_and_not_beyond() -> None:
    assert FIGURE.met is True
    assert Figure("a", "a", 79.9, "", ">= 80").met is False
    assert Figure("a", "a", 15.0, "ms", "<= 15").met is True
    assert Figure("a", "a", 15.1, "ms", "<= 15").met is False
    assert Figure("a", "a", 1.0, "").met is None


def test_a_ratio_says_how_often_our_cpu_fits_the_yardsticks() -> None:
    assert FIGURE.ratio == 80.0
    assert Figure("a", "a", 1.0, "").ratio is None


def test_percentiles_are_values_that_occurred() -> None:
    values = [float(v) for v in range(1, 101)]
    assert [percentile(values, p) for p in (50, 98, 100)] == [50.0, 98.0, 100.0]
    assert percentile([3.0], 98) == 3.0
    assert percentile(values[::-1], 95) == np.percentile(values, 95, method="inverted_cdf")


def test_only_a_ratio_that_fell_by_half_is_a_failure() -> None:
    before = _result()

    def lost(then: dict[str, Any] | None = before, **changes: object) -> dict[str, str]:
        return fallen(_result(**changes)["quick"], then)

    assert lost(ratio=40.0) == {}
    assert "it was 80" in lost(ratio=39.9)["P3_x"]
    assert lost(ratio=1.0, yardstick="another") == {}
    assert lost(None, ratio=1.0) == {}
    assert lost({key: each for key, each in before.items() if key != "quick"}, ratio=1.0) == {}
    assert lost(value=1.0, ratio=80.0) == {}


def test_what_fell_is_measured_once_more_and_the_better_ratio_counts() -> None:
    slow, fast = _result(ratio=10.0)["figures"], _result(ratio=60.0)["figures"]
    assert better(slow, fast)["P3_x"]["ratio"] == 60.0
    assert better(fast, slow)["P3_x"]["ratio"] == 60.0
    assert fallen(better(slow, fast), _result()) == {}


def test_figures_are_compared_with_those_of_the_same_scale() -> None:
    result = _result(value=1.0)
    assert figures_of(result, "usual") is result["figures"]
    assert figures_of(result, "quick") is result["quick"]
    assert figures_of(result, "full") == figures_of(None, "usual") == {}


def test_a_part_that_fails_says_why_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(_scale: Scale) -> list[Figure]:
        raise OSError("the disk is full\nand more")

    parts = {"first": fails, "second": lambda _scale: [FIGURE, Figure("bare", "without a ratio", 1.0, "s")]}
    found = measure(SCALES["usual"], list(parts), None, parts)
    assert found.failed == {"first": "the disk is full"}
    assert list(found.figures) == ["P3_x", "bare"]
    assert found.figures["P3_x"]["part"] == "second"
    assert capsys.readouterr().err == "first failed: the disk is full\n"
    assert list(measure(SCALES["quick"], ["second"], None, parts).figures) == ["P3_x"]


def test_the_page_and_the_table_say_what_is_not_met() -> None:
    text = page(_result(met=False))
    assert "| P3_x | decode x | 80 x fastavro | >= 80 **not met** | 5 | 80 x fastavro |" in text
    assert "0 of 1 are met" in text
    assert "Not measured" not in text
    assert "* store: no disk" in page(_result() | {"failed": {"store": "no disk"}})
    assert "NOT MET" in line("P3_x", _result(met=False)["figures"]["P3_x"], {})
    assert "ratio 2.00 of the last one" in line("P3_x", _result(ratio=160.0)["figures"]["P3_x"], _result()["figures"])


def test_the_summary_tells_rates_as_shares_of_what_the_survey_sends() -> None:
    told = summary({"P1": {"value": 2702.7}, "P1_cpu": {"value": 0.4}})
    assert "**2,703 alerts a second** of ZTF" in told
    assert "10.0 times the mean of 10,000 alerts every 37 s" in told
    assert told.count("\n") == 1


def test_the_first_round_is_thrown_away_and_all_take_turns() -> None:
    order: list[str] = []
    spent = in_turn({"a": (lambda: order.append("a"), 1), "b": (lambda: order.append("b"), 1)}, 2, least_s=0.0)
    assert order == ["a", "b"] * 3
    assert [len(s.rounds) for s in spent.values()] == [2, 2]
    in_turn({"short": (lambda: order.append("c"), 1)}, 1)
    assert order.count("c") == 1 + MOST_REPEATS


def drawn(seed: int, rows: int) -> pa.RecordBatch:
    chance = np.random.default_rng(seed)
    names = ("mag", "snr", "ra", "dec", "age", "flux", "gal_lat", "total_mag")
    cuts = {"is_positive": pa.array(chance.uniform(size=rows) < 0.8), "ztf_nbad": pa.array([0] * rows, pa.int32())}
    values = {n: pa.array(chance.uniform(0, 30, rows)) for n in names}
    return pa.RecordBatch.from_pydict(values | cuts | {"survey": ["ztf"] * rows})


def passed(conditions: list[Any], batch: pa.RecordBatch, columns: dict[str, Column]) -> list[int]:
    """Alerts that pass each filter, evaluated by itself."""
    there = set(batch.schema.names)

    def look_up(name: str) -> pa.Array:
        return batch.column(name) if name in there else columns[name].empty(batch.num_rows)

    return [each.evaluate(look_up, batch.num_rows).true_count for each in conditions]


def test_generated_filters_pass_the_wanted_share_of_the_ground_and_of_others_like_it() -> None:
    columns: dict[str, Column] = dict(wiring.plan().columns)
    ground = drawn(1, 2000)
    filters = population(Ground.of("ztf", ground), columns, 60, share=10 * SHARE)
    conditions = [f.condition for f in filters]
    assert len({f.condition.text for f in filters}) == 60
    there = passed(conditions, ground, columns)
    assert sum(there) == 10 * SHARE * 60 * 2000
    assert max(there) > 100, "some pass much"
    assert min(there) < 10, "others hardly anything"
    elsewhere = sum(passed(conditions, drawn(2, 2000), columns)) / 60 / 2000
    assert elsewhere == pytest.approx(10 * SHARE, rel=0.1)


def test_a_paced_source_hands_over_what_has_arrived_and_nothing_is_early() -> None:
    source = Paced(MemorySource.of([b"x"] * 20), 20, 0.2)
    reader = source.open()
    taken = 0
    while (batch := reader.next_batch(100)) is not None:
        now = time.perf_counter()
        taken += batch.num_rows
        assert source.arrival(taken) <= now + 1e-6
    assert taken == 20
    assert time.perf_counter() - source.started >= 0.19


def test_a_clocked_sink_notes_the_time_when_a_message_was_durable() -> None:
    sink = Clocked(MemorySink().open())
    rows = pa.RecordBatch.from_pydict({"dedup_id": ["a", "b"], "alert_id": pa.array([1, 2])})
    sink.write(rows)
    assert sink.when == {}
    before = time.perf_counter()
    sink.flush()
    assert set(sink.when) == {1, 2}
    assert min(sink.when.values()) >= before


def test_a_flame_graph_shows_functions_as_wide_as_their_share(tmp_path: Path) -> None:
    stacks = Counter({("main", "read"): 30, ("main", "write", "sync"): 70})
    path = tmp_path / "flame.svg"
    path.write_text(svg(tree(stacks), "a <run>"), encoding="utf-8")
    root = ET.parse(path).getroot()  # noqa: S314  # our own file
    name = "{http://www.w3.org/2000/svg}"
    titles = [t.text for t in root.iter(f"{name}title")]
    assert titles == ["all 100.0%", "main 100.0%", "read 30.0%", "write 70.0%", "sync 70.0%"]
    widths = [float(r.attrib["width"]) for r in root.iter(f"{name}rect")]
    assert widths == pytest.approx([1399.5, 1399.5, 419.5, 979.5, 979.5])


def test_the_sampler_sees_what_runs() -> None:
    def busy() -> None:
        until = time.perf_counter() + 0.2
        while time.perf_counter() < until:
            pass

    with Sampler() as sampler:
        busy()
    assert any("busy" in name for stack in sampler.stacks for name in stack)


def test_memory_is_looked_at_while_a_block_runs() -> None:
    with Resident(0.01) as resident:
        time.sleep(0.5)
    if not Path("/proc/self/status").exists():
        pytest.skip("memory is looked at on Linux alone")
    assert 3 <= len(resident.megabytes) <= 60
    assert 10 < resident.peak < 100_000


def test_levels_of_memory_leave_the_first_quarter_out() -> None:
    grown = [(float(s), 100.0 + min(s, 300)) for s in range(1201)]
    assert levels(grown) == pytest.approx((400.0, 0.0, 1.0), abs=1e-9)
    leaking = [(float(s), 200.0 + 0.5 * s) for s in range(1201)]
    peak, slope, ratio = levels(leaking)
    assert (peak, slope) == pytest.approx((800.0, 30.0))
    assert ratio == pytest.approx((200 + 0.5 * 1170) / (200 + 0.5 * 330))


def test_a_metered_store_notes_the_cpu_of_its_calls_and_gives_what_they_give() -> None:
    class Slow:
        def hashes(self, survey: str, ids: list[int]) -> tuple[str, int]:
            until = time.thread_time() + 0.05
            while time.thread_time() < until:
                pass
            return survey, len(ids)

        def last_unit(self) -> int:
            return 7

    store = Metered(Slow())
    assert store.last_unit() == 7
    assert store.seconds == 0.0
    assert store.hashes("ztf", ids=[1, 2]) == ("ztf", 2)
    assert 0.05 <= store.seconds < 0.2


def test_an_endless_load_is_sent_at_its_rate() -> None:
    out, started = io.BytesIO(), time.perf_counter()
    assert send("ztf", 100, 2.5, out) == 250
    assert time.perf_counter() - started > 1.2, "the last of several batches a second waits for its time"
    assert sum(batch.num_rows for batch in pa.ipc.open_stream(out.getvalue())) == 250


def test_an_endless_load_comes_in_order_from_another_process() -> None:
    reader = Endless("ztf", 500, 0.3).open()
    offsets: list[int] = []
    try:
        while (batch := reader.next_batch(40)) is not None:
            assert batch.num_rows <= 40
            offsets += batch.column("offset").to_pylist()
    finally:
        reader.close()
    assert offsets == list(range(150))


def test_every_scale_measures_parts_that_there_are() -> None:
    assert {part for scale in SCALES.values() for part in scale.parts} == set(PARTS)


def test_real_packets_decode_alike_as_datums_and_as_messages(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINNET_TEST_DATA", str(shared_data))
    surveys = wiring.surveys()
    schemas, wanted = SchemaCache(surveys), {s.name: s.fields() for s in surveys}
    keys = []
    for each in real_packets():
        case = _of_real(each, 9)
        decoded = decode(case.messages, schemas, wanted)
        ((schema, datums),) = case.parts
        alone = decode_datums(pa.array(datums, pa.binary()), schema, wanted[each.survey])
        assert decoded.rejects.num_rows == 0
        assert decoded.alerts[each.survey].fields.equals(alone.fields)
        keys.append(each.key)
    assert keys == [
        *("ztf_now", "ztf_field", "ztf_long"),
        *(f"lsst_{n}_v{v}" for n in ("short", "long") for v in (10, 11)),
    ]


def test_without_the_folder_there_are_no_real_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINNET_TEST_DATA", raising=False)
    assert list(real_packets()) == []


def test_nights_of_any_size_show_the_same_fields_and_other_objects() -> None:
    few, many = nights(4000, 2000, 2), nights(40_000, 20_000, 2)
    first, second = (
        np.stack(given.position(np.arange(0, given.objects, given.per_visit) + 7)) for given in (few, many)
    )
    assert first.shape == second.shape == (2, FIELDS)
    apart = np.abs(first[1] - second[1])
    assert apart.max() < 2 * few.field_radius
    assert np.count_nonzero(apart == 0) <= 1


def test_renamed_alerts_are_of_objects_that_a_filled_store_knows() -> None:
    (batch,) = _messages(Trial("ztf", Schedule(22, 22), renamed=True))
    surveys = wiring.surveys()
    (arrivals,) = open_batch(batch, surveys, SchemaCache(surveys), {s.name: s.fields() for s in surveys}).arrivals
    assert arrivals.alerts.column("object_id").to_pylist() == model("ztf").name_of(np.arange(22))


def test_a_whole_run_accounts_for_every_alert_and_tells_how_late_each_was(tmp_path: Path) -> None:
    for name, seed in (("recording", 1), ("warm", 3)):
        write_recording(tmp_path / name, load_of("ztf", Schedule(60, 60, seed=seed)).batches())
    with home() as (parts, _):
        shutil.copyfile(parts.home.control, tmp_path / "control")
    recording, warm, place, control = (str(tmp_path / name) for name in ("recording", "warm", "home", "control"))
    result: dict[str, Any] = run(Job(recording, warm, place, control, seconds=0.5))
    assert (result["alerts"], result["problem"]) == (60, "")
    assert len(result["latencies"]) == 60
    assert 0 < min(result["latencies"]) <= max(result["latencies"]) < 60
    assert result["seconds"] > 0.45
    assert 0 < result["store_cpu"] < result["cpu"]
    assert 40_000 * 60 < result["bytes"]["raw"] < 60_000 * 60
    assert result["bytes"]["store"] > 0


def test_parts_measured_anew_take_the_place_of_what_they_had_found_before() -> None:
    machine = {"date": "2026-01-01", "commit": "a", "load_average": 0.1}
    old = {
        "x": {"part": "store", "value": 1},
        "gone": {"part": "store", "value": 2},
        "y": {"part": "whole", "value": 3},
    }
    before = {"scale": "full", "machine": machine, "figures": old, "quick": {"q": 1}, "failed": {"store": "no disk"}}
    later = {**machine, "commit": "b"}
    now = {
        "scale": "full",
        "machine": later,
        "figures": {"x": {"part": "store", "value": 9}},
        "quick": {},
        "failed": {},
    }
    found = put_into(before, now, ["store"])
    assert found["figures"] == {"y": old["y"], "x": {"part": "store", "value": 9}}
    assert (found["quick"], found["failed"], found["machine"]) == ({"q": 1}, {}, machine)
    assert found["apart"] == {"store": later}
    assert put_into(before, {**now, "quick": {"q": 2}}, []) == {**before, "quick": {"q": 2}}
    assert put_into(None, now, ["store"]) == now
    with pytest.raises(ValueError, match="scale full"):
        put_into(before, {**now, "scale": "usual"}, ["store"])
