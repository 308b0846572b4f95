"""API of streams: the matches of a filter as they come, as server-sent events or page by page, over the same log.

Nothing is kept for a reader: it owns its cursor, and each look reads the log behind it. A reader that is slow fills its
own socket and waits there; it costs the pages of one look, and nobody else anything.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from linnet.core.json_lines import message_lines
from linnet.operations.following import Page, page
from linnet.web.api_schema import listed
from linnet.web.broker import Broker, TheBroker, broker_of
from linnet.web.parameters import Limit
from linnet.web.recent_pages import Place, RecentPages, TextPage
from linnet.web.stream_start import StreamName, TheStart, filter_named
from linnet.web.tag_watch import TagWatch, watch_of

router = APIRouter(prefix="/api/v1/streams", tags=["streams"])

EVENTS = "text/event-stream"

PAGE = 100
"""Messages of one look of an event stream: all that waits in memory for a reader that is slow."""

PIECE = 32 * 1024
"""Bytes handed to the socket at once, about."""

HEARTBEAT = 15.0
"""Seconds of silence after which a sign of life is sent: proxies and routers forget a connection that says nothing."""

RETRY = b"retry: 2000\n\n"
"""A browser that lost the connection comes back after 2 s, with the id of the last event that it saw."""

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Nobody on the way keeps or collects what should arrive at once."""

TheWatch = Annotated[TagWatch, Depends(watch_of)]


@dataclass(frozen=True)
class Answer:
    """The form of answer that a request asks for."""

    form: Annotated[
        Literal["events", "page"] | None, Query(description="Form of the answer; without it the Accept header decides.")
    ] = None
    limit: Limit = 100
    wait: Annotated[float, Query(ge=0, le=60, description="Seconds that an empty page waits for a first message.")] = 0

    def is_events(self, request: Request) -> bool:
        """Whether it is a stream of events rather than one page."""
        if self.form is None:
            return EVENTS in request.headers.get("accept", "")
        return self.form == "events"


@router.get("/{name}", responses={**listed("messages", "Alert"), 400: {"description": "No such cursor or time."}})
async def get_stream(
    request: Request,
    broker: TheBroker,
    watch: TheWatch,
    name: StreamName,
    start: TheStart,
    answer: Annotated[Answer, Depends()],
) -> Response:
    """Matches of a filter in the order of their commits, at least once each; `dedup_id` tells repetitions.

    As server-sent events (Accept: text/event-stream) they do not end; the id of each event is its cursor. Else as a
    page: `messages`, and the `cursor` to give as `after` for the next one.
    """
    chosen = await run_in_threadpool(filter_named, broker, name)
    place = chosen, await run_in_threadpool(start.cursor, broker, chosen)
    if not answer.is_events(request):
        return await _page(broker, watch, place, answer)
    if request.scope.get("linnet.head", False):
        return StreamingResponse(_nothing(), media_type=EVENTS, headers=HEADERS)
    events = _events(pages_of(request), watch, place, lambda: broker_of(request).hidden)
    return StreamingResponse(events, media_type=EVENTS, headers=HEADERS)


async def _page(broker: Broker, watch: TagWatch, place: tuple[str | None, int], answer: Answer) -> Response:
    name, cursor = place
    deadline = time.monotonic() + answer.wait
    with watch.ear(name) as ear:
        while True:
            ear.clear()
            found = await run_in_threadpool(_look, broker, (name, cursor, broker.hidden), answer.limit)
            cursor = found.cursor
            left = deadline - time.monotonic()
            if found.rows is not None or (not found.more and (left <= 0 or watch.stopping())):
                break
            if not found.more:
                await ear.heard(left)
    body = await run_in_threadpool(_page_text, found)
    return Response(body, media_type="application/json", headers=HEADERS)


async def _events(
    pages: RecentPages, watch: TagWatch, place: tuple[str | None, int], hidden: Callable[[], frozenset[str]]
) -> AsyncIterator[bytes]:
    """Messages for ever, or until the filter is hidden. Whoever reads slowly holds this up at a `yield`."""
    name, cursor = place
    yield RETRY
    with watch.ear(name) as ear:
        while not watch.stopping():
            ear.clear()
            unseen = await run_in_threadpool(hidden)
            if name in unseen:
                return
            found = await pages.page((name, cursor, unseen))
            cursor = found.cursor
            for piece in found.pieces:
                yield piece
            if not found.pieces and not found.more and not await ear.heard(HEARTBEAT):
                # An id without data moves the reader's cursor and shows it nothing.
                yield f": no match\nid: {cursor}\n\n".encode()


async def _nothing() -> AsyncIterator[bytes]:
    """The body of an answer to HEAD."""
    return
    yield b""  # what makes this a generator


def _look(broker: Broker, place: Place, limit: int) -> Page:
    name, after, hidden = place
    return page(broker.store, name, after, limit, public=broker.public_only, hidden=hidden)


def _lines(found: Page) -> Iterator[tuple[int, bytes]]:
    """Cursor and JSON of each message."""
    if found.rows is not None:
        texts = [head + rest for head, rest in message_lines(found.rows)]
        yield from zip(found.rows.column("seq").to_pylist(), texts, strict=True)


def recent_pages(broker: Broker) -> RecentPages:
    """The pages of a broker's event streams, as text: columns would wait in memory as long as a slow reader does."""

    def make(place: Place) -> TextPage:
        found = _look(broker, place, PAGE)
        return TextPage(tuple(_pieces(found)), found.cursor, found.more)

    return RecentPages(make)


def pages_of(request: Request) -> RecentPages:
    """The pages of the application."""
    pages: RecentPages = request.app.state.pages
    return pages


def _page_text(found: Page) -> bytes:
    rows = b",".join(line for _, line in _lines(found))
    return b'{"messages":[%b],"cursor":"%d"}' % (rows, found.cursor)


def _pieces(found: Page) -> Iterator[bytes]:
    """Events, a few to a piece."""
    piece = bytearray()
    for seq, line in _lines(found):
        piece += b"id: %d\ndata: %b\n\n" % (seq, line)
        if len(piece) > PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)
