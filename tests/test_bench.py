"""The benchmarks' own arithmetic, and that generated units are what the corridor commits."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow as pa
import pytest
from bench.figures import Figure, percentile
from bench.flame import Sampler, svg, tree
from bench.generated import SHARE, Author
from bench.paced import Clocked, Paced
from bench.results import fallen, line, page
from bench.rounds import in_turn

from linnet.adapters.memory_sink import MemorySink
from linnet.adapters.memory_source import MemorySource
from linnet.app import wiring
from linnet.core.column import Column

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
    return {"machine": machine, "figures": {"P3_x": FIGURE.as_dict() | changes}}


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
    assert fallen(_result(ratio=40.0), before) == []
    (sentence,) = fallen(_result(ratio=39.9), before)
    assert "it was 80" in sentence
    assert fallen(_result(ratio=1.0, yardstick="another"), before) == []
    assert fallen(_result(ratio=1.0), None) == []
    assert fallen(_result(value=1.0, ratio=80.0), before) == []


def test_the_page_and_the_table_say_what_is_not_met() -> None:
    text = page(_result(met=False))
    assert "| P3_x | decode x | 80 x fastavro | >= 80 **not met** | 5 | 80 x fastavro |" in text
    assert "0 of 1 goals are met" in text.replace("\n", " ")
    assert "NOT MET" in line("P3_x", _result(met=False)["figures"]["P3_x"], None)
    assert "ratio 2.00 of the last one" in line("P3_x", _result(ratio=160.0)["figures"]["P3_x"], _result())


def test_the_first_round_is_thrown_away_and_all_take_turns() -> None:
    order: list[str] = []
    spent = in_turn({"a": (lambda: order.append("a"), 1), "b": (lambda: order.append("b"), 1)}, 2)
    assert order == ["a", "b"] * 3
    assert [len(s.rounds) for s in spent.values()] == [2, 2]


def test_generated_filters_together_pass_the_wanted_share_at_most() -> None:
    chance = np.random.default_rng(1)
    names = ("mag", "snr", "ra", "dec", "age", "flux", "gal_lat", "total_mag")
    batch = pa.RecordBatch.from_pydict(
        {n: pa.array(chance.uniform(0, 30, 200)) for n in names} | {"survey": ["ztf"] * 200}
    )
    plan = wiring.plan()
    columns: dict[str, Column] = dict(plan.columns)
    author = Author("ztf", batch, columns)
    texts = author.filters(40)
    passing = [author._passing(text) for text in texts]
    assert len(set(texts)) == 40
    assert sum(passing) <= SHARE * 40 * 200


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
