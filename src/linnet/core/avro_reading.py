"""Runs the decoder's machine over datums: programs and layouts kept between batches, arenas that grow."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.avro_arrow import Arena, Octets, address, record_batch, text_places
from linnet.core.avro_extra import undeclared
from linnet.core.avro_layout import Layout, Numbers
from linnet.core.avro_machine import kernels
from linnet.core.avro_notes import Noted, extras
from linnet.core.avro_program import Program, compile_program
from linnet.core.avro_schema import COMPILED, WriterSchema
from linnet.core.decoding import Wanted
from linnet.core.recent import Recent

MAX_ARENA = 2 * 1024**3
"""Bytes of the columns of one survey in one batch."""

MAX_DATUMS = 2**31 - 1
"""Bytes of one survey's datums in one batch: what a binary column holds."""

BATCH_FULL = -4
"""The kernel's error of a message for which there is no more room in the batch."""

START, END, COUNT, MESSAGE, LEAST = range(5)
"""Columns of a table of jobs (int64): where datums lie in the data, how many, in which message, fewest bytes of one."""

_LAYOUTS = 16
_SYMBOLS = 4 * 1024 * 1024
"""Bytes of enum symbols with which a layout begins anew: every schema of a stranger adds its own."""

_FIRST_ROWS = 65536


@dataclass(frozen=True, eq=False)
class Compiled:
    """A program for one layout, with its templates, which belong to the thread."""

    layout: Layout
    program: Program
    noted: Noted
    templates: Octets


@dataclass(frozen=True)
class Run:
    """Jobs from `first` to before `last`, which one program reads."""

    first: int
    last: int
    compiled: Compiled


@dataclass(frozen=True)
class Read:
    """What became of jobs.

    Attributes:
        fields: as in `DecodedAlerts`.
        rows: int64 (rows, 4): start, end, message, place in the message.
        errors: int64, per message 0 or why it was refused, a negative number of the kernel.
    """

    fields: pa.RecordBatch
    rows: Numbers
    errors: Numbers


class Reader:
    """What one thread keeps between batches.

    Args:
        kernel: the compiled module; that of `avro_machine` by default.
    """

    def __init__(self, kernel: ModuleType | None = None) -> None:
        self._kernel = kernel or kernels()
        self._layouts: list[tuple[Wanted, Layout]] = []
        self._compiled: Recent[tuple[int, str], Compiled] = Recent(COMPILED)

    def layout(self, wanted: Wanted) -> Layout:
        """The layout of these fields, the same for equal ones.

        Raises:
            ValueError: no value of a packet can have a type that is wanted.
        """
        entry = next((entry for entry in self._layouts if entry[0] is wanted), None)
        entry = entry or next((entry for entry in self._layouts if entry[0] == wanted), None)
        if entry is not None and len(entry[1].targets.symbols) > _SYMBOLS:
            entry = None
        layout = Layout(wanted) if entry is None else entry[1]
        others = [other for other in self._layouts if other[0] != wanted]
        self._layouts = [(wanted, layout), *others[: _LAYOUTS - 1]]
        return layout

    def compiled(self, layout: Layout, schema: WriterSchema) -> Compiled:
        """The program that reads datums of a schema into a layout."""
        key = (id(layout), schema.fingerprint)
        found = self._compiled.get(key)
        if found is None or found.layout is not layout:
            paths = undeclared(schema.shape, layout.wanted)
            program = compile_program(schema.shape, layout.targets, tuple(".".join(path) for path in paths))
            templates = np.zeros(max(1, program.lists) * self._kernel.SET_BYTES, np.uint8)
            found = Compiled(layout, program, Noted(program.notes, paths), templates)
            self._compiled.put(key, found)
        return found

    def read(self, layout: Layout, data: Octets, jobs: Numbers, runs: Sequence[Run], messages: int) -> Read:
        """Read jobs into columns.

        Args:
            layout: of the columns.
            data: the bytes in which all datums lie, below 4 GiB.
            jobs: int64 (jobs, 5), jobs of a message together and in order.
            runs: which program reads which jobs; they cover all jobs in order, and split no message.
            messages: number of messages.
        """
        size = int((jobs[:, END] - jobs[:, START]).sum())
        arena = Arena.of(layout, min(int(jobs[:, COUNT].sum()), _FIRST_ROWS), size)
        reading = _Reading(self._kernel, layout, data, jobs, arena, messages)
        marks = [0]
        for run in runs:
            reading.run(run)
            marks.append(int(reading.arena.counts[0]))
        return reading.finish(runs, marks)


