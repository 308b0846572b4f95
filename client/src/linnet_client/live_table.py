"""The newest matches as a table in the terminal."""

from __future__ import annotations

from collections import deque

from rich.box import SIMPLE_HEAD
from rich.table import Table

from linnet_client.alert import Alert


class LiveTable:
    """The newest matches, the newest below.

    Args:
        title: above the table.
        rows: how many are shown.
        with_filter: whether a column names the filter.
    """

    def __init__(self, title: str, rows: int, *, with_filter: bool) -> None:
        self._title, self._with_filter = title, with_filter
        self._newest: deque[Alert] = deque(maxlen=rows)
        self.count = 0

    def add(self, alert: Alert) -> None:
        """Show one more."""
        self._newest.append(alert)
        self.count += 1

    def __rich__(self) -> Table:
        """What rich draws."""
        title = f"{self._title}: {self.count} so far"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
        for name in (*(["filter"] if self._with_filter else []), "survey", "object"):
            table.add_column(name, no_wrap=True)
        for name in ("MJD", "RA", "Dec", "band", "mag"):
            table.add_column(name, justify="right", no_wrap=True)
        for a in self._newest:
            facts = (*([a.filter] if self._with_filter else []), a.survey, a.object_id or a.alert_id)
            mag = "" if a.mag is None else f"{a.mag:.2f}"
            table.add_row(*facts, f"{a.mjd:.4f}", f"{a.ra:.5f}", f"{a.dec:+.5f}", a.band or "", mag)
        return table
