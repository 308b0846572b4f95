"""Tables as Parquet: a file, or a HATS folder, which is many of them cut by HEALPix cells.

HATS: a `dataset` folder of files `Norder=K/Dir=D/Npix=N.parquet`, described by `hats.properties` (older:
`properties`); a collection names its main catalogue in `collection.properties` (IVOA note "HATS: A Standard for the
Hierarchical Adaptive Tiling Scheme in the Virtual Observatory", 2025).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from linnet.adapters.catalogue_files.table import ROWS, BroughtTable
from linnet.errors import InputError, StorageError


def parquet_table(path: Path) -> BroughtTable:
    """One Parquet file.

    Raises:
        InputError: it is none.
    """
    return _of_files([path], {})


def hats_table(folder: Path) -> BroughtTable:
    """All files of a HATS catalogue, partition by partition in the order of their cells.

    Raises:
        InputError: the folder holds none.
    """
    collection = _properties(folder / "collection.properties")
    if "hats_primary_table_url" in collection:
        folder /= collection["hats_primary_table_url"]
    said = _properties(folder / "hats.properties") or _properties(folder / "properties")
    found = [p for p in folder.rglob("*.parquet") if any(part.startswith("Npix=") for part in p.parts)]
    if not found:
        raise InputError(f"{folder} holds no HATS catalogue: no file Norder=K/Dir=D/Npix=N.parquet is in it")
    named = {use: said[f"hats_col_{use}"] for use in ("ra", "dec") if f"hats_col_{use}" in said}
    return _of_files(sorted(found, key=lambda p: (_first_cell(p), p)), named)


def _of_files(paths: Sequence[Path], defaults: dict[str, str]) -> BroughtTable:
    with _opened(paths[0]) as file:
        schema = file.schema_arrow

    def read(chosen: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for path in paths:
            with _opened(path) as file:
                missing = [n for n in chosen if n not in file.schema_arrow.names]
                if missing:
                    raise InputError(f"{path} has no column {missing[0]!r}, which others of the catalogue have")
                try:
                    for batch in file.iter_batches(ROWS, columns=list(dict.fromkeys(chosen))):
                        yield batch.select(list(chosen))
                except (pa.ArrowException, OSError) as error:
                    raise InputError(f"{path} cannot be read as Parquet: {error}") from error

    return BroughtTable(tuple(schema.names), read, {}, defaults)


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}") from error
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def _properties(path: Path) -> dict[str, str]:
    """Lines `name = value` of a file; nothing where there is none."""
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return {name.strip(): value.strip() for name, equals, value in pairs if equals and not name.startswith("#")}


def _first_cell(path: Path) -> int:
    """First order-29 cell of a partition."""
    found = {}
    for part in path.parts:
        name, equals, value = part.removesuffix(".parquet").partition("=")
        if equals and value.isdigit():
            found[name] = int(value)
    return found.get("Npix", 0) << 2 * (29 - min(found.get("Norder", 0), 29))
