"""The other half of the hundred random orders, in a file of its own so that two cores share the work."""

from __future__ import annotations

from pathlib import Path

from corridors import in_memory
from night_orders import by_night, check_orders, run


def test_no_other_order_within_nights_changes_the_dump_either(samples: Path) -> None:
    nights = by_night(samples)
    reference = run(in_memory(), [m for _, m in nights], 1000).dump()
    check_orders(nights, reference, orders=55, seed=2)
