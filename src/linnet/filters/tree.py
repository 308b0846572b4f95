"""The typed tree of a filter: what is evaluated, formatted and explained. Texts are only ever read into it.

Every node is frozen, knows its `kind`, and carries the `span` of the text it came from, which takes no part in
equality: texts that differ in layout alone have equal trees. Later forms of the language add nodes; what is here keeps
its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from linnet.filters import kinds
from linnet.filters.history_nodes import Field, History
from linnet.filters.units import Unit

Kind: TypeAlias = kinds.Kind
Span: TypeAlias = kinds.Span
kind_of = kinds.kind_of


@dataclass(frozen=True)
class Column:
    """A column read by name.

    `look_up` names the column that says how the look-up behind its values went, or is "". `written` is how the text has
    it where that is not its name: `now()` is the alert's mjd. `unit` is the declared one (VOUnit).
    """

    name: str
    kind: Kind
    span: Span = field(default=(0, 0), compare=False, repr=False)
    look_up: str = field(default="", compare=False, repr=False)
    written: str = field(default="", compare=False, repr=False)
    unit: str = field(default="", compare=False, repr=False)


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
class Cone:
    """Whether the alert lies within a radius of a position: constants in degrees, and the columns `ra` and `dec`."""

    ra: Literal
    dec: Literal
    radius: Literal
    position: tuple[Column, Column]
    span: Span = field(default=(0, 0), compare=False, repr=False)
    kind: Kind = field(default=Kind.BOOLEAN, init=False, repr=False)


@dataclass(frozen=True)
class Literal:
    """A constant. The kind is part of its identity: 1 and 1.0 are different literals.

    `written` is how the text has it where the value does not say so: `5 arcsec`, `'12:34:56.7'`. `given` is the unit in
    which it is written, `unit` the one in which its value is, None as long as that is open.
    """

    value: int | float | str | bool
    kind: Kind
    span: Span = field(default=(0, 0), compare=False, repr=False)
    written: str = field(default="", compare=False, repr=False)
    given: Unit | None = field(default=None, compare=False, repr=False)
    unit: Unit | None = field(default=None, compare=False, repr=False)


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
class Case:
    """The value behind the first condition that is true, else that of `otherwise`, which may be None.

    A condition that is null lets the next one be asked, unless a look-up behind it failed: then the whole is null.
    """

    whens: tuple[tuple[Node, Node], ...]
    otherwise: Node | None
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
    | Cone
    | Tagged
    | Literal
    | Negative
    | Arithmetic
    | Call
    | Case
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
        case Cone():
            return node.position
        case Case():
            return (*(part for when in node.whens for part in when), *((node.otherwise,) if node.otherwise else ()))
        case History():
            return () if node.condition is None else (node.condition,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it, in the order of the text."""
    yield node
    for child in children(node):
        yield from walk(child)
