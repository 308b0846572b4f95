"""The science archive on a local disk: Parquet files, each written durably and as a whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from linnet.core.durable import Sync, replace_file, storage_errors, sync_folder
from linnet.core.science_path import SUFFIX, existing_path, science_path
from linnet.errors import NotFoundError, StorageError


class ParquetArchive:
    """Parquet files (zstandard) below one folder.

    Columns come back in the types in which they were written, dictionaries included. A column that a file lacks is for
    the reader to fill.

    Args:
        folder: made at the first write.
        sync: see `linnet.core.durable.Sync`.
    """

    def __init__(self, folder: Path, *, sync: Sync = os.fsync) -> None:
        self._folder = folder
        self._sync = sync

    def write(self, kind: str, name: str, table: pa.Table) -> str:
        """Write one file durably; a file of this name is replaced as a whole. Gives its path in the archive.

        Args:
            kind: folder within the archive, e.g. `alerts/ztf/20200101`.
            name: file name within it.
            table: any columns but those of type null.

        Raises:
            StorageError: the disk failed, or kind and name make no safe path. An earlier file is untouched.
        """
        path = science_path(kind, name)
        with storage_errors(f"write {path} to the science archive"):
            replace_file(self._folder / path, lambda part: pq.write_table(table, part, compression="zstd"), self._sync)
        return path

    def files(self, kind: str) -> list[str]:
        """Paths of all files below a kind, sorted."""
        found = (self._folder / kind).rglob(f"*{SUFFIX}")
        return sorted(p.relative_to(self._folder).as_posix() for p in found if not p.name.startswith("."))

    def read(self, path: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One file; of its columns only those of these names that it has, where any are given.

        Raises:
            NotFoundError: there is none of this path.
            StorageError: it is damaged or cannot be read.
        """
        file = self._folder / existing_path(path)
        try:
            with pq.ParquetFile(file) as parquet:
                # A name that the file lacks is passed over by Parquet's reader itself.
                return parquet.read(None if columns is None else list(columns))
        except FileNotFoundError as error:
            raise NotFoundError(f"the science archive has no file {path}") from error
        except (OSError, pa.ArrowException) as error:
            raise StorageError(f"cannot read {path} of the science archive: {str(error).splitlines()[0]}") from error

    def remove(self, path: str) -> None:
        """Remove one file durably; not an error where it is gone.

        Raises:
            StorageError: it cannot be removed.
        """
        file = self._folder / existing_path(path)
        with storage_errors(f"remove {path} from the science archive"):
            if file.exists():
                file.unlink()
                sync_folder(file.parent, self._sync)
