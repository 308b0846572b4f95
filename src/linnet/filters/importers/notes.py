"""What is put down while a filter of another broker is read."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from linnet.filters.importers.report import Part


class Untranslatable(Exception):  # noqa: N818 - says what a part is, and never leaves this package
    """A part of an SQL text has no counterpart.

    Attributes:
        syntax: the part.
        reason: why.
    """

    def __init__(self, syntax: exp.Expr, reason: str) -> None:
        super().__init__(reason)
        self.syntax = syntax
        self.reason = reason


class Notes:
    """Parts with their places in the text.

    Args:
        before: characters that were put before the text that the person wrote.
    """

    def __init__(self, before: int) -> None:
        self._before = before
        self.refused: list[Part] = []
        self.nearly: list[Part] = []
        self.remarks: list[Part] = []

    def refuse(self, found: Untranslatable) -> None:
        """A part without a counterpart."""
        self.refused.append(self._part(found.syntax, found.reason))

    def near(self, syntax: exp.Expr, reason: str) -> None:
        """A part with a near counterpart."""
        self._once(self.nearly, self._part(syntax, reason))

    def remark(self, syntax: exp.Expr, reason: str) -> None:
        """Something worth knowing."""
        self._once(self.remarks, self._part(syntax, reason))

    def _once(self, parts: list[Part], part: Part) -> None:
        if all((each.text, each.reason) != (part.text, part.reason) for each in parts):
            parts.append(part)

    def _part(self, syntax: exp.Expr, reason: str) -> Part:
        starts = [node.meta["start"] for node in syntax.walk() if "start" in node.meta]
        place = max(min(starts, default=self._before) - self._before, 0)
        text = syntax.sql(dialect="mysql", comments=False, unsupported_level=ErrorLevel.IGNORE)
        return Part(f"character {place + 1}", text, reason)
