"""API of objects: what is known of one, its light curve, its alerts, what other surveys see there."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from linnet.core.answer_columns import OBJECT_COLUMNS, POINT_COLUMNS
from linnet.core.json_rows import rows
from linnet.web import reading
from linnet.web.answer_tables import Format, alert_columns, alert_table, table_answer
from linnet.web.api_schema import PROBLEMS, listed
from linnet.web.broker import Broker, TheBroker
from linnet.web.parameters import AsOf, Limit, NeighbourRadius, ObjectId, SurveyName

router = APIRouter(prefix="/api/v1/objects", tags=["objects"])


@router.get("/{survey}/{object_id}", responses=PROBLEMS)
def get_object(broker: TheBroker, survey: SurveyName, object_id: ObjectId) -> JSONResponse:
    """One object: its row, all columns of its latest alert, and that alert's tags.

    Times are MJD TAI in days, positions ICRS in degrees, fluxes nJy. `/api/v1/columns` has the unit of every column.
    """
    thing = reading.object_row(broker, survey, object_id)
    latest = reading.latest_alert(broker, survey, thing)
    told = tagged_rows(broker, survey, latest)
    return JSONResponse({"object": rows(thing)[0], "latest_alert": told[0] if told else None})


@router.get("/{survey}/{object_id}/lightcurve", responses=listed("points", "Point"))
def get_light_curve(
    broker: TheBroker, survey: SurveyName, object_id: ObjectId, as_of: AsOf = None, kind: Format = "json"
) -> Response:
    """All points of one object by mjd: difference fluxes in nJy, signed.

    `kind` is 0 detection, 1 forced photometry, 2 upper limit (no flux; `flux_err` is a fifth of the 5-sigma limit).
    """
    reading.object_row(broker, survey, object_id)
    points = broker.store.light_curve(survey, object_id, as_of, public=broker.public_only)

    def told() -> dict[str, Any]:
        return {"survey": survey, "object_id": object_id, "as_of": as_of, "points": rows(points)}

    return table_answer(kind, points, POINT_COLUMNS, f"{survey}_{object_id}_lightcurve", told)


@router.get("/{survey}/{object_id}/alerts", responses=listed("alerts", "Alert"))
def get_alerts(
    broker: TheBroker, survey: SurveyName, object_id: ObjectId, limit: Limit = 100, kind: Format = "json"
) -> Response:
    """Alerts of one object by mjd with their tags; the newest `limit` of them, and how many there are in all."""
    reading.object_row(broker, survey, object_id)
    alerts = broker.store.object_alerts(survey, object_id, public=broker.public_only)
    newest = alerts.slice(max(alerts.num_rows - limit, 0))

    def told() -> dict[str, Any]:
        return {"alerts": tagged_rows(broker, survey, newest), "total": alerts.num_rows}

    table = newest if kind == "json" else alert_table(broker, newest, survey)
    return table_answer(kind, table, alert_columns(broker), f"{survey}_{object_id}_alerts", told)


@router.get("/{survey}/{object_id}/neighbours", responses=listed("neighbours", "Object"))
def get_neighbours(
    broker: TheBroker, survey: SurveyName, object_id: ObjectId, radius: NeighbourRadius = 2.0, kind: Format = "json"
) -> Response:
    """Objects of other surveys around this one, nearest first, with `separation` in arcsec.

    An association of positions found now, not an identity: surveys never share one.
    """
    thing = reading.object_row(broker, survey, object_id)
    near = reading.neighbours(broker, survey, thing, radius)

    def told() -> dict[str, Any]:
        return {"radius": radius, "neighbours": rows(near)}

    return table_answer(kind, near, OBJECT_COLUMNS, f"{survey}_{object_id}_neighbours", told)


def tagged_rows(broker: Broker, survey: str, alerts: Any) -> list[dict[str, Any]]:
    """Rows of alerts of one survey (an Arrow table), each with its list `tags`."""
    tags = reading.tags(broker, survey, alerts)
    return [{**row, "tags": tags.get(int(row["alert_id"]), [])} for row in reading.alert_rows(broker, alerts)]
