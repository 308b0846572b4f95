"""Who visits: the owner of this home's filters, or others, who see none of the private ones and change nothing.

There is no login. By default the owner is whoever comes from this machine itself, by an address of this machine, and
not through a proxy.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from linnet.core.ports import Control

Owners: TypeAlias = Literal["local", "nobody", "anybody"]
"""Who counts as the owner: whoever comes from this machine, nobody, or anybody."""

PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers by which a proxy says that it speaks for somebody else."""

REFUSED = "filters are only changed from the broker's own machine; ask its operator, or use the command linnet there"


def is_owner(request: HTTPConnection, owners: Owners) -> bool:
    """Whether a request comes from the owner."""
    if owners != "local":
        return owners == "anybody"
    if any(header in request.headers for header in PASSED_ON):
        return False
    # The name too: a page elsewhere may have its own name lead here, and then speak as if it were ours.
    return _is_here(request.client.host if request.client else "") and _is_here(request.url.hostname or "")


def require_owner(*, is_owned: bool) -> None:
    """Refuse others.

    Raises:
        HTTPException: 403.
    """
    if not is_owned:
        raise HTTPException(403, REFUSED)


class PrivateFilters:
    """The names of filters that only their owner sees, read again when anything of filters has changed."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._known: tuple[int, frozenset[str]] = (-1, frozenset())

    def __call__(self) -> frozenset[str]:
        """The names as they are now."""
        generation = self._control.generation()
        if generation != self._known[0]:
            names = {f.name for f in self._control.filters() if f.details.visibility == "private"}
            self._known = generation, frozenset(names)
        return self._known[1]


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
