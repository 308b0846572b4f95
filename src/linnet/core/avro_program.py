"""Programs: a writer schema and the fields that are wanted, compiled into a list of numbers for `avro_kernel`.

A program is an array of int32: operations of six words, the number of the operation first, then tables. Words that are
not named here are 0. `null` is 0 for a plain value, 1 or 2 where the value is in a union with null as first or second
branch; the operation then reads the index of the branch itself.

| operation    | words                            | what it does                                                        |
|--------------|----------------------------------|---------------------------------------------------------------------|
| END          |                                  | the datum is read                                                   |
| SKIP         | n                                | passes over n bytes of fixed-size fields                            |
| RUN          | table, k                         | passes over k fields; the table has kind + 16 * null, n for each    |
| OPTIONAL     | null, target                     | reads the index of a union with null; goes to the target if null    |
| UNION        | n, table                         | reads an index below n; goes to the place that the table names      |
| JUMP         | target                           | goes to the target                                                  |
| ITEMS        | level, end, least, values, table | begins a list or map; level 0 if not wanted, end is behind its NEXT |
| NEXT         |                                  | heads of blocks and the turn to the next item; leaves at the end    |
| MARK         | mark, level, column              | notes which undeclared field lies where                             |
| F32_F32      | null, column                     | float                                                               |
| F64_F64      | null, column                     | double                                                              |
| F32_F64      | null, column, 32                 | float as double                                                     |
| F64_F32      | null, column, 64                 | double as float; null where it is too large                         |
| FLOAT_INT    | null, column, bits               | float or double in an integer column, if whole and exact            |
| VARINT_INT   | null, column, bits               | int or long; null outside the column's range                        |
| VARINT_FLOAT | null, column, bits               | int or long in a float column                                       |
| VARINT_TEXT  | null, column, bits               | int or long as decimal text                                         |
| BOOL         | null, column                     | boolean                                                             |
| BOOL_TEXT    | null, column                     | boolean as `true` or `false`                                        |
| TEXT         | null, column                     | string                                                              |
| BYTES        | null, column                     | bytes                                                               |
| FIXED        | null, column, n                  | fixed in a column of bytes                                          |
| ENUM         | null, column, n, table           | the symbol; the table has place and length of each                  |

What a value becomes in a column of another type is the rule of `linnet.core.decoding`; a pair that is not listed is
skipped, and its column stays null. Fields are found by path through records only, never through lists or maps.

The table of ITEMS serves the templates: number of the template set, number of entries, and for each flat field of the
item kind, null, n, operation (0 if not wanted), column, table of symbols. A record that may be null has an entry of
its own, with n the number of entries that are not there when it is. The table is 0 where items hold lists or other
unions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.avro_shape import Shape

(END, SKIP, RUN, OPTIONAL, UNION, JUMP, ITEMS, NEXT, MARK) = range(9)
READS = 16
"""Operations from here on put a value into a column."""

(F32_F32, F64_F64, F32_F64, F64_F32, FLOAT_INT, VARINT_INT, VARINT_FLOAT, VARINT_TEXT) = range(READS, READS + 8)
(BOOL, BOOL_TEXT, TEXT, BYTES, FIXED, ENUM) = range(READS + 8, READS + 14)

OP_WORDS = 6

MAX_SETS = 16
"""Lists of one program that have templates; a set of them takes 45 KB."""

_LARGEST = 2**31 - 1

KINDS: Mapping[pa.DataType, int] = {
    pa.float32(): 1,
    pa.float64(): 2,
    pa.int8(): 3,
    pa.int16(): 4,
    pa.int32(): 5,
    pa.int64(): 6,
    pa.bool_(): 7,
    pa.string(): 8,
    pa.binary(): 9,
}
"""What the kernel calls the types of columns."""

TAPE = 10
"""Kind of the column that notes undeclared fields."""

_SKIPS = {"fixed": 1, "int": 2, "long": 3, "boolean": 4, "string": 5, "bytes": 6, "enum": 7, "record": 8}
_SIZES = {"float": 4, "double": 8}
_BITS = {"float": 32, "double": 64, "int": 32, "long": 64}
_SIMPLE = frozenset(_SKIPS) - {"record"} | frozenset(_SIZES)
_F32, _F64, _INTS, _BOOLS, _TEXTS, _BINARY = 1, 2, range(3, 7), 7, 8, 9


@dataclass(frozen=True)
class Target:
    """A column that a value goes to: its number, and its kind as the kernel calls it."""

    column: int
    kind: int


@dataclass(frozen=True)
class ListTarget:
    """A wanted list: the level of its columns, and the columns by path in the item."""

    level: int
    columns: Mapping[str, Target]


@dataclass(frozen=True)
class Targets:
    """Where the fields of one survey's packets go.

    Attributes:
        scalars: columns by path. lists: by path. skip: paths that are known, and so not undeclared.
        tape_level: level of the notes on undeclared fields. tape_column: their column.
        symbols: names of enum symbols, shared by all programs; grows as programs are compiled.
    """

    scalars: Mapping[str, Target]
    lists: Mapping[str, ListTarget]
    tape_level: int
    tape_column: int
    symbols: bytearray = field(default_factory=bytearray)


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
        if inner.kind in _SIMPLE and not self._noted(inner, path, scope):
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
            self.run.append((_SKIPS["string"], 0))
        self.value(inner, "", scope)
        self.emit(NEXT)
        self.code[items + 2] = len(self.code)

    def _flat_table(self, inner: Shape, scope: _Scope, *, is_map: bool) -> int | None:
        flat: list[tuple[Shape, int, str]] = [(Shape("string", 1), 0, "\0")] if is_map else []
        if not _flatten(inner, "", flat) or self.sets >= MAX_SETS:
            return None
        entries: list[int] = []
        symbols: list[int] = []
        for shape, null, path in flat:
            op, words = self._read(shape, scope.columns.get(path))
            if op == ENUM:
                symbols.append(len(entries) + 5)
            column = words[0] if words else 0
            entries += [*_skip(shape, null), op, column, words[2] if op == ENUM else 0]
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
        kind, _, n = _skip(shape, null)
        if kind == _SKIPS["fixed"] and not null:
            if self.run or self.fixed + n > _LARGEST:
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
        op = _reading(shape.kind, target.kind)
        if op == ENUM:
            return op, (target.column, shape.size, self._symbols(shape))
        if op == FIXED:
            return op, (target.column, min(shape.size, _LARGEST))
        return op, (target.column, _BITS.get(shape.kind, 0)) if op else ()

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


def null_place(shape: Shape) -> int:
    """1 or 2 where a union has null as its first or second branch of two, else 0."""
    kinds = [part.kind for part in shape.parts]
    return kinds.index("null") + 1 if len(kinds) == 2 and "null" in kinds else 0


def _reading(sent: str, kind: int) -> int:
    """The operation that reads a type that is sent into a kind of column; 0 where the column stays null."""
    if sent in _SIZES:
        narrow = sent == "float"
        floats = {_F32: F32_F32 if narrow else F64_F32, _F64: F32_F64 if narrow else F64_F64}
        return FLOAT_INT if kind in _INTS else floats.get(kind, 0)
    if sent in ("int", "long"):
        return (
            VARINT_INT if kind in _INTS else {_F32: VARINT_FLOAT, _F64: VARINT_FLOAT, _TEXTS: VARINT_TEXT}.get(kind, 0)
        )
    pairs = {
        ("boolean", _BOOLS): BOOL,
        ("boolean", _TEXTS): BOOL_TEXT,
        ("string", _TEXTS): TEXT,
        ("enum", _TEXTS): ENUM,
        ("bytes", _BINARY): BYTES,
        ("fixed", _BINARY): FIXED,
    }
    return pairs.get((sent, kind), 0)


def _skip(shape: Shape, null: int) -> tuple[int, int, int]:
    """Kind, place of null and n of a simple type, as the kernel passes over it."""
    if shape.kind in _SIZES:
        return _SKIPS["fixed"], null, _SIZES[shape.kind]
    return _SKIPS[shape.kind], null, min(shape.size, _LARGEST)


def _flatten(shape: Shape, path: str, flat: list[tuple[Shape, int, str]]) -> bool:
    """Collects the fields of an item; False where it holds more than simple types, nullable or not, and records."""
    if shape.kind == "record":
        return all(_flatten(part, f"{path}.{name}" if path else name, flat) for name, part in shape.fields)
    if shape.kind == "union":
        null = null_place(shape)
        inner = shape.parts[2 - null] if null else shape
        place = len(flat)
        flat.append((inner, null, path))
        if inner.kind != "record":
            return bool(null) and inner.kind in _SIMPLE
        whole = _flatten(inner, path, flat)
        # The entry's n is the number of entries that follow within the record.
        flat[place] = (Shape("record", 0, size=len(flat) - place - 1), null, path)
        return whole
    if shape.kind == "null":
        return True
    flat.append((shape, 0, path))
    return shape.kind in _SIMPLE
