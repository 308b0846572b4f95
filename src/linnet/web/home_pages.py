"""Pages around the objects: home, search, how to use the API."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from linnet.core.json_rows import JsonRow, rows
from linnet.errors import InputError
from linnet.web import reading
from linnet.web.api_filters import filters
from linnet.web.broker import Broker, TheBroker
from linnet.web.parameters import MAX_RADIUS
from linnet.web.rendering import page, segment
from linnet.web.searching import Found, night_totals, search

router = APIRouter(include_in_schema=False)

CATCHES = 20
NIGHTS = 5

SearchText = Annotated[str, Query(max_length=200)]
SearchRadius = Annotated[float, Query(gt=0, le=MAX_RADIUS)]

SHOWN = ("seq", "filter", "survey", "object_id", "alert_id", "mjd", "band", "mag", "flux", "ra", "dec")


@router.get("/")
def home(request: Request, broker: TheBroker) -> Response:
    """What this is, the search box, the last nights in numbers, the latest catches."""
    caught, _ = catches(broker, None, None)
    active = [f for f in filters(broker) if f["active"]]
    return page(request, "home.html", nights=night_totals(broker, NIGHTS), filters=active, catches=caught)


@router.get("/search")
def find(request: Request, broker: TheBroker, q: SearchText = "", radius: SearchRadius = 5.0) -> Response:
    """Go to the one thing that the text means, or list what it may mean."""
    base = request.scope.get("root_path", "")
    if not q.strip():
        return RedirectResponse(f"{base}/", 303)
    try:
        found = search(broker, q, radius)
    except InputError as error:
        return page(request, "search.html", status=400, q=q, radius=radius, found=Found(), sentence=str(error))
    places = [f"{base}/object/{segment(s)}/{segment(i)}" for s, i in found.objects]
    places += [f"{base}/alert/{segment(s)}/{segment(i)}" for s, i in found.alerts]
    if len(places) == 1:
        return RedirectResponse(places[0], 303)
    nothing = not places and found.centre is None
    return page(request, "search.html", status=404 if nothing else 200, q=q, radius=radius, found=found, sentence="")


@router.get("/api")
def api(request: Request) -> Response:
    """Every address of the API with its parameters, from the same description that machines get."""
    described: dict[str, Any] = request.app.openapi()
    calls = [
        {"method": method.upper(), "path": path, **call}
        for path, methods in described["paths"].items()
        for method, call in methods.items()
    ]
    return page(request, "api.html", calls=calls)


def catches(broker: Broker, name: str | None, before: int | None) -> tuple[list[JsonRow], str | None]:
    """The newest tagged alerts of a filter (None: of all), and the cursor of the next page."""
    found = reading.latest(broker, name, CATCHES, before)
    told = rows(found.select([n for n in SHOWN if n in found.column_names]))
    return told, told[-1]["seq"] if len(told) == CATCHES else None
