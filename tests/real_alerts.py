"""Real packets as the batches that modules see: survey columns, joined history (of the packet alone) and counts.

Decoded by fastavro, not by our decoder, so that a test of science fails for reasons of science.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import lsst_packets
import ztf_packets
from linnet.core.checks import problems
from linnet.core.column import Column
from linnet.core.counted import counted
from linnet.core.lightcurve import join
from linnet.core.survey import Survey
from linnet.core.unit import POINT
from linnet.core.vocabulary import COMMON
from linnet.surveys.lsst import Lsst
from linnet.surveys.ztf import Ztf

AVAILABLE: Mapping[str, Column] = {**COMMON, **Ztf().own_columns, **Lsst().own_columns}
"""Every column there is before any module runs."""

Records = list[dict[str, Any]]

Reader = Callable[[Path], tuple[Records, pa.RecordBatch]]
"""`ztf` or `lsst` below."""


@cache
def ztf(folder: Path) -> tuple[Records, pa.RecordBatch]:
    """The usable ZTF packets below a folder that has `ztf/`: records, and their columns row by row."""
    records = [p.record for p in ztf_packets.packets(folder / "ztf")]
    survey = Ztf()
    return usable(records, survey.columns(ztf_packets.decoded(records, survey.fields())), survey)


@cache
def lsst(folder: Path) -> tuple[Records, pa.RecordBatch]:
    """The usable LSST packets below a folder that has `lsst/`: records, and their columns row by row."""
    records = [p.record for p in lsst_packets.packets(folder)]
    survey = Lsst()
    return usable(records, survey.columns(lsst_packets.decoded(records, survey.fields())), survey)


def needs_of(batch: pa.RecordBatch, needs: Sequence[str]) -> list[pa.Array]:
    """Arguments of a module; typed nulls for columns of another survey."""
    return [batch.column(n) if n in batch.schema.names else AVAILABLE[n].empty(batch.num_rows) for n in needs]


def unzipped(data: bytes) -> bytes:
    """An image as it is, out of its gzip file where it lies in one."""
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def usable(records: Records, columns: pa.RecordBatch, survey: Survey) -> tuple[Records, pa.RecordBatch]:
    """Records and columns that may be taken, with the joined history (of the packet alone) and counts."""
    good = pc.is_null(problems(columns))
    kept = columns.filter(good)
    parts = {n: kept.column(n) for n in kept.schema.names}
    parts |= join(kept, pa.Table.from_batches([], POINT))
    batch = pa.RecordBatch.from_pydict(parts)
    parts |= counted(batch, survey.night)
    chosen = [record for record, use in zip(records, good.to_pylist(), strict=True) if use]
    return chosen, pa.RecordBatch.from_pydict(parts)
