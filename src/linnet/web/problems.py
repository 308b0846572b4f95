"""Errors as answers: problem+json (RFC 9457) under /api, a page elsewhere. The sentence says what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from linnet.errors import FilterError, HomeError, InputError, LinnetError, NotFoundError, PacketError, StorageError
from linnet.web.rendering import page

STATUS: tuple[tuple[type[LinnetError], int], ...] = (
    (NotFoundError, 404),
    (InputError, 400),
    (FilterError, 422),
    (PacketError, 422),
    (StorageError, 503),
    (HomeError, 503),
    (LinnetError, 500),
)
"""Our errors and their status, the first that fits."""


def failure(request: Request, status: int, sentence: str, **more: Any) -> Response:
    """The answer to a request that failed: `type`, `title`, `status`, `detail` and `more` as JSON, or a page."""
    title = HTTPStatus(status).phrase
    if request.scope["path"].removeprefix(request.scope.get("root_path", "")).startswith("/api/"):
        body = {"type": "about:blank", "title": title, "status": status, "detail": sentence, **more}
        return JSONResponse(body, status, media_type="application/problem+json")
    return page(request, "error.html", status=status, heading=title, sentence=sentence)


def install(app: FastAPI) -> None:
    """Make `app` answer errors this way."""
    app.add_exception_handler(LinnetError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)


def _ours(request: Request, error: Exception) -> Response:
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    more: dict[str, Any] = {}
    if isinstance(error, FilterError):
        more = {"position": error.position, "suggestion": error.suggestion}
    if isinstance(error, PacketError):
        more = {"reason": str(error.reason)}
    return failure(request, status, " ".join(str(error).split()), **more)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    sentence = str(error.detail)
    if error.status_code == 404:
        sentence = f"nothing is at this address; the API is described at {request.scope.get('root_path', '')}/api"
    answer = failure(request, error.status_code, sentence)
    answer.headers.update(error.headers or {})
    return answer


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    wrong = [f"{_place(e)}: {e['msg'].lower()}" for e in error.errors()]
    return failure(request, 422, f"the request has an unusable value: {'; '.join(wrong[:5])}")


def _place(error: Any) -> str:
    """The name of a parameter, without the words body, query or path."""
    if error["type"] == "json_invalid":
        return "body"
    return ".".join(str(part) for part in error["loc"][1:]) or "body"
