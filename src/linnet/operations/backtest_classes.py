"""Efficiency and purity of a back-tested filter, class by class."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from linnet.operations.binomial import Fraction, fraction


@dataclass(frozen=True)
class ClassFound:
    """A filter on one class.

    Attributes:
        name: the class.
        sources: of it, of which an alert was judged. passed: of these, those of which one passes.
        efficiency: passed among the sources.
        purity: this class's part of all sources of known class that passed.
    """

    name: str
    sources: int
    passed: int
    efficiency: Fraction | None
    purity: Fraction | None


def classes_found(whole: pa.Table, classes: tuple[str, ...]) -> tuple[ClassFound, ...]:
    """Count sources by class.

    Args:
        whole: `CATCH` rows of all alerts of known class that were judged (others do not count).
        classes: names of all classes.
    """
    known = whole.filter(pc.is_valid(whole["class"]))
    sources = _by_class(known)
    passed = _by_class(known.filter(known["passed"]))
    every = sum(passed.values())
    return tuple(
        ClassFound(
            name=name,
            sources=sources.get(name, 0),
            passed=passed.get(name, 0),
            efficiency=fraction(passed.get(name, 0), sources.get(name, 0)),
            purity=fraction(passed.get(name, 0), every),
        )
        for name in classes
    )


def _by_class(rows: pa.Table) -> dict[str, int]:
    """Class -> distinct sources."""
    once = rows.group_by(["class", "source"]).aggregate([])
    counts = once["class"].value_counts()
    return {each["values"]: each["counts"] for each in counts.to_pylist()}
