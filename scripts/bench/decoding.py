"""Decoding to Arrow, the broker's columns, against fastavro's schemaless reader on the datum alone (P3).

Like for like: datums on both sides. The same as whole messages, with their framing to be taken apart, stands beside it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import fastavro
import pyarrow as pa

from bench.figures import Figure
from bench.real_packets import Packets, real_packets
from bench.rounds import Spent, in_turn
from bench.sample_packets import load_batch, opened
from bench.scale import Scale
from linnet.app import wiring
from linnet.core.avro_decode import decode, decode_datums
from linnet.core.avro_schema import SchemaCache, WriterSchema
from linnet.core.avro_segment import block, header
from linnet.core.decoding import Wanted
from linnet.core.envelope import Message, envelopes
from linnet.engines.arrivals import open_batch

ROWS = (256, 1000)
GOALS = {
    ("ztf_now", 256): ">= 80",
    ("ztf_now", 1000): ">= 80",
    ("lsst_long_v10", 256): ">= 200",
    ("lsst_short_v10", 256): ">= 15",
    ("lsst_short_v10", 1000): ">= 25",
}
"""Of real packets as they are sent now; of the loads in their place where there are none."""

LOADS = {"ztf": "ztf_now", "lsst": "lsst_short_v10", "lsst-long": "lsst_long_v10"}
YARDSTICK = "fastavro, datum alone"
_SYNC = bytes(range(16))


@dataclass(frozen=True)
class Case:
    """One batch to decode.

    Attributes:
        key: for a figure's id. about: what it is, for a person.
        survey: whose.
        parts: the datums of each writer schema.
        messages: the same as envelopes.
        goal: of the datums alone.
    """

    key: str
    about: str
    survey: str
    parts: tuple[tuple[WriterSchema, tuple[bytes, ...]], ...]
    messages: pa.RecordBatch
    goal: str | None

    @property
    def rows(self) -> int:
        """Alerts of the batch."""
        return int(self.messages.num_rows)


def figures(scale: Scale) -> list[Figure]:
    """How many times as fast as fastavro: per survey, history length and batch size."""
    real = list(real_packets())
    found: list[Figure] = []
    for rows in ROWS:
        for each in real:
            if (each.key, rows) in GOALS or not scale.is_quick:
                found += _case(scale, _of_real(each, rows))
        for kind in LOADS:
            if rows == ROWS[0] or not (scale.is_quick or kind == "lsst-long"):
                found += _case(scale, _of_load(kind, rows, aimed=not real))
    return found


def _of_real(each: Packets, rows: int) -> Case:
    datums = tuple(each.datums[n % len(each.datums)] for n in range(rows))
    batch = envelopes([Message(_container(each.schema, datum), "stream") for datum in datums])
    about = f"{each.about}: {len(each.datums)} different ones in turn"
    return Case(each.key, about, each.survey, ((each.schema, datums),), batch, GOALS.get((each.key, rows)))


def _of_load(kind: str, rows: int, *, aimed: bool) -> Case:
    batch = load_batch(kind, rows)
    parts: dict[str, tuple[WriterSchema, list[bytes]]] = {}
    for schema, datum in opened(batch):
        parts.setdefault(schema.fingerprint, (schema, []))[1].append(datum)
    goal = GOALS.get((LOADS[kind], rows)) if aimed else None
    key, survey = f"load_{kind.replace('-', '_')}", kind.partition("-")[0]
    datums = tuple((schema, tuple(values)) for schema, values in parts.values())
    about = f"load {kind}: samples with fresh ids and histories, {len(parts)} writer schemas"
    return Case(key, about, survey, datums, batch, goal)


def _container(schema: WriterSchema, datum: bytes) -> bytes:
    return header(schema.json_text, "null", _SYNC) + block([datum], "null", _SYNC)[0]


def _case(scale: Scale, case: Case) -> list[Figure]:
    surveys = wiring.surveys()
    schemas, wanted = SchemaCache(surveys), {s.name: s.fields() for s in surveys}
    some = tuple(_some(case, scale.yardstick_packets))
    spent = in_turn(
        {
            "fastavro": (_fastavro(some), len(some)),
            "datums": (_datums(case, wanted), case.rows),
            "messages": (lambda: decode(case.messages, schemas, wanted), case.rows),
            "vocabulary": (lambda: open_batch(case.messages, surveys, schemas, wanted), case.rows),
        },
        scale.rounds,
    )
    base, size = spent["fastavro"], sum(len(datum) for _, datum in some) / len(some) / 1000
    note, name = f"{case.about}; datums of {size:.0f} kB", f"{case.key}_{case.rows}"
    what = f"{case.key.replace('_', ' ')}, batch {case.rows}"
    return [
        _times(f"P3_{name}", f"decode {what}", spent["datums"], base, case.goal, note),
        _times(f"messages_{name}", f"decode messages, {what}", spent["messages"], base, None, "framing included"),
        Figure(
            id=f"vocabulary_{name}",
            name=f"decode messages into the vocabulary, {what}",
            value=spent["vocabulary"].least,
            unit="us/alert",
            rounds=spent["vocabulary"].rounds,
        ).beside(spent["vocabulary"].least, YARDSTICK, base.least),
    ]


def _times(name: str, what: str, spent: Spent, base: Spent, goal: str | None, note: str) -> Figure:
    times = tuple(b / each for b, each in zip(base.rounds, spent.rounds, strict=True))
    figure = Figure(name, what, base.least / spent.least, "x fastavro", goal, rounds=times, note=note)
    return figure.beside(spent.least, YARDSTICK, base.least)


def _some(case: Case, most: int) -> Iterator[tuple[WriterSchema, bytes]]:
    """Datums for the yardstick, evenly out of the whole batch, each different one where they repeat."""
    every = [(schema, datum) for schema, datums in case.parts for datum in dict.fromkeys(datums)]
    count = min(most, len(every))
    return (every[n * len(every) // count] for n in range(count))


def _fastavro(some: Sequence[tuple[WriterSchema, bytes]]) -> Callable[[], object]:
    texts = {schema.fingerprint: schema.json_text for schema, _ in some}
    ready = {name: fastavro.parse_schema(json.loads(text)) for name, text in texts.items()}
    given = [(ready[schema.fingerprint], datum) for schema, datum in some]
    return lambda: [fastavro.schemaless_reader(io.BytesIO(datum), schema, None) for schema, datum in given]


def _datums(case: Case, wanted: Mapping[str, Wanted]) -> Callable[[], object]:
    columns = [(schema, pa.array(datums, pa.binary())) for schema, datums in case.parts]
    fields = wanted[case.survey]
    return lambda: [decode_datums(column, schema, fields) for schema, column in columns]
