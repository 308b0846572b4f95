"""API of filters: which there are, their versions and what they caught; and adding, switching and comparing them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import JSONResponse

from linnet.core.filter_port import PLAIN, Details, Visibility
from linnet.errors import NotFoundError
from linnet.operations.filter_desk import Draft, FilterDesk
from linnet.operations.filter_examples import judged_rows
from linnet.operations.filter_record import checked, record, version
from linnet.operations.shipped_filters import with_options
from linnet.web import reading
from linnet.web.api_schema import PROBLEMS
from linnet.web.broker import Broker, TheBroker, TheDesk

router = APIRouter(prefix="/api/v1/filters", tags=["filters"])

Line = StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")
Text = Annotated[str, Field(min_length=1, max_length=4096, description="A condition in the filter language.")]
Examples = Annotated[
    list[dict[str, Any]],
    Field(max_length=200, description='Rows on which the verdict is known: `{"why": ..., "row": {column: value}}`.'),
]
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]
VersionQuery = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


class Written(BaseModel):
    """What a version of a filter has besides its name."""

    model_config = ConfigDict(extra="forbid")

    columns: Annotated[list[str], Field(max_length=200, description="Sent besides those of every message.")] = []
    options: Annotated[
        dict[str, float] | None, Field(description="Other numbers in a filter that comes with Linnet; no text then.")
    ] = None
    must_pass: Examples = []
    must_not: Examples = []

    def details(self, before: Details = PLAIN) -> Details:
        """The same for the control database; `before` has the rest."""
        return Details(
            before.description,
            before.reference,
            before.visibility,
            tuple(dict.fromkeys(self.columns)),
            (),
            judged_rows(self.must_pass, "must_pass: row"),
            judged_rows(self.must_not, "must_not: row"),
        )


class ToCheck(Written):
    """A condition to check."""

    text: Text
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Under which it would be kept.")] = (
        "unnamed"
    )


class NewFilter(Written):
    """A filter to add, or a new version of one."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Lower-case name, also of its topic.")]
    text: Text | None = None
    topic_line: Annotated[str, Line, Field(min_length=1, max_length=200, description="One line: what it is for.")]
    description: Annotated[str, Field(max_length=2000)] = ""
    reference: Annotated[str, Line, Field(max_length=500, description="Paper or page.")] = ""
    visibility: Annotated[
        Literal["private", "public"] | None, Field(description="Of the whole filter; a new one is private.")
    ] = None
    activate: Annotated[bool, Field(description="Use this version from the next batch on.")] = False
    force: Annotated[bool, Field(description="Activate it whatever its examples say and however much it matches.")] = (
        False
    )


