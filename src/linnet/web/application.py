"""The web application: the API under /api/v1 and the pages, around one broker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from linnet.web import (
    api_alerts,
    api_filters,
    api_language,
    api_lists,
    api_objects,
    api_sky,
    api_streams,
    api_why,
    filter_editor,
    filter_pages,
    home_pages,
    object_pages,
    problems,
    vo_cone,
)
from linnet.web.api_schema import describe
from linnet.web.broker import Broker
from linnet.web.guard import Guard
from linnet.web.tag_watch import TagWatch
from linnet.web.visitors import PrivateFilters

ABOUT = """Alerts of the changing sky, as an alert broker keeps them.

Ids are strings, because JavaScript and many readers of JSON keep only 53 bits of a number. Times are MJD TAI in days,
positions ICRS in degrees, difference fluxes in nJy. Null means that there is nothing to say. Errors are
application/problem+json with a `detail` that says what to do.
"""


def create_app(broker: Broker, *, stopping: Callable[[], bool] = lambda: False) -> FastAPI:
    """The ASGI application; it owns nothing, closing the store is the caller's.

    Args:
        broker: what it shows.
        stopping: whether the server is about to stop, so that streams, which have no end of their own, end.
    """
    app = FastAPI(
        title="Linnet",
        description=ABOUT,
        version=broker.version or "0",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # FastAPI's own pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.broker = broker
    app.state.private = PrivateFilters(broker.control)
    app.state.pages = api_streams.recent_pages(broker)
    app.state.watch = TagWatch(broker.store, stopping)
    for room in (
        api_objects,
        api_alerts,
        api_sky,
        api_filters,
        api_language,
        api_lists,
        api_why,
        api_streams,
        home_pages,
        filter_editor,
        filter_pages,
        object_pages,
    ):
        app.include_router(room.router)
    app.include_router(api_sky.plain)
    app.include_router(vo_cone.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    problems.install(app)
    describe(app, broker.columns)
    app.add_middleware(Guard)
    return app
