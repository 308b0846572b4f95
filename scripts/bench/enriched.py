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
from linnet.app.wiring import Parts
from linnet.core.avro_schema import SchemaCache
from linnet.core.tagging import enrich
from linnet.engines.arrivals import open_batch
from linnet.engines.corridor import Corridor

FAR_NIGHT = 99991231


@dataclass(frozen=True)
class Enriched:
    """One batch of one survey on its way.

    Attributes:
        survey: its name.
        alerts: as they come out of decoding, the vocabulary's columns.
        joined: with history and counts: what the first module sees.
        whole: with every module's columns: what filters see.
    """

    survey: str
    alerts: pa.RecordBatch
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
    surveys = wiring.surveys()
    opened = open_batch(
        load_batch(kind, rows, objects=objects), surveys, SchemaCache(surveys), {s.name: s.fields() for s in surveys}
    )
    (arrivals,) = opened.arrivals
    with home() as (parts, _):
        whole = enrich(arrivals.survey, arrivals.alerts, FAR_NIGHT, parts.store, parts.plan, lambda _m, _e: None)
        modules = set(parts.plan.gives)
    joined = whole.select([n for n in whole.schema.names if n not in modules])
    return Enriched(arrivals.survey.name, arrivals.alerts, joined, whole)
