"""How a Kafka is reached: addresses, user, TLS; and its client's errors in words of ours.

The client (confluent-kafka, librdkafka) reconnects by itself and tells of it only in a callback, so a broker that is
away is no error. A password that is refused is: at a start after two seconds, later only when it stays refused, for a
broker that starts may not know its users yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linnet.errors import ConfigError, LinnetError, ServiceError

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Producer
    from confluent_kafka.admin import AdminClient

MECHANISM = "SCRAM-SHA-512"

REFUSED_AT_START, REFUSED_LATER = 2.0, 30.0
"""Seconds for which a password has to be refused until that is an error."""


@dataclass(frozen=True)
class KafkaAccess:
    """Where a Kafka is, and as whom one comes.

    Attributes:
        bootstrap: `HOST:PORT`, several separated by commas.
        user, password: for SASL (SCRAM-SHA-512), or None.
        tls: whether the connection is encrypted.
        authority: file of the certificates that are trusted; None: those of the system.
        patience: seconds until a Kafka that does not answer at a start counts as away.
    """

    bootstrap: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    authority: Path | None = None
    patience: float = 10.0

    def config(self) -> dict[str, Any]:
        """What every client of it is configured with."""
        security = ("SASL_" if self.user else "") + ("SSL" if self.tls else "PLAINTEXT")
        found: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": security,
            "client.id": "linnet",
            "reconnect.backoff.max.ms": 2000,
            "log_level": 0,  # what matters comes by the callback; the rest would flood the terminal of a stopped broker
        }
        if self.user:
            found |= {"sasl.mechanisms": MECHANISM, "sasl.username": self.user, "sasl.password": self.password or ""}
        if self.tls and self.authority is not None:
            found["ssl.ca.location"] = str(self.authority)
        return found

    def group(self, name: str) -> str:
        """The name of a consumer group, which must begin with the user's name where there is one."""
        return name if not self.user or name.startswith(self.user) else f"{self.user}-{name}"


class Watch:
    """Takes what the client tells in its callback, and says when there is no hope."""

    def __init__(self, access: KafkaAccess, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock
        self._refused_since: float | None = None
        self.trouble: str | None = None

    def __call__(self, error: KafkaError) -> None:
        """One error of the client."""
        import confluent_kafka

        self.trouble = words(error)
        if error.code() == confluent_kafka.KafkaError._AUTHENTICATION and self._refused_since is None:
            self._refused_since = self._clock()

    def fine(self) -> None:
        """A broker has answered."""
        self._refused_since = self.trouble = None

    def check(self, seconds: float = REFUSED_LATER) -> None:
        """Raise what no waiting will mend.

        Raises:
            ServiceError: user and password have been refused for so many seconds.
        """
        if self._refused_since is not None and self._clock() - self._refused_since >= seconds:
            raise ServiceError(
                f"Kafka at {self._access.bootstrap} refuses the user {self._access.user!r}: wrong user or password"
            )


def client(kind: str, access: KafkaAccess, watch: Watch, config: dict[str, Any]) -> Any:
    """A `Consumer`, `Producer` or `AdminClient`, connected.

    Raises:
        ConfigError: the library is missing, or a setting is unusable.
        ServiceError: no broker answers in time, or it refuses the user.
    """
    try:
        import confluent_kafka
        import confluent_kafka.admin
    except ImportError as error:
        raise ConfigError("Kafka needs the package confluent-kafka: pip install 'linnet[kafka]'") from error
    made = getattr(confluent_kafka, kind, None) or getattr(confluent_kafka.admin, kind)
    try:
        found = made({**access.config(), **config, "error_cb": watch})
    except (confluent_kafka.KafkaException, ValueError, TypeError) as error:
        raise ConfigError(
            f"Kafka at {access.bootstrap} cannot be reached with these settings: {told(error)}"
        ) from error
    _wait(found, access, watch)
    return found


@contextmanager
def kafka_errors(doing: str) -> Iterator[None]:
    """Turn an error of the client into one line.

    Raises:
        ServiceError: "cannot DOING: REASON", cause kept.
    """
    import confluent_kafka

    try:
        yield
    except (confluent_kafka.KafkaException, BufferError) as error:
        raise ServiceError(f"cannot {doing}: {told(error)}") from error


def told(error: Exception) -> str:
    """What an exception of the client says, on one line."""
    first: Any = error.args[0] if error.args else error
    return words(first) if hasattr(first, "str") else " ".join(str(first).split())


def words(error: KafkaError) -> str:
    """What an error of the client says, without the client's own bookkeeping."""
    text = " ".join(error.str().split())
    return text.partition(" (after ")[0]


def _wait(found: Consumer | Producer | AdminClient, access: KafkaAccess, watch: Watch) -> None:
    """Return when a broker has answered."""
    import confluent_kafka

    end = time.monotonic() + access.patience
    try:
        while True:
            try:
                found.list_topics(timeout=1)
            except confluent_kafka.KafkaException as error:
                found.poll(0)
                watch.check(REFUSED_AT_START)
                if time.monotonic() > end:
                    raise ServiceError(_absent(access, watch, error)) from error
            else:
                return watch.fine()
    except LinnetError:
        getattr(found, "close", lambda: None)()
        raise


def _absent(access: KafkaAccess, watch: Watch, error: Exception) -> str:
    hint = "" if access.user else "; if it wants a user and a password or TLS, say so in the settings"
    return f"no Kafka answers at {access.bootstrap}: {watch.trouble or told(error)}{hint}"
