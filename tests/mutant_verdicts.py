"""What became of each damaged packet, held against an independent strict reader.

A message is read by `strict_avro`, written from the specification; its records become columns by way of the tables
`decoded` of the surveys' own tests, which know nothing of the project's decoder. Then everything a damaged packet can
have become is looked for in the store:

| verdict | what must be so |
|---|---|
| refused | a dead letter holds the bytes of the message |
| dead | a dead letter holds the datum of the alert; its reason is true of the values that the strict reader gives |
| accepted | its row has the strict reader's values in every column, within the ranges |
| repeat | the strict reader's values are those of the stored alert of that id, as far as they make its content |
| empty | the strict reader finds a valid container without alerts |
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

import lsst_packets
import ztf_packets
from corridors import SURVEYS, Bench
from mutant_traffic import Sent
from offered_messages import MAGIC, NOON_UTC
from strict_avro import InvalidError, read_container, read_datums

CONTENT = ("object_id", "mjd", "ra", "dec", "band", "flux", "flux_err")
Row = dict[str, Any]
Place = tuple[str, int, int]
"""Topic, offset, index in the message."""


@dataclass(frozen=True)
class Home:
    """What a corridor holds: rows by place and by identity, dead letters by place (-1 for whole messages)."""

    placed: Mapping[Place, Row]
    rows: Mapping[tuple[str, int], Row]
    dead: Mapping[Place, Row]


@dataclass(frozen=True)
class Read:
    """One alert as the strict reader has it, its columns, and its schema."""

    record: Row
    columns: Row
    schema: Any


def home(bench: Bench) -> Home:
    """Everything recorded in the science archive of a finished corridor, and its dead letters."""
    rows = [row for path in bench.science.files("alerts") for row in bench.science.read(path).to_pylist()]
    numbers = bench.store.dead(limit=1_000_000).column("dead_id").to_pylist()
    dead = [bench.store.dead_letter(n).to_pylist()[0] for n in numbers]
    return Home(
        {(r["topic"], r["offset"], r["position"]): r for r in rows},
        {(r["survey"], r["alert_id"]): r for r in rows},
        {(r["topic"], r["offset"], r["position"]): r for r in dead},
    )


def verdicts(sent: Iterable[Sent], found: Home, schemas: Path) -> Counter[str]:
    """Judge every damaged message; gives how often each verdict was. Raises `AssertionError` at the first lie."""
    told: Counter[str] = Counter()
    mutants = []
    for each in sent:
        m = each.message
        letter = found.dead.get((m.topic, m.offset, -1))
        if letter is None:
            mutants.append(each)
            continue
        assert letter["value"] == m.value
        told[f"refused: {letter['reason']}"] += 1
    for each, alerts in zip(mutants, strictly_read(mutants, schemas), strict=True):
        if not alerts:
            told["empty"] += 1
        for index, read in enumerate(alerts):
            told[_verdict(each, index, read, found)] += 1
    return told


def strictly_read(mutants: list[Sent], schemas: Path) -> list[list[Read]]:
    """The alerts of each message. An invalid one raises `AssertionError`: it was not refused and should have been."""
    pairs: list[list[tuple[Row, Any]]] = []
    for each in mutants:
        try:
            pairs.append(_records(each.message.value, schemas))
        except (InvalidError, json.JSONDecodeError, RecursionError) as error:
            raise AssertionError(f"offset {each.message.offset} was taken, but is invalid: {error!r}") from error
    flat = [(n, record, schema) for n, rows in enumerate(pairs) for record, schema in rows]
    out: list[list[Read]] = [[] for _ in mutants]
    modules = {"ztf": ztf_packets, "lsst": lsst_packets}  # the surveys whose packets are damaged
    for survey, module in ((each, modules[each.name]) for each in SURVEYS if each.name in modules):
        mine = [row for row in flat if ("candidate" in row[1]) == (survey.name == "ztf")]
        if mine:
            columns = survey.columns(module.decoded([record for _, record, _ in mine], survey.fields()))
            for (n, record, schema), row in zip(mine, columns.to_pylist(), strict=True):
                out[n].append(Read(record, row, schema))
    return out


def _records(value: bytes, schemas: Path) -> list[tuple[Row, Any]]:
    if value.startswith(MAGIC):
        text, records = read_container(value)
        return [(record, json.loads(text)) for record in records]
    schema = _official(schemas, int.from_bytes(value[1:5], "big"))
    return [(record, schema) for record in read_datums(value[5:], schema)]


@cache
def _official(schemas: Path, number: int) -> Any:
    return lsst_packets.official_schema(schemas / "lsst", number)


def _verdict(each: Sent, index: int, read: Read, found: Home) -> str:
    place = (each.message.topic, each.message.offset, index)
    survey, columns = each.survey, read.columns
    row, letter = found.placed.get(place), found.dead.get(place)
    stored = found.rows.get((survey, columns["alert_id"]))
    if row is not None:
        assert letter is None
        _same(row, columns, each)
        assert in_range(columns), columns
        assert not dated_ahead(columns, each), columns
        return "accepted"
    if letter is not None:
        assert repr(read_datums(letter["value"], read.schema)) == repr([read.record])
        _reason(letter["reason"], columns, each, stored)
        return f"dead: {letter['reason']}"
    assert stored is not None, f"offset {each.message.offset} left no trace"
    assert [stored[n] for n in CONTENT] == [columns[n] for n in CONTENT]
    return "repeat"


def _same(row: Row, columns: Row, each: Sent) -> None:
    assert row["survey"] == each.survey
    names = [n for n in columns if n in row and n != "extra"]
    assert len(names) > 100
    apart = {n: (row[n], columns[n]) for n in names if row[n] != columns[n]}
    assert not apart, f"offset {each.message.offset}: {apart}"


def _reason(reason: str, columns: Row, each: Sent, stored: Row | None) -> None:
    if reason == "BAD_VALUE":
        assert not in_range(columns), columns
    elif reason == "FROM_THE_FUTURE":
        assert in_range(columns)
        assert dated_ahead(columns, each), columns
    else:
        assert reason == "DUP_CONFLICT"
        assert stored is not None
        assert [stored[n] for n in CONTENT] != [columns[n] for n in CONTENT]


def in_range(columns: Row) -> bool:
    """Whether an alert has an id, a time of this age and a place in the sky."""
    mjd, ra, dec = columns["mjd"], columns["ra"], columns["dec"]
    present = None not in (columns["alert_id"], mjd, ra, dec)
    return present and 40_000 <= mjd <= 80_000 and 0 <= ra <= 360 and -90 <= dec <= 90


def dated_ahead(columns: Row, each: Sent) -> bool:
    """Whether an alert's night is later than the one in which its message was sent."""
    assert each.message.timestamp_us is not None
    sent = datetime.fromtimestamp(each.message.timestamp_us / 1e6, UTC) - timedelta(hours=NOON_UTC[each.survey])
    return bool(columns["night"] > int(sent.strftime("%Y%m%d")))


def raw_bytes(bench: Bench, rows: Iterable[Row]) -> list[bytes]:
    """The archived datums of alert rows."""
    table = pa.Table.from_pylist([{n: r[n] for n in ("segment", "block", "place", "length")} for r in rows])
    datums: list[bytes] = bench.raw.read(table.cast(REFERENCE)).to_pylist()
    return datums


REFERENCE = pa.schema([("segment", pa.string()), ("block", pa.int64()), ("place", pa.int32()), ("length", pa.int32())])
