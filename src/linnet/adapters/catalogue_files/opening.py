"""Which format a table has that somebody brings: by what it begins with, not by its name."""

from __future__ import annotations

from pathlib import Path

from linnet.adapters.catalogue_files.astropy_tables import fits_table, votable
from linnet.adapters.catalogue_files.parquet_tables import hats_table, parquet_table
from linnet.adapters.catalogue_files.table import BroughtTable
from linnet.adapters.catalogue_files.text_tables import text_table
from linnet.errors import InputError, StorageError

_GZIP = b"\x1f\x8b"


def brought(path: Path) -> BroughtTable:
    """The table of a CSV, VOTable, FITS or Parquet file, or of a HATS folder.

    Raises:
        InputError: there is nothing, or nothing that can be read.
        StorageError: the disk fails.
    """
    if path.is_dir():
        return hats_table(path)
    try:
        with path.open("rb") as file:
            head = file.read(2048)
    except FileNotFoundError as error:
        raise InputError(f"cannot read {path}: there is no such file or folder") from error
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    if not head:
        raise InputError(f"{path} is empty")
    if head.startswith(b"PAR1"):
        return parquet_table(path)
    if head.startswith(b"SIMPLE  =") or (head.startswith(_GZIP) and ".fit" in path.name):
        return fits_table(path)
    if b"<VOTABLE" in head or head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<?xml") or head.startswith(_GZIP):
        return votable(path)
    return text_table(path)
