"""Lasair's filters in this language.

Their text is SQL; it is parsed, walked node by node against a closed list, and never executed. SQL and this language
agree on null: a comparison with it is null, and null does not pass.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from linnet.errors import FilterError
from linnet.filters.importers.lasair_columns import NO_TABLE
from linnet.filters.importers.lasair_query import Query, query
from linnet.filters.importers.lasair_terms import Terms
from linnet.filters.importers.notes import Notes, Untranslatable
from linnet.filters.importers.numbers_compared import numbers, ranged
from linnet.filters.importers.pieces import Level, Piece, compared, constant, is_null, joined, negated, quoted
from linnet.filters.importers.report import Imported, Part

_COMPARISONS: dict[type, str] = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_LISTS = {"watchlist": "in_watchlist", "watchlists": "in_watchlist", "area": "in_area", "areas": "in_area"}
_PLAIN_TABLES = {"objects", "objects_ext", "sherlock_classifications", "watchlist_hits", "area_hits"}
"""Tables that narrow nothing by being listed: a row for every object, or a list that the condition must name."""

_IDENTITY = {"objectid", "diaobjectid"}


def imported(original: str, lists: Mapping[str, str] | None = None) -> Imported:
    """Read a Lasair filter into this language.

    Args:
        original: a `WHERE` text, a whole `SELECT`, or the JSON that Lasair's API takes.
        lists: what Lasair's `watchlist:7` or `area:3` is called here.

    Returns:
        The translation, or what stands in its way. Its text has not been checked against the columns there are.

    Raises:
        FilterError: the original cannot be read as SQL; with position.
    """
    try:
        return _Walk(query(original), lists or {}).imported()
    except RecursionError as error:
        raise FilterError("this condition is nested too deep to be read", 0) from error


class _Walk:
    def __init__(self, found: Query, lists: Mapping[str, str]) -> None:
        self._query = found
        self._lists = lists
        self._notes = Notes(found.before)
        self._terms = Terms(self._notes, found.names)

    def imported(self) -> Imported:
        parts = (*self._query.joins, *_clauses(self._query.condition))
        kept = self._members()
        found = [self._condition(each, exact=False) for each in parts if not self._is_join(each)]
        kept.extend(each for each in found if each is not None)
        surveys = sorted(self._terms.surveys)
        if kept and len(surveys) == 1:
            kept.insert(0, Piece(f"survey = '{surveys[0]}'", Level.COMPARISON))
        if not kept and not self._notes.refused:
            self._notes.refused.append(Part("the whole", "", "there is no condition in it"))
        text = joined("and", kept).text if kept else ""
        notes, complete = self._notes, not self._notes.refused
        extras = tuple(
            Part("the end", each, "Lasair itself leaves it aside in a stream") for each in self._query.extras
        )
        rest = "" if complete or not kept else text
        return Imported(
            text if complete else "", rest, tuple(notes.refused), tuple(notes.nearly), (*notes.remarks, *extras)
        )

    def _members(self) -> list[Piece]:
        """Memberships that the list of tables asks for, and tables that narrow a filter by being there."""
        found = []
        for table in self._query.tables:
            sort, _, name = table.partition(":")
            if name and sort in _LISTS:
                found.append(self._member(table, _LISTS[sort], Part("tables", table, "")))
            elif table not in _PLAIN_TABLES:
                why = NO_TABLE.get(sort.replace("annotator", "annotations"), "it is no table of Lasair's")
                self._notes.refused.append(Part("tables", table, f"only objects that it has pass; {why}"))
        return [each for each in found if each is not None]

    def _member(self, table: str, function: str, part: Part) -> Piece | None:
        ours = self._lists.get(table.replace("s:", ":", 1))
        if ours is not None:
            return Piece(f"{function}({quoted(ours).text})")
        reason = f"say which list here it is: --list {table}=NAME"
        self._notes.refused.append(Part(part.where, part.text, reason))
        return None

    def _is_join(self, syntax: exp.Expr) -> bool:
        """Whether this only says how tables belong together: the identities of their objects are equal."""
        syntax = syntax.unnest()
        if type(syntax) is not exp.EQ or {type(syntax.this), type(syntax.expression)} != {exp.Column}:
            return False
        if syntax.this.name.lower() not in _IDENTITY or syntax.expression.name.lower() not in _IDENTITY:
            return False
        tables = {
            self._query.names.get(t, t) for s in (syntax.this, syntax.expression) for t in [s.text("table").lower()]
        }
        other = (tables - {"objects", ""}) or {"objects"}
        if other <= {"objects", "objects_ext", "sherlock_classifications"}:
            self._notes.remark(syntax, "joins tables that have a row for every object")
            return True
        return other <= {"watchlist_hits", "area_hits"} and self._names_list()

    def _names_list(self) -> bool:
        """Whether the filter says elsewhere which list it means."""
        named = any(each.partition(":")[0] in _LISTS for each in self._query.tables)
        condition = self._query.condition
        columns = [] if condition is None else [each.name.lower() for each in condition.find_all(exp.Column)]
        return named or "wl_id" in columns or "ar_id" in columns

    def _condition(self, syntax: exp.Expr, *, exact: bool) -> Piece | None:
        """A condition; None where a part of it is refused.

        Args:
            syntax: its tree.
            exact: whether false and null must be told apart, because it stands within a `not`.
        """
        syntax = syntax.unnest()
        if type(syntax) in (exp.And, exp.Or):
            items = [self._condition(each, exact=exact) for each in _chain(syntax)]
            word = "and" if type(syntax) is exp.And else "or"
            whole = [each for each in items if each is not None]
            return joined(word, whole) if len(whole) == len(items) else None
        if type(syntax) is exp.Not:
            inner = self._condition(syntax.this, exact=True)
            return None if inner is None else negated(inner)
        try:
            return self._leaf(syntax, exact=exact)
        except Untranslatable as found:
            self._notes.refuse(found)
            return None

    def _leaf(self, syntax: exp.Expr, *, exact: bool) -> Piece:
        kind = type(syntax)
        if kind in _COMPARISONS:
            return self._comparison(syntax, exact=exact)
        if kind is exp.Between:
            return self._between(syntax, exact=exact)
        if kind is exp.In:
            return self._in(syntax)
        if kind is exp.Is and type(syntax.expression) is exp.Null:
            return self._is_null(syntax)
        if kind is exp.Boolean:
            return Piece("true" if syntax.this else "false")
        names: dict[type, str] = {exp.Like: "LIKE", exp.RegexpLike: "a regular expression", exp.Xor: "XOR"}
        raise Untranslatable(syntax, f"{names.get(kind, 'this')} is no condition that has a counterpart")

    def _comparison(self, syntax: exp.Expr, *, exact: bool) -> Piece:
        word = _COMPARISONS[syntax.__class__]
        member = self._listed(syntax)
        if member is not None:
            return member
        if self._terms.is_text(syntax.this) or self._terms.is_text(syntax.expression):
            return compared(word, *(self._as_text(s, word) for s in (syntax.this, syntax.expression)))
        sides = self._terms.term(syntax.this), self._terms.term(syntax.expression)
        return numbers(word, *sides, exact=exact)

    def _listed(self, syntax: exp.Expr) -> Piece | None:
        """`watchlist_hits.wl_id = 7`."""
        column, value = syntax.this, syntax.expression
        name = column.name.lower() if type(column) is exp.Column else ""
        if type(syntax) is not exp.EQ or name not in ("wl_id", "ar_id") or type(value) is not exp.Literal:
            return None
        sort = "watchlist" if name == "wl_id" else "area"
        ours = self._lists.get(f"{sort}:{value.name}")
        if ours is None:
            raise Untranslatable(syntax, f"say which list here it is: --list {sort}:{value.name}=NAME")
        return Piece(f"{_LISTS[sort]}({quoted(ours).text})")

    def _as_text(self, syntax: exp.Expr, word: str) -> Piece:
        bare = syntax.unnest()
        if word not in ("=", "!="):
            raise Untranslatable(syntax, "texts have no order in this language")
        return quoted(bare.name) if type(bare) is exp.Literal else self._terms.term(bare)

    def _between(self, syntax: exp.Expr, *, exact: bool) -> Piece:
        item, low, high = (self._terms.term(syntax.args[k]) for k in ("this", "low", "high"))
        return ranged(item, low, high, exact=exact)

    def _in(self, syntax: exp.Expr) -> Piece:
        listed = syntax.expressions
        if not listed or any(type(each) not in (exp.Literal, exp.Neg) for each in listed):
            raise Untranslatable(syntax, "a list holds constants and nothing else")
        if self._terms.is_text(syntax.this):
            item, values = self._terms.term(syntax.this), [quoted(each.name) for each in listed]
        else:
            item, values = self._terms.term(syntax.this), [self._terms.term(each) for each in listed]
        if item.absent is not None or item.none is not None or item.shift:
            raise Untranslatable(syntax, "write this list as comparisons with or")
        return Piece(f"{item.within(Level.SUM)} in ({', '.join(v.text for v in values)})", Level.COMPARISON)

    def _is_null(self, syntax: exp.Expr) -> Piece:
        item = self._terms.term(syntax.this)
        if item.absent is not None:
            raise Untranslatable(syntax, f"null here is what is {item.absent} there")
        if item.none is not None:
            return joined("or", [compared("=", item, constant(item.none)), is_null(item)])
        return is_null(item)


def _clauses(condition: exp.Expr | None) -> list[exp.Expr]:
    if condition is None:
        return []
    bare = condition.unnest()
    return _chain(bare) if type(bare) is exp.And else [bare]


def _chain(syntax: exp.Expr) -> list[exp.Expr]:
    """Operands of a chain of one junction, in the order of the text, without recursion."""
    found: list[exp.Expr] = []
    waiting = [syntax]
    while waiting:
        each = waiting.pop().unnest()
        if type(each) is type(syntax):
            waiting.extend((each.expression, each.this))
        else:
            found.append(each)
    return found
