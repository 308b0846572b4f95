"""What became of a filter that was written for another broker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part of the original about which there is something to say.

    Attributes:
        where: its place: `character 17` of a text, or the path in a tree.
        text: the part itself.
        reason: what there is to say.
    """

    where: str
    text: str
    reason: str


@dataclass(frozen=True)
class Imported:
    """A translation.

    Attributes:
        text: the filter in this language; "" where anything is refused.
        rest: where something is refused, the clauses that could be read, if leaving the others out only lets more pass;
            else "".
        refused: parts without a counterpart.
        near: parts whose counterpart means nearly the same, with the difference.
        remarks: what is worth knowing and changes nothing.
    """

    text: str
    rest: str
    refused: tuple[Part, ...]
    near: tuple[Part, ...]
    remarks: tuple[Part, ...]
