"""API of what filters did and would have done: a verdict explained, kept back-tests, a quick count for a new text."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from linnet.errors import NotFoundError
from linnet.operations.why import find_alert
from linnet.web import reading
from linnet.web.api_schema import PROBLEMS
from linnet.web.broker import Broker, FilterPast, TheBroker, TheDesk

router = APIRouter(prefix="/api/v1/filters", tags=["filters"])

FilterName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Name of a filter.")]
Wanted = Annotated[
    str,
    Query(pattern=r"^[A-Za-z0-9_.+-]{1,64}$", description="Id of an alert, or of an object: its latest alert."),
]
OfSurvey = Annotated[
    str | None, Query(pattern=r"^[a-z0-9_]{1,32}$", description="Survey, where several have this id: ztf, lsst.")
]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Of the filter; the active one without it.")]


class Draft(BaseModel):
    """A condition that somebody is writing."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=4096, description="A condition in the filter language.")]


@router.post("/preview", responses=PROBLEMS)
def post_preview(broker: TheBroker, desk: TheDesk, draft: Draft) -> JSONResponse:
    """What a condition would have caught in the last night: at most 50,000 alerts and about two seconds.

    `passed` of those that were judged, `estimated` for whole nights, `examples` of each night. Functions of the light
    curve answer 400: only the command `linnet filter test` reads packets again. A text that is refused answers 422
    with its `position`.
    """
    del desk  # for who may write filters: a text may name private lists and filters
    return JSONResponse(dict(_past(broker).preview(draft.text, broker.public_only)))


@router.post("/{name}/why", responses=PROBLEMS)
def post_why(
    broker: TheBroker, name: FilterName, alert: Wanted, survey: OfSurvey = None, version: Version = None
) -> JSONResponse:
    """Why a filter passed an alert or did not, on the values that it was judged by.

    `clauses` with what each saw, its verdict (true, false, null), its margin (negative where it fails) in `unit` and
    why it is null; `smallest_change` of one value that turns the verdict, null where no single one does;
    `clauses_to_turn`, the least number of clauses that must come out otherwise.
    """
    reading.known_filter(broker, name)
    where, number = find_alert(broker.store, alert if survey is None else f"{survey}:{alert}")
    reading.alert(broker, where, number)
    return JSONResponse(dict(_past(broker).why(name, version, where, number)))


@router.get("/{name}/backtests", responses=PROBLEMS)
def get_backtests(broker: TheBroker, name: FilterName) -> JSONResponse:
    """The kept reports of `linnet filter test`, newest version first."""
    reading.known_filter(broker, name)
    told = _past(broker).reports(name)
    return JSONResponse({"backtests": [_shown(each) for each in told] if broker.public_only else told})


def _past(broker: Broker) -> FilterPast:
    if broker.past is None:
        raise NotFoundError("the past of filters is not told here")
    return broker.past


def _shown(told: dict[str, Any]) -> dict[str, Any]:
    """A report without single alerts and objects that may not be published; of those compared only how many."""
    found = {**told, "gallery": [each for each in told.get("gallery", ()) if each.get("is_public")]}
    if told.get("versus"):
        versus = told["versus"]
        found["versus"] = {**versus, "gained": len(versus["gained"]), "lost": len(versus["lost"])}
    return found
