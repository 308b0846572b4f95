"""Which filters a broker has."""

from __future__ import annotations

from typing import Any

import httpx

from linnet_client.errors import ClientError
from linnet_client.listening import LOCAL


def filters(url: str = LOCAL, token: str | None = None) -> list[dict[str, Any]]:
    """All filters that a broker runs now: `name`, `version`, `text`, `topic_line`, `matches` and more, by name.

    Raises:
        ClientError: the broker does not answer.
    """
    address = f"{url.rstrip('/')}/api/v1/filters"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        found = httpx.get(address, headers=headers, timeout=15.0).raise_for_status().json()["filters"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise ClientError(f"no Linnet broker answers at {address}: {error}") from error
    return [f for f in found if f["active"]]
