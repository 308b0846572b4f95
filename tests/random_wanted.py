"""Random choices of what is wanted of a schema, with fitting and unfitting types."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa

from linnet.core.decoding import Wanted

KINDS = [
    pa.float32(), pa.float64(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.bool_(), pa.string(), pa.binary(),
]  # fmt: skip # one line a kind reads worse


def random_wanted(rng: random.Random, schema: Any) -> Wanted:
    """Half of all fields, some that are not there, half of the lists; some of the rest known, the others undeclared."""
    paths, lists = list[str](), dict[str, list[str]]()
    _collect(schema, "", paths, lists, {})
    scalars = {path: _kind(rng) for path in [*paths, "absent", "absent.too"] if rng.random() < 0.5}
    chosen = {name: {p: _kind(rng) for p in items if rng.random() < 0.5} for name, items in lists.items()}
    some = {name: items for name, items in chosen.items() if items and rng.random() < 0.8}
    known = frozenset(path for path in paths if path not in scalars and rng.random() < 0.5)
    return Wanted(scalars, some, known)


def _kind(rng: random.Random) -> pa.DataType:
    return rng.choice(KINDS)


def _collect(kind: Any, path: str, paths: list[str], lists: dict[str, list[str]] | None, named: dict[str, Any]) -> None:
    """Paths of everything that is no list or map, and lists with the paths of their items."""
    kind = named.get(kind, kind) if isinstance(kind, str) else kind
    if isinstance(kind, list):
        for branch in kind:
            _collect(branch, path, paths, lists, named)
        return
    form = kind["type"] if isinstance(kind, dict) else kind
    if form == "record":
        named[kind["name"]] = named[f"{kind.get('namespace', '')}.{kind['name']}"] = kind
        for field in kind["fields"]:
            _collect(field["type"], f"{path}.{field['name']}".strip("."), paths, lists, named)
    elif form == "array":
        items = list[str]()
        _collect(kind["items"], "", items, None, named)
        if lists is not None:
            lists[path] = items
    elif isinstance(form, dict | list):
        _collect(form, path, paths, lists, named)
    elif form != "map" and path:
        paths.append(path)
