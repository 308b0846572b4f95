"""The catalogues of a home: a folder for each, with a folder for each of its versions.

    NAME/0001/about.json    what is written down (`entry`)
    NAME/0001/rows.parquet  the rows, sorted by HEALPix cells
    NAME/state.json         which version is in use, or none

A version never changes. One that is not in use stays, so that what was made with it can be verified.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from linnet.adapters.catalogue_files.entry import Entry, entry
from linnet.adapters.catalogue_files.stored import StoredCatalogue
from linnet.core.durable import make_folder, replace_file, storage_errors, sync_file, sync_folder
from linnet.errors import NotFoundError, StorageError

ABOUT, ROWS, STATE = "about.json", "rows.parquet", "state.json"


class CatalogueFolder:
    """The catalogues below a folder. Where the folder is missing there are none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """Every catalogue there ever was, sorted."""
        if not self._path.is_dir():
            return []
        return sorted(p.name for p in self._path.iterdir() if p.is_dir() and not p.name.startswith("."))

    def versions(self, name: str) -> list[StoredCatalogue]:
        """All versions of a catalogue whose files are here, in their order.

        Raises:
            StorageError: what is written down is damaged.
        """
        folders = sorted(p for p in (self._path / name).glob("[0-9]*") if (p / ABOUT).is_file())
        return [StoredCatalogue(p / ROWS, entry(p / ABOUT)) for p in folders]

    def active(self, name: str) -> StoredCatalogue | None:
        """The version in use, or None where the catalogue is switched off or not known.

        Raises:
            StorageError: what is written down is damaged.
        """
        number = self._active_number(name)
        return next((v for v in self.versions(name) if v.entry.number == number), None)

    def in_use(self) -> list[StoredCatalogue]:
        """The versions in use, by name."""
        return [found for found in map(self.active, self.names()) if found is not None]

    def next_number(self, name: str) -> int:
        """The number of the next version."""
        return max((int(p.name) for p in (self._path / name).glob("[0-9]*")), default=0) + 1

    @contextmanager
    def workshop(self) -> Iterator[Path]:
        """An empty folder on the same disk, gone afterwards."""
        with storage_errors(f"write to {self._path}"):
            make_folder(self._path)
            folder = Path(tempfile.mkdtemp(prefix=".part-", dir=self._path))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put(self, rows: Path, found: Entry) -> StoredCatalogue:
        """Take a file of rows in as the next version of a catalogue, and use it from the next start on.

        Args:
            rows: a file in a `workshop`.
            found: what is written down; its number is given here.
        """
        numbered = replace(found, number=self.next_number(found.name))
        home, version = self._path / found.name, f"{numbered.number:04d}"
        with storage_errors(f"keep the catalogue {found.name}"):
            made = rows.parent / found.name
            make_folder(made / version)
            rows.replace(made / version / ROWS)
            _write(made / version / ABOUT, numbered.as_json())
            _write(made / STATE, _state(numbered.number))
            for path in (made / version / ROWS, made / version / ABOUT, made / STATE):
                sync_file(path)
            sync_folder(made / version)
            if home.is_dir():
                (made / version).rename(home / version)
                sync_folder(home)
            else:
                made.rename(home)
                sync_folder(self._path)
        self.use(found.name, numbered.number)
        return StoredCatalogue(home / version / ROWS, numbered)

    def copy(self, shipped: StoredCatalogue) -> None:
        """Take a catalogue of another folder in and use it, where it is not the one in use already.

        A catalogue that is new here appears as a whole or not at all, whenever this ends.
        """
        with self.workshop() as folder:
            rows = folder / ROWS
            with storage_errors(f"copy the catalogue {shipped.entry.name}"):
                shutil.copyfile(shipped.path, rows)
            self.put(rows, shipped.entry)

    def use(self, name: str, number: int | None) -> None:
        """Use a version from the next start on; None switches the catalogue off.

        Raises:
            NotFoundError: there is no such catalogue.
        """
        if not (self._path / name).is_dir():
            raise NotFoundError(f"there is no catalogue {name}: `linnet catalogs list` names them")
        if self._active_number(name) != number:
            with storage_errors(f"note which version of {name} is in use"):
                replace_file(self._path / name / STATE, lambda part: _write(part, _state(number)))

    def _active_number(self, name: str) -> int | None:
        path = self._path / name / STATE
        try:
            found = json.loads(path.read_text(encoding="utf-8"))["active"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{path} is damaged: add the catalogue again") from error
        return None if found is None else int(found)


def _state(number: int | None) -> str:
    return json.dumps({"active": number}) + "\n"


def _write(part: Path, text: str) -> None:
    part.write_text(text, encoding="utf-8")
