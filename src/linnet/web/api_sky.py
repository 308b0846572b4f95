"""API of everything that is not one object or alert: cones, nights, columns, audit, health."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from linnet.core.answer_columns import OBJECT_COLUMNS
from linnet.core.json_rows import rows
from linnet.web.answer_tables import Format, table_answer
from linnet.web.api_schema import PROBLEMS, listed
from linnet.web.broker import TheBroker
from linnet.web.parameters import Dec, Limit, Ra, Radius
from linnet.web.sky_position import declination, right_ascension

router = APIRouter(prefix="/api/v1", tags=["sky and broker"])
plain = APIRouter(include_in_schema=False)


@router.get("/cone", responses=listed("objects", "Object"))
def get_cone(
    broker: TheBroker, ra: Ra, dec: Dec, radius: Radius = 5.0, limit: Limit = 100, kind: Format = "json"
) -> Response:
    """Objects of all surveys within `radius` arcsec of a position, nearest first, with `separation` in arcsec.

    `complete` is false where there are more than `limit`.
    """
    east, north = right_ascension(ra), declination(dec)
    found = broker.store.cone(east, north, radius, limit=limit + 1, public=broker.public_only)
    within = found.slice(0, limit)

    def told() -> dict[str, Any]:
        where = {"ra": east, "dec": north, "radius": radius, "complete": found.num_rows <= limit}
        return {**where, "objects": rows(within)}

    return table_answer(kind, within, OBJECT_COLUMNS, "objects", told)


@router.get("/nights")
def get_nights(broker: TheBroker) -> JSONResponse:
    """Alerts by survey, night (YYYYMMDD of the local evening) and band, and the open night of each survey."""
    counted = [{**row, "n": int(row["n"])} for row in rows(broker.store.night_counts())]
    return JSONResponse({"open": broker.store.open_nights(), "nights": counted})


@router.get("/columns")
def get_columns(broker: TheBroker) -> JSONResponse:
    """Every column: Arrow type, unit (VOUnit), UCD (UCD1+), whether it can be null, and one sentence."""
    told = [
        {"name": n, "type": str(c.type), "unit": c.unit, "ucd": c.ucd, "nullable": c.nullable, "doc": c.doc}
        for n, c in broker.columns.items()
    ]
    return JSONResponse({"columns": told})


@router.get("/audit")
def get_audit(broker: TheBroker) -> JSONResponse:
    """Whether every packet is accounted for: received = archived + duplicates + dead letters, and more."""
    return JSONResponse(dict(broker.audit()))


@plain.get("/health", responses=PROBLEMS)
@router.get("/health", responses=PROBLEMS)
def get_health(broker: TheBroker) -> JSONResponse:
    """Whether the store answers. Asks it a real question; 503 where it does not."""
    told = {"unit": str(broker.store.last_unit()), "open_nights": broker.store.open_nights()}
    return JSONResponse({"status": "ok", "version": broker.version, **told})
