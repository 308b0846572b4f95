"""Writer schemas by id: registry, folder, cache, and what happens to packets while nobody can be asked."""

from __future__ import annotations

import json
import pickle
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_registry import FakeRegistry, serving
from future_lsst import NOTE, SPARKLE, later_message, registered, sent
from kafka_server import free_ports
from linnet.adapters.recording import write_recording
from linnet.adapters.schema_registry import OpenSchemaRegistry, SchemaRegistry
from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.decoding import Decoded
from linnet.core.envelope import Message, envelopes
from linnet.core.schema_lookup import SchemaText
from linnet.errors import ConfigError, NotFoundError, ServiceError
from linnet.surveys.lsst import Lsst
from linnet.surveys.lsst.schemas import carried
from processes import linnet

LSST = Lsst()
TEXT = json.dumps(carried(7, 4))


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with serving(FakeRegistry({704: TEXT})) as served:
        yield served


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_a_schema_is_fetched_once_and_kept_on_disk(registry: FakeRegistry, tmp_path: Path) -> None:
    about = SchemaRegistry(registry.url, cache=tmp_path / "cache")
    opened = about.open()
    for _ in range(3):
        assert opened.schema(704) == SchemaText(TEXT.encode())
    assert registry.asked == ["GET /schemas/ids/704"]
    again = pickle.loads(pickle.dumps(about)).open()  # noqa: S301 - our own bytes
    registry.schemas.clear()
    assert again.schema(704) == SchemaText(TEXT.encode())
    assert len(registry.asked) == 1


def test_two_registries_with_the_same_ids_are_not_mixed_up(registry: FakeRegistry, tmp_path: Path) -> None:
    SchemaRegistry(registry.url, cache=tmp_path).open().schema(704)
    with serving(FakeRegistry({704: "[]"})) as other:
        assert SchemaRegistry(other.url, cache=tmp_path).open().schema(704) == SchemaText(b"[]")


def test_an_id_that_is_not_there_is_asked_for_again_later(registry: FakeRegistry) -> None:
    clock = Clock()
    opened = OpenSchemaRegistry(SchemaRegistry(registry.url, again_after=30), clock)
    assert opened.schema(705) is None
    registry.schemas[705] = TEXT
    assert opened.schema(705) is None
    assert len(registry.asked) == 1
    clock.now = 31
    assert opened.schema(705) == SchemaText(TEXT.encode())


def test_user_and_password_are_sent_and_wrong_ones_told(registry: FakeRegistry) -> None:
    registry.secret = ("alice", "right")
    assert SchemaRegistry(registry.url, "alice", "right").open().schema(704) is not None
    wrong = SchemaRegistry(registry.url, "alice", "wrong")
    assert "wrong" not in repr(wrong)
    with pytest.raises(ServiceError, match=r"^the schema registry http://127\S+ refuses this user and password$"):
        wrong.open().schema(704)


def test_a_registry_that_is_down_is_told_at_once_and_asked_again_later(registry: FakeRegistry) -> None:
    clock = Clock()
    (port,) = free_ports(1)
    opened = OpenSchemaRegistry(SchemaRegistry(f"http://127.0.0.1:{port}", again_after=30, timeout=0.5), clock)
    for _ in range(3):
        with pytest.raises(ServiceError, match=r"cannot be reached: .*refused"):
            opened.schema(704)
    nonsense = SchemaRegistry(registry.url, again_after=0)
    for content, sentence in ((b"<html>", "no JSON"), (b"[]", "no JSON object"), (b"x" * 2**21, "longer than")):
        registry.nonsense = content
        with pytest.raises(ServiceError, match=sentence):
            nonsense.open().schema(704)
    registry.nonsense = b'{"schema": "[]", "references": [{"name": "other"}]}'
    with pytest.raises(ServiceError, match="stands alone"):
        nonsense.open().schema(704)
    with pytest.raises(ServiceError, match="cannot be"):
        SchemaRegistry("no address at all").open().schema(704)


def test_a_folder_stands_in_for_a_registry(tmp_path: Path) -> None:
    opened = SchemaRegistry(folder=tmp_path).open()
    assert opened.schema(1200) is None
    (tmp_path / "1200.avsc").write_text(TEXT)
    assert opened.schema(1200) == SchemaText(TEXT.encode(), is_accepted=True)


def test_accepting_puts_a_schema_into_the_folder(registry: FakeRegistry, tmp_path: Path) -> None:
    opened = SchemaRegistry(registry.url, folder=tmp_path / "schemas").open()
    opened.accept(704)
    assert opened.schema(704) == SchemaText(TEXT.encode(), is_accepted=True)
    with pytest.raises(NotFoundError, match=r"put it into .*schemas as 1300.json"):
        opened.accept(1300)
    with pytest.raises(ConfigError, match="no folder"):
        SchemaRegistry(registry.url).open().accept(704)


