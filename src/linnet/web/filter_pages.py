"""Pages of filters: all of them, one with its versions and catches, two versions compared; and the owner's buttons."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from linnet.core.filter_port import FilterText
from linnet.errors import FilterError, InputError, NotFoundError
from linnet.operations.filter_record import record, state
from linnet.operations.filter_yields import Yield, latest_yields
from linnet.web.api_filters import VersionQuery, filters
from linnet.web.broker import Broker, TheBroker, TheDesk
from linnet.web.form_fields import Fields
from linnet.web.home_pages import catches
from linnet.web.parameters import Before
from linnet.web.rendering import page, segment

router = APIRouter(include_in_schema=False)

NIGHTS = 3
"""Nights of each survey whose catches the list counts."""

FilterName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Which = Annotated[Literal["all", "active"], Query()]
VERSIONS = 2**31


@router.get("/filters")
def all_filters(request: Request, broker: TheBroker, which: Which = "all") -> Response:
    """Every filter with its state, its owner, what its owner is to know, and what it caught in the last nights."""
    kept: dict[str, list[FilterText]] = {}
    for each in broker.control.filters():
        if each.name not in broker.hidden:
            kept.setdefault(each.name, []).append(each)
    caught = {} if broker.science is None else latest_yields(broker.store, broker.science, NIGHTS)
    notices = broker.control.notices() if broker.is_owned else []
    rows = [
        _row(versions, caught.get(name, []), sum(n.filter == name for n in notices)) for name, versions in kept.items()
    ]
    shown = [row for row in rows if which == "all" or row["active"] is not None]
    return page(
        request,
        "filters.html",
        filters=shown,
        which=which,
        nights=_nights([caught.get(name, []) for name in kept]),
        owned=_is_owned(broker),
    )


@router.get("/filters/{name}")
def elsewhere(request: Request, name: FilterName) -> Response:
    """The page of a filter has one address."""
    return _to(request, name)


@router.get("/filter/{name}")
def one_filter(
    request: Request, broker: TheBroker, name: FilterName, version: VersionQuery = None, before: Before = None
) -> Response:
    """A filter: what it is for, its text, its versions, what it caught."""
    return filter_page(request, broker, name, version, before)


@router.get("/filters/{name}/diff")
def compare(
    request: Request, broker: TheBroker, name: FilterName, before: VersionQuery = None, after: VersionQuery = None
) -> Response:
    """Two versions, clause by clause."""
    versions = _versions(broker, name)
    newest = after or versions[-1]["version"]
    earlier = before or max(1, newest - 1)
    told: dict[str, Any] = {"clauses": [], "sentence": ""}
    try:
        told["clauses"] = diff(broker, name, earlier, newest)
    except FilterError as error:
        told["sentence"] = str(error)
    numbers = [each["version"] for each in versions]
    return page(request, "filter_diff.html", name=name, before=earlier, after=newest, versions=numbers, **told)


@router.post("/filters/{name}/activate")
def activate(request: Request, broker: TheBroker, desk: TheDesk, name: FilterName, fields: Fields) -> Response:
    """Switch a version on: `version`, or `force`, which is a version too, whatever it matches."""
    number = _version(fields.get("force") or fields.get("version", ""))
    try:
        desk.activate(name, number, force="force" in fields)
    except FilterError as error:
        return filter_page(request, broker, name, number, refused=str(error))
    return _to(request, name)


@router.post("/filters/{name}/off")
def off(request: Request, desk: TheDesk, name: FilterName, fields: Fields) -> Response:
    """Switch a filter off."""
    del fields  # nothing is asked; but a body that is no form is refused
    desk.off(name)
    return _to(request, name)


def filter_page(
    request: Request,
    broker: Broker,
    name: str,
    version: int | None = None,
    before: int | None = None,
    *,
    refused: str = "",
) -> Response:
    """The page of a filter; with the reason why a version was not activated, 422.

    Raises:
        NotFoundError: no such filter or version here.
    """
    versions = _versions(broker, name)
    active = next((f for f in versions if f["active"]), versions[-1])
    current = active if version is None else next((f for f in versions if f["version"] == version), None)
    if current is None:
        raise NotFoundError(f"filter {name} has no version {version}")
    caught, following = catches(broker, name, before)
    return page(
        request,
        "filter.html",
        status=422 if refused else 200,
        filter=current,
        record=record(broker.control, name, broker.store, broker.science),
        clauses=_clauses(broker, name, current["version"]),
        catches=caught,
        following=following,
        owned=_is_owned(broker),
        refused=refused,
    )


def diff(broker: Broker, name: str, before: int, after: int) -> list[tuple[str, str]]:
    """Clauses of two versions, each with its sign.

    Raises:
        FilterError: a version no longer fits the columns.
        NotFoundError: there is no such version.
    """
    if broker.desk is None:
        raise NotFoundError("filters are not compared here")
    return broker.desk.diff(name, before, after)


def _clauses(broker: Broker, name: str, version: int) -> list[str]:
    """The clauses of a version; none where it no longer fits the columns, which its notices say."""
    if broker.desk is None:
        return []
    try:
        return broker.desk.clauses(broker.desk.version(name, version))
    except FilterError:
        return []


def _versions(broker: Broker, name: str) -> list[dict[str, Any]]:
    versions = [f for f in filters(broker) if f["name"] == name]
    if not versions:
        raise NotFoundError(f"no filter {name} here; the page /filters lists them")
    return versions


def _row(versions: list[FilterText], caught: list[Yield], notices: int) -> dict[str, Any]:
    active = next((f for f in versions if f.active), None)
    shown = active or versions[-1]
    nights: dict[int, int] = {}
    for each in caught:
        nights[each.night] = nights.get(each.night, 0) + each.n
    return {
        "name": shown.name,
        "topic_line": shown.topic_line,
        "active": None if active is None else active.version,
        "state": state(versions),
        "owner": shown.owner,
        "visibility": versions[-1].details.visibility,
        "notices": notices,
        "caught": nights,
    }


def _nights(caught: list[list[Yield]]) -> list[int]:
    """The last nights of all surveys in which anything was caught."""
    return sorted({each.night for rows in caught for each in rows})[-NIGHTS:]


def _version(text: str) -> int:
    if not text.isdecimal() or not 0 < len(text) < 11 or not 0 < int(text) < VERSIONS:
        raise InputError("say which version: a number from 1 on")
    return int(text)


def _is_owned(broker: Broker) -> bool:
    """Whether this visitor has buttons."""
    return broker.is_owned and broker.desk is not None


def _to(request: Request, name: str) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/filter/{segment(name)}", 303)
