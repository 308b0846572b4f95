"""The content hash of an alert: what tells a repeat from a conflict."""

from __future__ import annotations

import struct
from hashlib import blake2b

import numpy as np
import pyarrow as pa

_NUMBERS = struct.Struct("<5d")


def content_hash(alerts: pa.RecordBatch) -> pa.Array:
    """A signed 64-bit hash of each alert (int64, never null).

    BLAKE2b with 8 bytes of digest over mjd, ra, dec, flux, flux_err as little-endian doubles (null is NaN), then
    object_id and band in UTF-8, each behind a byte that is 0 for null. Stored rows hold it: it may never change.

    Args:
        alerts: columns of `vocabulary.PACKET`.
    """
    numbers = np.column_stack([_doubles(alerts.column(n)) for n in ("mjd", "ra", "dec", "flux", "flux_err")])
    packed = np.ascontiguousarray(numbers, dtype="<f8").tobytes()
    texts = zip(alerts.column("object_id").to_pylist(), alerts.column("band").to_pylist(), strict=True)
    # One digest per alert in a Python loop: 1.6 us an alert, against milliseconds of decoding.
    size = _NUMBERS.size
    found = [
        int.from_bytes(
            blake2b(packed[i * size : (i + 1) * size] + _texts(*pair), digest_size=8).digest(), "little", signed=True
        )
        for i, pair in enumerate(texts)
    ]
    return pa.array(found, pa.int64())


def _doubles(column: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = column.to_numpy(zero_copy_only=False).astype(np.float64)
    # One bit pattern for every NaN: a null and a NaN say the same nothing.
    return np.where(np.isnan(values), np.nan, values)


def _texts(*values: str | None) -> bytes:
    return b"".join(b"\0" if v is None else b"\1" + v.encode() + b"\0" for v in values)