class Switch(BaseModel):
    """Which version to activate."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="The newest one without it.")] = None
    force: bool = False


class Seen(BaseModel):
    """Who may see a filter and its matches."""

    model_config = ConfigDict(extra="forbid")

    visibility: Visibility


@router.get("")
def get_filters(broker: TheBroker) -> JSONResponse:
    """All versions of all filters: text, topic line, description, whether active, alerts matched so far."""
    return JSONResponse({"filters": filters(broker)})


@router.post("", status_code=201, responses=PROBLEMS)
def post_filter(broker: TheBroker, desk: TheDesk, wanted: NewFilter) -> JSONResponse:
    """Add a filter, or a new version of one; the same text again gives the version that has it.

    A text that is refused answers 422 with `position` (character in the text) and `suggestion` (nearest name). A
    version that is kept and not activated, because an example is wrong or it matches too much, answers 422 as well.
    """
    number = desk.add(_draft(wanted))
    if wanted.visibility is not None:
        broker.control.set_visibility(wanted.name, wanted.visibility)
    if wanted.activate:
        desk.activate(wanted.name, number, force=wanted.force)
    added = desk.version(wanted.name, number)
    return JSONResponse({"name": added.name, "version": number, "active": added.active}, 201)


@router.post("/check", responses=PROBLEMS)
def post_check(desk: TheDesk, wanted: ToCheck) -> JSONResponse:
    """Read a condition and keep nothing: its canonical form, the columns that it reads, the verdicts on its examples.

    A text that is refused answers 422 with `position` and `suggestion`.
    """
    return JSONResponse(checked(desk.check(Draft(wanted.name, wanted.text, "", wanted.details()))))


@router.get("/{name}", responses=PROBLEMS)
def get_filter(broker: TheBroker, name: Name) -> JSONResponse:
    """One filter: state, versions, activations with their tag-log numbers, catches by night, notices to its owner."""
    reading.known_filter(broker, name)
    found = record(broker.control, name, broker.store, broker.science)
    return JSONResponse(found if broker.is_owned else {**found, "notices": []})


@router.get("/{name}/versions", responses=PROBLEMS)
def get_versions(broker: TheBroker, name: Name) -> JSONResponse:
    """All versions of a filter."""
    reading.known_filter(broker, name)
    return JSONResponse({"versions": [version(f) for f in broker.control.filters() if f.name == name]})


@router.get("/{name}/versions/{number}", responses=PROBLEMS)
def get_version(broker: TheBroker, name: Name, number: VersionNumber) -> JSONResponse:
    """One version of a filter."""
    reading.known_filter(broker, name)
    found = [f for f in broker.control.filters() if (f.name, f.version) == (name, number)]
    if not found:
        raise NotFoundError(f"filter {name} has no version {number}")
    return JSONResponse(version(found[0]))


@router.get("/{name}/diff", responses=PROBLEMS)
def get_diff(broker: TheBroker, name: Name, before: VersionQuery = None, after: VersionQuery = None) -> JSONResponse:
    """Two versions clause by clause, by default the last two: `sign` is "+", "-" or "" for a clause of both."""
    reading.known_filter(broker, name)
    desk = _desk(broker)
    newest = desk.version(name, after).version
    earlier = max(1, newest - 1) if before is None else before
    clauses = [{"sign": sign.strip(), "clause": clause} for sign, clause in desk.diff(name, earlier, newest)]
    return JSONResponse({"filter": name, "before": earlier, "after": newest, "clauses": clauses})


@router.post("/{name}/activate", responses=PROBLEMS)
def post_activate(desk: TheDesk, name: Name, wanted: Switch) -> JSONResponse:
    """Switch a version on; `said` has a sentence for each reference night. A running broker takes it up in seconds."""
    number, said = desk.activate(name, wanted.version, force=wanted.force)
    return JSONResponse({"name": name, "version": number, "active": True, "said": said})


@router.post("/{name}/off", responses=PROBLEMS)
def post_off(desk: TheDesk, name: Name) -> JSONResponse:
    """Switch a filter off; `built_on_it` names the active filters that name it and go off with it."""
    return JSONResponse({"name": name, "active": False, "built_on_it": desk.off(name)})


@router.post("/{name}/visibility", responses=PROBLEMS)
def post_visibility(desk: TheDesk, name: Name, wanted: Seen) -> JSONResponse:
    """Say who may see a filter and its matches."""
    desk.control.set_visibility(name, wanted.visibility)
    return JSONResponse({"name": name, "visibility": wanted.visibility})


def filters(broker: Broker) -> list[dict[str, Any]]:
    """All versions of all filters that may be seen, by name and version, each with `matches`."""
    matched = reading.matches(broker)
    return [
        {
            "name": f.name,
            **version(f),
            "owner": f.owner,
            "visibility": f.details.visibility,
            "matches": matched.get((f.name, f.version), 0),
        }
        for f in broker.control.filters()
        if f.name not in broker.hidden
    ]


def _draft(wanted: NewFilter) -> Draft:
    before = Details(wanted.description, wanted.reference, wanted.visibility or "private")
    details, text = wanted.details(before), wanted.text
    if wanted.options is not None and text is None:
        text, details = with_options(wanted.name, wanted.options, details)
    return Draft(wanted.name, text or "", wanted.topic_line, details)


def _desk(broker: Broker) -> FilterDesk:
    if broker.desk is None:
        raise NotFoundError("filters are not compared here")
    return broker.desk
