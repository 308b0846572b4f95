"""Alerts with all their columns, and a home to try things in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
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
from linnet.core.ports import Control
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
def home(folder: Path | None = None) -> Iterator[tuple[Parts, Corridor]]:
    """The parts of a new home, in a folder that is gone afterwards where none is given."""
    with tempfile.TemporaryDirectory() as other:
        place = create((folder or Path(other)) / "home")
        with wiring.writer(place, Settings()) as opened:
            yield opened


def add_filters(control: Control, texts: Sequence[str]) -> None:
    """Activate generated filters beside those that ship."""
    for number, text in enumerate(texts):
        name = f"generated_{number:04d}"
        control.set_active(name, control.add_filter(name, text, topic_line="generated for a measurement"))


def enriched(kind: str, rows: int) -> Enriched:
    """New alerts of a kind, with a store that knows none of their objects."""
    surveys = wiring.surveys()
    opened = open_batch(load_batch(kind, rows), surveys, SchemaCache(surveys), {s.name: s.fields() for s in surveys})
    (arrivals,) = opened.arrivals
    with home() as (parts, _):
        whole = enrich(arrivals.survey, arrivals.alerts, FAR_NIGHT, parts.store, parts.plan, lambda _m, _e: None)
        modules = set(parts.plan.gives)
    joined = whole.select([n for n in whole.schema.names if n not in modules])
    return Enriched(arrivals.survey.name, arrivals.alerts, joined, whole)
