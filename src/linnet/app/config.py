"""Configuration: command line over environment over `HOME/linnet.toml` over defaults.

The only file that reads the environment.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from linnet.core import failpoints
from linnet.errors import ConfigError

CONFIG_FILE = "linnet.toml"
DEFAULT_HOME = "linnet-home"


_ENVIRONMENT = re.compile(r"LINNET_(KAFKA|DELIVERY|REGISTRY)_([A-Z_]+)")
"""What the environment sets: LINNET_KAFKA_USER is `user` in the table `[kafka]`."""


class _Connection(BaseModel):
    """How a Kafka is reached."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    bootstrap: Annotated[str | None, Field(description="HOST:PORT, several separated by commas.")] = None
    user: Annotated[str | None, Field(description="User for SASL (SCRAM-SHA-512).")] = None
    password: Annotated[SecretStr | None, Field(description="Its password.")] = None
    tls: Annotated[bool, Field(description="Whether the connection is encrypted.")] = False
    authority: Annotated[str | None, Field(description="File of trusted certificates; else the system's.")] = None
    patience: Annotated[float, Field(gt=0, le=3600, description="Seconds that a silent Kafka is waited for.")] = 10.0


class KafkaSettings(_Connection):
    """Every key of the table `[kafka]`: where alerts come from."""

    group: Annotated[str, Field(min_length=1, description="Group under which Kafka sees our progress.")] = "linnet"


class DeliverySettings(_Connection):
    """Every key of the table `[delivery]`: the Kafka to which routes send, where it is not that of `[kafka]`."""

    partitions: Annotated[int, Field(ge=1, le=1000, description="Of a topic that a route makes.")] = 1
    replication: Annotated[int, Field(ge=-1, le=10, description="Of such a topic; -1: the broker's default.")] = 1


class RegistrySettings(BaseModel):
    """Every key of the table `[registry]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    url: Annotated[str | None, Field(description="Address of a schema registry (Confluent's REST protocol).")] = None
    user: Annotated[str | None, Field(description="User for its basic authentication.")] = None
    password: Annotated[SecretStr | None, Field(description="Its password.")] = None


class Settings(BaseModel):
    """Every key of `linnet.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    batch: Annotated[int, Field(ge=1, le=10_000, description="Messages taken per commit.")] = 1000
    publish_private: Annotated[
        bool, Field(description="Deliver and show data that is not public (ZTF programid other than 1).")
    ] = False
    age: Annotated[
        float, Field(ge=0.01, le=60.0, description="Seconds after which `linnet run` commits a batch, full or not.")
    ] = 0.25
    watch_every: Annotated[
        float, Field(ge=0.01, le=3600.0, description="Seconds between looks at a watched folder.")
    ] = 0.5
    report_every: Annotated[
        float, Field(ge=0.1, le=3600.0, description="Seconds between the lines in which `linnet run` reports.")
    ] = 10.0
    metrics_port: Annotated[
        int, Field(ge=0, le=65535, description="Port of /metrics and /health on 127.0.0.1; 0 takes a free one.")
    ] = 0
    filter_budget: Annotated[
        float, Field(gt=0, le=60.0, description="CPU seconds that one filter may take for a thousand alerts.")
    ] = 0.1
    filter_share: Annotated[
        float,
        Field(gt=0, le=1.0, description="Largest share of a night that a filter may match to be activated unforced."),
    ] = 0.05
    host: Annotated[str, Field(description="Address that `linnet serve` listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Its port; 0 takes a free one.")] = 8000
    kafka: Annotated[KafkaSettings, Field(description="How Kafka is reached.")] = KafkaSettings()
    delivery: Annotated[DeliverySettings, Field(description="How routes reach theirs.")] = DeliverySettings()
    registry: Annotated[RegistrySettings, Field(description="Who knows schemas by their ids.")] = RegistrySettings()


_TABLES: dict[str, type[BaseModel]] = {
    "kafka": KafkaSettings,
    "delivery": DeliverySettings,
    "registry": RegistrySettings,
}
_BOOLEANS: dict[str, object] = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_NUMBERS: dict[str, type] = {"partitions": int, "replication": int, "patience": float}


def home_path(given: Path | None) -> Path:
    """The home folder: as given, or `LINNET_HOME`, or `linnet-home` here."""
    return (given or Path(os.environ.get("LINNET_HOME") or DEFAULT_HOME)).resolve()


def settings(home: Path) -> Settings:
    """The settings of a home.

    Raises:
        ConfigError: `linnet.toml` cannot be read, or a key is unknown or has an unusable value.
    """
    path = home / CONFIG_FILE
    found: dict[str, object] = {}
    try:
        if path.exists():
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        written = Settings.model_validate(found)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first(error)}") from error
    return _with_environment(written)


def arm_failpoint() -> None:
    """Arm what `LINNET_FAILPOINT` names (`06`, or `06:3` for its third passage): for kill tests only.

    Raises:
        ConfigError: there is no such failpoint, or the passage is no number.
    """
    named = os.environ.get("LINNET_FAILPOINT")
    if not named:
        return
    name, _, hits = named.partition(":")
    if not re.fullmatch("[1-9][0-9]{0,8}", hits or "1"):
        raise ConfigError(f"LINNET_FAILPOINT: {hits!r} is no number of passages: write {name} or {name}:3")
    try:
        failpoints.arm(name, int(hits or 1))
    except ValueError as error:
        raise ConfigError(f"LINNET_FAILPOINT: {error}") from error


def _with_environment(written: Settings) -> Settings:
    """Settings with what the environment says of Kafka and the registry instead.

    Raises:
        ConfigError: a variable is unknown or has an unusable value; the message names it.
    """
    for variable, text in sorted(os.environ.items()):
        named = _ENVIRONMENT.fullmatch(variable)
        if named is None or not text:
            continue
        table, key = named[1].lower(), named[2].lower()
        value: object = _BOOLEANS.get(text.lower(), text) if key == "tls" else text
        if key in _NUMBERS and re.fullmatch("-?[0-9]{1,9}", text):
            value = _NUMBERS[key](text)
        before = getattr(written, table)
        try:
            changed = type(before).model_validate({**before.model_dump(), key: value})
        except ValidationError as error:
            raise ConfigError(f"{variable}: {_first(error, type(before))}") from error
        written = written.model_copy(update={table: changed})
    return written


def _first(error: ValidationError, model: type[BaseModel] = Settings) -> str:
    fault = error.errors()[0]
    *tables, last = (str(part) for part in fault["loc"])
    key = ".".join((*tables, last))
    if fault["type"] == "extra_forbidden":
        model = _TABLES[tables[0]] if tables else model
        return f"unknown key {key!r}; known keys: {', '.join(model.model_fields)}"
    if last == "password":
        return f"key {key!r} must be text"
    return f"key {key!r}: {fault['msg'].replace('Input should', 'it should')}; it is {fault['input']!r}"
