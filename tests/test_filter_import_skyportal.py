"""SkyPortal's condition trees and BOOM's pipelines keep their meaning, or are refused by the part without one here."""

from __future__ import annotations

import json
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest

from imported_worlds import arrays, boom, our_columns, some_objects
from linnet.app import wiring
from linnet.errors import FilterError
from linnet.filters.importers.skyportal import imported
from linnet.filters.language import parse

COLUMNS = wiring.plan().columns
FILE = Path(__file__).parent / "imported" / "skyportal.toml"
SAMPLES: list[dict[str, Any]] = tomllib.loads(FILE.read_text())["filters"]
WHOLE = [each for each in SAMPLES if not each["refused"]]
OBJECTS = some_objects(random.Random(11), 200, faint=True)
DOCUMENTS = [boom(each) for each in OBJECTS]


def passing(text: str) -> list[bool]:
    found = parse(text, COLUMNS)
    read = arrays(our_columns(OBJECTS, "ztf"), COLUMNS, found.columns)
    return [each is True for each in found.evaluate(read.__getitem__, len(OBJECTS)).to_pylist()]


class Absent:
    """What a document has in the place of a field that it lacks."""


def there(document: Any, path: str) -> Any:
    """The value at a path, as MongoDB finds it."""
    for key in path.split("."):
        document = document.get(key, Absent) if isinstance(document, dict) else Absent
    return document


def compares(operator: str, value: Any, wanted: Any) -> bool:
    """One comparison of MongoDB: only like is compared with like, and a missing value differs from all."""
    if operator == "$in":
        return any(compares("$eq", value, each) for each in wanted)
    if operator == "$exists":
        return (value is not Absent) is wanted
    if operator == "$ne":
        return not compares("$eq", value, wanted)
    if wanted is None:
        return value is Absent or value is None
    like = isinstance(value, str) == isinstance(wanted, str) and isinstance(value, bool) == isinstance(wanted, bool)
    if value is Absent or not like:
        return False
    told = {"$eq": value == wanted, "$lt": value < wanted, "$gt": value > wanted}
    return bool(told.get(operator, value == wanted or (value < wanted if operator == "$lte" else value > wanted)))


def matches(condition: dict[str, Any], document: Any) -> bool:
    """MongoDB's `$match`."""
    return all(_matches(key, value, document) for key, value in condition.items())


def _matches(key: str, value: Any, document: Any) -> bool:
    if key == "$and":
        return all(matches(each, document) for each in value)
    if key in ("$or", "$nor"):
        return any(matches(each, document) for each in value) is (key == "$or")
    if not isinstance(value, dict):
        return compares("$eq", there(document, key), value)
    return all(
        not _matches(key, each, document) if op == "$not" else compares(op, there(document, key), each)
        for op, each in value.items()
    )


def as_match(node: dict[str, Any]) -> dict[str, Any]:
    """The `$match` that SkyPortal's builder makes of a tree."""
    if "children" not in node:
        return {node["field"]: {node["operator"]: node["value"]}}
    whole = {"$or" if node.get("logic", "and").lower() == "or" else "$and": [as_match(c) for c in node["children"]]}
    return {"$nor": [whole]} if node.get("isTrue") is False else whole


def passing_there(original: str) -> list[bool]:
    """What a filter passes in BOOM."""
    found = json.loads(original)
    stages = found["pipeline"] if isinstance(found, dict) else found
    conditions = [each["$match"] if "$match" in each else as_match(each) for each in stages if "$project" not in each]
    # A pipeline for Kowalski lists every spelling of a sign; BOOM has true and false.
    return [all(matches(each, document) for each in conditions) for document in DOCUMENTS]


def test_there_are_ten_of_them_with_their_sources() -> None:
    assert sum(each["source"].startswith("github.com/") for each in SAMPLES) >= 10
    assert len(WHOLE) >= 8


@pytest.mark.parametrize("sample", SAMPLES, ids=[each["name"] for each in SAMPLES])
def test_each_part_without_a_counterpart_is_named_with_its_path(sample: dict[str, Any]) -> None:
    found = imported(sample["original"], COLUMNS)
    assert [part.where for part in found.refused] == sample["refused"]
    assert all(part.reason for part in found.refused)
    assert bool(found.text) is not bool(found.refused)


@pytest.mark.parametrize("sample", WHOLE, ids=[each["name"] for each in WHOLE])
def test_a_translated_tree_passes_what_the_original_passes(sample: dict[str, Any]) -> None:
    wanted = passing_there(sample["original"])
    assert passing(imported(sample["original"], COLUMNS).text) == wanted
    assert any(wanted) or "0.9999" in sample["original"]


