"""Whether a writer schema is that of an LSST alert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linnet.core.decoding import Schema
from linnet.surveys.lsst.fields import record_of

_NUMBERS = ("diaSourceId", "diaObjectId", "ssObjectId", "midpointMjdTai", "ra", "dec", "psfFlux", "psfFluxErr")
_NUMERIC = {"int", "long", "float", "double"}

_ONLY_LSST = ("pixelFlags", "ccdVisitId")
"""One of them is in every version since 5.0 and in no other survey that borrowed these names (Roman RAPID)."""


def recognise(schema: Schema) -> bool:
    """Whether this (parsed) schema is that of an LSST alert of version 5.0 or later, or of one rewritten by Spark.

    Told by structure, never by the schema's name, which rewriting loses: a packet with a `diaSource` and its history,
    whose fields have the names that hold since 5.0 and that only LSST sends together. Earlier versions and the
    simulations that build on them (PLAsTiCC, ELAsTiCC) have other names, and another zero point.
    """
    if not isinstance(schema, Mapping):
        return False
    packet = _fields(schema)
    source = _fields(record_of(packet.get("diaSource")))
    return (
        {"prvDiaSources", "prvDiaForcedSources", "diaObject"} <= packet.keys()
        and all(_plain(source.get(name)) & _NUMERIC for name in _NUMBERS)
        and "string" in _plain(source.get("band"))
        and any(name in source for name in _ONLY_LSST)
    )


def _fields(record: Mapping[str, Any] | None) -> dict[str, Any]:
    fields = record.get("fields") if record is not None else None
    if not isinstance(fields, list):
        return {}
    return {f["name"]: f.get("type") for f in fields if isinstance(f, Mapping) and "name" in f}


def _plain(kind: Any) -> set[str]:
    """The names of a field's plain types."""
    return {branch for branch in (kind if isinstance(kind, list) else [kind]) if isinstance(branch, str)}
