"""A column: its type, unit, UCD and one sentence, declared once.

Store, archive, API schema, documentation and VOTable fields are all derived from these declarations.
UCDs follow the IVOA controlled vocabulary UCD1+ 1.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

TEXT_CODE = pa.dictionary(pa.int32(), pa.string())
"""A short repeated text (survey, band, reliability_kind). The codes have room for whatever texts packets bring: with
bytes, the 129th name of a band that damaged packets leave in a store would have been an error in every later join."""


@dataclass(frozen=True)
class Column:
    """The declaration of one column.

    Attributes:
        type: Arrow type. Lists are light-curve columns; everything else is a scalar.
        doc: one sentence that says what the value means, and when it is null.
        unit: unit string in the VOUnit standard, or "" where there is none.
        ucd: IVOA UCD1+, or "".
        nullable: False only where a null can never occur.
        look_up: name of the column that says how the look-up behind this value went (`linnet.core.catalogue`), or "".
            Filters take such a value as unknown, neither there nor null, where the look-up failed.
    """

    type: pa.DataType
    doc: str
    unit: str = ""
    ucd: str = ""
    nullable: bool = True
    look_up: str = ""

    @property
    def is_list(self) -> bool:
        """True for light-curve columns, which travel with an alert but are not stored in its row."""
        return bool(pa.types.is_list(self.type))

    def empty(self, length: int) -> pa.Array:
        """A column of `length` typed nulls."""
        return pa.nulls(length, self.type)


def text(doc: str, *, ucd: str = "", nullable: bool = True) -> Column:
    """A string column."""
    return Column(pa.string(), doc, "", ucd, nullable)


def code(doc: str, *, ucd: str = "", nullable: bool = True) -> Column:
    """A dictionary-encoded string column, for few distinct values."""
    return Column(TEXT_CODE, doc, "", ucd, nullable)


def integer(doc: str, *, bits: int = 64, unit: str = "", ucd: str = "", nullable: bool = True) -> Column:
    """A signed integer column of 8, 32 or 64 bits."""
    kinds = {8: pa.int8(), 32: pa.int32(), 64: pa.int64()}
    return Column(kinds[bits], doc, unit, ucd, nullable)


def real(doc: str, *, unit: str = "", ucd: str = "", bits: int = 32, nullable: bool = True) -> Column:
    """A floating-point column; NaN and infinity never stand in it."""
    return Column(pa.float32() if bits == 32 else pa.float64(), doc, unit, ucd, nullable)


def boolean(doc: str, *, nullable: bool = True) -> Column:
    """A true/false column; null is a third value and is not false."""
    return Column(pa.bool_(), doc, "", "meta.code", nullable)


def listing(item: pa.DataType, doc: str, *, unit: str = "", ucd: str = "") -> Column:
    """A light-curve column: one list per alert."""
    return Column(pa.list_(item), doc, unit, ucd)


def schema_of(columns: dict[str, Column]) -> pa.Schema:
    """The Arrow schema of a set of declared columns, in their order."""
    return pa.schema([pa.field(n, c.type, nullable=c.nullable) for n, c in columns.items()])
