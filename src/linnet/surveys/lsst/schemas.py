"""The writer schemas that the package carries, by the number that a framed message names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from linnet.core.decoding import Schema

VERSIONS = ((7, 0), (7, 1), (7, 2), (7, 3), (7, 4), (8, 0), (9, 0), (10, 0), (10, 1), (11, 0), (11, 1))
"""(major, minor) of every carried schema, oldest first."""

_FOLDER = "lsst_schemas"
_NAMESPACE = re.compile(r"lsst\.v([0-9]{1,4})_[0-9]")
_IDS = {100 * major + minor: (major, minor) for major, minor in VERSIONS}


def named_schema(schema_id: int) -> Mapping[str, Any] | None:
    """The writer schema of a schema id (major x 100 + minor), self-contained, or None for an id that is not carried.

    The numbering is that of the Rubin alert stream (lsst/alert_packet; DMTN-093).
    """
    version = _IDS.get(schema_id)
    return None if version is None else carried(*version)


def is_known_major(schema: Schema, schema_id: int) -> bool:
    """Whether a schema is of a major version that is carried: minor ones only add (DMTN-093).

    The version stands in the namespace (`lsst.v11_1`), whatever a registry numbers by; the id says it where a rewritten
    schema has lost its namespace.
    """
    space = schema.get("namespace") if isinstance(schema, Mapping) else None
    named = _NAMESPACE.match(space) if isinstance(space, str) else None
    major = int(named[1]) if named else schema_id // 100
    return major in {known for known, _ in VERSIONS}


@cache
def carried(major: int, minor: int) -> Mapping[str, Any]:
    """The schema of a version in `VERSIONS`, read once."""
    source = files("linnet.surveys") / _FOLDER / f"v{major}_{minor}.json"
    schema: Mapping[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return schema