def test_a_schema_is_registered_once(registry: FakeRegistry) -> None:
    opened = SchemaRegistry(registry.url).open()
    first = opened.register("linnet.everything-value", '{"type": "record", "name": "alert", "fields": []}')
    assert opened.register("linnet.everything-value", registry.schemas[first]) == first
    assert registry.asked == ["POST /subjects/linnet.everything-value/versions"]
    assert registry.subjects == {"linnet.everything-value": [first]}
    registry.nonsense = b"{}"
    with pytest.raises(ServiceError, match="gave no id"):
        opened.register("other", "{}")


def _message(shared: Path, schema_id: int) -> Message:
    """The minimal v11.1 alert of the shared data, written by a later schema."""
    path = shared / "lsst" / "kafka-wire-format-minimal" / "lsst.v11_1.avro"
    return later_message(path.read_bytes(), schema_id)


def _decoded(message: Message, cache: SchemaCache) -> Decoded:
    return decode(envelopes([message]), cache, {"lsst": LSST.fields()})


def test_an_unknown_minor_version_is_read_by_its_own_schema_and_what_is_new_is_kept(shared_data: Path) -> None:
    schema = registered(11, 2, (11, 1))
    message = _message(shared_data, 1102)
    alone = _decoded(message, SchemaCache([LSST]))
    assert alone.rejects["detail"].to_pylist() == ["no survey here knows the schema id 1102"]
    with serving(FakeRegistry(schema)) as registry:
        found = _decoded(message, SchemaCache([LSST], SchemaRegistry(registry.url).open()))
    (alert,) = found.alerts["lsst"].fields.to_pylist()
    assert found.rejects.num_rows == 0
    assert json.loads(alert["extra"]) == {"brokerNote": NOTE, "diaSource.sparkle": SPARKLE}
    assert alert["diaSource.diaSourceId"] > 0


def test_an_unknown_major_version_is_kept_until_it_is_accepted(shared_data: Path, tmp_path: Path) -> None:
    schema = registered(12, 0, (11, 1))
    message = _message(shared_data, 1200)
    with serving(FakeRegistry(schema)) as registry:
        opened = SchemaRegistry(registry.url, folder=tmp_path).open()
        cache = SchemaCache([LSST], opened)
        refused = _decoded(message, cache).rejects.to_pylist()
        assert [row["reason"] for row in refused] == ["UNKNOWN_SCHEMA"]
        assert "major version that lsst here was not written for" in refused[0]["detail"]
        opened.accept(1200)
        assert len(_decoded(message, cache).alerts["lsst"]) == 1


def test_packets_are_read_as_soon_as_the_registry_is_back(shared_data: Path) -> None:
    schema = registered(11, 3, (11, 1))
    message = _message(shared_data, 1103)
    with serving(FakeRegistry()) as registry:
        clock = Clock()
        cache = SchemaCache([LSST], OpenSchemaRegistry(SchemaRegistry(registry.url), clock))
        assert _decoded(message, cache).rejects["reason"].to_pylist() == ["UNKNOWN_SCHEMA"]
        known = (shared_data / "lsst" / "kafka-wire-format").glob("*.avro")
        assert _decoded(Message(next(known).read_bytes(), "lsst-alerts"), cache).rejects.num_rows == 0
        registry.schemas |= schema
        clock.now = 100
        assert len(_decoded(message, cache).alerts["lsst"]) == 1


def test_a_kill_while_a_schema_is_kept_loses_nothing(tmp_path: Path) -> None:
    home, tape = tmp_path / "home", tmp_path / "night.arrow"
    write_recording(tape, [envelopes([later_message(each, 902, n) for n, each in enumerate(sent(3))])])
    with serving(FakeRegistry(registered(9, 2))) as registry:
        environment = {"LINNET_REGISTRY_URL": registry.url}
        killed = linnet("ingest", tape, "--home", home, LINNET_FAILPOINT="14", **environment)
        assert killed.returncode == -signal.SIGKILL
        done = linnet("ingest", tape, "--home", home, "--json", **environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert len(registry.asked) == 2
    found = json.loads(done.stdout)
    assert (found["ok"], found["received"], found["archived"], found["dead"]) == (True, 3, 3, {})
    # The registry is gone and its answer stays.
    again = json.loads(linnet("ingest", tape, "--home", home, "--json", **environment).stdout)
    assert (again["run"]["duplicates"], again["dead"]) == (3, {})


def test_what_a_registry_gives_is_checked_like_every_schema(shared_data: Path) -> None:
    recursive = {"type": "record", "name": "alert", "fields": [{"name": "a", "type": ["null", "alert"]}]}
    message = _message(shared_data, 1102)
    with serving(FakeRegistry({1102: json.dumps(recursive)})) as registry:
        found = _decoded(message, SchemaCache([LSST], SchemaRegistry(registry.url).open()))
        assert found.rejects["reason"].to_pylist() == ["BAD_SCHEMA"]
    other = {"type": "record", "name": "other", "fields": [{"name": "a", "type": "int"}]}
    with serving(FakeRegistry({1102: json.dumps(other)})) as registry:
        found = _decoded(message, SchemaCache([LSST], SchemaRegistry(registry.url).open()))
        assert found.rejects["detail"].to_pylist() == ["no survey here knows the schema 'other' of id 1102"]
