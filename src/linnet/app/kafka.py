"""What the settings of a home say of Kafka and of the schema registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from linnet.adapters.kafka_access import KafkaAccess
from linnet.adapters.kafka_sink import KafkaSink
from linnet.adapters.schema_registry import SchemaRegistry
from linnet.app.config import CONFIG_FILE, DeliverySettings, KafkaSettings, Settings
from linnet.app.home import Home
from linnet.errors import ConfigError


def access(settings: Settings, bootstrap: str | None = None) -> KafkaAccess:
    """How the Kafka is reached from which alerts come.

    Args:
        settings: of the home.
        bootstrap: another address than that of the settings.

    Raises:
        ConfigError: nobody names an address.
    """
    where = bootstrap or settings.kafka.bootstrap
    if not where:
        raise ConfigError(
            f"no Kafka is named: set LINNET_KAFKA_BOOTSTRAP, or `bootstrap` in the table [kafka] of {CONFIG_FILE}"
        )
    return _access(settings.kafka, where)


def registry(home: Home, settings: Settings) -> SchemaRegistry:
    """Where schemas are looked up that no survey carries: the home's folder, its cache, and the registry, if any."""
    return replace(_registry(settings), folder=home.schemas, cache=home.schema_cache)


def sink(settings: Settings, bootstrap: str, form: Literal["json", "avro"]) -> KafkaSink:
    """Topics `linnet.FILTER` on a Kafka; Avro with the ids of the configured registry, if there is one.

    A password goes to the Kafka for which it was written down, and to no other: that of `[delivery]` to any route where
    the table names none or this address, that of `[kafka]` to its own address.

    Raises:
        ConfigError: nobody names an address.
    """
    given = settings.delivery
    where = bootstrap or given.bootstrap or settings.kafka.bootstrap
    if not where:
        raise ConfigError("a route to Kafka names its address: kafka:HOST:PORT")
    if given.bootstrap in {None, where} and given.user is not None:
        reached = _access(given, where)
    elif where == settings.kafka.bootstrap:
        reached = _access(settings.kafka, where)
    else:
        reached = replace(_access(given, where), user=None, password=None)
    return KafkaSink(
        reached,
        form=form,
        registry=_registry(settings) if form == "avro" and settings.registry.url else None,
        partitions=given.partitions,
        replication=given.replication,
    )


def _access(given: KafkaSettings | DeliverySettings, where: str) -> KafkaAccess:
    authority = None if given.authority is None else Path(given.authority)
    return KafkaAccess(where, given.user, _secret(given.password), given.tls, authority, given.patience)


def _registry(settings: Settings) -> SchemaRegistry:
    given = settings.registry
    return SchemaRegistry(given.url, given.user, _secret(given.password))


def _secret(password: SecretStr | None) -> str | None:
    return None if password is None else password.get_secret_value()
