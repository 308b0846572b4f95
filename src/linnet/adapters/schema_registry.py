"""Writer schemas by their ids: a registry that speaks Confluent's REST protocol, a folder beside it, a cache on disk.

    GET  /schemas/ids/ID              the schema of an id
    POST /subjects/SUBJECT/versions   registers one and gives its id

(docs.confluent.io, "Schema Registry API Reference"). An id never changes its schema, so what was fetched once is kept
for good, and a registry that is down costs nothing but what is new. LSST numbers its schemas major x 100 + minor, and
not in the order of their registration.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linnet.core import failpoints
from linnet.core.avro_schema import MAX_JSON
from linnet.core.durable import replace_file, storage_errors
from linnet.core.recent import Recent
from linnet.core.schema_lookup import SchemaText
from linnet.errors import ConfigError, NotFoundError, ServiceError

if TYPE_CHECKING:
    import httpx

_REMEMBERED = 4096
_SUFFIXES = (".json", ".avsc")
_MEDIA = {"Accept": "application/vnd.schemaregistry.v1+json", "Content-Type": "application/vnd.schemaregistry.v1+json"}
_MOST = 2 * MAX_JSON
"""Bytes of an answer: the schema, quoted within JSON."""


@dataclass(frozen=True)
class SchemaRegistry:
    """Where schemas are looked up: first in the folder, then in the cache, then in the registry.

    Attributes:
        url: of the registry, or None where there is only a folder.
        user, password: for its basic authentication, or None.
        folder: files `ID.json` or `ID.avsc` that a person put there: they are taken, whatever their major version.
        cache: folder that keeps what was fetched.
        timeout: seconds until the registry counts as down.
        again_after: seconds until a registry that was down, or did not have an id, is asked again.
    """

    url: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    folder: Path | None = None
    cache: Path | None = None
    timeout: float = 5.0
    again_after: float = 30.0

    def open(self) -> OpenSchemaRegistry:
        """Ready to be asked; the registry itself is reached with the first question.

        Raises:
            ConfigError: the package `httpx` is missing.
        """
        return OpenSchemaRegistry(self)


class OpenSchemaRegistry:
    """A registry to ask. Not for use from several threads at once."""

    def __init__(self, description: SchemaRegistry, clock: Callable[[], float] = time.monotonic) -> None:
        self._about = description
        self._clock = clock
        self._client = None if description.url is None else _client(description)
        self._found: Recent[int, SchemaText] = Recent(_REMEMBERED)
        self._absent: Recent[int, float] = Recent(_REMEMBERED)
        self._ids: Recent[tuple[str, str], int] = Recent(_REMEMBERED)
        self._down: tuple[float, str] | None = None
        of_registry = sha256((description.url or "").encode()).hexdigest()[:12]
        self._cache = None if description.cache is None else description.cache / of_registry

    def schema(self, schema_id: int) -> SchemaText | None:
        """The schema of an id; see `linnet.core.schema_lookup.SchemaLookup`.

        Raises:
            ServiceError: the registry is down or refuses; for `again_after` seconds this is said without asking it.
            StorageError: the cache cannot be written.
        """
        found = _file(self._about.folder, schema_id)
        if found is not None:
            return SchemaText(found, is_accepted=True)
        known = self._found.get(schema_id)
        if known is None:
            text = _file(self._cache, schema_id) or self._fetched(schema_id)
            if text is None:
                return None
            known = SchemaText(text)
            self._found.put(schema_id, known)
        return known

    def accept(self, schema_id: int) -> None:
        """Put the registry's schema of an id into the folder: from now on it is taken, whatever its major version.

        Raises:
            ConfigError: there is no folder.
            NotFoundError: neither the folder nor the registry has it.
            ServiceError: the registry cannot be asked.
        """
        if self._about.folder is None:
            raise ConfigError("no folder of schemas is configured, so nothing can be accepted into it")
        self._absent, self._down = Recent(_REMEMBERED), None
        found = self.schema(schema_id)
        if found is None:
            raise NotFoundError(
                f"nobody has the schema id {schema_id}: put it into {self._about.folder} as {schema_id}.json"
            )
        if not found.is_accepted:
            self._keep(self._about.folder, schema_id, found.text)

    def register(self, subject: str, text: str) -> int:
        """The id of a schema under a subject, registered where it is new.

        Raises:
            ServiceError: the registry is down or refuses it.
        """
        known = self._ids.get((subject, text))
        if known is not None:
            return known
        answer = self._ask("POST", f"/subjects/{subject}/versions", {"schema": text, "schemaType": "AVRO"})
        found = None if answer is None else answer.get("id")
        if not isinstance(found, int):
            raise ServiceError(f"the schema registry {self._about.url} gave no id for the schema of {subject}")
        self._ids.put((subject, text), found)
        return found

    def close(self) -> None:
        """Let go of the connection. May be called twice."""
        if self._client is not None:
            self._client.close()

    def _fetched(self, schema_id: int) -> bytes | None:
        """The registry's schema, kept in the cache from now on; None where it has none."""
        if self._client is None or self._clock() < (self._absent.get(schema_id) or float("-inf")):
            return None
        answer = self._ask("GET", f"/schemas/ids/{schema_id}")
        if answer is None:
            self._absent.put(schema_id, self._clock() + self._about.again_after)
            return None
        schema, kind = answer.get("schema"), answer.get("schemaType") or "AVRO"
        if not isinstance(schema, str) or kind != "AVRO" or answer.get("references"):
            raise ServiceError(f"the schema registry {self._about.url} has no Avro schema that stands alone there")
        if self._cache is not None:
            self._keep(self._cache, schema_id, schema.encode())
        return schema.encode()

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any] | None:
        """What the registry answers, None for "not found". One that is down is not asked at every batch."""
        import httpx

        if self._client is None:
            raise ServiceError("no schema registry is configured")
        if self._down is not None and self._clock() < self._down[0]:
            raise ServiceError(self._down[1])
        try:
            with self._client.stream(method, path, json=body) as response:
                found = _answer(response, self._clock() + self._about.timeout, self._clock)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            sentence = f"the schema registry {self._about.url} {_why(error)}"
            self._down = (self._clock() + self._about.again_after, sentence)
            raise ServiceError(sentence) from error
        self._down = None
        return found

    def _keep(self, folder: Path, schema_id: int, text: bytes) -> None:
        failpoints.passing("14")
        with storage_errors(f"keep the schema {schema_id} in {folder}"):
            replace_file(folder / f"{schema_id}.json", lambda part: _write(part, text))


