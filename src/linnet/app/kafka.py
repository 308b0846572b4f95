"""What the settings of a home say of Kafka and of the schema registry."""

from __future__ import annotations

from pathlib import Path

from linnet.adapters.kafka_access import KafkaAccess
from linnet.adapters.schema_registry import SchemaRegistry
from linnet.app.config import CONFIG_FILE, Settings
from linnet.app.home import Home
from linnet.errors import ConfigError


def access(settings: Settings, bootstrap: str | None = None) -> KafkaAccess:
    """How Kafka is reached.

    Args:
        settings: of the home.
        bootstrap: another address than that of the settings.

    Raises:
        ConfigError: nobody names an address.
    """
    given = settings.kafka
    where = bootstrap or given.bootstrap
    if not where:
        raise ConfigError(
            f"no Kafka is named: set LINNET_KAFKA_BOOTSTRAP, or `bootstrap` in the table [kafka] of {CONFIG_FILE}"
        )
    password = None if given.password is None else given.password.get_secret_value()
    authority = None if given.authority is None else Path(given.authority)
    return KafkaAccess(where, given.user, password, given.tls, authority)


def registry(home: Home, settings: Settings) -> SchemaRegistry:
    """Where schemas are looked up that no survey carries: the home's folder, its cache, and the registry, if any."""
    given = settings.registry
    password = None if given.password is None else given.password.get_secret_value()
    return SchemaRegistry(given.url, given.user, password, folder=home.schemas, cache=home.schema_cache)
