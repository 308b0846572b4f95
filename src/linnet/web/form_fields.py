"""Fields of forms that a page without script sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

FORM = "application/x-www-form-urlencoded"

MOST = 32
"""Fields of one form."""


async def fields_of(request: Request) -> Mapping[str, str]:
    """The fields of a form by name; line ends are those of the language, not the CR LF that browsers send.

    Raises:
        HTTPException: 415 or 400, it is no form of this kind.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        raise HTTPException(415, f"forms are sent as {FORM}")
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except ValueError:
        raise HTTPException(400, "the form cannot be read: it is no text in UTF-8, or has too many fields") from None
    return {name: value.replace("\r\n", "\n").replace("\r", "\n") for name, value in pairs}


Fields = Annotated[Mapping[str, str], Depends(fields_of)]
"""An endpoint's argument: what was sent."""
