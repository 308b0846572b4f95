"""A home whose filter matches every alert, delivered to Kafka: then each alert has a delay."""

from __future__ import annotations

from kafka_server import KafkaServer
from linnet.adapters.sqlite_control import SqliteControl
from linnet.app.home import Home
from linnet.app.installing import install
from linnet.core.ports import Route

FILTER = "everything"
ROUTE = "kafka"


def settle(home: Home, kafka: KafkaServer) -> None:
    """One route that delivers every alert to Kafka."""
    settings = f'publish_private = true\n[kafka]\nbootstrap = "{kafka.bootstrap}"\n'
    (home.path / "linnet.toml").write_text(settings, encoding="utf-8")
    control = SqliteControl.open(home.control)
    install(control)
    version = control.add_filter(FILTER, "alert_id is not null", topic_line="every alert")
    control.set_active(FILTER, version)
    control.add_route(Route(ROUTE, f"kafka:{kafka.bootstrap}", (FILTER,)))
    control.close()
