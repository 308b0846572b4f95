"""The editor of filters: forms that work without script. Only the owner comes here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from linnet.core.filter_port import PLAIN, Details, FilterText
from linnet.errors import FilterError, InputError
from linnet.operations.filter_desk import Draft, FilterDesk
from linnet.operations.filter_reading import caret, told
from linnet.operations.filter_record import checked
from linnet.operations.filter_words import Sort, Word, words
from linnet.web.api_filters import NewFilter
from linnet.web.broker import Broker, TheBroker, TheDesk
from linnet.web.filter_pages import FilterName, filter_page
from linnet.web.form_fields import Fields
from linnet.web.rendering import page, segment

router = APIRouter(include_in_schema=False)

FIELDS = ("name", "topic_line", "text", "description", "reference", "columns", "visibility")
LABELS = {"name": "Name", "topic_line": "Topic line", "text": "Condition", "columns": "Columns to send"}
PATTERNS = {
    "name": "lower case, digits and underscores, a letter first",
    "topic_line": "one line without control characters",
    "reference": "one line without control characters",
}

Prefilled = Annotated[str, Query(max_length=4096)]


@dataclass(frozen=True)
class Sheet:
    """What stands on the page of the editor.

    Attributes:
        written: the fields. before: the newest version of the filter that is edited, None for a new one.
        error: one line. place: the line of the text and a caret below the place. suggestion: the nearest name.
        verdict: of a check that found nothing wrong. counted: what it would have caught.
    """

    written: Mapping[str, str]
    before: FilterText | None = None
    error: str = ""
    place: str = ""
    suggestion: str | None = None
    verdict: Mapping[str, Any] = field(default_factory=dict)
    counted: Mapping[str, Any] = field(default_factory=dict)

    def wrong(self, error: FilterError | InputError) -> Sheet:
        """The same with what is wrong."""
        if not isinstance(error, FilterError):
            return replace(self, error=str(error))
        place = "" if error.position is None else caret(self.written["text"], error.position)
        return replace(self, error=str(told(error)), place=place, suggestion=error.suggestion)


@router.get("/filters/new")
def new_filter(request: Request, broker: TheBroker, desk: TheDesk, text: Prefilled = "") -> Response:
    """An empty sheet; `text` of the address is already on it."""
    del desk
    return _shown(request, broker, Sheet({**dict.fromkeys(FIELDS, ""), "text": text, "visibility": "private"}))


@router.post("/filters/new")
def post_new(request: Request, broker: TheBroker, desk: TheDesk, fields: Fields) -> Response:
    """Check, count, save or activate a new filter, as `do` says."""
    return _answer(request, (broker, desk), Sheet(_written(fields)), fields.get("do", "check"))


@router.get("/filters/{name}/edit")
def edit_filter(request: Request, broker: TheBroker, desk: TheDesk, name: FilterName) -> Response:
    """The newest version of a filter, to be written on."""
    newest = desk.version(name, None)
    written = {
        **{key: getattr(newest, key) for key in ("name", "topic_line", "text", "description", "reference")},
        "columns": ", ".join(newest.details.columns),
        "visibility": newest.details.visibility,
    }
    return _shown(request, broker, Sheet(written, newest))


@router.post("/filters/{name}/edit")
def post_edit(request: Request, broker: TheBroker, desk: TheDesk, name: FilterName, fields: Fields) -> Response:
    """Check, count, save or activate a new version, as `do` says."""
    sheet = Sheet({**_written(fields), "name": name}, desk.version(name, None))
    return _answer(request, (broker, desk), sheet, fields.get("do", "check"))


def _answer(request: Request, where: tuple[Broker, FilterDesk], sheet: Sheet, do: str) -> Response:
    broker, desk = where
    try:
        draft = _draft(sheet, saved=do in ("save", "activate"))
        sheet = replace(sheet, verdict=checked(desk.check(draft)))
        if do in ("save", "activate"):
            return _saved(request, where, sheet, draft, do)
        if do == "count" and broker.past is not None:
            sheet = replace(sheet, counted=broker.past.preview(draft.text, broker.public_only))
    except (FilterError, InputError) as error:
        sheet = sheet.wrong(error)
    return _shown(request, broker, sheet)


def _saved(request: Request, where: tuple[Broker, FilterDesk], sheet: Sheet, draft: Draft, do: str) -> Response:
    """Keep the draft, perhaps activate it, and lead to its page.

    Raises:
        InputError: there is a filter of this name, and it is not the one that is edited.
    """
    broker, desk = where
    if sheet.before is None and any(each.name == draft.name for each in broker.control.filters()):
        raise InputError(f"there is a filter {draft.name} already: choose another name, or edit that one")
    number = desk.add(draft)
    broker.control.set_visibility(draft.name, draft.details.visibility)
    if do == "activate":
        try:
            desk.activate(draft.name, number)
        except FilterError as error:
            return filter_page(request, broker, draft.name, number, refused=str(error))
    base = request.scope.get("root_path", "")
    return RedirectResponse(f"{base}/filter/{segment(draft.name)}?version={number}", 303)


def _draft(sheet: Sheet, *, saved: bool) -> Draft:
    """What is written, with the examples that the version before has.

    Raises:
        InputError: a field is of no use; to check a condition, the other fields need not be there yet.
    """
    written = {key: value for key, value in sheet.written.items() if key != "columns"}
    names = [each.strip() for each in sheet.written["columns"].split(",") if each.strip()]
    if not saved:
        written["name"], written["topic_line"] = written["name"] or "unnamed", written["topic_line"] or "none"
    try:
        good = NewFilter.model_validate({**written, "columns": names})
    except ValidationError as error:
        first = error.errors()[0]
        place = str(first["loc"][0]) if first["loc"] else "form"
        said = "write something here" if first["type"] == "string_too_short" else first["msg"].lower()
        said = PATTERNS.get(place, said) if first["type"] == "string_pattern_mismatch" else said
        raise InputError(f"{LABELS.get(place, place.capitalize())}: {said}") from None
    before = PLAIN if sheet.before is None else sheet.before.details
    options = before.options if sheet.before is not None and good.text == sheet.before.text else ()
    details = Details(good.description, good.reference, good.visibility or "private", tuple(dict.fromkeys(names)))
    details = replace(details, options=options, must_pass=before.must_pass, must_not=before.must_not)
    return Draft(good.name, good.text or "", good.topic_line, details)


def _written(fields: Mapping[str, str]) -> dict[str, str]:
    return {**{key: fields.get(key, "") for key in FIELDS}, "visibility": fields.get("visibility") or "private"}


def _shown(request: Request, broker: Broker, sheet: Sheet) -> Response:
    known: dict[str, list[Word]] = {sort: [] for sort in get_args(Sort)}
    for each in words(broker.columns, broker.control):
        known[each.sort].append(each)
    status = 422 if sheet.error else 200
    can_count = broker.past is not None
    return page(request, "filter_editor.html", status=status, sheet=sheet, words=known, can_count=can_count)
