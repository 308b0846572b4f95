"""API of watchlists and areas: which there are, what is in them, what of the past lies in them, and a new one.

Who owns them (see `linnet.web.visitors`) sees all and adds some; for others a private list is as if it were not there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Path, Query, Request
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from linnet.core.json_rows import rows
from linnet.core.list_port import EntryColumns, ListVersion, Sort, in_use
from linnet.errors import InputError, NotFoundError
from linnet.operations.list_keeping import Told
from linnet.web.api_schema import PROBLEMS
from linnet.web.broker import Broker, ListDesk, TheBroker, broker_of
from linnet.web.parameters import Limit

router = APIRouter(prefix="/api/v1/lists", tags=["watchlists and areas"])

ENTRY = ("ra", "dec", "radius", "label")
MEDIA = {"watchlist": "application/vnd.apache.parquet", "area": "application/fits"}

REFUSED = "lists are only changed from the broker's own machine; ask its operator, or use the command linnet there"

Keep: TypeAlias = Callable[[ListDesk, FilePath], tuple[ListVersion, bool]]

SortName = Annotated[Sort, Path(description="watchlist or area.")]
ListName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Its name, as filters write it.")]
First = Annotated[int, Query(ge=0, le=10**9, description="How many rows to pass over.")]
Column = Annotated[str | None, Query(max_length=100, description="Column of the file; else as usually called.")]
Radius = Annotated[
    str | None, Query(max_length=100, description="A number, in arcsec for all, or a column of radii in arcsec.")
]
Visibility = Annotated[
    Literal["private", "public"] | None, Query(description="Whether others see it: private, or as the version before.")
]
Order = Annotated[int | None, Query(ge=0, le=29, description="HEALPix order to which polygons are drawn.")]
Description = Annotated[str | None, Query(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$", description="One line.")]


@router.get("", responses=PROBLEMS)
def get_lists(broker: TheBroker) -> JSONResponse:
    """All watchlists and areas in their newest versions, and the expression by which a filter asks for each."""
    return JSONResponse({"lists": [_row(each) for each in sorted(_visible(broker).values(), key=_order)]})


@router.get("/{sort}/{name}", responses=PROBLEMS)
def get_list(broker: TheBroker, sort: SortName, name: ListName, first: First = 0, limit: Limit = 100) -> JSONResponse:
    """One list: its versions, and of a watchlist some entries (degrees, arcsec), in the order of the sky."""
    which, desk = _one(broker, sort, name), _desk(broker)
    versions = [_row(each) for each in desk.keeping.versions(sort, name) if _may_be_seen(broker, each)]
    told = {**_row(which), "versions": versions}
    if sort == "watchlist":
        entries = desk.keeping.files.entries(which, first, limit).select(ENTRY)
        told |= {"first": first, "complete": first + entries.num_rows >= which.size, "entries": rows(entries)}
    return JSONResponse(told)


@router.get("/{sort}/{name}/file", responses=PROBLEMS)
def get_file(broker: TheBroker, sort: SortName, name: ListName) -> Response:
    """The whole content of a list: of an area a MOC in FITS (IVOA MOC 2.0), of a watchlist Parquet."""
    which, suffix = _one(broker, sort, name), {"watchlist": "parquet", "area": "fits"}[sort]
    named = {"Content-Disposition": f'attachment; filename="{name}-{which.version}.{suffix}"'}
    return Response(_desk(broker).keeping.files.content(which), media_type=MEDIA[sort], headers=named)


@router.get("/{sort}/{name}/past", responses=PROBLEMS)
def get_past(broker: TheBroker, sort: SortName, name: ListName, first: First = 0, limit: Limit = 100) -> JSONResponse:
    """Alerts of the past that lie in a list, by survey and night, with separation and label of the entry.

    `looked` is null where nobody has looked yet. `is_first`: the first alert of its object.
    """
    page = _desk(broker).keeping.files.past(
        _one(broker, sort, name), public=broker.public_only, first=first, limit=limit
    )
    if page is None:
        return JSONResponse({"looked": None, "matches": []})
    told: dict[str, Any] = {"looked": page.told.looked, "nights": page.told.nights, "total": page.total}
    told |= {"first": first, "complete": first + page.rows.num_rows >= page.total}
    return JSONResponse({**told, "matches": rows(page.rows)})


@router.post("/watchlist/{name}", status_code=201, responses=PROBLEMS)
async def post_watchlist(  # noqa: PLR0913, PLR0917 - one argument for each parameter of the request
    request: Request,
    name: ListName,
    ra: Column = None,
    dec: Column = None,
    radius: Radius = None,
    label: Column = None,
    description: Description = None,
    visibility: Visibility = None,
) -> JSONResponse:
    """Add a watchlist, or a new version of one. The body is the file: CSV, VOTable, FITS, Parquet or lines.

    What of the past lies in it is looked for after the answer. Rows that cannot be taken are refused with their number.
    """
    columns, told = EntryColumns(ra, dec, radius, label), Told(description, "uploaded", visibility)

    def keep(desk: ListDesk, file: FilePath) -> tuple[ListVersion, bool]:
        """Read the file and keep its positions."""
        return desk.keeping.watchlist(name, desk.read_watchlist(file, columns), told)

    return await _posted(request, keep)


@router.post("/area/{name}", status_code=201, responses=PROBLEMS)
async def post_area(
    request: Request,
    name: ListName,
    order: Order = None,
    description: Description = None,
    visibility: Visibility = None,
) -> JSONResponse:
    """Add an area, or a new version of one. The body is the file: a MOC as FITS, JSON or ASCII, or polygons."""
    told = Told(description, "uploaded", visibility)

    def keep(desk: ListDesk, file: FilePath) -> tuple[ListVersion, bool]:
        """Read the file and keep its ranges."""
        return desk.keeping.area(name, desk.read_area(file, order), told)

    return await _posted(request, keep)


async def _posted(request: Request, keep: Keep) -> JSONResponse:
    """Take the body into a file piece by piece, keep what is in it, and look back afterwards."""
    broker = broker_of(request)
    if not broker.is_owned:
        raise HTTPException(403, REFUSED)
    desk = _desk(broker)
    with tempfile.TemporaryDirectory(prefix="linnet-") as folder:
        file = FilePath(folder) / "upload"
        with file.open("wb") as out:
            async for piece in request.stream():
                out.write(piece)
        try:
            which, is_new = await run_in_threadpool(keep, desk, file)
        except InputError as error:
            raise InputError(str(error).replace(str(file), "the upload")) from error
    after = BackgroundTask(desk.look_back, which) if is_new else None
    return JSONResponse({**_row(which), "is_new": is_new}, 201, background=after)


def _desk(broker: Broker) -> ListDesk:
    if broker.lists is None:
        raise HTTPException(403, "there are no lists here: use the command linnet on the broker's machine")
    return broker.lists


def _may_be_seen(broker: Broker, which: ListVersion) -> bool:
    return broker.is_owned or which.visibility == "public"


def _visible(broker: Broker) -> dict[str, ListVersion]:
    found = in_use(_desk(broker).keeping.rows())
    return {name: each for name, each in found.items() if _may_be_seen(broker, each)}


def _one(broker: Broker, sort: Sort, name: str) -> ListVersion:
    found = [each for each in _visible(broker).values() if (each.sort, each.name) == (sort, name)]
    if not found:
        raise NotFoundError(f"there is no {sort} {name} here")
    return found[0]


def _order(which: ListVersion) -> tuple[str, str]:
    return which.sort, which.name


def _row(which: ListVersion) -> dict[str, Any]:
    told = asdict(which)
    del told["deleted"]
    return {**told, "expression": f"in_{which.sort}('{which.name}')"}
