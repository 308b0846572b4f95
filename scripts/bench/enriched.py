"""Alerts with all their columns, and a home to try things in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from bench.sample_packets import load_batch
from linnet.app import wiring
from linnet.app.config import Settings
from linnet.app.home import create
from linnet.app.load import load_of
from linnet.app.wiring import Parts
from linnet.core.avro_schema import SchemaCache
from linnet.core.tagging import enrich
from linnet.engines.arrivals import Arrivals, open_batch
from linnet.engines.corridor import Corridor
from linnet.simulation.load_schedule import Schedule

FAR_NIGHT = 99991231
PIECE = 250
"""Alerts of a ground that are opened at once."""


@dataclass(frozen=True)
class Enriched:
    """One batch of one survey on its way.

    Attributes:
        survey: its name.
        joined: with history and counts: what the first module sees.
        whole: with every module's columns: what filters see.
    """

    survey: str
    joined: pa.RecordBatch
    whole: pa.RecordBatch


@contextmanager
def home(control: Path | None = None) -> Iterator[tuple[Parts, Corridor]]:
    """The parts of a new home that is gone afterwards; with a control database as it is in this file."""
    with tempfile.TemporaryDirectory() as folder:
        place = create(Path(folder) / "home")
        if control is not None:
            shutil.copyfile(control, place.control)
        with wiring.writer(place, Settings()) as opened:
            yield opened


def enriched(kind: str, rows: int, *, objects: int | None = None) -> Enriched:
    """New alerts of a kind, with a store that knows none of their objects."""
    arrivals = _opened(load_batch(kind, rows, objects=objects))
    with home() as (parts, _):
        whole = _enriched(arrivals, parts)
        modules = set(parts.plan.gives)
    joined = whole.select([n for n in whole.schema.names if n not in modules])
    return Enriched(arrivals.survey.name, joined, whole)


def ground(kind: str, given: Schedule) -> tuple[str, pa.RecordBatch]:
    """A survey, and the columns without lists of any number of alerts with all of them."""
    pieces: list[pa.RecordBatch] = []
    with home() as (parts, _):
        for batch in load_of(kind, given).batches(rows=PIECE):
            arrivals = _opened(batch)
            whole = _enriched(arrivals, parts)
            pieces.append(whole.select([f.name for f in whole.schema if not pa.types.is_nested(f.type)]))
    return arrivals.survey.name, pa.Table.from_batches(pieces).combine_chunks().to_batches()[0]


def _opened(batch: pa.RecordBatch) -> Arrivals:
    surveys = wiring.surveys()
    (arrivals,) = open_batch(batch, surveys, SchemaCache(surveys), {s.name: s.fields() for s in surveys}).arrivals
    return arrivals


def _enriched(arrivals: Arrivals, parts: Parts) -> pa.RecordBatch:
    return enrich(arrivals.survey, arrivals.alerts, FAR_NIGHT, parts.store, parts.plan, lambda _m, _e: None)
