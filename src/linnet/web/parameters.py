"""Parameters of requests: each with its limits, its unit and a sentence, checked before any code of ours runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from linnet.errors import NotFoundError

MAX_RADIUS = 3600.0
"""arcsec."""
MAX_ROWS = 1000
INT64_MAX = 2**63 - 1

SurveyName = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,32}$", description="Survey: ztf, lsst.")]
ObjectId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9_.+-]{1,64}$",
        description="The survey's own object id: ZTF objectId, LSST diaObjectId in digits.",
    ),
]
AlertId = Annotated[
    str, Path(pattern=r"^[0-9]{1,19}$", description="Alert id in digits: ZTF candid, LSST diaSourceId. A string.")
]
AsOf = Annotated[
    int | None,
    Query(
        ge=18581117,
        le=99991231,
        description="Night as YYYYMMDD: only points that were known before this night. No peeking at later ones.",
    ),
]
Radius = Annotated[float, Query(gt=0, le=MAX_RADIUS, description="Radius in arcsec.", examples=[5.0])]
NeighbourRadius = Annotated[float, Query(gt=0, le=60, description="Radius in arcsec around the object.")]
Ra = Annotated[str, Query(max_length=40, description="Right ascension ICRS: degrees, or hours as 10:00:24.0.")]
Dec = Annotated[str, Query(max_length=40, description="Declination ICRS: degrees, or sexagesimal as -02:30:00.0.")]
Limit = Annotated[int, Query(ge=1, le=MAX_ROWS, description="Most rows to give.")]
Tag = Annotated[
    str | None,
    Query(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Name of a filter; without it the matches of all filters."),
]
Before = Annotated[
    int | None,
    Query(ge=1, le=INT64_MAX, description="Cursor: only tags with a number (`seq`) below this one."),
]


def alert_number(alert_id: str) -> int:
    """The id as a number.

    Raises:
        NotFoundError: larger than any id.
    """
    number = int(alert_id)
    if number > INT64_MAX:
        raise NotFoundError(f"no alert {alert_id}: ids of alerts are below 2^63")
    return number
