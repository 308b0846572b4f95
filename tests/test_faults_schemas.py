"""F18-F20: schemas change while the stream goes on. Nothing is lost: read by its own schema, or parked whole."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pytest

from corridors import Bench, in_memory
from fake_registry import FakeRegistry, serving
from future_lsst import later_message, registered, sent
from linnet.adapters.memory_source import MemorySource
from linnet.adapters.schema_registry import SchemaRegistry
from linnet.core.envelope import Message, envelopes
from linnet.operations.audit import Audit, audit
from linnet.surveys.lsst.schemas import VERSIONS, carried

Schema = dict[str, Any]
LATER = 905


def source_of(schema: Schema) -> list[Schema]:
    """The fields of the diaSource."""
    (found,) = (field["type"]["fields"] for field in schema["fields"] if field["name"] == "diaSource")
    fields: list[Schema] = found
    return fields


def field_of(schema: Schema, name: str) -> Schema:
    """One field of the diaSource."""
    (found,) = (field for field in source_of(schema) if field["name"] == name)
    return found


def added(schema: Schema) -> None:
    source_of(schema).append({"name": "sparkle", "type": ["null", "double"], "default": None})


def optional_removed(schema: Schema) -> None:
    source_of(schema).remove(field_of(schema, "extendedness"))


def required_removed(schema: Schema) -> None:
    source_of(schema).remove(field_of(schema, "ra"))


def widened(schema: Schema) -> None:
    field_of(schema, "psfFlux")["type"] = ["null", "double"]
    field_of(schema, "detector")["type"] = "long"


def renamed(schema: Schema) -> None:
    field_of(schema, "extendedness")["name"] = "roundness"


def reordered(schema: Schema) -> None:
    source_of(schema).reverse()
    schema["fields"][:2] = reversed(schema["fields"][:2])


CHANGES: dict[str, tuple[Callable[[Schema], None], bool]] = {
    "a field added": (added, True),
    "an optional field removed": (optional_removed, True),
    "a required field removed": (required_removed, False),
    "types widened": (widened, True),
    "a field renamed": (renamed, True),
    "the order changed": (reordered, True),
}
"""What changes, and whether packets with it are alerts all the same."""


def changed(change: Callable[[Schema], None]) -> Schema:
    """Schema 9.0 as a later minor version with a change."""
    schema = copy.deepcopy(dict(carried(9, 0)))
    schema["namespace"] = "lsst.v9_5"
    change(schema)
    return schema


def record_of(value: bytes) -> dict[str, Any]:
    """A framed alert of 9.0, read by fastavro."""
    found: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), dict(carried(9, 0)), None)
    return dict(found)


def rewritten(value: bytes, schema_id: int, schema: Schema) -> bytes:
    """A framed alert of 9.0 as another schema sends it; what that has besides is null or its default."""
    record = record_of(value)
    record["diaSource"]["roundness"] = record["diaSource"].get("extendedness")
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return b"\0" + schema_id.to_bytes(4, "big") + out.getvalue()


def taken(values: list[bytes], registry: str, cache: Path | None = None) -> Bench:
    """A corridor that asks a registry, after these messages."""
    bench = in_memory()
    vars(bench.corridor.schemas)["_lookup"] = SchemaRegistry(registry, cache=cache).open()
    offer(bench, values)
    return bench


def offer(bench: Bench, values: list[bytes], first: int = 0) -> None:
    """Messages of one topic through a new engine."""
    engine = bench.engine(4)
    batch = envelopes([Message(value, "lsst-alerts", 0, n) for n, value in enumerate(values, first)])
    engine.run([MemorySource((batch,))], resume=False)
    engine.finish()


def account(bench: Bench) -> Audit:
    found = audit(bench.store, bench.control, bench.raw, deep=True)
    assert found.problems == []
    assert found.received == found.archived + found.duplicates + sum(found.dead.values())
    return found


def rows(bench: Bench) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bench.store.alerts("lsst", bench.store.alert_ids()["lsst"]).to_pylist()
    return found


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_schema_is_read_by_itself_or_its_packets_are_parked(what: str) -> None:
    change, is_read = CHANGES[what]
    schema = changed(change)
    values = sent(6)
    mixed = [rewritten(value, LATER, schema) if n % 2 else value for n, value in enumerate(values)]
    with serving(FakeRegistry({LATER: json.dumps(schema)})) as registry:
        bench = taken(mixed, registry.url)
    plain = taken(values, "http://127.0.0.1:9")
    found = account(bench)
    assert (found.received, found.archived) == (6, 6 if is_read else 3)
    assert found.dead == ({} if is_read else {"UNKNOWN_SCHEMA": 3})
    kept = ("alert_id", "object_id", "mjd", "ra", "dec", "band", "flux", "flux_err", "night", "visit", "detector")
    ours = {row["alert_id"]: {name: row[name] for name in kept} for row in rows(bench)}
    theirs = {row["alert_id"]: {name: row[name] for name in kept} for row in rows(plain)}
    assert ours == {number: row for number, row in theirs.items() if number in ours}
    if change is renamed:
        sent_before = [record_of(value)["diaSource"]["extendedness"] for value in values[1::2]]
        new = [json.loads(row["extra"] or "{}").get("diaSource.roundness") for row in rows(bench)[1::2]]
        assert any(value is not None for value in sent_before)
        assert new == sent_before


def fitted(record: Any, kind: Any, named: dict[str, Any]) -> Any:
    """A value as another version's type holds it: fields that it lacks are left out, what they lack is its default."""
    if isinstance(kind, str) and kind in named:
        kind = named[kind]
    if isinstance(kind, list):
        return None if record is None else fitted(record, next(each for each in kind if each != "null"), named)
    if isinstance(kind, dict) and kind["type"] == "record":
        named[kind["name"]] = kind
        return {f["name"]: fitted((record or {}).get(f["name"]), f["type"], named) for f in kind["fields"]}
    if isinstance(kind, dict) and kind["type"] == "array":
        return [fitted(each, kind["items"], named) for each in record or ()]
    plain = kind if isinstance(kind, str) else kind["type"]
    nothing = {"float": 0.0, "double": 0.0, "boolean": False, "string": "", "bytes": b""}.get(plain, 0)
    return nothing if record is None else record


