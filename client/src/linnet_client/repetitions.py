"""Which messages were seen already, in a bounded memory."""

from __future__ import annotations

from collections import OrderedDict


class Seen:
    """The newest ids, about 100 bytes each.

    Args:
        size: how many are remembered; 0 remembers none.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._ids: OrderedDict[str, None] = OrderedDict()

    def is_new(self, dedup_id: str) -> bool:
        """Whether this id was not seen; it is from now on."""
        if dedup_id in self._ids:
            self._ids.move_to_end(dedup_id)
            return False
        if self._size:
            self._ids[dedup_id] = None
            if len(self._ids) > self._size:
                self._ids.popitem(last=False)
        return True

    def __len__(self) -> int:
        return len(self._ids)
