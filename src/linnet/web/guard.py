"""The outermost layer: security headers on every answer, HEAD as GET without a body, bounded bodies, no traceback."""

from __future__ import annotations

import logging

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linnet.web.problems import failure

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 1024
"""Bytes of a request's body."""

UPLOADS, MAX_UPLOAD = "/api/v1/lists/", 128 * 1024 * 1024
"""Below this address whole files come, of a million rows; they are taken piece by piece."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Scripts are files of ours, never in a page; nothing from elsewhere, no frame around us."""


class Guard:
    """ASGI layer around the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(HEADERS)
            if scope["method"] == "HEAD" and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # A copy: the server itself must still see HEAD. A stream without an end must know it too.
        inner = {**scope, "method": "GET", "linnet.head": True} if scope["method"] == "HEAD" else scope
        try:
            refused = _refused(scope)
            if refused is None:
                await self._app(inner, receive, guarded)
            else:
                await failure(Request(inner), *refused)(inner, receive, guarded)
        except Exception:  # the one broad handler: a visitor gets a line, the log the traceback
            logger.exception("a request for %s failed", scope["path"])
            if not started:
                sentence = "this broker failed to answer; its log says why"
                await failure(Request(inner), 500, sentence)(inner, receive, guarded)


def _refused(scope: Scope) -> tuple[int, str] | None:
    """Status and sentence for a request that changes something and comes from elsewhere, or is too large."""
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return None
    headers = Headers(scope=scope)
    if _is_from_elsewhere(headers):
        return 403, "requests that change something are not taken from other sites' pages"
    length = headers.get("content-length", "")
    if not length.isdecimal():
        return 411, "send the body with a Content-Length"
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    most = MAX_UPLOAD if path.startswith(UPLOADS) else MAX_BODY
    if len(length) > 9 or int(length) > most:
        return 413, f"the body is larger than {most} bytes"
    return None


def _is_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that a page of another site sends this; older ones say by `Origin` alone from where."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("none", "same-origin")
    origin = headers.get("origin")
    return origin is not None and origin.rpartition("://")[2] != headers.get("host")
