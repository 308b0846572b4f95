"""Numbers and texts of a Lasair filter: columns, constants, arithmetic, functions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from linnet.filters.importers.lasair_columns import LSST, NO_COLUMN, NO_TABLE, ZTF, Counterpart
from linnet.filters.importers.notes import Notes, Untranslatable
from linnet.filters.importers.pieces import Level, Piece, constant, present, quoted, unshifted

NOW = {"jdnow": ZTF["jdmax"].piece.shift, "mjdnow": Decimal(0), "tainow": Decimal(0)}
"""Functions for the moment of the query, and what a Julian date adds."""

MAX_EXPONENT = 300
"""Of a number that is read."""

_FUNCTIONS: dict[type, str] = {
    exp.Abs: "abs",
    exp.Sqrt: "sqrt",
    exp.Ln: "ln",
    exp.Exp: "exp",
    exp.Floor: "floor",
    exp.Ceil: "ceil",
    exp.Least: "least",
    exp.Greatest: "greatest",
}
_OPERATORS: dict[type, tuple[str, Level]] = {
    exp.Add: ("+", Level.SUM),
    exp.Sub: ("-", Level.SUM),
    exp.Mul: ("*", Level.PRODUCT),
    exp.Div: ("/", Level.PRODUCT),
}


class Terms:
    """Reads the terms of one filter.

    Args:
        notes: where near counterparts and remarks are put down.
        names: alias to table, from its `FROM`.

    Attributes:
        surveys: of which surveys columns were read.
    """

    def __init__(self, notes: Notes, names: Mapping[str, str]) -> None:
        self._notes = notes
        self._names = names
        self.surveys: set[str] = set()

    def term(self, syntax: exp.Expr) -> Piece:
        """A number or a text.

        Raises:
            Untranslatable: it has no counterpart.
        """
        kind = type(syntax)
        if kind is exp.Paren:
            return self.term(syntax.this)
        if kind is exp.Column:
            return self._column(syntax).piece
        if kind is exp.Literal:
            return self._literal(syntax)
        if kind is exp.Neg:
            return self._negative(syntax)
        if kind in _OPERATORS:
            return self._arithmetic(syntax)
        return self._function(syntax)

    def is_text(self, syntax: exp.Expr) -> bool:
        """Whether this is a column of texts."""
        bare = syntax.unnest()
        if type(bare) is not exp.Column:
            return False
        found = ZTF.get(bare.name.lower()) or LSST.get(bare.name.lower())
        return found is not None and found.is_text and self._table(bare) in ("", "objects", "objects_ext")

    def _table(self, syntax: exp.Expr) -> str:
        written = syntax.text("table").lower()
        return self._names.get(written, written)

    def _column(self, syntax: exp.Expr) -> Counterpart:
        table, name = self._table(syntax), syntax.name.lower()
        if syntax.text("db") or table in NO_TABLE:
            raise Untranslatable(syntax, NO_TABLE.get(table, f"there is no {syntax.sql()} in Lasair"))
        if table not in ("", "objects", "objects_ext"):
            raise Untranslatable(syntax, f"{syntax.text('table')} is no table of Lasair's that is known here")
        found = ZTF.get(name) or LSST.get(name)
        if found is None:
            hint = NO_COLUMN.get(name, f"no counterpart of {syntax.name} is known here")
            raise Untranslatable(syntax, hint)
        self.surveys.add(found.survey)
        if found.near:
            self._notes.near(syntax, f"{found.piece.text}: {found.near}")
        if found.remark:
            self._notes.remark(syntax, found.remark)
        return found

    def _literal(self, syntax: exp.Expr) -> Piece:
        if syntax.is_string:
            return quoted(syntax.name)
        try:
            value = Decimal(syntax.name)
        except InvalidOperation as error:
            raise Untranslatable(syntax, "this number cannot be read") from error
        if abs(value.adjusted()) > MAX_EXPONENT:
            raise Untranslatable(syntax, "this number is beyond what a double holds")
        return constant(value)

    def _negative(self, syntax: exp.Expr) -> Piece:
        inner = self._plain(syntax.this)
        if inner.number is not None:
            return constant(-inner.number)
        return Piece(f"-{inner.within(Level.SIGN, right=True)}", Level.SIGN)

    def _arithmetic(self, syntax: exp.Expr) -> Piece:
        word, level = _OPERATORS[type(syntax)]
        left, right = self.term(syntax.this), self.term(syntax.expression)
        if word in "+-" and (left.shift or right.shift):
            return self._dates(word, left, right)
        left, right = unshifted(left), unshifted(right)
        folded = _folded(word, left.number, right.number)
        if folded is not None:
            return constant(folded)
        return Piece(f"{left.within(level)} {word} {right.within(level, right=True)}", level)

    def _dates(self, word: str, left: Piece, right: Piece) -> Piece:
        """A sum or difference of dates: what they are more than modified ones is carried along, not written."""
        shift = left.shift + right.shift if word == "+" else left.shift - right.shift
        sides = present(left).within(Level.SUM), present(right).within(Level.SUM, right=True)
        return Piece(f"{sides[0]} {word} {sides[1]}", Level.SUM, shift=shift)

    def _function(self, syntax: exp.Expr) -> Piece:
        name = (syntax.name if type(syntax) is exp.Anonymous else syntax.key).lower()
        if name in NOW and not syntax.expressions:
            self._notes.remark(syntax, "the time of the alert; Lasair has the moment when it looks")
            return Piece("mjd", shift=NOW[name])
        if name == "flux2mag" and len(syntax.expressions) == 1:
            return Piece(f"31.4 - 2.5 * log10({self._plain(syntax.expressions[0]).text})", Level.SUM)
        if type(syntax) is exp.Log and syntax.this.name == "10":
            return Piece(f"log10({self._plain(syntax.expression).text})")
        ours = _FUNCTIONS.get(type(syntax))
        if ours is None:
            raise Untranslatable(syntax, f"{name.upper()} is not translated")
        arguments = [syntax.this, *syntax.expressions]
        return Piece(f"{ours}({', '.join(self._plain(each).text for each in arguments)})")

    def _plain(self, syntax: exp.Expr) -> Piece:
        return unshifted(self.term(syntax))


def _folded(word: str, left: Decimal | None, right: Decimal | None) -> Decimal | None:
    if left is None or right is None or word == "/":
        return None
    return {"+": left + right, "-": left - right, "*": left * right}[word]
