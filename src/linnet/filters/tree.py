"""The typed tree of a filter: what is evaluated, formatted and explained. Texts are only ever read into it.

Every node is frozen, knows its `kind`, and carries the `span` of the text it came from, which takes no part in
equality: texts that differ in layout alone have equal trees. Later forms of the language add nodes; what is here keeps
its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

import pyarrow as pa

from linnet.filters.history_nodes import Field, History, lists_of

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


@dataclass(frozen=True)
class Column:
    """A column read by name.

    `look_up` names the column that says how the look-up behind its values went, or is "". `written` is how the text has
    it where that is not its name: `now()` is the alert's mjd.
    """

    name: str
    kind: Kind
    span: Span = field(default=(0, 0), compare=False, repr=False)
    look_up: str = field(default="", compare=False, repr=False)
    written: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class Member:
    """Whether the alert lies in an area of the sky or matches an entry of a watchlist; null where nobody could look.

    `sort` is the function that asks: `in_area` or `in_watchlist`.
    """

    sort: str
    name: str
    span: Span = field(default=(0, 0), compare=False, repr=False)
    kind: Kind = field(default=Kind.BOOLEAN, init=False, repr=False)

    @property
    def column(self) -> str:
        """The name under which its array is looked up. No column's name has a colon."""
        return f"{self.sort}:{self.name}"


@dataclass(frozen=True)
class Tagged:
    """Another filter's condition, under its name."""

    name: str
    item: Node
    span: Span = field(default=(0, 0), compare=False, repr=False)
    kind: Kind = field(default=Kind.BOOLEAN, init=False, repr=False)


@dataclass(frozen=True)
class Literal:
    """A constant. The kind is part of its identity: 1 and 1.0 are different literals."""

    value: int | float | str | bool
    kind: Kind
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True)
class Negative:
    """Unary minus."""

    item: Node
    span: Span = field(default=(0, 0), compare=False, repr=False)

    @property
    def kind(self) -> Kind:
        """As the item."""
        return self.item.kind


@dataclass(frozen=True)
class Arithmetic:
    """`+`, `-`, `*` or `/` of two numbers; `/` always gives a float."""

    operator: str
    left: Node
    right: Node
    span: Span = field(default=(0, 0), compare=False, repr=False)

    @property
    def kind(self) -> Kind:
        """Integer only where both sides are, and nothing is divided."""
        both = self.left.kind is Kind.INTEGER and self.right.kind is Kind.INTEGER
        return Kind.INTEGER if both and self.operator != "/" else Kind.FLOAT


@dataclass(frozen=True)
class Call:
    """A function of one or more numbers, by its name."""

    name: str
    arguments: tuple[Node, ...]
    kind: Kind
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True)
class Compare:
    """`=`, `!=`, `<`, `<=`, `>` or `>=` of two values of one family."""

    operator: str
    left: Node
    right: Node
    span: Span = field(default=(0, 0), compare=False, repr=False)
    kind: Kind = field(default=Kind.BOOLEAN, init=False, repr=False)


@dataclass(frozen=True)
class Between:
    """Low <= item and item <= high."""

    item: Node
    low: Node
    high: Node
    span: Span = field(default=(0, 0), compare=False, repr=False)
    kind: Kind = field(default=Kind.BOOLEAN, init=False, repr=False)


@dataclass(frozen=True)
class In:
    """Item equals one of the literals."""

    item: Node
    values: tuple[Literal, ...]
    span: Span = field(default=(0, 0), compare=False, repr=False)
    kind: Kind = field(default=Kind.BOOLEAN, init=False, repr=False)


@dataclass(frozen=True)
class IsNull:
    """True where the item is null, false elsewhere; null itself only where a look-up behind the item failed.

    `guarded` is what is evaluated: nobody knows whether a value is null that could not be looked up.
    """

    item: Node
    span: Span = field(default=(0, 0), compare=False, repr=False)
    kind: Kind = field(default=Kind.BOOLEAN, init=False, repr=False)
    is_plain: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True)
class Not:
    """Kleene's not: null stays null."""

    item: Node
    span: Span = field(default=(0, 0), compare=False, repr=False)
    kind: Kind = field(default=Kind.BOOLEAN, init=False, repr=False)


@dataclass(frozen=True)
class And:
    """Kleene's and of two or more conditions, none of which is itself an `And`."""

    items: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False, repr=False)
    kind: Kind = field(default=Kind.BOOLEAN, init=False, repr=False)


@dataclass(frozen=True)
class Or:
    """Kleene's or of two or more conditions, none of which is itself an `Or`."""

    items: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False, repr=False)
    kind: Kind = field(default=Kind.BOOLEAN, init=False, repr=False)


Node: TypeAlias = (
    Column
    | Member
    | Tagged
    | Literal
    | Negative
    | Arithmetic
    | Call
    | Compare
    | Between
    | In
    | IsNull
    | Not
    | And
    | Or
    | Field
    | History
)
"""Any node."""


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below a node, in the order of the text."""
    match node:
        case And() | Or():
            return node.items
        case Compare() | Arithmetic():
            return (node.left, node.right)
        case Between():
            return (node.item, node.low, node.high)
        case In():
            return (node.item, *node.values)
        case Not() | Negative() | IsNull() | Tagged():
            return (node.item,)
        case Call():
            return node.arguments
        case History():
            return () if node.condition is None else (node.condition,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it, in the order of the text."""
    yield node
    for child in children(node):
        yield from walk(child)


def names(node: Node) -> tuple[str, ...]:
    """Sorted names of what a tree looks up: columns, those that say how the look-ups behind them went, memberships."""
    found: set[str] = set()
    for each in walk(node):
        match each:
            case Column():
                found |= {each.name, each.look_up or each.name}
            case Member():
                found.add(each.column)
            case History():
                found |= lists_of(fields_of(each))
    return tuple(sorted(found))


def fields_of(node: History) -> set[str]:
    """Fields of its points that a history function reads."""
    return node.fields({n.name for n in walk(node) if isinstance(n, Field)})


def guarded(node: IsNull) -> IsNull | And:
    """The question together with one that is null where a look-up failed: its state equals itself, or is unknown."""
    plain = IsNull(node.item, node.span, is_plain=True)
    behind = () if node.is_plain else looked_up(node.item)
    return And((plain, *(Compare("=", each, each) for each in behind))) if behind else plain


def looked_up(node: Node) -> tuple[Column | Member, ...]:
    """What is null where a look-up behind a node failed: states of catalogues, memberships. Each once, in one order."""
    inside = list(walk(node))
    states = sorted({n.look_up for n in inside if isinstance(n, Column) and n.look_up})
    members = sorted({n for n in inside if isinstance(n, Member)}, key=lambda n: n.column)
    return (*(Column(name, Kind.TEXT, node.span, name) for name in states), *members)
