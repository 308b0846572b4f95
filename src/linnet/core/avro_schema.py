"""Writer schemas: checked once, known by their fingerprint, one cache for the process."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any

import fastavro

from linnet.core.avro_check import shape_of
from linnet.core.avro_shape import Shape, plain
from linnet.core.avro_strict import Step, walker
from linnet.core.decoding import Schema
from linnet.core.reasons import Reason
from linnet.core.recent import Recent
from linnet.core.schema_lookup import Recognises, SchemaLookup, looked_up, taker, title
from linnet.errors import NotFoundError, PacketError

MAX_JSON = 512 * 1024
"""Bytes of a schema's JSON (the largest official one, LSST 4.1, has 57 KB)."""

MAX_NESTING = 32
"""Brackets within brackets in a schema's JSON."""

COMPILED = 64
"""Schemas kept ready to read with, a few MB each at most: several times as many as surveys send in a year, and few
enough that whoever sends a new one with every packet costs no more than some 300 MB."""

SEEN = 16384
"""Schemas of which text or refusal are remembered."""


@dataclass(frozen=True, eq=False)
class WriterSchema:
    """A writer schema that passed every check.

    Attributes:
        parsed: the schema as JSON gives it.
        json_text: its text exactly as sent; what stands in the head of an archive segment.
        fingerprint: first 16 hex digits of the SHA-256 of that text.
        survey: the survey that recognises it, or None where nobody was asked.
        shape: its types, resolved.
        walk: walks over one datum strictly, see `avro_strict`.
        reader: the same types for fastavro; values come as sent, without logical types.
    """

    parsed: Schema
    json_text: str
    fingerprint: str
    survey: str | None = None
    shape: Shape = field(repr=False, kw_only=True)
    walk: Step = field(repr=False, kw_only=True)
    reader: str | list[Any] | dict[str, Any] = field(repr=False, kw_only=True)


def writer_schema(text: bytes) -> WriterSchema:
    """Check a schema and make it ready to read with; `survey` is None.

    Raises:
        PacketError: `BAD_SCHEMA`: too large, nested too deep, no JSON, recursive, a type defined twice, items of no
            bytes, invalid names or defaults; the sentence says which.
    """
    parsed = _json(text)
    shape = shape_of(parsed)
    return WriterSchema(
        parsed,
        text.decode(),
        sha256(text).hexdigest()[:16],
        shape=shape,
        walk=_walker(shape),
        reader=fastavro.parse_schema(plain(shape)),
    )


_walker = lru_cache(maxsize=COMPILED)(walker)
# Expressions take 5 to 40 ms to compile; schemas that differ only in words share them.


