"""The same columns in every format that people's tools read: CSV, Parquet, Arrow, VOTable.

Names, types and nulls are those of the answer; 64-bit ids are exact in all of them. Units, UCDs and descriptions travel
in the fields' metadata (Parquet, Arrow) or attributes (VOTable); a CSV has none.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from linnet.core.column import Column
from linnet.formats.plain_table import plain
from linnet.formats.votable import votable_bytes


@dataclass(frozen=True)
class TableFormat:
    """One way to write a table.

    Attributes:
        media_type: of the answer (RFC 7111 for CSV; IANA's registrations of Arrow and Parquet; IVOA's of VOTable).
        ending: of a file's name.
        write: the table with its declarations, and what it is called.
    """

    media_type: str
    ending: str
    write: Callable[[pa.Table, str], bytes]


def written(kind: str, table: pa.Table, columns: Mapping[str, Column], title: str) -> bytes:
    """An answer's rows as a file.

    Args:
        kind: one of `FORMATS`.
        table: the rows.
        columns: declarations of its columns.
        title: what the rows are, for formats that carry a title.
    """
    return FORMATS[kind].write(plain(table, columns), title)


def _csv(table: pa.Table, _title: str) -> bytes:
    out = io.BytesIO()
    pa_csv.write_csv(table, out, pa_csv.WriteOptions(quoting_style="needed"))
    return out.getvalue()


def _parquet(table: pa.Table, title: str) -> bytes:
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"title": title}), out, compression="zstd")
    return out.getvalue()


def _arrow(table: pa.Table, title: str) -> bytes:
    out = io.BytesIO()
    titled = table.replace_schema_metadata({"title": title})
    with pa.ipc.new_stream(out, titled.schema) as stream:
        stream.write_table(titled)
    return out.getvalue()


FORMATS: Mapping[str, TableFormat] = {
    "csv": TableFormat("text/csv; charset=utf-8; header=present", "csv", _csv),
    "parquet": TableFormat("application/vnd.apache.parquet", "parquet", _parquet),
    "arrow": TableFormat("application/vnd.apache.arrow.stream", "arrows", _arrow),
    "votable": TableFormat("application/x-votable+xml", "vot", votable_bytes),
}
"""Name as in a request -> how it is written."""
