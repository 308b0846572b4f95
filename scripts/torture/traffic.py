"""What is offered: real packets of both surveys, repeats, conflicts and damage, in topics as the surveys have them."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal, cast

import fastavro
from confluent_kafka import Message, Producer

from future_lsst import later_message, registered
from kafka_server import KafkaServer
from linnet.app.load import load_of
from linnet.simulation.load_schedule import Schedule
from linnet.surveys.lsst.schemas import carried
from torture.history import Offered

LSST_TOPIC = "lsst-alerts"
ZTF_TOPICS = ("ztf_20261103_programid1", "ztf_20261104_programid1")
TOPICS = (LSST_TOPIC, "^ztf_[0-9]{8}_programid1")
"""What the broker is told to read."""

LATER = 905
"""Id of a schema that only a registry knows: a later minor version of one that is carried."""

What = Literal["alert", "repeat", "conflict", "damaged"]


@dataclass(frozen=True)
class Traffic:
    """How much of what.

    Attributes:
        alerts: of each of the three topics. partitions: of LSST's.
        damaged, repeated, conflicting: as shares of the alerts; at least one of each.
    """

    alerts: int = 16
    partitions: int = 4
    damaged: float = 0.01
    repeated: float = 0.1
    conflicting: float = 0.1
    seed: int = 1


@dataclass(frozen=True)
class Draft:
    """A message before it is sent."""

    topic: str
    partition: int
    value: bytes
    what: What
    survey: str = ""
    alert_id: int = 0
    datum: bytes = b""


def drafts(traffic: Traffic) -> list[Draft]:
    """All messages in the order in which they are sent."""
    chance = random.Random(traffic.seed)  # noqa: S311 - a reproducible load, no secret
    intact = [*_lsst(traffic), *_ztf(traffic)]
    chance.shuffle(intact)
    found: list[Draft] = list(intact)
    ztf = [each for each in intact if each.survey == "ztf"]
    n = len(intact)
    found += [replace(each, what="repeat") for each in chance.sample(intact, max(1, round(n * traffic.repeated)))]
    found += [_conflict(each) for each in chance.sample(ztf, max(1, round(n * traffic.conflicting)))]
    found += [_damaged(chance, each) for each in chance.choices(intact, k=max(3, round(n * traffic.damaged)))]
    return found


def offer(kafka: KafkaServer, traffic: Traffic) -> list[Offered]:
    """Make the topics, send everything, and tell where each message lies."""
    kafka.create(LSST_TOPIC, traffic.partitions)
    for topic in ZTF_TOPICS:
        kafka.create(topic)
    return send(kafka, drafts(traffic))


def send(kafka: KafkaServer, messages: Sequence[Draft]) -> list[Offered]:
    """Send messages to topics that are there, and tell where each lies once all are acknowledged."""
    settings = {"acks": "all", "linger.ms": 5, "log_level": 0, "message.max.bytes": 8_000_000}
    producer = Producer({"bootstrap.servers": kafka.bootstrap, **settings})
    offsets: dict[int, int] = {}

    def noted(number: int) -> Callable[[object, Message], None]:
        def note(error: object, message: Message) -> None:
            assert error is None, error  # noqa: S101 - nothing may be missing from the load
            offsets[number] = cast("int", message.offset())

        return note

    for number, each in enumerate(messages):
        producer.produce(each.topic, each.value, partition=each.partition, on_delivery=noted(number))
        producer.poll(0)
    if producer.flush(60):
        raise SystemExit("Kafka did not take the load")
    return [_offered(each, offsets[number]) for number, each in enumerate(messages)]


def repeatable(traffic: Traffic) -> Draft:
    """One of the intact messages."""
    return _ztf(traffic)[0]


def schemas() -> dict[int, str]:
    """What the registry has to know."""
    return registered(*divmod(LATER, 100))


def _offered(each: Draft, offset: int) -> Offered:
    datum = sha256(each.datum).hexdigest() if each.datum else ""
    digest = sha256(each.value).hexdigest()
    return Offered(each.topic, each.partition, offset, each.what, each.survey, each.alert_id, digest, datum)


def _lsst(traffic: Traffic) -> list[Draft]:
    """Framed alerts; every fourth one by a schema that nobody carries."""
    found = []
    for number, value in enumerate(_values("lsst", traffic, 1)):
        sent = later_message(value, LATER).value if number % 4 == 3 else value
        partition = number % traffic.partitions
        found.append(Draft(LSST_TOPIC, partition, sent, "alert", "lsst", _lsst_id(value), sent[5:]))
    return found


def _ztf(traffic: Traffic) -> list[Draft]:
    """One container a message, a topic for each night."""
    values = _values("ztf", replace(traffic, alerts=2 * traffic.alerts), 2)
    half = len(values) // 2
    found = []
    for number, value in enumerate(values):
        (record,) = fastavro.reader(io.BytesIO(value))
        topic = ZTF_TOPICS[number >= half]
        alert_id = int(cast("dict[str, Any]", record)["candid"])
        found.append(Draft(topic, 0, value, "alert", "ztf", alert_id, _datum(value)))
    return found


def _values(kind: str, traffic: Traffic, nights: int) -> list[bytes]:
    load = load_of(kind, Schedule(traffic.alerts, traffic.alerts, nights, seed=traffic.seed))
    return [value for batch in load.batches() for value in batch.column("value").to_pylist()]


def _lsst_id(value: bytes) -> int:
    schema = dict(carried(*divmod(int.from_bytes(value[1:5], "big"), 100)))
    record = cast("dict[str, Any]", fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None))
    return int(record["diaSource"]["diaSourceId"])


def _conflict(draft: Draft) -> Draft:
    """The same alert half a magnitude fainter."""
    reader = fastavro.reader(io.BytesIO(draft.value))
    record: Any = next(reader)
    record["candidate"]["magpsf"] += 0.5
    out = io.BytesIO()
    fastavro.writer(out, cast("dict[str, Any]", reader.writer_schema), [record])
    return replace(draft, value=out.getvalue(), what="conflict", datum=_datum(out.getvalue()))


def _datum(container: bytes) -> bytes:
    """The bare datum of a container of one, as fastavro cuts it out."""
    block: Any
    (block,) = fastavro.block_reader(io.BytesIO(container))
    return bytes(block.bytes_.getvalue())


def _damaged(chance: random.Random, draft: Draft) -> Draft:
    """A packet that ends too early, or another beginning."""
    value = draft.value[: chance.randrange(10, len(draft.value) - 40)]
    if chance.random() < 0.3:
        value = chance.randbytes(8) + value[8:]
    return Draft(draft.topic, draft.partition, value, "damaged")
