"""The port of filters that people keep: immutable versions, activations, and notices to their owners."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

Value: TypeAlias = float | str | bool
Visibility: TypeAlias = Literal["private", "public"]
NoticeKind: TypeAlias = Literal["failed", "budget", "unfit", "examples"]
"""Why an owner is told something: the filter raised, took too long, no longer fits the columns and names there are, or
an example has another verdict."""


class Judged(NamedTuple):
    """A row on which the verdict of a filter is known. Columns that it does not name are null."""

    why: str
    row: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Details:
    """What a version of a filter has besides its text.

    Attributes:
        description, reference: for people.
        visibility: of the filter, so of all its versions, where this is the first one; later see `set_visibility`.
        columns: that its messages carry besides those that all messages have.
        options: name and value of each number that was chosen for a built-in filter.
        must_pass, must_not: examples.
    """

    description: str = ""
    reference: str = ""
    visibility: Visibility = "private"
    columns: tuple[str, ...] = ()
    options: tuple[tuple[str, float], ...] = ()
    must_pass: tuple[Judged, ...] = ()
    must_not: tuple[Judged, ...] = ()

    @property
    def kept(self) -> tuple[object, ...]:
        """What, with the text, makes a version: another value of any of these is another version."""
        return self.columns, self.options, self.must_pass, self.must_not


PLAIN = Details()
"""Nothing besides the text."""


@dataclass(frozen=True)
class FilterText:
    """One immutable version of a filter as kept in the control database.

    Attributes:
        active: whether it is the active version.
        ended: why it was switched off last, where it was not a person's wish; "" otherwise.
    """

    name: str
    version: int
    text: str
    topic_line: str
    owner: str
    active: bool
    created: str
    details: Details = PLAIN
    ended: str = ""

    @property
    def description(self) -> str:
        """What it is, for people."""
        return self.details.description

    @property
    def reference(self) -> str:
        """A paper or page."""
        return self.details.reference


class Activation(NamedTuple):
    """One activation of a version.

    Attributes:
        begun: when somebody asked for it (ISO 8601, UTC). since: the first number of the tag log that is judged by it;
            None until a broker has taken it up.
        ended: when it was ended, None while it holds. until: the last number of the tag log that was judged by it.
        reason: why it was ended, "" where it was a person's wish.
    """

    filter: str
    version: int
    begun: str
    since: int | None = None
    ended: str | None = None
    until: int | None = None
    reason: str = ""


class Notice(NamedTuple):
    """Something that the owner of a filter is told; open until a version of the filter is activated."""

    filter: str
    version: int
    kind: NoticeKind
    text: str
    owner: str
    created: str


class Filters(Protocol):
    """Filters, their versions, activations and notices. Written by any process, polled by the engine."""

    def add_filter(
        self, name: str, text: str, *, topic_line: str, owner: str = "local", details: Details = PLAIN
    ) -> int:
        """Add a filter or a new version of it; gives the version.

        The same text again, with the same columns, options and examples, gives the existing version as it is.
        """

    def set_active(self, name: str, version: int | None) -> None:
        """Activate one version of a filter, or none. An activation closes its notices.

        Raises:
            NotFoundError: no such filter or version.
        """

    def switch_off(self, name: str, version: int, kind: NoticeKind, reason: str, *, until: int | None = None) -> bool:
        """End the activation of this version for a reason that its owner is told; gives whether it was active.

        `until`: the last tag-log number that it judged, where it judges nothing from now on; None: the next `take_up`
        says that. An activation that would begin behind it has judged nothing.
        """

    def set_visibility(self, name: str, visibility: Visibility) -> None:
        """Who may see a filter and its matches: its owner, or everybody.

        Raises:
            NotFoundError: no such filter.
        """

    def filters(self, *, active: bool = False) -> list[FilterText]:
        """All versions of all filters by name and version, or only the active ones."""

    def generation(self) -> int:
        """A number that grows with every change of filters, activations and routes; cheap to poll."""

    def record_activation(self, name: str, version: int, seq: int) -> None:
        """Record from which tag-log number an activation holds; the first call for a version stays."""

    def take_up(self, seq: int) -> list[FilterText]:
        """The active versions by name, in one step with the record that they judge from tag-log number `seq` on.

        An activation that has no beginning yet begins there; one that was ended, and judged until now, ends before it.
        """

    def activations(self) -> list[tuple[str, int, int | None]]:
        """All activations in order of their making: (filter, version, tag-log number from which it holds or None)."""

    def activation_log(self, name: str) -> list[Activation]:
        """All activations of one filter in order of their making."""

    def notify(self, name: str, version: int, kind: NoticeKind, text: str) -> bool:
        """Tell the owner of a filter something; gives whether that is new: an open notice is not repeated."""

    def notices(self, name: str | None = None) -> list[Notice]:
        """Open notices of one filter or of all, in order of their making."""

    def close_notices(self, name: str, kind: NoticeKind) -> None:
        """Close the open notices of one kind: what they say is no longer so."""


def judged_json(examples: Sequence[Judged]) -> str:
    """Examples as JSON, the same text for the same examples."""
    return json.dumps([{"why": why, "row": dict(row)} for why, row in examples], sort_keys=True)


def judged_rows(text: str) -> tuple[Judged, ...]:
    """Examples out of `judged_json`."""
    return tuple(Judged(each["why"], tuple(each["row"].items())) for each in json.loads(text))
