"""The operations of which programs consist: the language between `avro_program` and `avro_kernel`.

A program is an array of int32: operations of six words, the number of the operation first, then tables. Words that are
not named here are 0. `null` is 0 for a plain value, 1 or 2 where the value is in a union with null as first or second
branch; the operation then reads the index of the branch itself.

| operation    | words                            | what it does                                                       |
|--------------|----------------------------------|--------------------------------------------------------------------|
| END          |                                  | the datum is read                                                  |
| SKIP         | n                                | passes over n bytes of fixed-size fields                           |
| RUN          | table, k                         | passes over k fields; the table has kind + 16 * null, n for each   |
| OPTIONAL     | null, target                     | reads the index of a union with null; goes to the target if null   |
| UNION        | n, table                         | reads an index below n; goes to the place that the table names     |
| JUMP         | target                           | goes to the target                                                 |
| ITEMS        | level, end, least, values, table | begins a list or map; level 0 if not wanted, end is behind its NEXT|
| NEXT         |                                  | heads of blocks and the turn to the next item; leaves at the end   |
| MARK         | mark, level, column              | notes which undeclared field lies where                            |
| F32_F32      | null, column                     | float                                                              |
| F64_F64      | null, column                     | double                                                             |
| F32_F64      | null, column, 32                 | float as double                                                    |
| F64_F32      | null, column, 64                 | double as float; null where it is too large                        |
| FLOAT_INT    | null, column, bits               | float or double in an integer column, if whole and exact           |
| VARINT_INT   | null, column, bits               | int or long; null outside the column's range                       |
| VARINT_FLOAT | null, column, bits               | int or long in a float column                                      |
| VARINT_TEXT  | null, column, bits               | int or long as decimal text                                        |
| BOOL         | null, column                     | boolean                                                            |
| BOOL_TEXT    | null, column                     | boolean as `true` or `false`                                       |
| TEXT         | null, column                     | string                                                             |
| BYTES        | null, column                     | bytes                                                              |
| FIXED        | null, column, n                  | fixed in a column of bytes                                         |
| ENUM         | null, column, n, table           | the symbol; the table has place and length of each                 |

What a value becomes in a column of another type is the rule of `linnet.core.decoding`; a pair that is not listed is
skipped, and its column stays null. Fields are found by path through records only, never through lists or maps.

The table of ITEMS serves the templates: number of the template set, number of entries, and for each flat field of the
item kind, null, n, operation (0 if not wanted), column, table of symbols. A record that may be null has an entry of
its own, with n the number of entries that are not there when it is. The table is 0 where items hold lists or other
unions.
"""

from __future__ import annotations

from collections.abc import Mapping

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

LARGEST = 2**31 - 1

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

SKIPS = {"fixed": 1, "int": 2, "long": 3, "boolean": 4, "string": 5, "bytes": 6, "enum": 7, "record": 8}
SIZES = {"float": 4, "double": 8}
BITS = {"float": 32, "double": 64, "int": 32, "long": 64}
SIMPLE = frozenset(SKIPS) - {"record"} | frozenset(SIZES)
_F32, _F64, _INTS, _BOOLS, _TEXTS, _BINARY = 1, 2, range(3, 7), 7, 8, 9


def reading(sent: str, kind: int) -> int:
    """The operation that reads a type that is sent into a kind of column; 0 where the column stays null."""
    if sent in SIZES:
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


def skipping(shape: Shape, null: int) -> tuple[int, int, int]:
    """Kind, place of null and n of a simple type, as the kernel passes over it."""
    if shape.kind in SIZES:
        return SKIPS["fixed"], null, SIZES[shape.kind]
    return SKIPS[shape.kind], null, min(shape.size, LARGEST)
