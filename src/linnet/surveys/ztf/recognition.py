"""Telling a ZTF packet from all others by the fields of its writer schema.

Record names and versions lie: brokers rewrite packets under the name of their own job, and other surveys (Palomar
Gattini-IR, WINTER, ATLAS, DESIRT) took over the layout of ZTF. What no other has is the numbering of ZTF's pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linnet.core.decoding import Schema

TELLING: dict[str, frozenset[str]] = {
    "candid": frozenset({"long", "int"}),
    "pid": frozenset({"long", "int"}),
    "tblid": frozenset({"long", "int"}),
    "nid": frozenset({"int", "long"}),
    "rcid": frozenset({"int", "long"}),
    "fid": frozenset({"int", "long"}),
    "programid": frozenset({"int", "long"}),
    "jd": frozenset({"double"}),
    "ra": frozenset({"double"}),
    "dec": frozenset({"double"}),
    "magpsf": frozenset({"float", "double"}),
    "sigmapsf": frozenset({"float", "double"}),
    "isdiffpos": frozenset({"string", "int", "boolean"}),
    "pdiffimfilename": frozenset({"string"}),
}
"""Fields that the record `candidate` must have, with the types they may have (or be null). All versions from 1.1 have
them. Gattini-IR lacks fid, pid and rcid; WINTER pid, rcid and nid; BABAMUL, which rebuilds packets, tblid and the file
name."""


def is_ztf(schema: Schema) -> bool:
    """Whether a parsed writer schema (record, list of named types) is that of a ZTF packet, rewritten or not."""
    named = _named(schema)
    records = schema if isinstance(schema, list) else [schema]
    return any(_is_alert(record, named) for record in records)


def _is_alert(record: object, named: Mapping[str, Any]) -> bool:
    fields = _fields(record, named)
    candidate = _fields(fields.get("candidate"), named)
    return "prv_candidates" in fields and all(
        name in candidate and bool(_primitives(candidate[name]) & types) for name, types in TELLING.items()
    )


def _fields(kind: object, named: Mapping[str, Any]) -> dict[str, object]:
    """Field name -> type of a record, of a nullable one, or of one given by name; empty for anything else."""
    for branch in kind if isinstance(kind, list) else [kind]:
        record = named.get(_last(branch)) if isinstance(branch, str) else branch
        fields = record.get("fields") if isinstance(record, Mapping) else None
        if isinstance(fields, list):
            return {str(f.get("name")): f.get("type") for f in fields if isinstance(f, Mapping)}
    return {}


def _primitives(kind: object) -> set[str]:
    branches = kind if isinstance(kind, list) else [kind]
    plain = [b.get("type") if isinstance(b, Mapping) else b for b in branches]
    return {name for name in plain if isinstance(name, str)}


def _named(schema: object) -> dict[str, Any]:
    """Records by the last part of their name. Walks with its own stack, so that depth costs nothing.

    The official files give name and namespace apart and refer to both together; no packet has two records whose names
    differ in the namespace alone.
    """
    found: dict[str, Any] = {}
    waiting: list[object] = [schema]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting.extend(here)
        elif isinstance(here, Mapping):
            if here.get("type") == "record" and isinstance(here.get("name"), str):
                found[_last(here["name"])] = here
            waiting.extend(v for k, v in here.items() if k in ("type", "fields", "items", "values"))
    return found


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]