@dataclass
class _Reading:
    """One call of `Reader.read`."""

    kernel: ModuleType
    layout: Layout
    data: Octets
    jobs: Numbers
    arena: Arena
    messages: int
    context: Numbers = field(init=False)
    errors: Numbers = field(init=False)
    stack: Numbers = field(init=False)

    def __post_init__(self) -> None:
        kernel = self.kernel
        self.context = np.zeros(kernel.C_SIZE, np.int64)
        self.errors = np.zeros(max(1, self.messages), np.int64)
        self.stack = np.zeros(kernel.MAX_OPEN * kernel.F_WORDS, np.int64)
        self.set(kernel.C_DATA, self.data)
        self.set(kernel.C_STACK, self.stack)
        self.set(kernel.C_ERRORS, self.errors)
        self.context[kernel.C_MOST_BYTES] = MAX_DATUMS
        self._use(self.arena)

    def set(self, place: int, memory: npt.NDArray[np.generic]) -> None:
        """Name a region."""
        self.context[place : place + 2] = address(memory)

    def call(self, name: str) -> int:
        """Call a function of the kernel."""
        return int(getattr(self.kernel, name)(address(self.context)[0]))

    def run(self, run: Run) -> None:
        """Read the jobs of a run."""
        kernel, compiled = self.kernel, run.compiled
        jobs = self.jobs[run.first : run.last]
        self.set(kernel.C_JOBS, jobs)
        self.set(kernel.C_PROGRAM, compiled.program.words)
        self.set(kernel.C_TEMPLATES, compiled.templates)
        self.context[kernel.C_CURSOR] = 0
        while self.call("read") == kernel.GROW:
            if not self._grow(run):
                self._refuse(jobs)

    def finish(self, runs: Sequence[Run], marks: Sequence[int]) -> Read:
        """Make the record batch.

        Args:
            runs: all runs.
            marks: rows before each run, and at the end.
        """
        kernel, arena = self.kernel, self.arena
        measures = np.zeros((len(self.layout.kinds), 2), np.int64)
        self.set(kernel.C_MEASURES, measures)
        self.call("measure")
        texts = text_places(arena, measures)
        self._use(arena)
        symbols = np.frombuffer(bytes(self.layout.targets.symbols) or b"\0", np.uint8)
        self.set(kernel.C_CONSTANTS, symbols)
        self.set(kernel.C_TEXTS, texts)
        self.call("gather")
        self.layout.learn(arena.counts, arena.text_bytes)
        fields = record_batch(arena, measures, texts)
        if arena.counts[-1]:
            fields = fields.set_column(fields.num_columns - 1, "extra", self._extra(runs, marks))
        return Read(fields, arena.rows[: arena.counts[0]], self.errors)

    def _use(self, arena: Arena) -> None:
        kernel = self.kernel
        self.arena = arena
        self.set(kernel.C_ARENA, arena.memory)
        self.set(kernel.C_COLUMNS, arena.columns)
        self.set(kernel.C_LEVELS, arena.levels)
        self.set(kernel.C_ROWS, arena.rows)

    def _grow(self, run: Run) -> bool:
        """Double what is full, or more where the rest of the jobs will need it; False where that is too much."""
        level, need = self.context[self.kernel.C_NEED_LEVEL], int(self.context[self.kernel.C_NEED])
        capacity = self.arena.capacity.copy()
        done = run.first + int(self.context[self.kernel.C_CURSOR]) + 1
        guess = need * len(self.jobs) // done if done > 8 else 0
        for least in (max(2 * need, min(guess * 5 // 4, 16 * need)), need):
            if self.arena.size_with(level, least) <= MAX_ARENA:
                capacity[level] = least
                self._use(self.arena.grown(capacity))
                return True
        return False

    def _refuse(self, jobs: Numbers) -> None:
        """Refuse the message at the cursor: its columns do not fit."""
        cursor = int(self.context[self.kernel.C_CURSOR])
        message = int(jobs[cursor, MESSAGE])
        self.errors[message] = BATCH_FULL
        self.context[self.kernel.C_CURSOR] = cursor + int((jobs[cursor:, MESSAGE] == message).sum())

    def _extra(self, runs: Sequence[Run], marks: Sequence[int]) -> pa.Array:
        """Texts of the undeclared fields."""
        tape, ends = self.arena.notes()
        bounds = zip(runs, pairwise(marks), strict=True)
        return extras(self.data.data, tape, ends, [(run.compiled.noted, last - first) for run, (first, last) in bounds])


_kept = threading.local()


def reader() -> Reader:
    """The reader of this thread."""
    if not hasattr(_kept, "reader"):
        _kept.reader = Reader()
    found: Reader = _kept.reader
    return found