LEAVES: list[tuple[str, tuple[Any, ...]]] = [
    ("candidate.drb", (0.5, 0.9, None)),
    ("candidate.magpsf", (17, 19.5)),
    ("candidate.ndethist", (3, 100)),
    ("candidate.sgscore1", (0.3, -999, -1)),
    ("candidate.distpsnr1", (0, 2, 5)),
    ("candidate.fwhm", (2, 4)),
    ("candidate.dec", (0, 30)),
]


def leaf(chance: random.Random) -> dict[str, Any]:
    sort = chance.random()
    if sort < 0.12:
        return {"candidate.isdiffpos": chance.choice((True, False))}
    if sort < 0.25:
        return {"candidate.band": {chance.choice(("$eq", "$ne")): chance.choice("gri")}}
    if sort < 0.35:
        return {"candidate.band": {"$in": [["g"], ["r", "i"], ["i"]][chance.randrange(3)]}}
    if sort < 0.42:
        return {"candidate.ndethist": {"$not": {"$gt": chance.choice((3, 100)), "$lt": 200}}}
    name, values = chance.choice(LEAVES)
    value = chance.choice(values)
    if value is None:
        return {name: chance.choice((None, {"$ne": None}))}
    return {name: {chance.choice(("$lt", "$lte", "$gt", "$gte", "$ne", "$eq")): value}}


def condition(chance: random.Random, depth: int) -> dict[str, Any]:
    if depth == 0 or chance.random() < 0.3:
        return leaf(chance)
    inner = [condition(chance, depth - 1) for _ in range(chance.randint(1, 3))]
    return {chance.choice(("$and", "$or", "$nor")): inner}


def test_random_pipelines_mean_the_same_here_as_in_mongodb() -> None:
    chance = random.Random(5)
    both = {True: 0, False: 0}
    for _ in range(300):
        original = json.dumps([{"$match": condition(chance, 3)}])
        found = imported(original, COLUMNS)
        assert not found.refused, (original, found.refused)
        wanted = passing_there(original)
        assert passing(found.text) == wanted, f"{original}\n{found.text}"
        both[True] += sum(wanted)
        both[False] += len(wanted) - sum(wanted)
    assert min(both.values()) > 10_000


def test_a_block_that_is_turned_around_passes_just_the_others() -> None:
    inner = {"category": "condition", "field": {"name": "candidate.drb"}, "operator": "$gt", "value": "0.9"}
    block = {"category": "block", "logic": "And", "children": [inner]}
    here = passing(imported(json.dumps([block]), COLUMNS).text)
    turned = passing(imported(json.dumps([{**block, "isTrue": False}]), COLUMNS).text)
    assert [not each for each in here] == turned
    assert any(each["drb"] is None and passed for each, passed in zip(OBJECTS, turned, strict=True))


@pytest.mark.parametrize(
    ("original", "why"),
    [
        ("{", "not JSON"),
        ("[" * 5000, "not JSON"),
        (json.dumps([{"$match": {"a": "x" * 300_000}}]), "more than"),
        ("[" + '{"category": "block", "children": [' * 40 + "]}" * 40 + "]", "within each other"),
        ('[{"$match": ' + '{"$and": [' * 40 + "]}" * 40 + "}]", "within each other"),
    ],
    ids=["half", "brackets", "long", "deep tree", "deep match"],
)
def test_what_cannot_be_read_is_refused_in_one_line(original: str, why: str) -> None:
    with pytest.raises(FilterError, match=why):
        imported(original, COLUMNS)


@pytest.mark.parametrize(
    "stage",
    [
        {"$lookup": {"from": "x"}},
        {"$match": {"candidate.drb": {"$regex": "x"}}},
        {"$match": {"candidate.drb": {"$gt": "0.5"}}},
        {"$match": {"candidate.drb": {"$gt": float("nan")}}},
        {"$match": {"candidate.drb": {"$in": []}}},
        {"$match": {"candidate.isdiffpos": {"$in": [1, 0]}}},
        {"$match": {"candidate.band": {"$gt": "g"}}},
        {"$match": {"candidate.sgscore1": {"$exists": True}}},
        {"$match": {"$where": "while(1);"}},
        {"$match": {"__proto__": 1}},
        {"category": "condition", "field": "objects.gmag", "operator": "$lt", "value": 18},
        {"category": "condition", "field": "candidate.drb", "operator": "$gt", "value": "candidate.rb"},
        {"category": "block", "logic": "xor", "children": []},
        {"category": "block", "children": [7]},
        7,
    ],
)
def test_an_odd_stage_is_a_part_without_a_counterpart(stage: Any) -> None:
    found = imported(json.dumps([stage, {"$match": {"candidate.rb": {"$gt": 0.5}}}]), COLUMNS)
    assert len(found.refused) == 1
    assert found.refused[0].where.startswith("$[0]")
    assert not found.text
    assert found.rest == "survey = 'ztf' and ztf_rb > 0.5"
