"""Lines of JSON at the rate of a survey: the form of `linnet.core.json_rows`, written a whole column at a time.

A row of a hundred columns costs some 10 us this way, a tenth of what its values cost one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import repeat

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from linnet.core.control_port import Places
from linnet.core.json_rows import values

HEAD = ("dedup_id", "filter", "version", "seq")
"""The columns of a message that are not its alert's; they stand first."""

_NULL = b"null"
_BOOLEANS = (b"false", b"true", _NULL)


def lines(table: pa.Table | pa.RecordBatch) -> list[bytes]:
    r"""One line of JSON per row, UTF-8, without its "\n"; keys in the order of the columns, no spaces.

    Raises:
        TypeError: a column has a type without a JSON form; the message names it.
    """
    batches = table.to_batches() if isinstance(table, pa.Table) else [table]
    return [line for batch in batches if batch.num_rows for line in _lines(batch)]


def message_lines(messages: pa.RecordBatch) -> list[tuple[bytes, bytes]]:
    """Lines of messages, each in two pieces to be joined: what is its own, and what it shares with its alert's others.

    An alert is turned into text once for all its messages.

    Args:
        messages: what `OpenSink.write` is given: `HEAD`, then columns of the alert. Rows of the same `survey` and
            `alert_id` are of the same alert.

    Raises:
        TypeError: a column has a type without a JSON form; the message names it.
    """
    if not messages.num_rows:
        return []
    first, place = _alerts(messages)
    columns = [name for name in messages.schema.names if name not in HEAD]
    alerts = list(_lines(messages.select(columns).take(pa.array(first)), b"%b}"))
    heads = _lines(messages.select(list(HEAD)), b"{%b,")
    return [(head, alerts[at]) for head, at in zip(heads, place.tolist(), strict=True)]


def _alerts(messages: pa.RecordBatch) -> tuple[Places, Places]:
    """The first row of every distinct alert, and for each message the place of its alert among these."""
    surveys, ids = (
        messages.column(name).dictionary_encode().indices.to_numpy().astype(np.int64) for name in ("survey", "alert_id")
    )
    _, first, place = np.unique(surveys * len(ids) + ids, return_index=True, return_inverse=True)
    return first, place


def _lines(batch: pa.RecordBatch, around: bytes = b"{%b}") -> Iterator[bytes]:
    """Lines of at least one row, or such a part of them."""
    pattern, varying = [], []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        key = json.dumps(name, ensure_ascii=False).encode().replace(b"%", b"%%")
        if column.null_count == len(column):
            # Half of the columns are another survey's, another band's: they are part of the pattern.
            pattern.append(key + b":null")
        else:
            pattern.append(key + b":%b")
            varying.append(_texts(column, name))
    whole = around % b",".join(pattern)
    return (whole % row for row in (zip(*varying, strict=True) if varying else repeat((), batch.num_rows)))


def _texts(array: pa.Array, name: str) -> list[bytes]:
    """The JSON text of every value."""
    kind = array.type
    if not len(array):
        return []
    if pa.types.is_dictionary(kind):
        words = [*_texts(array.dictionary, name), _NULL]
        return _chosen(words, array.indices)
    if pa.types.is_boolean(kind):
        return _chosen(_BOOLEANS, array.cast(pa.int8()))
    if kind in (pa.float32(), pa.float64()):
        return _split(array.to_numpy(zero_copy_only=False))  # null is NaN here, and NaN is null there
    if pa.types.is_string(kind):
        # Indented, the list has a line for every text, and no text has an end of line that is not escaped.
        return orjson.dumps(values(array, name), option=orjson.OPT_INDENT_2)[4:-2].split(b",\n  ")
    if pa.types.is_integer(kind):
        return _integers(array)
    return [orjson.dumps(value) for value in values(array, name)]


def _chosen(words: tuple[bytes, ...] | list[bytes], places: pa.Array) -> list[bytes]:
    """The word of every place; of a null the last one."""
    filled = places.cast(pa.int64()).fill_null(len(words) - 1) if places.null_count else places
    return [words[place] for place in filled.to_numpy().tolist()]


def _integers(array: pa.Array) -> list[bytes]:
    texts = _split(array.fill_null(0).to_numpy(zero_copy_only=False), quote=array.type.bit_width == 64)
    if array.null_count:
        for place in np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)).tolist():
            texts[place] = _NULL
    return texts


def _split(numbers: npt.NDArray[np.generic], *, quote: bool = False) -> list[bytes]:
    """The text of every number, of float32 the shortest that reads back as the same float32."""
    text = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    if quote:
        return (b'"' + text.replace(b",", b'","') + b'"').split(b",")
    return text.split(b",")
