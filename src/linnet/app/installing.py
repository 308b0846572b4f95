"""What a new control database begins with: the default route, and the filters that come with Linnet."""

from __future__ import annotations

from linnet.core.filter_port import Details, Judged
from linnet.core.ports import Control, Route
from linnet.filters.builtin import BuiltinFilter, Example, builtin

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


def details_of(each: BuiltinFilter) -> Details:
    """What a built-in filter has besides its text: with its examples, which are run again wherever it is active."""
    return Details(
        each.description,
        each.reference,
        "public",
        must_pass=tuple(map(_judged, each.must_pass)),
        must_not=tuple(map(_judged, each.must_not)),
    )


def _judged(each: Example) -> Judged:
    return Judged(each.why, tuple(sorted(each.row)))
