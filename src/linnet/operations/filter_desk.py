"""Where filters are checked, added, switched on and off: the same for the command line and the API."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from linnet.core.column import Column
from linnet.core.filter_port import PLAIN, Details, FilterText
from linnet.core.ports import Control
from linnet.errors import FilterError, InputError, NotFoundError
from linnet.filters.clauses import clauses
from linnet.filters.formatter import canonical
from linnet.filters.language import Filter
from linnet.operations.filter_examples import Verdict, verdicts
from linnet.operations.filter_reading import read_new
from linnet.operations.reference_night import Share

NAME = re.compile("[a-z][a-z0-9_]{0,63}")
"""What a filter may be called: the name is part of topics and of names of files."""


@dataclass(frozen=True)
class Draft:
    """A filter, or a new version of one, that somebody has written."""

    name: str
    text: str
    topic_line: str = ""
    details: Details = PLAIN
    owner: str = "local"


@dataclass(frozen=True)
class Checked:
    """A draft that can be a filter.

    Attributes:
        condition: as it was read. canonical: its one spelling.
        reads: name, type and unit of each column that it reads.
        verdicts: of its examples.
    """

    condition: Filter
    canonical: str
    reads: tuple[tuple[str, str, str], ...]
    verdicts: tuple[Verdict, ...]

    @property
    def wrong(self) -> str:
        """One line that says which examples have another verdict than they must; "" where none has."""
        return "; ".join(str(each) for each in self.verdicts if not each.is_right)


@dataclass(frozen=True)
class FilterDesk:
    """Works on the filters of a control database.

    Attributes:
        control: where they are kept. columns: all that are declared.
        shares: what a filter would have matched of the latest complete nights. largest: the largest share allowed.
    """

    control: Control
    columns: Mapping[str, Column]
    shares: Callable[[Filter], list[Share]]
    largest: float

    def check(self, draft: Draft) -> Checked:
        """Read a draft, and judge its examples.

        Raises:
            InputError: it cannot be named so.
            FilterError: the text is refused, with its place; or an example or a column to send is of no use.
        """
        if not NAME.fullmatch(draft.name):
            raise InputError(
                f"a filter cannot be named {draft.name!r}: write lower case, digits and underscores, a letter first"
            )
        condition = read_new(draft.name, draft.text, self.columns, self.control)
        for name in draft.details.columns:
            self._check_column(name)
        judged = verdicts(condition, draft.details, self.columns)
        reads = tuple((name, *self._declared(name)) for name in condition.columns)
        return Checked(condition, canonical(condition.tree), reads, tuple(judged))

    def add(self, draft: Draft) -> int:
        """Keep a draft as the newest version; gives its number. The same again is the version that has it already.

        Raises:
            InputError, FilterError: as in `check`.
        """
        self.check(draft)
        return self.control.add_filter(
            draft.name, draft.text, topic_line=draft.topic_line, owner=draft.owner, details=draft.details
        )

    def activate(self, name: str, version: int | None = None, *, force: bool = False) -> tuple[int, list[str]]:
        """Switch a version on; a running broker takes it up within seconds.

        Args:
            name: of the filter.
            version: None means the newest.
            force: whatever its examples say, and however much it matches.

        Returns:
            The version, and what there is to say about it: one sentence for each reference night.

        Raises:
            NotFoundError: no such filter or version.
            FilterError: it no longer fits, an example is wrong, or it matches more than the allowed share of a night.
        """
        one = self.version(name, version)
        checked = self.check(Draft(name, one.text, one.topic_line, one.details))
        if checked.wrong and not force:
            raise FilterError(f"{name} version {one.version} is not activated: {checked.wrong}; mend it, or force it")
        shares = self.shares(checked.condition)
        for each in shares:
            if each.share is not None and each.share > self.largest and not force:
                raise FilterError(
                    f"{name} version {one.version} is not activated: {each}, more than {self.largest:g}; "
                    "narrow it, or force it"
                )
        self.control.set_active(name, one.version)
        none = "no complete night is here yet, so how much it matches is not known"
        return one.version, [str(each) for each in shares] or [none]

    def off(self, name: str) -> list[str]:
        """Switch a filter off; gives the names of active filters that name it, which will be switched off too.

        Raises:
            NotFoundError: no such filter.
        """
        self.version(name, None)
        self.control.set_active(name, None)
        names = re.compile(rf"\btag\s*\(\s*'{re.escape(name)}'\s*\)", re.IGNORECASE)
        return [each.name for each in self.control.filters(active=True) if names.search(each.text)]

    def version(self, name: str, version: int | None) -> FilterText:
        """One version of a filter, None means the newest.

        Raises:
            NotFoundError: there is none; names that are written alike are named.
        """
        known = self.control.filters()
        found = [each for each in known if each.name == name and version in {None, each.version}]
        if found:
            return found[-1]
        if any(each.name == name for each in known):
            raise NotFoundError(f"filter {name} has no version {version}: `linnet filter show {name}` has them")
        near = difflib.get_close_matches(name, sorted({each.name for each in known}), 3, 0.5)
        meant = f" (near: {', '.join(near)})" if near else ""
        raise NotFoundError(f"there is no filter {name}{meant}")

    def diff(self, name: str, before: int, after: int) -> list[tuple[str, str]]:
        """Two versions, clause by clause.

        Returns:
            (sign, clause) in the order of the later version: " " in both, "+" in the later one alone, "-" in the
            earlier one alone. Clauses are in canonical form; where they agree and the versions do not, `and`, `or`
            and `not` join them otherwise.

        Raises:
            NotFoundError: one of them is not there.
            FilterError: one no longer fits the columns.
        """
        earlier, later = (self.clauses(self.version(name, each)) for each in (before, after))
        lines = difflib.ndiff(earlier, later)
        return [(line[0], line[2:]) for line in lines if line[0] != "?"]

    def clauses(self, one: FilterText) -> list[str]:
        """The clauses of a version, in canonical form and the order of its text.

        Raises:
            FilterError: it no longer fits the columns.
        """
        return [each.text for each in clauses(read_new(one.name, one.text, self.columns, self.control).tree)]

    def _declared(self, name: str) -> tuple[str, str]:
        declared = self.columns.get(name)
        return ("bool", "") if declared is None else (str(declared.type), declared.unit)

    def _check_column(self, name: str) -> None:
        if name in self.columns:
            if self.columns[name].is_list:
                # A light curve may hold points that are not public, and the API has it whole.
                raise FilterError(f"column {name} is a light curve, which no message carries")
            return
        near = difflib.get_close_matches(name, self.columns, 1, 0.5)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise FilterError(f"there is no column {name} to send{meant}", None, near[0] if near else None)
