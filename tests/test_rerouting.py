"""Routes that are added, changed and removed while a broker runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pytest

from corridors import Bench, in_memory
from linnet.adapters.memory_sink import MemorySink
from linnet.app.console import OK
from linnet.app.route_feed import RouteFeed
from linnet.core.ports import OpenSink, Progress, Route
from linnet.engines.local import LocalEngine
from linnet.errors import ConfigError
from live_feed import Feed
from live_feed import running as engine_running
from live_feed import until as settled
from live_home import LiveHome, by_time, running, stop, until
from processes import call

EVERY = "everything"


@dataclass
class Sinks:
    """Sinks by target, and what is told while one writes."""

    made: dict[str, MemorySink] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    writing: Callable[[], None] = lambda: None

    def opened(self, route: Route) -> OpenSink:
        """The sink of a route."""
        if route.sink == "none":
            raise ConfigError("no such sink")
        return Noted(self, route.sink, self.made.setdefault(route.sink, MemorySink()).open())

    def ids(self, target: str) -> list[str]:
        """What a sink has."""
        return [row["dedup_id"] for row in self.made[target].durable] if target in self.made else []


@dataclass
class Noted:
    """A sink that tells when it writes and when it is closed."""

    sinks: Sinks
    name: str
    inner: OpenSink

    def write(self, batch: pa.RecordBatch) -> None:
        """Write, once whatever is to happen has happened."""
        self.sinks.writing()
        self.inner.write(batch)

    def flush(self) -> None:
        """Flush."""
        self.inner.flush()

    def close(self) -> None:
        """Note it."""
        self.sinks.closed.append(self.name)


@dataclass
class World:
    """A broker in memory whose routes are read from its control database."""

    bench: Bench
    sinks: Sinks
    feed: Feed

    @classmethod
    def make(cls, *routes: Route) -> World:
        """With these routes."""
        bench, sinks = in_memory(), Sinks()
        bench.control.remove_route("files")
        for route in routes:
            bench.control.add_route(route)
        now = RouteFeed(bench.control, sinks.opened)
        bench = replace(bench, corridor=replace(bench.corridor, routes=now(), rerouted=now.changed))
        return cls(bench, sinks, Feed())

    def engine(self) -> LocalEngine:
        """An engine with patient routes."""
        return LocalEngine(self.bench.corridor, batch=2, age=0.01, patient=True)

    def take(self, values: list[bytes]) -> None:
        """Let alerts arrive, and wait until they are committed and every route has dealt with them."""
        before = sum(place.offset for place in self.bench.store.positions())
        self.feed.put(*values)
        settled(lambda: sum(p.offset for p in self.bench.store.positions()) == before + len(values))
        settled(lambda: all(self.bench.control.cursor(r.name) == self.tags for r in self.bench.control.routes()))

    @property
    def tags(self) -> int:
        """The end of the tag log."""
        return self.bench.store.last_tag()


@pytest.fixture
def packets(samples: Path) -> list[bytes]:
    return [path.read_bytes() for path in by_time([*(samples / "ztf/transient").iterdir()])][:12]


def whole(world: World) -> list[str]:
    """`dedup_id` of every match, in order."""
    return world.sinks.ids("all")


def test_a_route_that_is_added_begins_where_it_is_told_and_one_that_is_removed_gets_no_more(
    packets: list[bytes],
) -> None:
    world = World.make(Route("all", "all"))
    control = world.bench.control
    with engine_running(world.engine(), world.feed) as errors:
        world.take(packets[:4])
        first = world.tags
        control.add_route(Route("next", "next"), Progress(first, since=first))
        control.add_route(Route("whole", "whole"))
        settled(lambda: control.cursor("whole") == first)
        world.take(packets[4:8])
        second = world.tags
        control.remove_route("next")
        settled(lambda: world.sinks.closed == ["next"])
        world.take(packets[8:])
        control.add_route(Route("next", "again"), Progress(world.tags, since=world.tags))
        settled(lambda: control.cursor("next") == world.tags)
    assert errors == []
    assert whole(world) == world.sinks.ids("whole")
    assert 0 < first < second < len(whole(world)) == world.tags
    assert world.sinks.ids("next") == whole(world)[first:second]
    assert world.sinks.ids("again") == []


def test_a_changed_route_goes_on_with_its_new_sink_where_the_old_one_was(packets: list[bytes]) -> None:
    world = World.make(Route("all", "all"), Route("few", "old", (EVERY,)))
    with engine_running(world.engine(), world.feed) as errors:
        world.take(packets[:6])
        world.bench.control.add_route(Route("few", "new", (EVERY,)))
        settled(lambda: world.sinks.closed == ["old"])
        world.take(packets[6:])
    assert errors == []
    wanted = [name for name in whole(world) if f":{EVERY}:" in name]
    assert world.sinks.ids("old") + world.sinks.ids("new") == wanted
    assert min(len(world.sinks.ids("old")), len(world.sinks.ids("new"))) > 0


def test_a_route_that_is_made_anew_while_it_sends_begins_where_the_new_one_was_told(packets: list[bytes]) -> None:
    world = World.make(Route("all", "all"))
    control, once = world.bench.control, list[bool]()

    def anew() -> None:
        if not once and control.cursor("all"):
            once.append(True)
            control.remove_route("all")
            control.add_route(Route("all", "again"))

    world.sinks.writing = anew
    with engine_running(world.engine(), world.feed) as errors:
        world.take(packets[:4])
        world.take(packets[4:])
    assert errors == []
    assert len(whole(world)) < len(set(world.sinks.ids("again"))) == world.tags


def test_a_route_whose_sink_there_is_not_is_left_out_and_costs_nobody_anything(packets: list[bytes]) -> None:
    world = World.make(Route("all", "all"))
    with engine_running(world.engine(), world.feed) as errors:
        world.take(packets[:4])
        world.bench.control.add_route(Route("bad", "none"))
        world.feed.put(*packets[4:])
        settled(lambda: len(whole(world)) == world.tags and sum(world.feed.taken) == len(packets))
    assert errors == []
    with pytest.raises(ConfigError, match="no such sink"):
        World.make(Route("all", "all"), Route("bad", "none"))


def test_a_running_broker_takes_up_and_leaves_routes(tmp_path: Path, samples: Path) -> None:
    home = LiveHome.make(tmp_path)
    done = call("filter", "add", EVERY, "alert_id is not null", "--home", home.path)
    assert done.returncode == OK, done.stderr
    paths = by_time([*(samples / "ztf/transient").iterdir()])[:12]

    def route(*arguments: str) -> None:
        done = call("route", *arguments, "--home", home.path)
        assert done.returncode == OK, done.stderr

    def ids(folder: str) -> list[str]:
        file = home.path / folder / f"{EVERY}.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line)["dedup_id"] for line in lines if line.endswith("}")]

    with running(home) as (broker, _):
        home.drop(paths[:4])
        until(lambda: len(ids("outbox")) == 4, broker)
        route("add", "next", "--sink", "files:next", "--filters", EVERY)
        route("add", "whole", "--sink", "files:whole", "--from-start")
        until(lambda: len(ids("whole")) == 4, broker)
        home.drop(paths[4:8], first=4)
        until(lambda: len(ids("outbox")) == len(ids("whole")) == 8 and len(ids("next")) == 4, broker)
        route("remove", "next")
        home.drop(paths[8:9], first=8)
        until(lambda: len(ids("outbox")) == len(ids("whole")) == 9, broker)
        # It is left with the next commit at the latest: one more match may still be sent, which loses nothing.
        home.drop(paths[9:], first=9)
        until(lambda: len(ids("outbox")) == len(ids("whole")) == 12, broker)
        told = stop(broker)
    assert ids("whole") == ids("outbox")
    assert ids("next") in (ids("outbox")[4:8], ids("outbox")[4:9])
    named = [(line["event"], line["route"]) for line in told if line["event"].startswith("route ")]
    assert sorted(named) == [("route added", "next"), ("route added", "whole"), ("route removed", "next")]
    assert home.audit()["delivered"].keys() == {"files", "whole"}