class SchemaCache:
    """All writer schemas of the process. Not for use from several threads at once.

    Args:
        surveys: who recognises schemas; the first that does takes the packet.
        lookup: who is asked for the schema of an id that no survey carries.
    """

    def __init__(self, surveys: Sequence[Recognises], lookup: SchemaLookup | None = None) -> None:
        self._surveys = tuple(surveys)
        self._lookup = lookup
        self._ready: Recent[bytes, WriterSchema] = Recent(COMPILED)
        self._owned: Recent[tuple[object, str], WriterSchema] = Recent(COMPILED)
        self._refused: Recent[tuple[object, str], tuple[str, str]] = Recent(SEEN)
        self._texts: Recent[str, bytes] = Recent(SEEN)

    def known(self, text: bytes) -> WriterSchema:
        """The schema of this JSON, whoever sent it; `survey` is None.

        Raises:
            PacketError: `BAD_SCHEMA`.
        """
        found = self._ready.get(text)
        if found is None:
            found = self._once((sha256(text).digest(), ""), lambda: writer_schema(text))
            self._ready.put(text, found)
            self._texts.put(found.fingerprint, zlib.compress(text, 1))
        return found

    def of_container(self, text: bytes, topic: str) -> WriterSchema:
        """The schema in a container's header, with the survey that recognises it.

        Raises:
            PacketError: `BAD_SCHEMA`, or `UNKNOWN_SCHEMA` where no survey recognises it.
        """
        schema = self.known(text)
        return self._of((schema.fingerprint, topic), lambda: self._recognised(schema, topic))

    def of_frame(self, schema_id: int, topic: str) -> WriterSchema:
        """The schema of a framed message's id: the surveys' own, those that send on this topic first, or a found one.

        Raises:
            PacketError: `UNKNOWN_SCHEMA`, or `BAD_SCHEMA` where the schema is invalid.
        """
        key = (schema_id, topic)
        if self._lookup is None or self._owned.get(key) is not None:
            return self._of(key, lambda: self._named(schema_id, topic))
        # What is unknown now may be there with the next batch, so it is not remembered as refused.
        found = self._named(schema_id, topic)
        self._owned.put(key, found)
        return found

    def schema(self, fingerprint: str) -> WriterSchema:
        """The schema of a fingerprint that this cache gave; `survey` is None.

        Raises:
            NotFoundError: it never did, or 16,384 other ones ago.
        """
        packed = self._texts.get(fingerprint)
        if packed is None:
            raise NotFoundError(f"no writer schema with fingerprint {fingerprint} was seen by this process")
        return self.known(zlib.decompress(packed))

    def _of(self, key: tuple[object, str], make: Callable[[], WriterSchema]) -> WriterSchema:
        found = self._owned.get(key)
        if found is None:
            found = self._once(key, make)
            self._owned.put(key, found)
        return found

    def _once(self, key: tuple[object, str], make: Callable[[], WriterSchema]) -> WriterSchema:
        """What `make` gives; a refusal is remembered and costs nothing the next time."""
        refusal = self._refused.get(key)
        if refusal is not None:
            raise PacketError(*refusal)
        try:
            return make()
        except PacketError as error:
            self._refused.put(key, (error.reason, str(error)))
            raise

    def _recognised(self, schema: WriterSchema, topic: str) -> WriterSchema:
        for survey in self._surveys:
            if survey.recognise(schema.parsed, topic):
                return replace(schema, survey=survey.name)
        raise PacketError(Reason.UNKNOWN_SCHEMA, f"no survey here knows the schema {title(schema.parsed)!r}")

    def _named(self, schema_id: int, topic: str) -> WriterSchema:
        def elsewhere(survey: Recognises) -> bool:
            return not any(re.fullmatch(pattern, topic) for pattern in survey.topics)

        ordered = sorted(self._surveys, key=elsewhere)
        for survey in ordered:
            parsed = survey.named_schema(schema_id)
            if parsed is not None:
                text = json.dumps(parsed, separators=(",", ":"), ensure_ascii=False).encode()
                return replace(self.known(text), survey=survey.name)
        if self._lookup is None:
            raise PacketError(Reason.UNKNOWN_SCHEMA, f"no survey here knows the schema id {schema_id}")
        found = looked_up(self._lookup, schema_id)
        schema = self.known(found.text)
        return replace(schema, survey=taker(ordered, schema.parsed, topic, schema_id, is_accepted=found.is_accepted))


def _json(text: bytes) -> Schema:
    """Parse, and exclude what would hurt whoever walks the result."""
    if len(text) > MAX_JSON:
        raise PacketError(Reason.BAD_SCHEMA, f"the schema has {len(text)} bytes; at most {MAX_JSON} are taken")
    try:
        parsed = json.loads(text.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise PacketError(Reason.BAD_SCHEMA, f"the schema is no usable JSON: {error}") from error
    _check_nesting(parsed, MAX_NESTING)
    if not isinstance(parsed, dict | list):
        raise PacketError(Reason.BAD_SCHEMA, "the schema is neither a record nor a list of records")
    return parsed


def _check_nesting(value: object, left: int) -> None:
    if left < 0:
        raise PacketError(Reason.BAD_SCHEMA, f"the schema's JSON is nested deeper than {MAX_NESTING}")
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check_nesting(part, left - 1)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("an object has the same key twice")
    return entries
