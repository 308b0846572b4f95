"""The page of an object (light curve, stamps, tags, neighbours, alerts, values) and of an alert without one."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from linnet.core.json_rows import JsonRow, rows
from linnet.errors import LinnetError, NotFoundError
from linnet.formats.light_curve_marks import Quantity, left_out_sentence, marks
from linnet.formats.light_curve_svg import light_curve_svg
from linnet.formats.stamps import FORMATS
from linnet.web import reading
from linnet.web.broker import Broker, TheBroker
from linnet.web.parameters import AlertId, AsOf, ObjectId, SurveyName, alert_number
from linnet.web.rendering import page, segment
from linnet.web.value_tables import chosen_values, grouped_values

logger = logging.getLogger(__name__)

router = APIRouter(include_in_schema=False)

NEIGHBOURS = 5.0
"""arcsec."""
ALERTS = 200
STAMPS = ("science", "template", "difference")


class View(BaseModel):
    """What of an object a page shows: the drawing's quantity, the night before which, whose stamps and values."""

    y: Quantity = "mag"
    as_of: AsOf = None
    alert: str | None = Field(None, pattern=r"^[0-9]{1,19}$")


@router.get("/object/{survey}/{object_id}")
def object_page(
    request: Request, broker: TheBroker, survey: SurveyName, object_id: ObjectId, view: Annotated[View, Query()]
) -> Response:
    """Everything about one object; the stamps and values are those of its newest alert or of the one asked for."""
    thing = reading.object_row(broker, survey, object_id)
    alerts = broker.store.object_alerts(survey, object_id, public=broker.public_only)
    current = _current(alerts, view.alert)
    listed = _alert_list(broker, survey, alerts.slice(max(alerts.num_rows - ALERTS, 0)))
    return page(
        request,
        "object.html",
        thing=rows(thing)[0],
        survey=survey,
        view=view,
        near=rows(reading.neighbours(broker, survey, thing, NEIGHBOURS)),
        near_radius=NEIGHBOURS,
        alerts=listed,
        object_tags=Counter(tag["filter"] for row in listed for tag in row["tags"]).most_common(),
        total=alerts.num_rows,
        **_curve(broker, thing, view, current),
        **_about(broker, survey, current),
    )


@router.get("/alert/{survey}/{alert_id}")
def alert_page(request: Request, broker: TheBroker, survey: SurveyName, alert_id: AlertId) -> Response:
    """To the page of the alert's object; the alert alone where it has none."""
    number = alert_number(alert_id)
    found = reading.alert(broker, survey, number)
    object_id = found.column("object_id")[0].as_py()
    if object_id is not None:
        base = request.scope.get("root_path", "")
        return RedirectResponse(f"{base}/object/{survey}/{segment(object_id)}?alert={number}", 303)
    return page(request, "alert.html", survey=survey, **_about(broker, survey, found))


def _current(alerts: pa.Table, alert_id: str | None) -> pa.Table:
    """The alert of this id, or the newest: one row, or none where there are no alerts."""
    if alert_id is None:
        return alerts.slice(max(alerts.num_rows - 1, 0))
    found = alerts.filter(pc.equal(alerts.column("alert_id"), pa.scalar(alert_number(alert_id), pa.int64())))
    if not found.num_rows:
        raise NotFoundError(f"this object has no alert {alert_id}; its page lists those it has")
    return found


def _curve(broker: Broker, thing: pa.Table, view: View, current: pa.Table) -> dict[str, Any]:
    survey, object_id = (thing.column(n)[0].as_py() for n in ("survey", "object_id"))
    points = broker.store.light_curve(survey, object_id, view.as_of, public=broker.public_only)
    chosen = current.column("alert_id")[0].as_py() if current.num_rows else None
    drawing = Markup(light_curve_svg(points, view.y, chosen=chosen))  # noqa: S704 - our own markup; texts in it are escaped
    return {"drawing": drawing, "points": points.num_rows, "left_out": left_out_sentence(marks(points, view.y), view.y)}


def _about(broker: Broker, survey: str, alert: pa.Table) -> dict[str, Any]:
    """What a page says about one alert (a table of one row or none): itself, tags, stamps, values."""
    if not alert.num_rows:
        return {"alert": None, "tags": [], "stamps": [], "no_stamps": "", "values": [], "groups": []}
    row = reading.alert_rows(broker, reading.with_own(broker, survey, alert))[0]
    stamps, no_stamps = _stamps(broker, survey, row)
    return {
        "alert": row,
        "tags": reading.tags(broker, survey, alert).get(int(row["alert_id"]), []),
        "stamps": stamps,
        "no_stamps": no_stamps,
        "values": chosen_values(row, broker.columns),
        "groups": grouped_values(row, broker.columns),
    }


def _stamps(broker: Broker, survey: str, row: JsonRow) -> tuple[list[dict[str, Any]], str]:
    """The images to show with their addresses, or a sentence why there are none: they never cost the page."""
    try:
        images = broker.stamps(survey, int(row["alert_id"]))
    except LinnetError as error:
        logger.warning("stamps of %s %s: %s", survey, row["alert_id"], error)
        return [], f"The stamps of this alert cannot be shown: {error}"
    here = f"/api/v1/alerts/{segment(survey)}/{row['alert_id']}/stamps"
    found = [
        {
            "name": n,
            "image": f"{here}/{n}.{FORMATS[images[n].kind][-1]}",
            "file": f"{here}/{n}.{FORMATS[images[n].kind][0]}",
        }
        for n in STAMPS
        if n in images
    ]
    return found, "" if found else "This alert came without stamps."


def _alert_list(broker: Broker, survey: str, alerts: pa.Table) -> list[JsonRow]:
    """Rows of the list of alerts, newest first, each with its tags."""
    wanted = ("alert_id", "mjd", "band", "mag", "mag_err", "flux", "snr", "reliability")
    tags = reading.tags(broker, survey, alerts)
    told = rows(alerts.select([n for n in wanted if n in alerts.column_names]))
    return [{**row, "tags": tags.get(int(row["alert_id"]), [])} for row in reversed(told)]
