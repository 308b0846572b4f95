"""Where all cases take place: a Kafka with the traffic in it, a schema registry, the nursery, a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fake_registry import FakeRegistry, serving
from kafka_server import KafkaServer
from torture.case import Place
from torture.nursery import Nursery
from torture.traffic import Traffic, offer, repeatable, schemas


@contextmanager
def world(kafka: KafkaServer, folder: Path, traffic: Traffic) -> Iterator[Place]:
    """Fill the topics of a running Kafka, and be ready for cases until the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with serving(FakeRegistry(schemas())) as registry:
        nursery = Nursery()
        try:
            offered = offer(kafka, traffic)
            yield Place(nursery, kafka.bootstrap, registry.url, offered, repeatable(traffic), folder)
        finally:
            nursery.close()
