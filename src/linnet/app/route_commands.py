"""`linnet route`: who is sent which matches, and how many of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from linnet.app import wiring
from linnet.app.config import home_path, settings
from linnet.app.console import HomeOption, JsonOption, out, show_json, show_table
from linnet.app.home import Home, existing
from linnet.app.installing import install
from linnet.app.sinks import sink_of
from linnet.core.delivery_policy import Policy
from linnet.core.ports import Control, Progress, Route
from linnet.errors import InputError, NotFoundError

app = typer.Typer(no_args_is_help=True, help="Routes: where matches are sent, which, and how many.")

NAME = re.compile("[a-z][a-z0-9_-]{0,63}")


@app.command()
def add(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    name: Annotated[str, typer.Argument(help="Its name: lower case, digits, - and _.")],
    sink: Annotated[str, typer.Option(help="Where to: files:FOLDER, a folder in the home or anywhere.")],
    filters: Annotated[str, typer.Option(help="Names of filters, with commas between; without it: all.")] = "",
    once_per_object: Annotated[
        bool, typer.Option("--once-per-object", help="Each filter names an object once.")
    ] = False,
    per_night: Annotated[int | None, typer.Option(help="Most messages of a filter in a night.")] = None,
    min_gap: Annotated[
        float | None, typer.Option(help="Least days between messages of an object and a filter.")
    ] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Send all earlier matches too.")] = False,
    home: HomeOption = None,
) -> None:
    """Add a route, or replace one, which then goes on where it was. A broker that runs takes it up within seconds."""
    if not NAME.fullmatch(name):
        raise InputError(f"a route cannot be named {name!r}: write lower case, digits, - and _, a letter first")
    names = tuple(dict.fromkeys(each.strip() for each in filters.split(",") if each.strip()))
    route = Route(name, sink, names, Policy(once_per_object, per_night, min_gap))
    place = existing(home_path(home))
    sink_of(place, settings(place.path), route)
    with _control(place) as control:
        _check_filters(control, names)
        newest = 0 if from_start else _last_tag(place)
        control.add_route(route, None if from_start else Progress(newest, since=newest))
    out.print(f"route {name} sends {_which(route)} to {sink}: {route.policy}", highlight=False, soft_wrap=True)


@app.command("list")
def list_routes(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """All routes, what they hold back, and how many matches they have sent, withheld (not public) and held back."""
    with _control(existing(home_path(home))) as control:
        delivered = control.delivered()
        routes = control.routes()
    found = [_row(route, delivered.get(route.name, Progress())) for route in routes]
    if as_json:
        show_json(found)
        return
    headings = ("route", "sink", "filters", "policy", "sent", "withheld", "held")
    shown = [{**row, "filters": ", ".join(r.filters) or "all"} for row, r in zip(found, routes, strict=True)]
    show_table("routes", {name: name for name in headings}, shown)


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Its name.")], home: HomeOption = None) -> None:
    """Remove a route and forget how far it was; what it has sent stays where it is."""
    with _control(existing(home_path(home))) as control:
        control.remove_route(name)
    out.print(f"route {name} is removed; a broker that runs leaves it within seconds", highlight=False)


def _row(route: Route, progress: Progress) -> dict[str, object]:
    return {
        "route": route.name,
        "sink": route.sink,
        "filters": list(route.filters),
        "policy": str(route.policy),
        "once_per_object": route.policy.once_per_object,
        "per_night": route.policy.per_night,
        "min_gap": route.policy.min_gap,
        "seq": str(progress.seq),
        "sent": progress.sent,
        "withheld": progress.withheld,
        "held": progress.held,
    }


def _which(route: Route) -> str:
    return f"matches of {', '.join(route.filters)}" if route.filters else "all matches"


def _check_filters(control: Control, names: tuple[str, ...]) -> None:
    known = {f.name for f in control.filters()}
    for name in names:
        if name not in known:
            raise NotFoundError(f"there is no filter {name}: `linnet filter list` has them")


def _last_tag(home: Home) -> int:
    """Where the tag log ends; 0 where nothing was taken yet."""
    if not home.store.exists():
        return 0
    with wiring.reader(home, settings(home.path)) as parts:
        return parts.store.last_tag()


@contextmanager
def _control(home: Home) -> Iterator[Control]:
    """The control database, with the default route and filters in it before anything is changed."""
    control = wiring.open_control(home)
    try:
        install(control)
        yield control
    finally:
        control.close()
