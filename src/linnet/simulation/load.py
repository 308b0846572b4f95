"""Real packets, made into any number: fresh ids, positions, times and histories, at real sizes.

    Load(LsstLoad(1000), samples, Schedule(alerts=40_000, objects=20_000)).batches()

Samples take turns, so packets that lie side by side differ as a survey's do. One turn of all samples is one block of
bytes; a batch is that block, repeated, with the changing fields written over whole columns at a time. On one core
that takes some 20 us for a ZTF packet and 250 us for one of LSST with 350 previous sources: cheap enough to be the load
on the machine that is measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow as pa

from linnet.core.envelope import ENVELOPE
from linnet.simulation.load_memory import Memory
from linnet.simulation.load_pixels import disturb
from linnet.simulation.load_schedule import Floats, Ints, Schedule
from linnet.simulation.load_slots import patch
from linnet.simulation.load_template import Sample, Sending, Template, Values

BATCH_BYTES = 128 * 1024 * 1024
"""Bytes of packets in a batch at most."""

BATCH_ROWS = 1000
"""Packets in a batch at most: what a broker takes at once by default, so that a recording is read in such pieces."""

DELAY_S = 60.0
"""From the start of an exposure to the message: both surveys promise about a minute."""

_UNIX_EPOCH_MJD = 40587.0


class LoadSurvey(Protocol):
    """How a survey numbers and dates what it sends: `ZtfLoad`, `LsstLoad`."""

    @property
    def topic(self) -> str:
        """Topic of its messages."""

    def template(self, sample: Sample, turn: int) -> Template:
        """The bytes of an object's alert after `turn` earlier ones."""

    def values(self, made: Template, sending: Sending) -> Values:
        """The changing fields of n packets of a template."""


@dataclass(frozen=True)
class Load:
    """A load of alerts.

    Attributes:
        survey: whose.
        samples: the packets to repeat; object i looks like sample i modulo their number.
        given: how many alerts, of how many objects, when and where.
    """

    survey: LoadSurvey
    samples: Sequence[Sample]
    given: Schedule

    @cached_property
    def _memory(self) -> Memory:
        return Memory()

    @cached_property
    def schedule(self) -> Schedule:
        """The schedule with as many objects as the samples divide."""
        return self.given.sized(len(self.samples))

    def batches(self, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Batches of envelopes in order of time; offsets count up from 0.

        Args:
            rows: packets of a batch, rounded up to a multiple of the samples; by default as many as may be.
        """
        schedule, cycle = self.schedule, len(self.samples)
        for turn in range(-(-schedule.alerts // schedule.objects)):
            templates = [self.survey.template(sample, turn) for sample in self.samples]
            size = sum(len(t.packet) for t in templates)
            usual = min(BATCH_ROWS // cycle, BATCH_BYTES // size)
            blocks = max(1, usual if rows is None else -(-rows // cycle))
            last = min(schedule.objects, schedule.alerts - turn * schedule.objects)
            for start in range(0, last, blocks * cycle):
                numbers = np.arange(start, min(start + blocks * cycle, last), dtype=np.int64)
                yield self._batch(templates, turn, numbers)

    def _batch(self, templates: Sequence[Template], turn: int, numbers: Ints) -> pa.RecordBatch:
        """The alerts of some objects in a row, the first one of the first sample."""
        cycle = len(templates)
        whole = np.arange(numbers[0], numbers[0] + -(-len(numbers) // cycle) * cycle, dtype=np.int64)
        packets = np.concatenate([np.frombuffer(t.packet, dtype=np.uint8) for t in templates])
        repeats = len(whole) // cycle
        memory = self._memory.take(len(packets) * repeats)
        rows = memory[: len(packets) * repeats].reshape(repeats, len(packets))
        rows[:] = packets
        sizes = np.array([len(t.packet) for t in templates])
        for nth, (made, at) in enumerate(zip(templates, (np.cumsum(sizes) - sizes).tolist(), strict=True)):
            sending = Sending(self.schedule, whole[nth::cycle], turn)
            patch(rows, at, made.slots, self.survey.values(made, sending))
            disturb(rows, at, made.noisy, sending.number)
        ends = np.cumsum(np.tile(sizes, len(rows)))[: len(numbers)]
        offsets = np.concatenate([[0], ends]).astype(np.int32)
        values = pa.BinaryArray.from_buffers(
            pa.binary(), len(numbers), [None, pa.py_buffer(offsets), pa.py_buffer(memory).slice(0, int(offsets[-1]))]
        )
        return self._envelopes(values, numbers + turn * self.schedule.objects)

    def _envelopes(self, values: pa.Array, alerts: Ints) -> pa.RecordBatch:
        rows = len(alerts)
        sent = _microseconds(self.schedule.mjd(alerts))
        columns = [
            pa.nulls(rows, pa.binary()),
            values,
            pa.array([self.survey.topic] * rows, pa.string()),
            pa.array(np.zeros(rows, dtype=np.int32)),
            pa.array(alerts),
            pa.array(sent).cast(pa.timestamp("us", tz="UTC")),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=ENVELOPE)


def _microseconds(mjd: Floats) -> Ints:
    return np.rint(((mjd - _UNIX_EPOCH_MJD) * 86400.0 + DELAY_S) * 1e6).astype(np.int64)
