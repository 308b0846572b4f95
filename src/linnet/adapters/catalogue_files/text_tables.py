"""Tables as text: CSV and its relatives, however loosely quoted."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from linnet.adapters.catalogue_files.table import ROWS, BroughtTable
from linnet.errors import InputError, StorageError

_SEPARATORS = ",\t;|"

csv.field_size_limit(1_000_000)


def text_table(path: Path) -> BroughtTable:
    """A table with a line of names and one row in each further line, separated by comma, tab, semicolon or bar.

    Blanks around names, values and quotes are no part of them. A column is of whole numbers or floats where all its
    values are, else of text; it is read once to know that.

    Raises:
        InputError: it is no such table.
    """
    with _opened(path) as lines:
        head = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    separator = max(_SEPARATORS, key=head.count)
    names = tuple(name.strip() for name in next(csv.reader([head], delimiter=separator, skipinitialspace=True), ()))
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError(f"{path} has no line of distinct names above its rows")
    kinds: dict[str, pa.DataType] = {}

    def read(chosen: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for name in [n for n in chosen if n not in kinds]:
            kinds[name] = _kind(_batches(path, names, separator, [name]))
        for batch in _batches(path, names, separator, chosen):
            yield pa.RecordBatch.from_arrays(
                [column.cast(kinds[n]) for n, column in zip(chosen, batch.columns, strict=True)], names=list(chosen)
            )

    return BroughtTable(names, read)


def _batches(path: Path, names: Sequence[str], separator: str, chosen: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The chosen columns as texts, null where empty."""
    places = [names.index(name) for name in chosen]
    with _opened(path) as lines:
        told = (line for line in lines if line.strip() and not line.startswith("#"))
        rows = csv.reader(told, delimiter=separator, skipinitialspace=True)
        next(rows, None)
        number = 1
        while piece := list(islice(rows, ROWS)):
            odd = next((i for i, row in enumerate(piece) if len(row) < len(names)), None)
            if odd is not None:
                raise InputError(f"{path}: row {number + odd} has {len(piece[odd])} values instead of {len(names)}")
            number += len(piece)
            texts = [pa.array([row[place].strip() for row in piece], pa.string()) for place in places]
            yield pa.RecordBatch.from_arrays(
                [pc.if_else(pc.equal(t, ""), pa.scalar(None, pa.string()), t) for t in texts], names=list(chosen)
            )


def _kind(batches: Iterator[pa.RecordBatch]) -> pa.DataType:
    """The narrowest type of all values of the first column."""
    kinds = [pa.int64(), pa.float64(), pa.string()]
    for batch in batches:
        while not _fits(batch.column(0), kinds[0]):
            kinds.pop(0)
        if kinds[0] == pa.string():
            break
    return kinds[0]


def _fits(column: pa.Array, kind: pa.DataType) -> bool:
    try:
        column.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


class _opened:  # noqa: N801 - used as a function
    """Lines of a file; what cannot be read is told in one line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Iterator[str]:
        try:
            self._file = self._path.open(encoding="utf-8-sig", newline="")
        except OSError as error:
            raise StorageError(f"cannot read {self._path}: {error.strerror}") from error
        return self._file

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        self._file.close()
        if isinstance(error, UnicodeDecodeError):
            raise InputError(f"{self._path} is no table in UTF-8") from error
        if isinstance(error, csv.Error):
            raise InputError(f"{self._path} cannot be read as a table: {error}") from error
