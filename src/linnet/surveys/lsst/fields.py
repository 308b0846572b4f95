"""The fields of LSST packets: what is wanted of them, and the survey's own columns.

Derived from the carried schemas: the union over all versions, each field under the name with which it was sent and with
the widest type that it ever had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from linnet.core.column import Column
from linnet.core.decoding import Wanted
from linnet.surveys.lsst.schemas import VERSIONS, carried
from linnet.surveys.lsst.units import unit_of

PREFIXES: dict[str, str] = {
    "": "lsst",
    "diaSource": "lsst",
    "diaObject": "lsst_object",
    "ssSource": "lsst_ss",
    "ssObject": "lsst_ssobject",
    "MPCORB": "lsst_mpc",
    "mpc_orbits": "lsst_mpc",
}
"""Record of the packet ("" is the packet itself) -> prefix of its fields' columns. The orbit changed its record's name
in 10.0: both fill the same columns."""

HISTORY: dict[str, dict[str, pa.DataType]] = {
    "prvDiaSources": {
        "diaSourceId": pa.int64(),
        "midpointMjdTai": pa.float64(),
        "band": pa.string(),
        "psfFlux": pa.float32(),
        "psfFluxErr": pa.float32(),
        "timeWithdrawnMjdTai": pa.float64(),
        "ra": pa.float64(),
        "dec": pa.float64(),
    },
    "prvDiaForcedSources": {
        "diaForcedSourceId": pa.int64(),
        "midpointMjdTai": pa.float64(),
        "band": pa.string(),
        "psfFlux": pa.float32(),
        "psfFluxErr": pa.float32(),
        "timeWithdrawnMjdTai": pa.float64(),
    },
    "prvDiaNondetectionLimits": {
        "midpointMjdTai": pa.float64(),
        "band": pa.string(),
        "diaNoise": pa.float32(),
    },
}
"""Lists of the packet -> the fields of their items that make points."""

CUTOUTS = {"science": "cutoutScience", "template": "cutoutTemplate", "difference": "cutoutDifference"}
"""Name of an image -> its field."""

SENTINELS = frozenset({"diaObjectId", "ssObjectId", "ephVmag", "ephRate"})
"""Fields whose 0 means that there is none: null in columns."""

_TYPES = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
}
_WIDER = (pa.int32(), pa.int64(), pa.float32(), pa.float64())
_ELSEWHERE = frozenset({"diaSourceId", *HISTORY, *CUTOUTS.values()})


@dataclass(frozen=True)
class Own:
    """One of the survey's own columns.

    Attributes:
        column: its declaration.
        paths: the packet's fields that fill it, of which a packet has one at most.
        has_sentinel: 0 means null.
    """

    column: Column
    paths: tuple[str, ...]
    has_sentinel: bool


@cache
def own() -> Mapping[str, Own]:
    """Every scalar field that a carried schema declares, by the name of its column.

    The packet's own `diaSourceId` has no column: `lsst_diaSourceId` is that of the `diaSource`, which is the identity.
    """
    columns: dict[str, Own] = {}
    for path, kind in _scalars().items():
        record, _, field = path.rpartition(".")
        name = f"{PREFIXES[record]}_{field}"
        paths = (*columns[name].paths, path) if name in columns else (path,)
        column = Column(kind, _sentence(record, field), unit_of(field))
        columns[name] = Own(column, paths, field in SENTINELS)
    return columns


@cache
def wanted() -> Wanted:
    """What decoding gives of a packet: every declared scalar, and of histories what makes points."""
    return Wanted(scalars=dict(_scalars()), lists=HISTORY, known=_ELSEWHERE)


def record_of(kind: Any) -> Mapping[str, Any] | None:
    """The record of a field's type, be it nullable or not; None for other types."""
    for branch in kind if isinstance(kind, list) else [kind]:
        if isinstance(branch, Mapping) and branch.get("type") == "record":
            return branch
    return None


@cache
def _scalars() -> Mapping[str, pa.DataType]:
    found: dict[str, pa.DataType] = {}
    for version in VERSIONS:
        for path, kind in _declared(carried(*version)):
            found[path] = _widest(found.get(path, kind), kind)
    return found


def _declared(schema: Mapping[str, Any]) -> Iterator[tuple[str, pa.DataType]]:
    """Paths and types of the scalar fields of a schema that become columns."""
    for field in schema["fields"]:
        name = field["name"]
        record = record_of(field["type"])
        if name in PREFIXES and record is not None:
            yield from ((f"{name}.{each['name']}", _type(each["type"])) for each in record["fields"])
        elif name not in _ELSEWHERE:
            yield name, _type(field["type"])


def _type(kind: Any) -> pa.DataType:
    """The Arrow type of a scalar's Avro type; a time stamp stays the number that was sent."""
    branches = [b for b in (kind if isinstance(kind, list) else [kind]) if b != "null"]
    plain = branches[0]["type"] if isinstance(branches[0], Mapping) else branches[0]
    return _TYPES[plain]


def _widest(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    return one if one == other else max(one, other, key=_WIDER.index)


def _sentence(record: str, field: str) -> str:
    where = f"of {record}" if record else "of the packet"
    null = "; null where 0" if field in SENTINELS else ""
    return f"{field} {where}, as sent{null}."
