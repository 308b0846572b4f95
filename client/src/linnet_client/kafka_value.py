"""Values of Kafka messages: JSON, or Avro behind the five bytes of a schema registry."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import fastavro
import httpx

from linnet_client.alert import Alert
from linnet_client.errors import ClientError

FRAME = 5
"""Bytes before the datum: 0, and the id of the schema as four bytes, big-endian (Confluent wire format)."""


class Values:
    """Decodes values, asking the registry once for each schema.

    Args:
        registry: address of a registry that speaks the Confluent REST protocol; only Avro needs one.
    """

    def __init__(self, registry: str | None) -> None:
        self._registry = registry.rstrip("/") if registry else None
        self._schemas: dict[int, dict[str, Any]] = {}

    def alert(self, value: bytes) -> Alert:
        """The message; the same as HTTP gives, whatever form it had: 64-bit ids are text.

        Raises:
            ClientError: it is neither JSON nor framed Avro, or its schema is not to be had.
        """
        if value[:1] == b"\x00":
            return self._avro(value)
        try:
            return Alert(json.loads(value))
        except (ValueError, TypeError) as error:
            raise ClientError(f"a message is neither JSON nor Avro of a registry: {error}") from error

    def _avro(self, value: bytes) -> Alert:
        (number,) = struct.unpack(">I", value[1:FRAME])
        schema = self._schemas.get(number) or self._asked(number)
        record = fastavro.schemaless_reader(io.BytesIO(value[FRAME:]), schema, None)
        kinds = {field["name"]: _kinds(field["type"]) for field in schema["fields"]}
        assert isinstance(record, dict)  # noqa: S101 - what is no record was refused
        return Alert({name: _plain(item, kinds[name]) for name, item in record.items()})

    def _asked(self, number: int) -> dict[str, Any]:
        if self._registry is None:
            raise ClientError("messages are Avro: give the address of the schema registry, kafka={'registry': ...}")
        address = f"{self._registry}/schemas/ids/{number}"
        try:
            answer = httpx.get(address, timeout=10.0).raise_for_status().json()
            schema = fastavro.parse_schema(json.loads(answer["schema"]))
        except (httpx.HTTPError, ValueError, KeyError, fastavro.schema.SchemaParseException) as error:
            raise ClientError(f"schema {number} is not to be had at {address}: {error}") from error
        if not isinstance(schema, dict) or schema.get("type") != "record":
            raise ClientError(f"schema {number} at {address} is no record")
        self._schemas[number] = schema
        return schema


def _kinds(kind: Any) -> set[str]:
    """Names of the types that a field may have."""
    union = kind if isinstance(kind, list) else [kind]
    return {str(branch["type"] if isinstance(branch, dict) else branch) for branch in union}


def _plain(value: Any, kinds: set[str]) -> Any:
    if isinstance(value, float) and "float" in kinds:
        return _shortest(value)
    if isinstance(value, int) and not isinstance(value, bool) and "long" in kinds:
        return str(value)
    return value


def _shortest(value: float) -> float:
    """The float64 with the fewest digits that reads back as the same float32: 18.2, not 18.200000762939453."""
    for digits in range(6, 9):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == struct.pack("f", value):
            return short
    return float(f"{value:.9g}")
