"""A second strict Avro reader, written from the Avro 1.11 specification for tests, sharing no code with the project.

It builds values one by one, knows no limits and no short cuts; whatever it takes, and nothing else, is valid.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import cramjam
import pyarrow as pa

PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}


class InvalidError(Exception):
    """The bytes are not what they should be."""


def read_container(data: bytes) -> tuple[str, list[Any]]:
    """Schema text and all records of an object container file."""
    reader = Reader(data, {})
    if reader.take(4) != b"Obj\x01":
        raise InvalidError("magic")
    meta = reader.read({"type": "map", "values": "bytes"}, "")
    sync = reader.take(16)
    text = meta["avro.schema"].decode() if "avro.schema" in meta else ""
    records: list[Any] = []
    while reader.at < len(data):
        count, size = reader.integer(64), reader.integer(64)
        if count < 0 or size < 0:
            raise InvalidError("block")
        inside = _expand(meta.get("avro.codec", b"null").decode(), reader.take(size))
        if reader.take(16) != sync:
            raise InvalidError("sync marker")
        records += read_datums(inside, json.loads(text), count)
    return text, records


def read_datums(data: bytes, schema: Any, count: int = 1) -> list[Any]:
    """Exactly `count` datums that fill the bytes."""
    named: dict[str, Any] = {}
    _collect(schema, "", named)
    reader = Reader(data, named)
    values = [reader.read(schema, "") for _ in range(count)]
    if reader.at != len(data):
        raise InvalidError("trailing bytes")
    return values


def _expand(codec: str, data: bytes) -> bytes:
    try:
        if codec == "deflate":
            stream = zlib.decompressobj(-15)
            out = stream.decompress(data)
            if not stream.eof or stream.unused_data not in (b"", zlib.adler32(out).to_bytes(4, "big")[:3]):
                raise InvalidError("deflate")
            return out
        if codec == "snappy":
            out = bytes(cramjam.snappy.decompress_raw(data[:-4]))
            if zlib.crc32(out) != int.from_bytes(data[-4:], "big") or len(data) < 4:
                raise InvalidError("checksum")
            return out
        if codec == "zstandard":
            return bytes(pa.input_stream(io.BytesIO(data), compression="zstd").read())
    except (zlib.error, cramjam.DecompressionError, OSError) as error:
        raise InvalidError(codec) from error
    if codec != "null":
        raise InvalidError(codec)
    return data


def _full(schema: Mapping[str, Any], space: str) -> str:
    name = schema["name"]
    inner = schema.get("namespace", space)
    return str(name) if "." in name or not inner else f"{inner}.{name}"


def _collect(schema: Any, space: str, named: dict[str, Any]) -> None:
    if isinstance(schema, list):
        for branch in schema:
            _collect(branch, space, named)
    elif isinstance(schema, dict):
        kind = schema["type"]
        if kind in ("record", "enum", "fixed"):
            full = _full(schema, space)
            named[full] = schema
            for field in schema.get("fields", []):
                _collect(field["type"], full.rpartition(".")[0], named)
        elif kind in ("array", "map"):
            _collect(schema["items" if kind == "array" else "values"], space, named)
        else:
            _collect(kind, space, named)


class Reader:
    """Reads values from bytes, moving on."""

    def __init__(self, data: bytes, named: dict[str, Any]) -> None:
        self.data = data
        self.at = 0
        self.named = named

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size < 0 or self.at + size > len(self.data):
            raise InvalidError(f"end of data at {self.at}")
        self.at += size
        return self.data[self.at - size : self.at]

    def integer(self, bits: int) -> int:
        """A zig-zag number of at most ten bytes that fits."""
        raw = 0
        for place in range(10):
            byte = self.take(1)[0]
            raw += (byte & 0x7F) << (7 * place)
            if byte < 128:
                break
        else:
            raise InvalidError("a number without end")
        value = raw // 2 if raw % 2 == 0 else -(raw // 2) - 1
        if raw >= 2**64 or not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            raise InvalidError(f"more than {bits} bits")
        return value

    def read(self, schema: Any, space: str) -> Any:
        """One value of a schema within a name space."""
        if isinstance(schema, list):
            return self.read(schema[self._index(len(schema))], space)
        if isinstance(schema, str):
            if schema in PRIMITIVES:
                return self._primitive(schema)
            full = schema if "." in schema or not space else f"{space}.{schema}"
            return self._named(self.named[full], full)
        kind = schema["type"]
        if kind == "array":
            return [value for _, value in self._items(schema["items"], space, keys=False)]
        if kind == "map":
            return dict(self._items(schema["values"], space, keys=True))
        if kind in ("record", "enum", "fixed"):
            return self._named(schema, _full(schema, space))
        return self.read(kind, space)

    def _index(self, size: int) -> int:
        index = self.integer(64)
        if not 0 <= index < size:
            raise InvalidError("index")
        return index

    def _named(self, schema: Any, full: str) -> Any:
        if schema["type"] == "fixed":
            return self.take(schema["size"])
        if schema["type"] == "enum":
            return schema["symbols"][self._index(len(schema["symbols"]))]
        inner = full.rpartition(".")[0]
        return {field["name"]: self.read(field["type"], inner) for field in schema["fields"]}

    def _items(self, schema: Any, space: str, *, keys: bool) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        while count := self.integer(64):
            size = self.integer(64) if count < 0 else None
            begin = self.at
            for _ in range(abs(count)):
                key = self._primitive("string") if keys else ""
                found.append((key, self.read(schema, space)))
            if size is not None and self.at - begin != size:
                raise InvalidError("size of a block")
        return found

    def _primitive(self, kind: str) -> Any:
        if kind == "null":
            return None
        if kind == "boolean":
            byte = self.take(1)
            if byte not in (b"\0", b"\1"):
                raise InvalidError("boolean")
            return byte == b"\1"
        if kind in ("int", "long"):
            return self.integer(32 if kind == "int" else 64)
        if kind in ("float", "double"):
            return struct.unpack("<f" if kind == "float" else "<d", self.take(4 if kind == "float" else 8))[0]
        raw = self.take(self.integer(64))
        if kind == "bytes":
            return raw
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidError("text") from error
