"""API of filters: which there are, what they matched, and adding one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from linnet.web import reading
from linnet.web.api_schema import PROBLEMS
from linnet.web.broker import Broker, TheBroker

router = APIRouter(prefix="/api/v1/filters", tags=["filters"])

Line = StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")


class NewFilter(BaseModel):
    """A filter to add, or a new version of one."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Lower-case name, also of its topic.")]
    text: Annotated[str, Field(min_length=1, max_length=4096, description="A condition in the filter language.")]
    topic_line: Annotated[str, Line, Field(min_length=1, max_length=200, description="One line: what it is for.")]
    description: Annotated[str, Field(max_length=2000)] = ""
    reference: Annotated[str, Line, Field(max_length=500, description="Paper or page.")] = ""
    activate: Annotated[bool, Field(description="Use this version from the next batch on.")] = False


@router.get("")
def get_filters(broker: TheBroker) -> JSONResponse:
    """All versions of all filters: text, topic line, description, whether active, alerts matched so far."""
    return JSONResponse({"filters": filters(broker)})


@router.post("", status_code=201, responses=PROBLEMS)
def post_filter(broker: TheBroker, wanted: NewFilter) -> JSONResponse:
    """Add a filter, or a new version of one; the same text again gives the version that has it.

    A text that is refused answers 422 with `position` (character in the text) and `suggestion` (nearest name).
    """
    if broker.check_filter is None:
        raise HTTPException(403, "filters cannot be added here: use the command linnet on the broker's machine")
    broker.check_filter(wanted.text)
    version = broker.control.add_filter(
        wanted.name,
        wanted.text,
        topic_line=wanted.topic_line,
        description=wanted.description,
        reference=wanted.reference,
    )
    if wanted.activate:
        broker.control.set_active(wanted.name, version)
    added = next(f for f in broker.control.filters() if (f.name, f.version) == (wanted.name, version))
    return JSONResponse({"name": added.name, "version": version, "active": added.active}, 201)


def filters(broker: Broker) -> list[dict[str, Any]]:
    """All versions of all filters by name and version, each with `matches`."""
    matched = reading.matches(broker)
    return [{**asdict(f), "matches": matched.get((f.name, f.version), 0)} for f in broker.control.filters()]
