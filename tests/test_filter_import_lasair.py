"""Lasair's filters are translated without a change of meaning, or refused by the part that has no counterpart."""

from __future__ import annotations

import json
import random
import re
import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from imported_worlds import Tables, arrays, lasair_lsst, lasair_ztf, our_columns, some_objects
from linnet.app import wiring
from linnet.errors import FilterError
from linnet.filters.importers.lasair import imported
from linnet.filters.language import parse
from linnet.filters.things import Things

COLUMNS = wiring.plan().columns
SAMPLES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "imported" / "lasair.toml").read_text())[
    "filters"
]
NAMES = [each["name"] for each in SAMPLES]
READABLE = [each for each in SAMPLES if "unreadable" not in each]
WHOLE = [each for each in READABLE if not each["refused"]]
LISTS = Things(watchlists=frozenset({"my_sources", "white_dwarfs"}))


def original(sample: dict[str, Any]) -> str:
    """What the importer gets: JSON as Lasair's API takes it where there is a list of tables."""
    if "tables" not in sample:
        return str(sample["original"])
    return json.dumps({"selected": "objects.objectId", "tables": sample["tables"], "conditions": sample["original"]})


def passing(text: str, survey: str, objects: list[dict[str, Any]]) -> list[bool]:
    found = parse(text, COLUMNS, LISTS)
    read: dict[str, pa.Array] = arrays(our_columns(objects, survey), COLUMNS, found.columns)
    listed = pa.array([each["listed"] for each in objects])
    answer = found.evaluate(lambda name: read.get(name, listed), len(objects))
    return [each is True for each in answer.to_pylist()]


def test_there_are_thirty_of_them_with_their_sources() -> None:
    assert len(SAMPLES) >= 30
    assert len(set(NAMES)) == len(NAMES)
    assert all(each["source"].startswith("github.com/") for each in SAMPLES)
    assert len(WHOLE) >= 8


@pytest.mark.parametrize("sample", READABLE, ids=[each["name"] for each in READABLE])
def test_each_part_without_a_counterpart_is_named_with_its_place(sample: dict[str, Any]) -> None:
    found = imported(original(sample), sample.get("lists"))
    assert [part.text for part in found.refused] == sample["refused"]
    for part in found.refused:
        assert part.reason
        if part.where == "tables":
            continue
        place = int(part.where.removeprefix("character ")) - 1
        first = re.split(r"\W", part.text, maxsplit=1)[0]
        assert sample["original"][place : place + len(first)].lower() == first.lower()
    assert bool(found.text) is not bool(found.refused)


@pytest.mark.parametrize("sample", [s for s in SAMPLES if "unreadable" in s], ids=lambda s: str(s["name"]))
def test_what_is_no_condition_is_refused_whole(sample: dict[str, Any]) -> None:
    with pytest.raises(FilterError, match=sample["unreadable"]):
        imported(original(sample))


@pytest.mark.parametrize("sample", WHOLE, ids=[each["name"] for each in WHOLE])
def test_a_translated_filter_passes_what_the_original_passes(sample: dict[str, Any]) -> None:
    found = imported(original(sample), sample.get("lists"))
    survey = re.match("survey = '(ztf|lsst)'|in_watchlist", found.text)
    assert survey
    name = re.search("survey = '(ztf|lsst)'", found.text)
    assert name
    objects = some_objects(random.Random(7), 150, faint=name[1] == "ztf" and "mag" + "rm" not in sample["original"])
    rows = [(lasair_ztf if name[1] == "ztf" else lasair_lsst)(each) for each in objects]
    wanted = Tables(rows).passing(re.sub("#.*", "", sample["original"]))
    if "lists" in sample:
        wanted = [each and here["listed"] for each, here in zip(wanted, objects, strict=True)]
    assert passing(found.text, name[1], objects) == wanted


NUMBERS = {
    "ztf": {
        "ramean": (90, 270),
        "decmean": (0, 45),
        "objects.glatmean": (-10, 10, 20),
        "ABS(objects.glatmean)": (10, 30),
        "gmag": (17, 19.5, 21),
        "objects.rmag": (16, 18, 20),
        "gmag - rmag": (0, 0.5, -1),
        "maggmin": (15, 18),
        "magrmax": (18, 20),
        "magrmean": (17, 19),
        "ncand": (1, 2, 5),
        "objects.ncandgp": (0, 1, 3),
        "ncandgp_7": (0, 1, 2),
        "sgscore1": (0.3, 0.5, -1),
        "distpsnr1": (0, 2, 5),
        "objects.sgmag1 - objects.srmag1": (0, 0.5),
        "-srmag1": (-18, 1000),
        "jdnow() - objects.jdmin": (2, 7, 20),
        "objects.jdmin": (2460020, 2460050.5),
        "objects.jdmax - objects.jdgmax": (0.5, 3),
        "2 * (jdmax - jdmin)": (5, 30),
        "least(gmag, rmag)": (16, 18),
        "jdmin - 2400000.5": (60030, 60060),
    },
    "lsst": {
        "objects.ra": (90, 270),
        "decl": (0, 45),
        "objects.g_psfFlux": (5000, 100000),
        "objects.r_psfFlux / objects.g_psfFlux": (0.5, 2),
        "latest_psfFlux": (10000, 1e6),
        "log10(r_psfFlux)": (4, 6),
        "latestR": (0.3, 0.6),
        "nDiaSources": (1, 5, 20),
        "ngSources": (0, 1, 3),
        "mjdnow() - objects.firstDiaSourceMjdTai": (7, 30),
        "g_latestMJD": (60020, 60050),
    },
}


def condition(chance: random.Random, survey: str, depth: int) -> str:
    """A random condition in Lasair's columns."""
    if depth and chance.random() < 0.7:
        inner = [condition(chance, survey, depth - 1) for _ in range(chance.randint(2, 3))]
        word = chance.choice((" AND ", " or "))
        joined = f"({word.join(inner)})"
        return f"NOT {joined}" if chance.random() < 0.35 else joined
    name, values = chance.choice(list(NUMBERS[survey].items()))
    value = chance.choice(values)
    sort = chance.random()
    if sort < 0.1:
        return f"{name} BETWEEN {value} AND {value + 3}"
    if sort < 0.17 and name not in ("sgscore1", "distpsnr1", "-srmag1", "objects.sgmag1 - objects.srmag1"):
        return f"{name} IS {chance.choice(('', 'NOT '))}NULL"
    if sort < 0.3:
        return f"{value} {chance.choice(('<', '>'))} {name}"
    return f"{name} {chance.choice(('<', '<=', '>', '>=', '<>', '='))} {value}"


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_random_conditions_mean_the_same_here_as_in_a_database(survey: str) -> None:
    chance = random.Random(3)
    objects = some_objects(chance, 60)
    tables = Tables([(lasair_ztf if survey == "ztf" else lasair_lsst)(each) for each in objects])
    told, both = 0, {True: 0, False: 0}
    for _ in range(250):
        text = condition(chance, survey, 3)
        found = imported(text)
        assert not found.refused, (text, found.refused)
        wanted = tables.passing(text)
        assert passing(found.text, survey, objects) == wanted, f"{text}\n{found.text}"
        told += 1
        both[True] += sum(wanted)
        both[False] += len(wanted) - sum(wanted)
    assert told == 250
    assert min(both.values()) > 2000
