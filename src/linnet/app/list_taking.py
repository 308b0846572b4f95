"""What `add` and `update` do with a watchlist or an area: the same for both but for how its file is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from linnet.app.config import home_path
from linnet.app.home import create, existing
from linnet.app.list_desk import check_name, desk
from linnet.core.list_port import ListVersion, Sort
from linnet.operations.list_keeping import ListKeeping


def take(
    sort: Sort,
    home: Path | None,
    name: str,
    keep: Callable[[ListKeeping], tuple[ListVersion, bool]],
    then: tuple[bool, bool],
    *,
    new: bool,
) -> None:
    """Keep a list or a new version of one, and say so.

    Args:
        sort: watchlist or area.
        home: as given on the command line.
        name: of the list.
        keep: reads the file and keeps it; gives the version, and whether it was not there before.
        then: whether to make and activate the filter of the same name; whether to look back at the past.
        new: whether there must not be a list of this name yet; otherwise there must.

    Raises:
        InputError: the name is of no use, or taken, or a filter of this name asks for something else.
        NotFoundError: there is no list to be updated.
    """
    if new:
        check_name(sort, name)
    path = home_path(home)
    with_filter, past = then
    with desk(sort, create(path) if new else existing(path)) as at:
        at.require_new(name, new=new)
        if with_filter:
            at.check_filter(name)
        which, is_new = keep(at.keeping)
        at.say(which, is_new=is_new)
        if with_filter:
            at.activate(which)
        if past:
            at.look_back(which)
