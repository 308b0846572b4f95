"""What a new control database begins with: the default route, and the filters that come with Linnet."""

from __future__ import annotations

from linnet.core.ports import Control, Route
from linnet.filters.builtin import builtin
from linnet.operations.shipped_filters import details_of

FILES_ROUTE = Route(name="files", sink="files:outbox")

OUR_OWN = "linnet"
"""Owner of the filters that come with Linnet."""


def install(control: Control) -> None:
    """Put the default route and the built-in filters into a new control database. What is there stays as it is.

    Adding a filter and activating it are two changes: what ended an earlier start between them, this one completes.
    """
    if not control.routes(removed=True):
        control.add_route(FILES_ROUTE)
    known = {name for name, *_ in control.activations()} | {f.name for f in control.filters() if f.owner != OUR_OWN}
    for each in builtin():
        if each.name not in known:
            version = control.add_filter(
                each.name, each.text, topic_line=each.topic_line, owner=OUR_OWN, details=details_of(each)
            )
            control.set_active(each.name, version)
