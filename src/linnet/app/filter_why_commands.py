"""`linnet filter why`: each clause with what it saw, and the smallest change that would turn the verdict."""

from __future__ import annotations

from typing import Annotated

import typer

from linnet.app.config import home_path, settings
from linnet.app.console import HomeOption, JsonOption, out, show_json, show_table
from linnet.app.home import existing
from linnet.operations.why import Why

_SAYS = {True: "true", False: "false", None: "null"}


def why(
    name: Annotated[str, typer.Argument(help="Its name.", show_default=False)],
    alert: Annotated[
        str, typer.Argument(help="Id of an alert, or of an object: its latest one. SURVEY:ID where several have it.")
    ],
    version: Annotated[int | None, typer.Option(help="This version.", show_default="the active one")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why a filter passed an alert or did not, on the values that it was judged by."""
    from linnet.app.backtesting import named_filter, past_of
    from linnet.app.wiring import reader
    from linnet.operations.why import find_alert
    from linnet.operations.why import why as explained

    place = home_path(home)
    with reader(existing(place), settings(place)) as parts:
        asked = named_filter(parts, name, version)
        past = past_of(parts, asked)
        found = explained(past, asked, *find_alert(parts.store, alert))
    if as_json:
        show_json(found.as_dict())
    else:
        show(found)


def show(found: Why) -> None:
    """The explanation as a table and two sentences."""
    told = found.as_dict()
    verdict = "passes" if told["passes"] else "does not pass"
    thing = f" of {found.object_id}" if found.object_id else ""
    title = f"{found.survey} alert {found.alert_id}{thing} {verdict} {found.name} version {found.version}"
    rows = [
        {
            "says": _SAYS[each["verdict"]],
            "clause": each["text"],
            "saw": each["why_null"] or ", ".join(f"{n} {_shown(v)}" for n, v in each["saw"].items()),
            "margin": "" if each["margin"] is None else f"{each['margin']:+.5g} {each['unit']}".rstrip(),
        }
        for each in told["clauses"]
    ]
    show_table(title, {n: n for n in ("says", "clause", "saw", "margin")}, rows)
    out.print(change_sentence(found), highlight=False, soft_wrap=True, markup=False)
    for name, by in found.after_the_fact.items():
        out.print(f"after the fact: {name} was made now, by {by}", highlight=False, soft_wrap=True)
    if found.tagged is not told["passes"]:
        was = "was tagged" if found.tagged else "was not tagged"
        out.print(f"it {was} by this version when it came", highlight=False, soft_wrap=True)


def change_sentence(found: Why) -> str:
    """The smallest change in words."""
    told = found.as_dict()
    change = told["smallest_change"]
    turned = "not pass" if told["passes"] else "pass"
    if change is None:
        n = told["clauses_to_turn"]
        least = f"at least {n} clauses must come out otherwise" if n > 1 else "what it depends on is no single value"
        return f"no change of one value makes it {turned}: {least}"
    unit = f" {change['unit']}" if change["unit"] else ""
    before, after = _shown(change["from"]), _shown(change["to"])
    return f"smallest change: with {change['column']} = {after}{unit} instead of {before} it would {turned}"


def _shown(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
