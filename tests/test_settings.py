"""What a home's settings and the environment say of Kafka and the schema registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from linnet.app.config import Settings, settings
from linnet.app.home import Home
from linnet.app.kafka import access, registry
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
