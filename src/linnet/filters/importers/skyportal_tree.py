"""The two forms of a SkyPortal filter, read into one: the tree of its builder, and BOOM's pipeline of `$match`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from linnet.errors import FilterError
from linnet.filters.importers.report import Part

Json: TypeAlias = object

MAX_LENGTH = 200_000
"""Characters of a filter that is read."""

MAX_DEPTH = 30
"""Blocks within each other."""

_WORDS = {"equals": "$eq", "not equals": "$ne", "in": "$in", "exists": "$exists"}
_LEFT_ASIDE = ("$project", "$sort", "$limit")
_BUILT = ("isVariable", "isListVariable", "isSwitchCase")


@dataclass(frozen=True)
class Test:
    """A condition on one field.

    Attributes:
        path: its place.
        field: its name.
        operator: with a dollar, as in MongoDB.
        value: as given.
        from_builder: whether texts that look like numbers are numbers.
    """

    path: str
    field: str
    operator: str
    value: Json
    from_builder: bool


@dataclass(frozen=True)
class Block:
    """Conditions joined by `and` or `or`; `inverted` where the whole must not hold."""

    path: str
    word: str
    items: tuple[Test | Block | Part, ...]
    inverted: bool = False


@dataclass(frozen=True)
class Tree:
    """A filter.

    Attributes:
        root: everything that must hold; a `Part` in it is one that cannot be read.
        survey: named in the file, lower case, or "".
        remarks: parts that Linnet leaves aside.
    """

    root: Block
    survey: str
    remarks: tuple[Part, ...]


def tree(original: str) -> Tree:
    """Read a filter's JSON.

    Args:
        original: blocks of the builder, or a pipeline, bare or under `filters`, `pipeline` or `altdata`.

    Raises:
        FilterError: it is no JSON, or none of these.
    """
    if len(original) > MAX_LENGTH:
        raise FilterError(f"a filter of more than {MAX_LENGTH} characters is not read", MAX_LENGTH)
    try:
        found = json.loads(original)
    except (ValueError, RecursionError) as error:
        raise FilterError(f"this is not JSON: {error}", getattr(error, "pos", None)) from error
    survey, path = "", "$"
    if isinstance(found, dict):
        survey = _survey(found)
        for key in ("filters", "pipeline", "altdata"):
            if isinstance(found.get(key), list | dict):
                found, path = found[key], f"$.{key}"
                break
    stages = found if isinstance(found, list) else [found]
    reader = _Reader()
    items = [reader.top(each, f"{path}[{i}]" if isinstance(found, list) else path) for i, each in enumerate(stages)]
    return Tree(Block(path, "and", tuple(each for each in items if each)), survey, tuple(reader.remarks))


def _survey(found: Mapping[str, Json]) -> str:
    for key in ("survey", "catalog", "stream"):
        given = found.get(key)
        if isinstance(given, str) and given[:4].lower().rstrip("_") in ("ztf", "lsst"):
            return given[:4].lower().rstrip("_")
    return ""


class _Reader:
    def __init__(self) -> None:
        self.remarks: list[Part] = []

    def top(self, found: Json, path: str) -> Test | Block | Part | None:
        """A block, a condition or a stage."""
        if not isinstance(found, dict):
            return Part(path, _short(found), "a block, a condition or a stage is expected here")
        if found and all(isinstance(key, str) and key.startswith("$") for key in found):
            return self._stage(found, path)
        return self._node(found, path, 0)

    def _stage(self, found: Mapping[str, Json], path: str) -> Test | Block | Part | None:
        (name, value), *more = found.items()
        if name in _LEFT_ASIDE and not more:
            self.remarks.append(
                Part(f"{path}.{name}", _short(value), "says what is sent; here the filter's columns do")
            )
            return None
        if name != "$match" or more or not isinstance(value, dict):
            return Part(path, _short(found), f"a stage {name} has no counterpart")
        return self._match(value, f"{path}.$match", 0)

    def _node(self, found: Mapping[str, Json], path: str, depth: int) -> Test | Block | Part | None:
        if depth > MAX_DEPTH:
            raise FilterError(f"more than {MAX_DEPTH} blocks within each other, at {path[:80]}")
        children = found.get("children")
        if found.get("category", found.get("type")) == "block" or isinstance(children, list):
            return self._block(found, children, path, depth)
        field, value = found.get("field"), found.get("value")
        name = field.get("name") if isinstance(field, dict) else field
        operator = found.get("operator")
        if not name or not operator:
            self.remarks.append(Part(path, _short(found), "a condition without field or operator does nothing there"))
            return None
        if _is_built(found, field) or _is_built({}, value):
            return Part(path, _short(found), "variables, lists and switches of the builder are not translated")
        return Test(path, str(name), _WORDS.get(str(operator), str(operator)), value, from_builder=True)

    def _block(self, found: Mapping[str, Json], children: Json, path: str, depth: int) -> Block | Part | None:
        word = str(found.get("logic") or found.get("operator") or "and").lower()
        if word not in ("and", "or") or not isinstance(children, list | None):
            return Part(path, _short(found), "a block joins its children with and, or with or")
        items = []
        for place, each in enumerate(children or []):
            below = f"{path}.children[{place}]"
            is_node = isinstance(each, dict)
            items.append(self._node(each, below, depth + 1) if is_node else Part(below, _short(each), "no condition"))
        kept = tuple(each for each in items if each)
        if not kept:
            self.remarks.append(Part(path, _short(found), "a block without conditions does nothing there"))
            return None
        return Block(path, word, kept, inverted=found.get("isTrue") is False)

    def _match(self, found: Mapping[str, Json], path: str, depth: int) -> Block:
        if depth > MAX_DEPTH:
            raise FilterError(f"more than {MAX_DEPTH} conditions within each other, at {path[:80]}")
        items: list[Test | Block | Part] = []
        for key, value in found.items():
            below = f"{path}.{key}"
            if key in ("$and", "$or", "$nor") and isinstance(value, list):
                items.append(self._junction(key, value, below, depth))
            elif key.startswith("$"):
                items.append(Part(below, _short(value), f"{key} has no counterpart"))
            else:
                items.append(self._tests(key, value, below))
        return Block(path, "and", tuple(items))

    def _junction(self, key: str, value: list[Json], path: str, depth: int) -> Block:
        items: list[Test | Block | Part] = []
        for place, each in enumerate(value):
            below = f"{path}[{place}]"
            odd = Part(below, _short(each), "no condition")
            items.append(self._match(each, below, depth + 1) if isinstance(each, dict) else odd)
        return Block(path, "and" if key == "$and" else "or", tuple(items), inverted=key == "$nor")

    def _tests(self, name: str, value: Json, path: str) -> Test | Block:
        operators = isinstance(value, dict) and bool(value) and all(str(key).startswith("$") for key in value)
        if not isinstance(value, dict) or not operators:
            return Test(path, name, "$eq", value, from_builder=False)
        items: list[Test | Block | Part] = []
        for key, each in value.items():
            if key == "$not" and isinstance(each, dict):
                inner = self._tests(name, each, f"{path}.$not")
                items.append(Block(f"{path}.$not", "and", (inner,), inverted=True))
            else:
                items.append(Test(f"{path}.{key}", name, str(key), each, from_builder=False))
        return Block(path, "and", tuple(items))


def _is_built(found: Mapping[str, Json], part: Json) -> bool:
    """Whether a part is a variable, a list or a switch that was made in the builder."""
    meta = part.get("_meta") if isinstance(part, dict) else None
    marked = isinstance(meta, dict) and any(meta.get(key) for key in _BUILT)
    is_plain = found.get("fieldType", "schema") == "schema" and not any(found.get(key) for key in _BUILT)
    return marked or not is_plain or (isinstance(part, dict) and meta is None and "children" in part)


def _short(value: Json) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
