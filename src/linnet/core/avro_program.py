"""Programs: a writer schema and the fields that are wanted, compiled into a list of numbers for `avro_kernel`.

What the numbers mean stands in `avro_operations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from linnet.core.avro_flat import flatten, null_place
from linnet.core.avro_operations import (
    BITS,
    END,
    ENUM,
    FIXED,
    ITEMS,
    JUMP,
    LARGEST,
    MARK,
    NEXT,
    OP_WORDS,
    OPTIONAL,
    RUN,
    SIMPLE,
    SKIP,
    SKIPS,
    UNION,
    reading,
    skipping,
)  # fmt: skip # twenty names, one a line, read worse
from linnet.core.avro_shape import Shape
from linnet.core.avro_targets import ListTarget, Target, Targets

MAX_SETS = 16
"""Lists of one program that have templates; a set of them takes 45 KB."""


@dataclass(frozen=True)
class Note:
    """An undeclared field: place of its path in the list of undeclared paths, and its type."""

    path: int
    shape: Shape


@dataclass(frozen=True, eq=False)
class Program:
    """A compiled program.

    Attributes:
        words: int32, operations and tables.
        lists: template sets that it needs.
        notes: what MARK's numbers mean.
    """

    words: npt.NDArray[np.int32]
    lists: int
    notes: tuple[Note, ...]


def compile_program(shape: Shape, targets: Targets, undeclared: tuple[str, ...] = ()) -> Program:
    """The program that reads datums of this shape.

    Args:
        shape: of the writer schema.
        targets: where wanted fields go.
        undeclared: paths whose values are noted, see `avro_extra.undeclared`.
    """
    compiler = _Compiler(targets, {path: number for number, path in enumerate(undeclared)})
    compiler.value(shape, "", _Scope(targets.scalars, targets.lists, top=True))
    compiler.emit(END)
    return Program(compiler.finish(), compiler.sets, tuple(compiler.notes))


@dataclass(frozen=True)
class _Scope:
    """Columns and lists that can be met in a record or an item."""

    columns: Mapping[str, Target]
    lists: Mapping[str, ListTarget]
    top: bool = False


_NOTHING = _Scope({}, {})


@dataclass
class _Compiler:
    targets: Targets
    undeclared: Mapping[str, int]
    code: list[int] = field(default_factory=list)
    tables: list[int] = field(default_factory=list)
    references: list[tuple[list[int], int]] = field(default_factory=list)
    run: list[tuple[int, int]] = field(default_factory=list)
    fixed: int = 0
    sets: int = 0
    notes: list[Note] = field(default_factory=list)

    def emit(self, op: int, *words: int) -> int:
        """Append an operation; gives its place."""
        self._flush()
        self.code += [op, *words, *(0,) * (OP_WORDS - 1 - len(words))]
        return len(self.code) - OP_WORDS

    def finish(self) -> npt.NDArray[np.int32]:
        """All words, tables behind the code and every word that names a table set right."""
        for words, place in self.references:
            words[place] += len(self.code)
        return np.array(self.code + self.tables, np.int32)

    def value(self, shape: Shape, path: str, scope: _Scope) -> None:
        """Code for one value."""
        if shape.kind == "record":
            for name, part in shape.fields:
                self.value(part, f"{path}.{name}" if path else name, scope)
        elif shape.kind == "union":
            self._union(shape, path, scope)
        elif shape.kind in ("array", "map"):
            self._items(shape, scope.lists.get(path) if shape.kind == "array" else None)
        elif shape.kind != "null":
            self._simple(shape, 0, path, scope)

    def _union(self, shape: Shape, path: str, scope: _Scope) -> None:
        null = null_place(shape)
        if null == 0:
            self._branches(shape, path, scope)
            return
        inner = shape.parts[2 - null]
        if inner.kind in SIMPLE and not self._noted(inner, path, scope):
            self._simple(inner, null, path, scope)
            return
        jump = self.emit(OPTIONAL, null)
        self.value(inner, path, scope)
        self._flush()
        self.code[jump + 2] = len(self.code)

    def _branches(self, shape: Shape, path: str, scope: _Scope) -> None:
        union = self.emit(UNION, len(shape.parts), 0)
        table = self.code[union + 2] = len(self.tables)
        self.references.append((self.code, union + 2))
        self.tables += [0] * len(shape.parts)
        jumps = []
        for number, part in enumerate(shape.parts):
            self.tables[table + number] = len(self.code)
            self.value(part, path, scope)
            jumps.append(self.emit(JUMP))
        for jump in jumps:
            self.code[jump + 1] = len(self.code)

    def _items(self, shape: Shape, wanted: ListTarget | None) -> None:
        inner, is_map = shape.parts[0], shape.kind == "map"
        scope = _Scope(wanted.columns, {}) if wanted else _NOTHING
        items = self.emit(ITEMS, wanted.level if wanted else 0, 0, inner.least + is_map, inner.values)
        table = self._flat_table(inner, scope, is_map=is_map)
        if table is not None:
            self.code[items + 5] = table
            self.references.append((self.code, items + 5))
        if is_map:
            self.run.append((SKIPS["string"], 0))
        self.value(inner, "", scope)
        self.emit(NEXT)
        self.code[items + 2] = len(self.code)

    def _flat_table(self, inner: Shape, scope: _Scope, *, is_map: bool) -> int | None:
        flat: list[tuple[Shape, int, str]] = [(Shape("string", 1), 0, "\0")] if is_map else []
        if not flatten(inner, "", flat) or self.sets >= MAX_SETS:
            return None
        entries: list[int] = []
        symbols: list[int] = []
        for shape, null, path in flat:
            op, words = self._read(shape, scope.columns.get(path))
            if op == ENUM:
                symbols.append(len(entries) + 5)
            column = words[0] if words else 0
            entries += [*skipping(shape, null), op, column, words[2] if op == ENUM else 0]
        self.tables += [self.sets, len(flat)]
        start = len(self.tables)
        self.tables += entries
        self.references += [(self.tables, start + place) for place in symbols]
        self.sets += 1
        return start - 1

    def _simple(self, shape: Shape, null: int, path: str, scope: _Scope) -> None:
        if self._noted(shape, path, scope):
            self.emit(MARK, len(self.notes), self.targets.tape_level, self.targets.tape_column)
            self.notes.append(Note(self.undeclared[path], shape))
        op, words = self._read(shape, scope.columns.get(path))
        if op:
            place = self.emit(op, null, *words)
            if op == ENUM:
                self.references.append((self.code, place + 4))
            return
        kind, _, n = skipping(shape, null)
        if kind == SKIPS["fixed"] and not null:
            if self.run or self.fixed + n > LARGEST:
                self._flush()
            self.fixed += n
            return
        if self.fixed:
            self._flush()
        self.run.append((kind + 16 * null, n))

    def _noted(self, shape: Shape, path: str, scope: _Scope) -> bool:
        return scope.top and path in self.undeclared and shape.kind not in ("bytes", "fixed", "null")

    def _read(self, shape: Shape, target: Target | None) -> tuple[int, tuple[int, ...]]:
        """The operation that reads a simple type into a column with its words behind `null`, or 0."""
        if target is None:
            return 0, ()
        op = reading(shape.kind, target.kind)
        if op == ENUM:
            return op, (target.column, shape.size, self._symbols(shape))
        if op == FIXED:
            return op, (target.column, min(shape.size, LARGEST))
        return op, (target.column, BITS.get(shape.kind, 0)) if op else ()

    def _symbols(self, shape: Shape) -> int:
        table = len(self.tables)
        for symbol in shape.symbols:
            name = symbol.encode()
            self.tables += [len(self.targets.symbols), len(name)]
            self.targets.symbols.extend(name)
        return table

    def _flush(self) -> None:
        """Write what was only counted up to now: fixed bytes, or a run of fields."""
        if self.fixed:
            self.code += [SKIP, self.fixed, 0, 0, 0, 0]
            self.fixed = 0
        if self.run:
            self.references.append((self.code, len(self.code) + 1))
            self.code += [RUN, len(self.tables), len(self.run), 0, 0, 0]
            self.tables += [word for entry in self.run for word in entry]
            self.run = []
