"""Datums for raw archives."""

from __future__ import annotations

import pyarrow as pa

from linnet.core.decoding import Datums


def raw(table: pa.Table) -> tuple[Datums, pa.Array]:
    """What `RawArchive.append` takes, of a table with the columns `datum` and `fingerprint`."""
    return Datums.of(table["datum"].to_pylist()), table["fingerprint"].combine_chunks().cast(pa.string())
