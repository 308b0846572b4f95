"""What this client raises on purpose; each message is one line that says what to do."""

from __future__ import annotations


class ClientError(Exception):
    """The root: a wrong address, option or answer. A broker that is away for a while is no error: see `listen`."""


class UnknownStreamError(ClientError):
    """The broker has no filter, or no topic, of this name."""


class CursorError(ClientError):
    """A cursor cannot be used: damaged, of another stream or broker, or its messages are gone."""
