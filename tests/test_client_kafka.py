"""The client over Kafka: the same messages as over HTTP, from librdkafka's mock cluster."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from client_site import address, stranger
from linnet_client import Alert, ClientError, CursorError, Listener, UnknownStreamError, listen
from web_broker import BIG, LATE, Site, site

FIRST, SECOND, THIRD = f"ztf:{BIG}:bright:1", f"ztf:{LATE}:bright:1", f"lsst:{BIG}:bright:1"


class Cluster:
    """A Kafka inside this process, of one node; topics have four partitions."""

    def __init__(self) -> None:
        # Its one line of greeting is a notice.
        self.producer = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 4})
        (node,) = self.producer.list_topics(timeout=10).brokers.values()
        self.url = f"kafka://{node.host}:{node.port}"

    def send(self, alert: dict[str, Any], value: bytes | None = None, partition: int = 0, sent: int = 0) -> None:
        """Send one message with its headers, as JSON or as it is given."""
        self.producer.produce(
            f"linnet.{alert['filter']}",
            json.dumps(alert) if value is None else value,
            partition=partition,
            headers=[(n, v.encode()) for n, v in Alert(alert).headers.items()],
            timestamp=sent,
        )
        assert self.producer.flush(10) == 0


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = site(tmp_path_factory.mktemp("site"))
    yield made
    made.broker.store.close()


@pytest.fixture
def sent(here: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = here.client.get("/api/v1/streams/*").json()["messages"]
    assert len(found) == 4
    return found


@pytest.fixture
def kafka(sent: list[dict[str, Any]]) -> Cluster:
    cluster = Cluster()
    for alert in sent:
        cluster.send(alert)
    return cluster


def ids(alerts: list[Alert]) -> list[str]:
    return [a.dedup_id for a in alerts]


def taken(stream: Listener, count: int) -> list[str]:
    """The next so many, one by one: librdkafka hands over what it has when it has it."""
    return [next(stream).dedup_id for _ in range(count)]


def test_the_same_call_gives_the_same_messages_over_kafka_and_http(here: Site, kafka: Cluster) -> None:
    with address(here.broker) as url, listen("bright", url) as http, listen("bright", kafka.url) as stream:
        over_http, over_kafka = http.poll(), [next(stream) for _ in range(3)]
    assert over_kafka == over_http
    assert ids(over_kafka) == [FIRST, SECOND, THIRD]
    assert over_kafka[0].headers == over_http[0].headers


def test_all_partitions_and_all_topics_are_read(kafka: Cluster, sent: list[dict[str, Any]]) -> None:
    for partition in range(1, 4):
        kafka.send({**sent[0], "dedup_id": f"p{partition}"}, partition=partition)
    wanted = {"p1", "p2", "p3", *(a["dedup_id"] for a in sent)}
    with listen("*", kafka.url) as stream:
        assert {next(stream).dedup_id for _ in range(7)} == wanted
        assert stream.poll(timeout=0.3) == []


def test_where_no_filter_has_a_topic_yet_it_waits_for_the_first(
    sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("linnet_client.kafka_log.LOOK_EVERY", 0.2)
    empty = Cluster()
    with listen("*", empty.url) as stream:
        assert stream.poll(timeout=0.5) == []
        empty.send(sent[0])
        assert next(stream).dedup_id == sent[0]["dedup_id"]
    assert [r.getMessage() for r in caplog.records] == ["no topic linnet.* there yet; waiting for the first"]


def test_a_consumer_drops_by_headers_without_decoding(kafka: Cluster, sent: list[dict[str, Any]]) -> None:
    kafka.send({**sent[0], "dedup_id": "broken"}, value=b"no JSON at all")
    kafka.send({**sent[0], "dedup_id": "sound"})
    with listen("bright", kafka.url, where=lambda headers: headers["dedup-id"] != "broken") as stream:
        assert [next(stream).dedup_id for _ in range(4)] == [FIRST, SECOND, THIRD, "sound"]
    with pytest.raises(ClientError, match="neither JSON nor Avro"), listen("bright", kafka.url) as stream:
        [next(stream) for _ in range(4)]


def test_the_cursor_keeps_the_place_in_every_partition(
    kafka: Cluster, sent: list[dict[str, Any]], tmp_path: Path
) -> None:
    kept = tmp_path / "my.cursor"
    with listen("bright", kafka.url, cursor=kept) as stream:
        assert taken(stream, 2) == [FIRST, SECOND]
    kafka.send({**sent[0], "dedup_id": "other"}, partition=3)
    with listen("bright", kafka.url, cursor=kept) as stream:
        assert {next(stream).dedup_id, next(stream).dedup_id} == {THIRD, "other"}
    with listen("bright", kafka.url, cursor=kept) as stream:
        assert stream.poll(timeout=0.5) == []
    with pytest.raises(CursorError, match="is of bright over Kafka, not of bright over HTTP"):
        listen("bright", "http://127.0.0.1:9", cursor=kept)


def test_a_message_in_work_at_a_failure_comes_again(kafka: Cluster, tmp_path: Path) -> None:
    def fails() -> None:
        with listen("bright", kafka.url, cursor=tmp_path / "c") as stream:
            assert next(stream).dedup_id == FIRST
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fails()


def test_from_now_on_is_kept_by_the_cursor_even_if_nothing_came(
    kafka: Cluster, sent: list[dict[str, Any]], tmp_path: Path
) -> None:
    with listen("bright", kafka.url, since="now", cursor=tmp_path / "c") as stream:
        assert stream.poll(timeout=0.5) == []
    kafka.send({**sent[0], "dedup_id": "later"})
    with listen("bright", kafka.url, since="now", cursor=tmp_path / "c") as stream:
        assert next(stream).dedup_id == "later"


def test_it_begins_with_the_newest(kafka: Cluster) -> None:
    with listen("bright", kafka.url, last=2) as stream:
        assert taken(stream, 2) == [SECOND, THIRD]
        assert stream.poll(timeout=0.3) == []


def test_it_begins_where_kafka_says_that_a_time_is(kafka: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Timed(Consumer):
        """The mock cluster knows no times: this one answers for it, with nothing since then in partitions 1 to 3."""

        def offsets_for_times(self, partitions: list[TopicPartition], timeout: float = 0) -> list[TopicPartition]:
            """The second message of partition 0."""
            assert timeout > 0
            asked.extend(p.offset for p in partitions)
            return [TopicPartition(p.topic, p.partition, 1 if p.partition == 0 else -1) for p in partitions]

    monkeypatch.setattr("linnet_client.kafka_log.Consumer", Timed)
    when = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
    with listen("bright", kafka.url, since=when) as stream:
        assert taken(stream, 2) == [SECOND, THIRD]
        assert stream.poll(timeout=0.3) == []
    assert asked == [round(when.timestamp() * 1000)] * 4
    with pytest.raises(ClientError, match="'yesterday' is no time"):
        listen("bright", kafka.url, since="yesterday")


def test_repetitions_are_dropped(kafka: Cluster, sent: list[dict[str, Any]]) -> None:
    for alert in sent:
        kafka.send(alert)
    kafka.send({**sent[0], "dedup_id": "end"})
    with listen("bright", kafka.url) as stream:
        assert [next(stream).dedup_id for _ in range(4)] == [FIRST, SECOND, THIRD, "end"]


def test_what_comes_later_comes_without_asking_again(kafka: Cluster, sent: list[dict[str, Any]]) -> None:
    with listen("bright", kafka.url, since="now") as stream:
        writer = threading.Timer(0.5, kafka.send, ({**sent[0], "dedup_id": "later"},))
        writer.start()
        assert next(stream).dedup_id == "later"
        writer.join()


def test_the_command_listens_to_kafka_with_settings(kafka: Cluster) -> None:
    options = ("--json", "--limit", "3", "--kafka", "client.id=me", "--kafka", "fetch.wait.max.ms=50")
    command = [sys.executable, "-m", "linnet_client", "bright", "--url", kafka.url, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["dedup_id"] for line in done.stdout.splitlines()] == [FIRST, SECOND, THIRD]


def test_wrong_input_is_one_line(kafka: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownStreamError, match=r"no topic linnet.brihgt there; near: linnet.bright"):
        listen("brihgt", kafka.url)
    with pytest.raises(ClientError, match="Kafka: No such configuration property"):
        listen("bright", kafka.url, kafka={"no.such.thing": 1})
    kept = tmp_path / "c"
    kept.write_text('{"stream": "bright over Kafka", "position": {"linnet.bright/0": 1000}}')
    with pytest.raises(CursorError, match="gone from the topic"), listen("bright", kafka.url, cursor=kept) as stream:
        next(stream)
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    monkeypatch.delitem(sys.modules, "linnet_client.kafka_log")
    with pytest.raises(ClientError, match=r"pip install 'linnet-client\[kafka\]'"):
        listen("bright", kafka.url)


def avro(alert: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """A message as framed Avro: ids as long, magnitudes as float; its schema, and the value under the id 7."""
    kinds = {"alert_id": "long", "seq": "long", "version": "int", "mag": ["null", "float"], "is_public": "boolean"}
    fields = []
    for name, value in alert.items():
        kind = kinds.get(name) or {str: "string", float: "double", int: "int", bool: "boolean"}.get(type(value), "null")
        fields.append({"name": name, "type": kind})
    schema = {"type": "record", "name": "match", "fields": fields}
    out = io.BytesIO()
    numbers = {n: int(alert[n]) for n in ("alert_id", "seq")}
    fastavro.schemaless_writer(out, schema, {**alert, **numbers})
    return schema, b"\x00" + struct.pack(">I", 7) + out.getvalue()


def test_avro_of_a_registry_gives_what_json_gives(kafka: Cluster, sent: list[dict[str, Any]]) -> None:
    alert = {**sent[0], "dedup_id": "avro", "mag": 18.2}
    schema, value = avro(alert)
    for _ in range(2):
        kafka.send(alert, value=value)
    told = json.dumps({"schema": json.dumps(schema)}).encode()
    with stranger((200, {}, told), (500, {}, b"")) as registry:  # asked once
        stream = listen("bright", kafka.url, last=2, remember=0, kafka={"registry": registry})
        assert [next(stream), next(stream)] == [alert, alert]
        stream.close()
    with pytest.raises(ClientError, match="address of the schema registry"):
        listen("bright", kafka.url, last=1).poll(timeout=10)
    with stranger((404, {}, b"{}")) as registry, pytest.raises(ClientError, match="schema 7 is not to be had at"):
        listen("bright", kafka.url, last=1, kafka={"registry": registry}).poll(timeout=10)