def _client(about: SchemaRegistry) -> httpx.Client:
    try:
        import httpx
    except ImportError as error:
        raise ConfigError("asking a schema registry needs httpx: pip install 'linnet[kafka]'") from error
    secret = None if about.user is None else (about.user, about.password or "")
    return httpx.Client(base_url=about.url or "", auth=secret, timeout=about.timeout, headers=_MEDIA)


def _answer(response: httpx.Response, until: float, clock: Callable[[], float]) -> dict[str, Any] | None:
    """The JSON object of an answer, read only as far and as long as it can be one."""
    if response.status_code == 404:
        return None
    response.raise_for_status()
    content = b""
    for part in response.iter_bytes():
        content += part
        if len(content) > _MOST:
            raise ValueError(f"its answer is longer than {_MOST} bytes")
        if clock() > until:
            raise ValueError("its answer does not end")
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("its answer is no JSON object")  # noqa: TRY004 - told as every answer that is nonsense
    return found


def _why(error: Exception) -> str:
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        code = error.response.status_code
        return "refuses this user and password" if code in {401, 403} else f"answers {code}"
    if isinstance(error, httpx.TimeoutException):
        return "does not answer in time"
    if isinstance(error, json.JSONDecodeError):
        return "gives an answer that is no JSON"
    if isinstance(error, httpx.HTTPError):
        return f"cannot be reached: {error}"
    return f"cannot be used: {error}"


def _file(folder: Path | None, schema_id: int) -> bytes | None:
    """A schema in a folder, or None."""
    if folder is None:
        return None
    for suffix in _SUFFIXES:
        path = folder / f"{schema_id}{suffix}"
        with storage_errors(f"read the schema {path}"):
            if path.is_file():
                return path.read_bytes()
    return None


def _write(part: Path, text: bytes) -> None:
    part.write_bytes(text)
