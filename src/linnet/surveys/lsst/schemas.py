"""The writer schemas that the package carries, by the number that a framed message names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

VERSIONS = ((7, 0), (7, 1), (7, 2), (7, 3), (7, 4), (8, 0), (9, 0), (10, 0), (10, 1), (11, 0), (11, 1))
"""(major, minor) of every carried schema, oldest first."""

_FOLDER = "lsst_schemas"
_IDS = {100 * major + minor: (major, minor) for major, minor in VERSIONS}


def named_schema(schema_id: int) -> Mapping[str, Any] | None:
    """The writer schema of a schema id (major x 100 + minor), self-contained, or None for an id that is not carried.

    The numbering is that of the Rubin alert stream (lsst/alert_packet; DMTN-093).
    """
    version = _IDS.get(schema_id)
    return None if version is None else carried(*version)


@cache
def carried(major: int, minor: int) -> Mapping[str, Any]:
    """The schema of a version in `VERSIONS`, read once."""
    source = files("linnet.surveys") / _FOLDER / f"v{major}_{minor}.json"
    schema: Mapping[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return schema
