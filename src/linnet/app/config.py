"""Configuration: command line over environment over `HOME/linnet.toml` over defaults.

The only file that reads the environment.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from linnet.core import failpoints
from linnet.errors import ConfigError

CONFIG_FILE = "linnet.toml"
DEFAULT_HOME = "linnet-home"


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
    host: Annotated[str, Field(description="Address that `linnet serve` listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Its port; 0 takes a free one.")] = 8000


def home_path(given: Path | None) -> Path:
    """The home folder: as given, or `LINNET_HOME`, or `linnet-home` here."""
    return (given or Path(os.environ.get("LINNET_HOME") or DEFAULT_HOME)).resolve()


def settings(home: Path) -> Settings:
    """The settings of a home.

    Raises:
        ConfigError: `linnet.toml` cannot be read, or a key is unknown or has an unusable value.
    """
    path = home / CONFIG_FILE
    if not path.exists():
        return Settings()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return Settings.model_validate(found)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first(error)}") from error


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


def _first(error: ValidationError) -> str:
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key!r}; known keys: {', '.join(Settings.model_fields)}"
    return f"key {key!r}: {fault['msg'].replace('Input should', 'it should')}; it is {fault['input']!r}"
