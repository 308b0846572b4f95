"""Tables as FITS or VOTable, read by astropy."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from linnet.adapters.catalogue_files.table import ROWS, BroughtTable
from linnet.errors import InputError


def fits_table(path: Path) -> BroughtTable:
    """The first table of a FITS file, read piece by piece (FITS Standard 4.0, section 7).

    Raises:
        InputError: there is none.
    """
    from astropy.io import fits

    try:
        # The file is opened here: astropy leaves one open that it cannot read.
        with path.open("rb") as file, quiet(), fits.open(file, memmap=True) as units:
            place = next(
                (i for i, unit in enumerate(units) if isinstance(unit, fits.BinTableHDU | fits.TableHDU)), None
            )
            if place is None:
                raise InputError(f"{path} holds no table")
            columns = units[place].columns
            names, stated = tuple(columns.names), {c.name: c.unit for c in columns if c.unit}
            null = {c.name: c.null for c in columns if c.null not in (None, "")}
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} cannot be read as FITS: {error}") from error

    def read(chosen: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with path.open("rb") as file, fits.open(file, memmap=True) as units:
            with quiet():
                rows = units[place].data
            for first in range(0, len(rows), ROWS):
                piece = rows[first : first + ROWS]
                arrays = [_array(np.asarray(piece[n]), n, piece[n] == null[n] if n in null else None) for n in chosen]
                yield pa.RecordBatch.from_arrays(arrays, names=list(chosen))

    return BroughtTable(names, read, stated)


def votable(path: Path) -> BroughtTable:
    """The first table of a VOTable (IVOA Recommendation 1.4), which is held in memory as a whole.

    Raises:
        InputError: there is none.
    """
    from astropy.io.votable import parse_single_table

    try:
        with quiet():
            table = parse_single_table(path).to_table(use_names_over_ids=True)
    except Exception as error:
        raise InputError(f"{path} cannot be read as a VOTable: {str(error).splitlines()[0]}") from error

    def read(chosen: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for first in range(0, len(table), ROWS):
            piece = table[first : first + ROWS]
            arrays = [_array(np.ma.getdata(piece[n]), n, np.ma.getmaskarray(piece[n])) for n in chosen]
            yield pa.RecordBatch.from_arrays(arrays, names=list(chosen))

    stated = {name: str(table[name].unit) for name in table.colnames if table[name].unit is not None}
    return BroughtTable(tuple(table.colnames), read, stated)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of every card and field that a strict reader would not take."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _array(values: Any, name: str, mask: Any) -> pa.Array:
    """One value per row as an Arrow array, in the byte order of this machine."""
    values = np.asarray(values)
    if values.ndim != 1:
        raise InputError(f"column {name} holds arrays: only single values can be taken")
    if values.dtype.kind in "SUO":
        texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.tolist()]
        return pa.array(texts, pa.string(), mask=mask)
    return pa.array(np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="))), mask=mask)
