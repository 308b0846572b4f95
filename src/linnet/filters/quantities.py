"""Numbers with a unit: each is converted to the unit of what it stands against, when the text is read.

`xmatch_sep < 0.1 arcmin` compares a column in arcsec with 6.0. The unit is sought where values meet: in a comparison,
between the ends of `between`, in a list; sums, signs, `case` and the functions that keep a unit pass it on. A number
whose unit does not fit is refused, as is one beside which there is nothing with a unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from linnet.errors import FilterError
from linnet.filters.history import unit_of as unit_of_history
from linnet.filters.history_nodes import FIELDS, Field, History
from linnet.filters.tree import Arithmetic, Call, Case, Column, Kind, Literal, Negative, Node, walk
from linnet.filters.units import Unit, unit


class Unsettled(Enum):
    """Why a value has no unit of its own."""

    ANY = "a number that takes the unit of what it meets"
    UNKNOWN = "made of values in different units, or in one that is not known here"


Measure: TypeAlias = Unit | Unsettled

_KEEP = {"abs", "floor", "ceil", "least", "greatest"}
"""Functions whose result has the unit of their arguments."""


def agreed(*nodes: Node) -> tuple[Node, ...]:
    """Nodes that meet in a comparison, with every open quantity among them converted to their unit.

    Raises:
        FilterError: a unit that does not fit, or nothing has one.
    """
    waiting = [each for node in nodes for each in _open(node)]
    if not waiting:
        return nodes
    others = [(node, measure) for node in nodes if isinstance(measure := _measure(node, False), Unit)]
    measures = {_measure(node, False) for node in nodes} - {Unsettled.ANY}
    if len(measures) != 1 or not others:
        raise FilterError(_unclear(waiting[0], bool(measures)), waiting[0].span[0])
    node, wanted = others[0]
    return tuple(_pushed(each, wanted, node) for each in nodes)


def settled(left: Node, right: Node) -> tuple[Node, Node]:
    """Factors of a product or parts of a ratio: a quantity takes the unit of the other side where that is of its sort.

    Where the two have nothing in common (`(mag - total_mag) / 2 d`) it stays as it is written.

    Raises:
        FilterError: the units have something in common and do not fit (`flux * 2 h / 1 d` would hide a factor).
    """
    found = [_settled(*pair) for pair in ((left, right), (right, left))]
    return found[0], found[1]


def check_settled(root: Node) -> None:
    """Refuse a quantity that met nothing with a unit."""
    for each in _open(root):
        raise FilterError(_unclear(each, False), each.span[0])


def converted(literal: Literal, wanted: Unit) -> Literal:
    """A quantity in another unit, rounded once.

    Raises:
        FilterError: it is beyond the largest number then.
    """
    given = literal.given or wanted
    # From the digits as they are written: 2.4 mag/h is 57.6 mag/d, and the double next to 2.4 would not be.
    value = Fraction(repr(literal.value)) * given.factor / wanted.factor
    try:
        return replace(literal, value=float(value), kind=Kind.FLOAT, unit=wanted)
    except OverflowError as error:
        beyond = f"`{literal.written}` is beyond the largest number when it is in {wanted.name}"
        raise FilterError(beyond, literal.span[0]) from error


def _settled(node: Node, other: Node) -> Node:
    waiting = _open(node)
    if not waiting:
        return node
    mine, its = _measure(node, False), _measure(other, True)
    mine = _measure(node, True) if mine is Unsettled.ANY else mine
    if not isinstance(mine, Unit):
        raise FilterError(_unclear(waiting[0], True), waiting[0].span[0])
    if isinstance(its, Unit) and mine.fits(its):
        return _pushed(node, its, other)
    if isinstance(its, Unit) and mine.shares(its):
        odd = f"`{waiting[0].written}` is multiplied or divided by what is in {its.name}; write the number in that unit"
        raise FilterError(odd, waiting[0].span[0])
    return _pushed(node, mine, node)


def _open(node: Node) -> list[Literal]:
    return [each for each in walk(node) if isinstance(each, Literal) and each.given and each.unit is None]


def _measure(node: Node, as_written: bool) -> Measure:
    """The unit in which a node's values are; that of an open quantity counts only where asked for `as_written`."""
    match node:
        case Column():
            return unit(node.unit) or Unsettled.UNKNOWN
        case Field():
            return unit(FIELDS[node.name].unit) or Unsettled.UNKNOWN
        case History():
            return unit(unit_of_history(node)) or Unsettled.UNKNOWN
        case Literal():
            return node.unit or (node.given if as_written and node.given else Unsettled.ANY)
        case Arithmetic() if node.operator in "*/":
            return _product(node, as_written)
        case Arithmetic():
            return _same([node.left, node.right], as_written)
        case Negative():
            return _measure(node.item, as_written)
        case Call():
            return _same(node.arguments, as_written) if node.name in _KEEP else Unsettled.ANY
        case Case():
            return _same([*(v for _, v in node.whens), *([node.otherwise] if node.otherwise else [])], as_written)
        case _:
            return Unsettled.UNKNOWN


def _same(nodes: Sequence[Node], as_written: bool) -> Measure:
    found = {_measure(node, as_written) for node in nodes} - {Unsettled.ANY}
    if not found:
        return Unsettled.ANY
    return found.pop() if len(found) == 1 else Unsettled.UNKNOWN


def _product(node: Arithmetic, as_written: bool) -> Measure:
    left, right = _measure(node.left, as_written), _measure(node.right, as_written)
    if Unsettled.UNKNOWN in (left, right):
        return Unsettled.UNKNOWN
    if isinstance(right, Unit):
        return (left if isinstance(left, Unit) else Unit()).times(right, 1 if node.operator == "*" else -1)
    return left


def _pushed(node: Node, wanted: Unit, source: Node) -> Node:
    """The node with every open quantity that passes its unit on converted."""
    match node:
        case Literal() if node.given and node.unit is None:
            if not node.given.fits(wanted):
                raise FilterError(f"`{node.written}` does not fit {_described(source, wanted)}", node.span[0])
            return converted(node, wanted)
        case Arithmetic() if node.operator in "+-":
            left, right = (_pushed(each, wanted, source) for each in (node.left, node.right))
            return replace(node, left=left, right=right)
        case Negative():
            return replace(node, item=_pushed(node.item, wanted, source))
        case Call() if node.name in _KEEP:
            arguments = tuple(_pushed(each, wanted, source) for each in node.arguments)
            return replace(node, arguments=arguments, kind=_kind(arguments))
        case Case() if node.kind.is_number:
            whens = tuple((c, _pushed(v, wanted, source)) for c, v in node.whens)
            otherwise = node.otherwise and _pushed(node.otherwise, wanted, source)
            values = [value for _, value in whens] + ([otherwise] if otherwise else [])
            return replace(node, whens=whens, otherwise=otherwise, kind=_kind(values))
        case _:
            return node


def _kind(nodes: Sequence[Node]) -> Kind:
    return Kind.INTEGER if all(each.kind is Kind.INTEGER for each in nodes) else Kind.FLOAT


def _described(source: Node, wanted: Unit) -> str:
    what = f"column {source.name}" if isinstance(source, Column) else "what it is compared with"
    return f"{what}, which is in {wanted.name}" if wanted.powers else f"{what}, which has no unit"


def _unclear(literal: Literal, mixed: bool) -> str:
    if mixed:
        return f"what `{literal.written}` meets is in no one unit that is known here; write the number without a unit"
    return f"nothing with a unit meets `{literal.written}`, so it cannot be converted; write the number alone"
