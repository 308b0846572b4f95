"""API of alerts: one, the latest of a tag, and the stamps of one."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from linnet.core.survey import Stamp
from linnet.errors import NotFoundError
from linnet.formats.stamps import FORMATS, fits_bytes, jpeg_bytes, png_bytes
from linnet.web import reading
from linnet.web.answer_tables import Format, alert_columns, alert_table, table_answer
from linnet.web.api_objects import tagged_rows
from linnet.web.api_schema import PROBLEMS, listed
from linnet.web.broker import Broker, TheBroker
from linnet.web.parameters import AlertId, Before, Limit, SurveyName, Tag, alert_number

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])

StampName = Literal["science", "template", "difference"]
StampEnding = Literal["fits", "png", "jpg"]

KEPT_BACK = "whole packets are not shown here: their histories may hold points that are not public"

MAKERS = {
    "fits": ("application/fits", fits_bytes),
    "png": ("image/png", png_bytes),
    "jpg": ("image/jpeg", jpeg_bytes),
}
"""File name ending -> media type (FITS: RFC 4047) and what makes the bytes."""


@router.get("", responses=listed("alerts", "Alert"))
def get_latest(
    broker: TheBroker, tag: Tag = None, limit: Limit = 50, before: Before = None, kind: Format = "json"
) -> Response:
    """The newest tagged alerts, newest first: `seq`, `filter`, `version` and all columns of the alert.

    For the next page ask with `before` = `next_before`; it is null on the last page.
    """
    if tag is not None:
        reading.known_filter(broker, tag)
    found = reading.latest(broker, tag, limit, before)
    following = str(found.column("seq")[-1].as_py()) if found.num_rows == limit else None

    def told() -> dict[str, Any]:
        return {"alerts": reading.alert_rows(broker, found), "next_before": following}

    answer = table_answer(kind, alert_table(broker, found), alert_columns(broker), f"{tag or 'tagged'}_alerts", told)
    if following is not None:
        answer.headers["Linnet-Next-Before"] = following
    return answer


@router.get("/{survey}/{alert_id}", responses=PROBLEMS)
def get_alert(broker: TheBroker, survey: SurveyName, alert_id: AlertId) -> JSONResponse:
    """One alert: all its columns, the survey's own ones as sent included, and its tags."""
    found = reading.with_own(broker, survey, reading.alert(broker, survey, alert_number(alert_id)))
    return JSONResponse({"alert": tagged_rows(broker, survey, found)[0]})


@router.get("/{survey}/{alert_id}/packet.avro", responses=PROBLEMS, response_class=Response)
def get_container(broker: TheBroker, survey: SurveyName, alert_id: AlertId) -> Response:
    """The whole packet untouched, as an Avro container file. Only where data that are not public are shown."""
    number = alert_number(alert_id)
    reading.alert(broker, survey, number)
    if broker.container is None or broker.public_only:
        raise NotFoundError(KEPT_BACK)
    name = f'attachment; filename="{survey}_{number}.avro"'
    body = broker.container(survey, number)
    return Response(body, media_type="application/avro", headers={"Content-Disposition": name})


@router.get("/{survey}/{alert_id}/packet", responses=PROBLEMS)
def get_packet(broker: TheBroker, survey: SurveyName, alert_id: AlertId) -> JSONResponse:
    """The whole packet as the survey sent it, decoded. Only where this broker shows data that are not public."""
    number = alert_number(alert_id)
    reading.alert(broker, survey, number)
    if broker.packet is None or broker.public_only:
        raise NotFoundError(KEPT_BACK)
    return JSONResponse(broker.packet(survey, number))


@router.get("/{survey}/{alert_id}/stamps", responses=PROBLEMS)
def get_stamps(request: Request, broker: TheBroker, survey: SurveyName, alert_id: AlertId) -> JSONResponse:
    """Which images this alert has, and under which addresses."""
    images = reading.stamps(broker, survey, alert_number(alert_id))
    here = f"{request.scope.get('root_path', '')}/api/v1/alerts/{survey}/{int(alert_id)}/stamps"
    told = {
        name: {"kind": stamp.kind, "links": {e: f"{here}/{name}.{e}" for e in FORMATS[stamp.kind]}}
        for name, stamp in images.items()
    }
    return JSONResponse({"stamps": told})


@router.get("/{survey}/{alert_id}/stamps/{name}.{ending}", responses=PROBLEMS, response_class=Response)
def get_stamp(
    request: Request,
    broker: TheBroker,
    survey: SurveyName,
    alert_id: AlertId,
    name: StampName,
    ending: StampEnding,
) -> Response:
    """One image: `fits` as sent (for LSST image, variance and PSF), `png` stretched for the eye, `jpg` as sent.

    PNG: first FITS row at the bottom, asinh stretch around the sky, pixels without a value transparent.
    """
    number = alert_number(alert_id)
    stamp = reading.stamps(broker, survey, number).get(name)
    if stamp is None:
        raise NotFoundError(f"alert {number} of survey {survey} came without a {name} stamp")
    if ending not in FORMATS[stamp.kind]:
        others = " or ".join(f"{name}.{e}" for e in FORMATS[stamp.kind])
        raise NotFoundError(f"the {name} stamp of this alert was sent as {stamp.kind.upper()}: ask for {others}")
    return _image(request, broker, stamp, ending, f"{survey}_{number}_{name}")


def _image(request: Request, broker: Broker, stamp: Stamp, ending: StampEnding, name: str) -> Response:
    media_type, make = MAKERS[ending]
    body = make(stamp)
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    whose = "public" if broker.public_only else "private"
    headers = {"ETag": etag, "Cache-Control": f"{whose}, max-age=86400"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    kind = "attachment" if ending == "fits" else "inline"
    headers["Content-Disposition"] = f'{kind}; filename="{name}.{ending}"'
    return Response(body, media_type=media_type, headers=headers)
