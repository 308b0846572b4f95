"""Filters on lists in a whole corridor: streamed, taken up between commits, named in the run, null where it failed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from corridors import PLAN, Bench, in_memory, messages, renumbered
from linnet.adapters.list_files import ListFolder
from linnet.adapters.memory_lists import MemoryListFiles
from linnet.adapters.memory_source import MemorySource
from linnet.app.feed import FilterFeed, Runs
from linnet.app.lists import ListFeed, recorded_lists
from linnet.core.area import normalised
from linnet.core.column import real
from linnet.core.list_port import ListFiles, ListVersion
from linnet.core.membership import KnownLists
from linnet.core.sky import healpix29
from linnet.core.tagging import evaluate
from linnet.core.unit import Run
from linnet.core.watchlist import ENTRY
from linnet.errors import StorageError
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.language import parse
from linnet.filters.things import Things
from linnet.operations.list_keeping import ListKeeping, Told
from linnet.operations.list_past import find_past

OBJECT = (238.6585, 24.6908)
"""Where the alerts of the sample packets are."""

TEXTS = {
    "near": "in_watchlist('mine')",
    "far": "not in_watchlist('mine')",
    "inside": "in_area('field') and mag < 99",
    "outside": "not in_area('field')",
}


def entries(*places: tuple[float, float, float]) -> pa.Table:
    ra, dec, radius = np.array(places, dtype=np.float64).T
    return pa.table([ra, dec, radius, pa.array([f"e{n}" for n in range(len(ra))])], schema=ENTRY)


def cell_around(ra: float, dec: float, order: int = 12) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    shift = 2 * (29 - order)
    first = healpix29(ra, dec)[0] >> shift << shift
    return normalised(np.array([[first, first + (1 << shift)]]))


class Watching:
    """A corridor in memory whose filters ask for lists."""

    def __init__(self, files: ListFiles) -> None:
        self.said: list[str] = []
        self.bench: Bench = in_memory()
        self.files = files
        self.keeping = ListKeeping(self.bench.control, files)
        self.keeping.watchlist("mine", entries((*OBJECT, 3.0)), Told())
        self.keeping.area("field", cell_around(*OBJECT), Told())
        for name, text in TEXTS.items():
            self.bench.control.set_active(name, self.bench.control.add_filter(name, text, topic_line=""))
        self.begin()

    def begin(self) -> None:
        """As when a broker starts."""
        bench = self.bench
        feed = FilterFeed(
            bench.control, bench.store, PLAN, lambda text, error: self.said.append(f"{text.name}: {error}")
        )
        lists = ListFeed(bench.control, self.files, self.failed)
        corridor = replace(
            bench.corridor,
            filters=lambda: lists.taken_up(feed()),
            filters_changed=feed.changed,
            memberships=lists.memberships,
            run_of=lists.named(Runs(PLAN)),
        )
        self.bench = replace(bench, corridor=corridor)

    def failed(self, which: ListVersion, error: StorageError) -> None:
        """Note what is said of a list."""
        self.said.append(f"{which.column}: {error}")

    def take(self, paths: list[Path], topic: str) -> None:
        """Take packets in batches of three."""
        self.bench.engine(batch=3).run([MemorySource((renumbered(messages(paths, topic)),))])

    def tagged(self, name: str) -> int:
        """How many alerts have the tag of a filter."""
        return int(pc.sum(pc.equal(self.bench.store.tags_after(0, 10_000).column("filter"), name)).as_py() or 0)


@pytest.fixture
def packets(samples: Path) -> list[Path]:
    return sorted((samples / "ztf/transient").iterdir())


def test_alerts_are_tagged_by_lists_as_they_come_and_a_new_version_is_taken_up(packets: list[Path]) -> None:
    at = Watching(MemoryListFiles())
    at.take(packets[:6], "a")
    assert [at.tagged(name) for name in TEXTS] == [6, 0, 6, 0]
    at.keeping.watchlist("mine", entries((10.0, 10.0, 3.0)), Told())
    at.keeping.area("field", cell_around(10.0, 10.0), Told())
    at.take(packets[6:9], "b")
    assert [at.tagged(name) for name in TEXTS] == [6, 3, 6, 3]
    runs = {tuple(sorted(run.lists)): run for run in at.bench.store.runs().values()}
    assert set(runs) == {("in_area:field", "in_watchlist:mine")}
    contents = {run.lists["in_watchlist:mine"].split("-")[0] for run in at.bench.store.runs().values()}
    assert contents == {"1", "2"}
    assert at.said == []


def test_a_list_that_nobody_asks_for_changes_no_run(packets: list[Path]) -> None:
    at = Watching(MemoryListFiles())
    for name in TEXTS:
        at.bench.control.set_active(name, None)
    at.take(packets[:3], "a")
    at.keeping.watchlist("mine", entries((10.0, 10.0, 3.0)), Told())
    at.take(packets[3:6], "b")
    assert [dict(run.lists) for run in at.bench.store.runs().values()] == [{}]


@pytest.mark.parametrize("how", ["damaged", "gone"])
def test_no_filter_fires_on_a_list_whose_file_is_damaged_or_gone_and_that_is_said_once(
    packets: list[Path], tmp_path: Path, how: str
) -> None:
    at = Watching(ListFolder(tmp_path))
    for path in (tmp_path / "watchlists/mine/0001.parquet", tmp_path / "areas/field/0001.fits"):
        path.write_bytes(b"torn") if how == "damaged" else path.unlink()
    at.take(packets[:3], "a")
    at.bench.control.add_filter("other", "mag < 20", topic_line="")  # another generation: tried again, said no more
    at.take(packets[3:6], "b")
    assert [at.tagged(name) for name in TEXTS] == [0, 0, 0, 0]
    assert at.tagged("everything") == 6
    assert sorted(line.split(":")[0] + ":" + line.split(":")[1] for line in at.said) == [
        "in_area:field",
        "in_watchlist:mine",
    ]
    assert {content for run in at.bench.store.runs().values() for content in run.lists.values()} == {"failed"}
    at.keeping.watchlist("mine", entries((*OBJECT, 4.0)), Told())
    at.take(packets[6:9], "c")
    assert at.tagged("near") == 3


def test_the_lists_of_a_recorded_run_are_found_again_also_when_they_were_removed(packets: list[Path]) -> None:
    at = Watching(MemoryListFiles())
    at.take(packets[:3], "a")
    (run,) = at.bench.store.runs().values()
    at.keeping.watchlist("mine", entries((10.0, 10.0, 3.0)), Told())
    at.bench.control.lists.remove("watchlist", "mine")
    recorded = recorded_lists(at.bench.control, at.files)
    lists = recorded(run)
    assert lists is not None
    alerts = pa.record_batch({"ra": [OBJECT[0]], "dec": [OBJECT[1]], "healpix": healpix29(*OBJECT)})
    assert lists.of("in_watchlist:mine", alerts).to_pylist() == [True]
    assert dict(lists.contents) == dict(run.lists)
    failed = recorded(replace(run, lists={"in_watchlist:mine": "failed"}))
    assert failed is not None
    assert failed.of("in_watchlist:mine", alerts).to_pylist() == [None]
    assert recorded(Run("x", {}, lists={"in_watchlist:mine": "9-0123456789ab"})) is None


def test_each_list_is_asked_once_for_a_batch_however_many_filters_ask() -> None:
    asked: list[str] = []

    class Counting(KnownLists):
        def of(self, name: str, batch: pa.RecordBatch) -> pa.BooleanArray:  # noqa: ARG002 - as the port has it
            """Note who asks."""
            asked.append(name)
            return pa.array([True, None, False])

    columns = {"mag": real("Magnitude.", unit="mag")}
    things = Things(watchlists=frozenset({"mine"}))
    texts = ["in_watchlist('mine')", "not in_watchlist('mine')", "in_watchlist('mine') and mag < 20", "mag < 20"]
    filters = FilterSet([NamedFilter(f"f{n}", 1, parse(t, columns, things)) for n, t in enumerate(texts)])
    batch = pa.record_batch({"alert_id": [1, 2, 3], "mag": pa.array([19.0, 19.0, 19.0], pa.float32())})
    tags = evaluate(filters, batch, columns, Counting())
    found = {(row["alert_id"], row["filter"]) for row in tags.to_pylist()}
    assert found == {(1, "f0"), (3, "f1"), (1, "f2"), (1, "f3"), (2, "f3"), (3, "f3")}
    assert asked == ["in_watchlist:mine"]
    assert evaluate(filters, batch, columns).column("filter").unique().to_pylist() == ["f3"]


def test_what_of_the_past_lies_in_a_list_is_what_its_filter_would_have_tagged(packets: list[Path]) -> None:
    at = Watching(MemoryListFiles())
    at.take(packets[:9], "a")
    at.bench.engine().finish()  # these are in the archive, the next ones still in the store
    at.take(packets[9:], "b")
    archives = (at.bench.store, at.bench.science)
    for sort, name in (("watchlist", "mine"), ("area", "field")):
        which = at.keeping.current(sort, name)  # type: ignore[arg-type] # one of the two
        told = find_past(which, at.files, archives)
        assert (told.alerts, told.matches, told.objects) == (len(packets), len(packets), 1)
        page = at.files.past(which, limit=100)
        assert page is not None
        tagged = at.bench.store.tags_after(0, 1000, "near").column("alert_id").to_pylist()
        assert sorted(page.rows.column("alert_id").to_pylist()) == sorted(tagged)
        assert page.rows.column("is_first").to_pylist() == [True] + [False] * (len(packets) - 1)
        nights = page.rows.column("known_night").to_pylist()
        assert (told.first, told.last) == (min(nights), max(nights))
        some = find_past(which, at.files, archives, (nights[0], nights[0]))
        assert some.matches == nights.count(nights[0]) < len(packets)
        kept = at.files.past(which)
        assert kept is not None
        assert kept.told == some
    page = at.files.past(at.keeping.current("watchlist", "mine"))
    assert page is not None
    assert set(page.rows.column("label").to_pylist()) == {"e0"}
    assert 0 < page.rows.column("separation")[0].as_py() < 3.0
    far, _ = at.keeping.watchlist("elsewhere", entries((10.0, 10.0, 3.0)), Told())
    assert find_past(far, at.files, archives).matches == 0
