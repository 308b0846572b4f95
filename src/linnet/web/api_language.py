"""API of the filter language: every word that a text may hold."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from linnet.operations.filter_words import words
from linnet.web.broker import TheBroker

router = APIRouter(prefix="/api/v1", tags=["filters"])


@router.get("/language")
def get_language(broker: TheBroker) -> JSONResponse:
    """Words of the filter language: `name`, what is written (`insert`), `sort`, `unit`, `meaning`.

    Columns, functions, quantities of points (`lc.flux`), keywords and units; for the owner also areas, watchlists and
    active filters by name.
    """
    found = words(broker.columns, broker.control if broker.is_owned else None)
    return JSONResponse({"words": [each._asdict() for each in found]})
