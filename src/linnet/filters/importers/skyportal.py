"""SkyPortal's filters in this language: the condition tree of its builder, and BOOM's `$match`.

MongoDB knows no third truth: a missing value compares false with everything but `$ne`. So each condition is written
here such that it is true just where it is true there, and what must not hold is written as the condition that it does
not: `not` of a comparison alone would be null where the value is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite

from linnet.core.column import Column
from linnet.filters.importers.pieces import Level, Piece, compared, constant, holds, is_null, joined, negated, quoted
from linnet.filters.importers.report import Imported, Part
from linnet.filters.importers.skyportal_fields import Field, field, reason
from linnet.filters.importers.skyportal_tree import Block, Json, Test, tree

_WORDS = {"$eq": "=", "$ne": "!=", "$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">="}
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_YES = {1, "1", "t", "T", "true", "True"}
_NO = {0, "0", "f", "F", "false", "False"}


def imported(original: str, columns: Mapping[str, Column], survey: str = "") -> Imported:
    """Read a SkyPortal or BOOM filter into this language.

    Args:
        original: JSON: the builder's blocks, or a pipeline.
        columns: everything that a filter may read.
        survey: whose alerts it is about, `ztf` or `lsst`; by default the one that the file names, else `ztf`.

    Returns:
        The translation, or what stands in its way. Its text has not been checked against the columns there are.

    Raises:
        FilterError: the original cannot be read.
    """
    found = tree(original)
    return _Walk(columns, survey or found.survey or "ztf").imported(found.root, found.remarks)


class _Untold(Exception):  # noqa: N818 - says what a part is, and never leaves this file
    """A condition has no counterpart; the message says why."""


class _Walk:
    def __init__(self, columns: Mapping[str, Column], survey: str) -> None:
        self._columns = columns
        self._survey = survey
        self._refused: list[Part] = []
        self._near: list[Part] = []

    def imported(self, root: Block, remarks: tuple[Part, ...]) -> Imported:
        clauses = [self._node(each, want=True) for each in _flat(root)]
        if not clauses:
            self._refused.append(Part(root.path, "", "there is no condition in it"))
        kept = [Piece(f"survey = '{self._survey}'", Level.COMPARISON), *(each for each in clauses if each)]
        text = joined("and", kept).text
        rest = text if self._refused and len(kept) > 1 else ""
        return Imported("" if self._refused else text, rest, tuple(self._refused), tuple(self._near), remarks)

    def _node(self, node: Test | Block | Part, *, want: bool) -> Piece | None:
        """What is true just where the node is as wanted there; None where a part of it is refused."""
        if isinstance(node, Part):
            self._refused.append(node)
            return None
        if isinstance(node, Block):
            wanted = want is not node.inverted
            items = [self._node(each, want=wanted) for each in node.items]
            whole = [each for each in items if each is not None]
            word = node.word if wanted else {"and": "or", "or": "and"}[node.word]
            return joined(word, whole) if whole and len(whole) == len(items) else None
        try:
            return self._test(node, want=want)
        except _Untold as why:
            self._refused.append(Part(node.path, f"{node.field} {node.operator} {node.value!r}"[:120], str(why)))
            return None

    def _test(self, test: Test, *, want: bool) -> Piece:
        found = field(test.field, self._survey, self._columns)
        if found is None:
            raise _Untold(reason(test.field))
        if found.near and all(each.text != test.field for each in self._near):
            self._near.append(Part(test.path, test.field, f"{found.column}: {found.near}"))
        if test.operator == "$exists" or (test.operator in ("$eq", "$ne") and test.value is None):
            return self._existence(test, found, want=want)
        if found.kind == "sign":
            return _flag(found, _sign(test), want=want)
        if found.kind == "flag":
            return _flag(found, _truth(test), want=want)
        if test.operator == "$in":
            return _listed(test, found, want=want)
        return _ordered(test, found, want=want)

    def _existence(self, test: Test, found: Field, *, want: bool) -> Piece:
        if found.absent is not None:
            raise _Untold(f"{found.column} is null where the packet says {found.absent}, which is a value there")
        sought = test.value if test.operator == "$exists" else test.operator == "$ne"
        if test.operator == "$exists" and not isinstance(sought, bool):
            raise _Untold("$exists asks true or false")
        if test.operator == "$exists":
            self._near.append(
                Part(test.path, test.field, f"{found.column}: a field that was sent as null exists there")
            )
        return is_null(Piece(found.column), negated=bool(sought) is want)


def _flat(root: Block) -> list[Test | Block | Part]:
    """Clauses of which each must hold."""
    found: list[Test | Block | Part] = []
    for each in root.items:
        is_plain = isinstance(each, Block) and each.word == "and" and not each.inverted
        found.extend(_flat(each) if isinstance(each, Block) and is_plain else [each])
    return found


def _flag(found: Field, sought: bool, *, want: bool) -> Piece:
    item = Piece(found.column)
    plain = item if sought is want else negated(item)
    return plain if want else joined("or", [plain, is_null(item)])


def _sign(test: Test) -> bool:
    """Which sign a test on isdiffpos seeks: it comes as 1, "t", "1" or true."""
    values = test.value if test.operator == "$in" else [test.value]
    if test.operator not in ("$eq", "$in") or not isinstance(values, list) or not values:
        raise _Untold("isdiffpos is asked with $eq or $in")
    if all(isinstance(each, bool | int | str) for each in values):
        if all(each in _YES for each in values):
            return True
        if all(each in _NO for each in values):
            return False
    raise _Untold("these values are neither all of one sign nor all of the other")


def _truth(test: Test) -> bool:
    words = {"true": True, "false": False} if test.from_builder else {}
    value = words.get(test.value, test.value) if isinstance(test.value, str) else test.value
    if test.operator != "$eq" or not isinstance(value, bool):
        raise _Untold("a flag is asked with $eq true or $eq false")
    return value


def _value(value: Json, test: Test, found: Field) -> Piece:
    if found.kind == "text":
        if isinstance(value, str):
            return quoted(value)
        raise _Untold(f"{found.column} holds texts")
    if isinstance(value, str) and test.from_builder:
        value = _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise _Untold(f"{found.column} holds numbers, and is compared with a constant one only")
    return constant(Decimal(str(value)))


def _number(text: str) -> Json:
    try:
        return float(text) if any(c in text for c in ".eE") else int(text)
    except ValueError:
        return text


def _ordered(test: Test, found: Field, *, want: bool) -> Piece:
    word = _WORDS.get(test.operator)
    if word is None:
        raise _Untold(f"{test.operator} has no counterpart")
    if found.kind == "text" and word not in ("=", "!="):
        raise _Untold("texts have no order in this language")
    item, value = Piece(found.column), _value(test.value, test, found)
    if found.absent is not None and value.number is not None:
        null_holds = holds(word, found.absent, value.number)
    else:
        null_holds = word == "!="
    plain = compared(word if want else _OPPOSITE[word], item, value)
    return joined("or", [plain, is_null(item)]) if null_holds is want else plain


def _listed(test: Test, found: Field, *, want: bool) -> Piece:
    given = test.value if isinstance(test.value, list) else [test.value]
    if not given or any(each is None for each in given):
        raise _Untold("a list holds constants and at least one")
    values = [_value(each, test, found) for each in given]
    item = Piece(found.column)
    inside = Piece(f"{found.column} in ({', '.join(each.text for each in values)})", Level.COMPARISON)
    plain = inside if want else negated(inside)
    null_holds = found.absent is not None and any(each.number == found.absent for each in values)
    return joined("or", [plain, is_null(item)]) if null_holds is want else plain