def test_a_stream_steps_through_every_version_an_unknown_minor_and_an_unknown_major(tmp_path: Path) -> None:
    values = sent(len(VERSIONS) + 2)
    stream = []
    for (major, minor), value in zip(VERSIONS, values, strict=False):
        record = record_of(value)
        schema = json.loads(json.dumps(carried(major, minor)))
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, fitted(record, schema, {}))
        stream.append(b"\0" + (100 * major + minor).to_bytes(4, "big") + out.getvalue())
    stream += [later_message(values[-2], 905).value, later_message(values[-1], 1200).value]
    with serving(FakeRegistry(registered(9, 5) | registered(12, 0))) as registry:
        bench = taken(stream, registry.url, tmp_path)
    found = account(bench)
    assert (found.received, found.archived, found.dead) == (len(stream), len(stream) - 1, {"UNKNOWN_SCHEMA": 1})
    (letter,) = bench.store.dead().to_pylist()
    assert bench.store.dead_letter(letter["dead_id"])["value"].to_pylist() == [stream[-1]]


def test_a_registry_that_is_down_costs_known_ids_nothing_and_parks_the_others(tmp_path: Path) -> None:
    values = sent(6)
    known = [later_message(value, 905).value for value in values[:3]]
    unknown = [later_message(value, 906).value for value in values[3:]]
    with serving(FakeRegistry(registered(9, 5))) as registry:
        assert account(taken(known[:1], registry.url, tmp_path)).archived == 1
        gone = registry.url
    # Nobody listens there any more; 9.5 lies in the cache, 9.0 is carried, 9.6 was never fetched.
    bench = taken([*values[:1], *known[1:], *unknown], gone, tmp_path)
    found = account(bench)
    assert (found.archived, found.dead) == (3, {"UNKNOWN_SCHEMA": 3})
