"""What the values of a filter are: integers, floats, texts, truths. And the place of a thing in a text."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import pyarrow as pa

Span: TypeAlias = tuple[int, int]
"""Zero-based character positions in the text: first, and one past the last."""


class Kind(Enum):
    """What a value is. Integers and floats are both numbers, but never mixed without exact rules."""

    INTEGER = "integer"
    FLOAT = "number"
    TEXT = "text"
    BOOLEAN = "true/false"

    @property
    def is_number(self) -> bool:
        """True for integers and floats."""
        return self in (Kind.INTEGER, Kind.FLOAT)


def kind_of(type_: pa.DataType) -> Kind | None:
    """The kind of a column of this Arrow type, or None where filters cannot use it (lists, binaries, times)."""
    if pa.types.is_dictionary(type_):
        inner = kind_of(type_.value_type)
        return inner if inner is Kind.TEXT else None
    if pa.types.is_boolean(type_):
        return Kind.BOOLEAN
    if pa.types.is_signed_integer(type_):
        return Kind.INTEGER
    if pa.types.is_floating(type_):
        return Kind.FLOAT
    return Kind.TEXT if pa.types.is_string(type_) or pa.types.is_large_string(type_) else None
