"""What the sinks of a case hold in the end: lines of its files, messages of its Kafka topic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from confluent_kafka import Consumer, Message, TopicPartition

from torture.history import Received


def in_files(outbox: Path, name: str) -> list[Received]:
    """Every line of the file of one filter."""
    path = outbox / f"{name}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines]
    return [Received("files", r["dedup_id"], r["survey"], int(r["alert_id"]), r["filter"]) for r in rows]


def in_kafka(bootstrap: str, name: str) -> list[Received]:
    """Every message of the topic of one filter, from its beginning to its end now."""
    topic = f"linnet.{name}"
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "torture", "enable.auto.commit": False})
    try:
        if topic not in consumer.list_topics(timeout=20).topics:
            return []
        place = TopicPartition(topic, 0, 0)
        _, end = consumer.get_watermark_offsets(place, timeout=20)
        consumer.assign([place])
        found: list[Received] = []
        while end and consumer.position([place])[0].offset < end:
            for message in consumer.consume(500, 0.2):
                if message.error() is not None:
                    raise SystemExit(f"{topic} cannot be read: {message.error()}")
                found.append(_received(message))
        return found
    finally:
        consumer.close()


def _received(message: Message) -> Received:
    pairs = cast("list[tuple[str, bytes]]", message.headers() or [])
    told = {name: value.decode() for name, value in pairs}
    return Received("kafka", told["dedup-id"], told["survey"], int(told["alert-id"]), told["filter"])
