"""Simple Cone Search 1.03 (IVOA recommendation, 2008-02-22): what TOPCAT, Aladin and pyvo ask.

`GET /vo/cone?RA=..&DEC=..&SR=..` in degrees, names in any case. Objects of all surveys, nearest first, as VOTable with
the UCD1 words that the standard demands of the three main columns. What is wrong is said in an INFO named Error with
status 200, as the standard has it. VERB 1 gives the main columns, 2 (the default) all but internal ones, 3 all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import pyarrow as pa
from fastapi import APIRouter, Request
from starlette.responses import Response

from linnet.core.answer_columns import OBJECT_COLUMNS
from linnet.formats.plain_table import plain
from linnet.formats.votable import error_bytes, votable_bytes
from linnet.web.broker import Broker, TheBroker
from linnet.web.parameters import MAX_RADIUS, MAX_ROWS

router = APIRouter(include_in_schema=False)

MAX_SR = MAX_RADIUS / 3600
"""deg."""

MEDIA_TYPE = "application/x-votable+xml"

MAIN = {"object_id": "ID_MAIN", "ra": "POS_EQ_RA_MAIN", "dec": "POS_EQ_DEC_MAIN"}
"""Columns and the UCD1 words of the standard, section 2.2."""

INTERNAL = ("object_key", "healpix")
TITLE = "Objects of a Linnet alert broker, ICRS positions of their first alerts, times MJD TAI"


@router.get("/vo/cone")
def get_cone(request: Request, broker: TheBroker) -> Response:
    """Objects around a position, as the standard asks for it."""
    given = {name.upper(): value for name, value in request.query_params.items()}
    try:
        ra, dec, radius = (_number(given, name, *_BOUNDS[name]) for name in _BOUNDS)
        verb, most = _verb(given), _most(given)
    except ValueError as error:
        return Response(error_bytes(str(error)), media_type=MEDIA_TYPE)
    found, is_whole = _objects(broker, ra, dec, radius, most)
    told = [] if verb == 3 else list(INTERNAL)
    table = found.select(["survey", *MAIN, "separation"]) if verb == 1 else found.drop_columns(told)
    state = "OK" if is_whole else "OVERFLOW"
    body = votable_bytes(plain(table, OBJECT_COLUMNS), TITLE, MAIN, (("QUERY_STATUS", state),))
    return Response(body, media_type=MEDIA_TYPE)


_BOUNDS = {"RA": (0.0, 360.0), "DEC": (-90.0, 90.0), "SR": (0.0, MAX_SR)}


def _objects(broker: Broker, ra: float, dec: float, radius: float, most: int) -> tuple[pa.Table, bool]:
    """Objects, and whether these are all; a radius or limit of 0 asks for the columns alone."""
    limit = most if radius > 0 else 0
    arcsec = max(radius * 3600, 1e-3)
    found = broker.store.cone(ra, dec, arcsec, limit=limit + 1, public=broker.public_only)
    return found.slice(0, limit), found.num_rows <= limit or limit == 0


def _number(given: Mapping[str, str], name: str, low: float, high: float) -> float:
    try:
        value = float(given[name])
    except KeyError:
        raise ValueError(f"{name} is missing; ask with RA, DEC and SR in degrees") from None
    except ValueError:
        raise ValueError(f"{name} is no number; ask with RA, DEC and SR in degrees") from None
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{name} is not between {low:g} and {high:g} degrees")
    return value


def _verb(given: Mapping[str, str]) -> int:
    text = given.get("VERB", "2")
    if text not in ("1", "2", "3"):
        raise ValueError("VERB is 1, 2 or 3")
    return int(text)


def _most(given: Mapping[str, str]) -> int:
    text = given.get("MAXREC", str(MAX_ROWS))
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise ValueError("MAXREC is a number of rows")
    return min(int(text), MAX_ROWS)
