"""What a filter hunts, and how much of it its author expects to find: written down before anybody looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linnet.core.column import Column
from linnet.errors import FilterError
from linnet.filters.language import Filter, parse

_KEYS = {"classes", "among", "efficiency"}


@dataclass(frozen=True)
class Prey:
    """What a filter hunts.

    Attributes:
        classes: names of classes of sources, as tables of truth have them; empty for a filter that hunts none.
        among: condition on an alert's stored columns. A source counts as one that the filter should find where any of
            its alerts meets it: bright enough, and long enough seen, by the filter's own definition.
        efficiency: fraction of those sources that the author expects to find.
    """

    classes: tuple[str, ...]
    among: str
    efficiency: float

    def condition(self, columns: Mapping[str, Column]) -> Filter:
        """`among`, read against the columns that a store keeps.

        Raises:
            FilterError: it is refused.
        """
        return parse(self.among, columns)


def prey(name: str, given: Any) -> Prey:
    """Prey from the table `prey` of a filter's file.

    Raises:
        FilterError: a key is missing or unknown, or a value is not what it must be.
    """
    if not isinstance(given, dict) or set(given) != _KEYS:
        raise FilterError(f"filter {name}: prey has the keys classes, among, efficiency and no other")
    classes, among, efficiency = given["classes"], given["among"], given["efficiency"]
    if not isinstance(classes, list) or not all(isinstance(each, str) and each for each in classes):
        raise FilterError(f"filter {name}: the classes of its prey are a list of names")
    if not isinstance(among, str) or not among.strip():
        raise FilterError(f"filter {name}: prey says among which sources it counts")
    if not isinstance(efficiency, float) or not 0.0 < efficiency <= 1.0:
        raise FilterError(f"filter {name}: the efficiency of its prey is a fraction above 0, at most 1")
    return Prey(tuple(classes), among.strip(), efficiency)
