"""What a running broker counts, at one moment: named numbers with labels, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Figures:
    """Numbers of one moment.

    Attributes:
        values: (name, labels) -> number. A histogram stands as its cumulated counts `NAME_bucket` with the label `le`.
        at: Unix seconds of that moment.
    """

    values: Mapping[tuple[str, Labels], float] = field(default_factory=dict)
    at: float = 0.0

    def total(self, name: str, **labels: str) -> float:
        """Sum of all numbers of this name that have these labels; 0 where there is none."""
        wanted = set(labels.items())
        return sum(value for (each, has), value in self.values.items() if each == name and wanted <= has)

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Sums of the numbers of this name that have these labels, by the value of one label, sorted."""
        wanted, found = set(labels.items()), dict[str, float]()
        for (each, has), value in self.values.items():
            if each == name and wanted <= has:
                key = dict(has).get(label, "")
                found[key] = found.get(key, 0.0) + value
        return dict(sorted(found.items()))

    def since(self, before: Figures) -> Figures:
        """What was added since: differences of all numbers, so only of use for those that only grow."""
        return Figures({key: value - before.values.get(key, 0.0) for key, value in self.values.items()}, self.at)

    def quantile(self, name: str, part: float, **labels: str) -> float | None:
        """The value of a histogram below which this part (0 to 1) of all observations lies, interpolated in a bucket.

        None where nothing was observed. What lies in the last, open bucket is told as that bucket's lower edge.
        """
        edges = sorted((float(le), n) for le, n in self.by(f"{name}_bucket", "le", **labels).items())
        if not edges or not edges[-1][1]:
            return None
        wanted, low, below = part * edges[-1][1], 0.0, 0.0
        for edge, count in edges:
            if count >= wanted and count > below:
                return low if edge == float("inf") else low + (edge - low) * (wanted - below) / (count - below)
            low, below = edge, count
        return low
