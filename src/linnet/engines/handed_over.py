"""What one stage hands over to the next: opened batches to the plan, units to the commit."""

from __future__ import annotations

from dataclasses import dataclass, field

from linnet.core.envelope import Gap, Position
from linnet.core.unit import Unit
from linnet.engines.ages import Sent
from linnet.engines.archiving import Archiving
from linnet.engines.arrivals import Opened


@dataclass(frozen=True)
class Offer:
    """One batch, decoded, on its way to the plan.

    Attributes:
        positions: where the source goes on after it.
        rows: messages. weight: their bytes. sent: when they were.
        gaps: what the source passed over before the end of this batch.
    """

    opened: Opened
    positions: tuple[Position, ...]
    rows: int
    weight: int
    sent: Sent = field(default_factory=Sent)
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class Planned:
    """One unit on its way to the commit.

    Attributes:
        rows: messages of the batch that is through with this unit; 0 where more units of the batch follow.
        weight: bytes of its datums, as long as it waits.
        sent: when the messages of the batch were sent.
        archiving: the append of its datums, which may still go on; None where there are none.
    """

    unit: Unit
    rows: int
    weight: int
    sent: Sent = field(default_factory=Sent)
    archiving: Archiving | None = None
