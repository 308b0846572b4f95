"""What a home's settings and the environment say of Kafka and the schema registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from linnet.adapters.kafka_access import KafkaAccess
from linnet.adapters.schema_registry import SchemaRegistry
from linnet.app.config import Settings, settings
from linnet.app.home import Home
from linnet.app.kafka import access, registry, sink
from linnet.errors import ConfigError

WRITTEN = """
[kafka]
bootstrap = "kafka.example:9092"
user = "alice"
password = "from-file"
tls = true
authority = "/etc/ca.pem"

[registry]
url = "https://registry.example"
"""

DELIVERY = """
[delivery]
bootstrap = "ours:9092"
user = "bob"
password = "delivered"
partitions = 3
"""


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "linnet.toml").write_text(WRITTEN)
    written = access(settings(tmp_path))
    assert (written.bootstrap, written.user, written.password, written.tls) == (
        *("kafka.example:9092", "alice", "from-file", True),
    )
    assert written.authority == Path("/etc/ca.pem")
    monkeypatch.setenv("LINNET_KAFKA_PASSWORD", "from-environment")
    monkeypatch.setenv("LINNET_KAFKA_TLS", "false")
    monkeypatch.setenv("LINNET_REGISTRY_USER", "bob")
    found = settings(tmp_path)
    assert (access(found).password, access(found).tls, access(found).user) == ("from-environment", False, "alice")
    asked = registry(Home(tmp_path), found)
    assert (asked.url, asked.user, asked.folder) == ("https://registry.example", "bob", tmp_path / "schemas")


def test_no_password_is_shown(tmp_path: Path) -> None:
    (tmp_path / "linnet.toml").write_text(WRITTEN)
    found = settings(tmp_path)
    assert "from-file" not in f"{found} {found.model_dump()} {access(found)}"


def test_an_address_is_needed_and_one_on_the_command_line_is_enough() -> None:
    with pytest.raises(ConfigError, match="set LINNET_KAFKA_BOOTSTRAP, or `bootstrap` in the table"):
        access(Settings())
    assert access(Settings(), "127.0.0.1:9092").bootstrap == "127.0.0.1:9092"


def test_a_password_goes_to_its_own_kafka_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "linnet.toml").write_text(WRITTEN)
    found = settings(tmp_path)
    assert sink(found, "kafka.example:9092", "json").access.password == "from-file"  # noqa: S105 - a test's
    assert sink(found, "127.0.0.1:9092", "json").access == KafkaAccess("127.0.0.1:9092")
    (tmp_path / "linnet.toml").write_text(WRITTEN + DELIVERY)
    found = settings(tmp_path)
    ours = sink(found, "", "avro")
    assert (ours.access.bootstrap, ours.access.user, ours.partitions) == ("ours:9092", "bob", 3)
    assert ours.registry == SchemaRegistry("https://registry.example")
    assert sink(found, "elsewhere:9092", "json").access == KafkaAccess("elsewhere:9092")
    with pytest.raises(ConfigError, match="a route to Kafka names its address"):
        sink(Settings(), "", "json")


def test_numbers_of_the_environment_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINNET_DELIVERY_PARTITIONS", "12")
    monkeypatch.setenv("LINNET_DELIVERY_REPLICATION", "-1")
    monkeypatch.setenv("LINNET_DELIVERY_PATIENCE", "3")
    made = sink(settings(tmp_path), "127.0.0.1:9092", "json")
    assert (made.partitions, made.replication, made.access.patience) == (12, -1, 3.0)
