"""Filters on light curves over real packets and in whole homes: they agree with what is counted elsewhere. 10 s."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import real_alerts
from corridors import SURVEYS, in_memory
from future_lsst import later_message, registered, sent
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.schema_registry import SchemaRegistry
from linnet.core.envelope import Message, envelopes
from linnet.core.vocabulary import BANDS
from linnet.filters.language import parse
from linnet.operations.audit import audit
from linnet.operations.retry import DeadLetters, Reading
from processes import call
from small_home import ingest

COUNTED = {
    "count(lc)": "n_detections",
    "count(lc where flux > 0)": "n_positive",
    **{f"count(lc where band = '{band}')": f"n_detections_{band}" for band in BANDS},
    "min(lc.mjd)": "first_mjd",
    "max(lc.mjd)": "last_mjd",
    "max(limits.mjd where mjd < first_mjd)": "last_limit_mjd",
    "now() - min(lc.mjd)": "age",
}
"""Functions of the light curve that are columns too (`core.counted`)."""

WITHIN = "count(lc where mjd = now()) >= 1 and max(lc.mjd) <= now() + 0.00001 and std(lc.mjd) <= age + 0.00001"


@pytest.mark.parametrize("survey", [real_alerts.ztf, real_alerts.lsst])
def test_functions_say_of_real_packets_what_their_columns_say(samples: Path, survey: Callable[[Path], Any]) -> None:
    _, batch = survey(samples)
    assert batch.num_rows > 20
    for text, name in COUNTED.items():
        # An age is a float32, the others are as they were counted.
        odd = f"abs({text} - {name}) > {0.01 if name == 'age' else 0} or ({text} is null) != ({name} is null)"
        found = parse(odd, real_alerts.AVAILABLE).evaluate(batch.column, batch.num_rows).to_pylist()
        assert True not in found, text
    found = parse(WITHIN, real_alerts.AVAILABLE).evaluate(batch.column, batch.num_rows).to_pylist()
    assert found.count(True) > batch.num_rows / 4


def answer(*arguments: str | Path) -> Any:
    """What a command answers with --json."""
    done = call(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def add(home: Path, name: str, text: str) -> None:
    """Switch a filter on."""
    done = call("filter", "add", name, text, "--home", home)
    assert done.returncode == 0, done.stderr


def test_a_home_tags_by_the_history_that_it_keeps_and_says_the_same_again(samples: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    same = [f"{text} = {name}" for text, name in COUNTED.items() if name not in ("age", "last_limit_mjd")]
    ingest(samples / "ztf" / "first-night", home)
    before = answer("audit", "--home", home)["archived"]
    add(home, "same", " and ".join(same))
    add(home, "other", f"not ({' and '.join(same)})")
    add(home, "grown", "count(lc where mjd < now() - 0.5) >= 1 and slope(lc.flux) > 0")
    for some in ("ztf/transient", "ztf/variable", "ztf/forced-photometry", "lsst/test-stream"):
        ingest(samples / some, home)
    found = answer("audit", "--deep", "--home", home)
    assert found["ok"]
    assert found["matched"]["same"] == found["archived"] - before > 30
    assert found["matched"].get("other", 0) == 0
    assert 0 < found["matched"]["grown"] < found["archived"] - before

    add(home, "grown", "count(lc where mjd < now() - 0.5) >= 2 and slope(lc.flux) > 0")
    ingest(samples / "ztf" / "one-field", home)
    verified = answer("reprocess", "--verify", "--home", home)
    assert (verified["ok"], verified["other_run"], verified["differences"]) == (True, 0, {})
    assert call("rebuild", "--home", home).returncode == 0
    assert answer("audit", "--home", home)["matched"]["same"] > found["matched"]["same"]


def test_dead_letters_that_come_back_are_judged_by_their_light_curves(tmp_path: Path) -> None:
    bench = in_memory()
    reading = Reading({survey.name: survey for survey in SURVEYS}, bench.corridor.schemas)
    vars(bench.corridor.schemas)["_lookup"] = SchemaRegistry(folder=tmp_path / "schemas").open()
    version = bench.control.add_filter("seen", "count(lc) = n_detections and max(lc.mjd) = now()", topic_line="a test")
    bench.control.set_active("seen", version)
    first, second, third = sent(3)
    night = [Message(third, "lsst-alerts", 0, 0), later_message(first, 1200, 1), later_message(second, 1200, 2)]
    bench.engine().run([MemorySource((envelopes(night),))])
    assert audit(bench.store, bench.control, bench.raw, deep=True).matched["seen"] == 1
    (tmp_path / "schemas").mkdir()
    for number, text in registered(12, 0).items():
        (tmp_path / "schemas" / f"{number}.json").write_text(text)
    engine = bench.engine(1)
    engine.run([DeadLetters(bench.store, reading, "UNKNOWN_SCHEMA")], resume=False)
    engine.finish()
    assert audit(bench.store, bench.control, bench.raw, deep=True).matched["seen"] == 3
