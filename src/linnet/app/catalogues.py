"""Which catalogues a home matches alerts against: its own, and those that come with Linnet."""

from __future__ import annotations

from collections.abc import Mapping

from linnet.adapters.catalogue_files import CatalogueFolder, StoredCatalogue
from linnet.adapters.shipped_catalogues import shipped
from linnet.app.home import Home


def catalogues(home: Home | None = None) -> list[StoredCatalogue]:
    """The catalogues in use, by name; without a home those that come with Linnet.

    Raises:
        StorageError: what is written down about one is damaged.
    """
    if home is None:
        return shipped()
    folder = CatalogueFolder(home.catalogs)
    known = set(folder.names())
    found = [*folder.in_use(), *(each for each in shipped() if each.entry.name not in known)]
    return sorted(found, key=lambda each: each.entry.name)


def catalogues_of(home: Home, versions: Mapping[str, str]) -> list[StoredCatalogue] | None:
    """These versions (name -> as a run names it) of catalogues, in use or not; None where one is gone.

    Raises:
        StorageError: what is written down about one is damaged.
    """
    folder = CatalogueFolder(home.catalogs)
    found = []
    for name, version in sorted(versions.items()):
        there = [each for each in (*folder.versions(name), *shipped()) if each.about.name == name]
        same = [each for each in there if each.about.version == version]
        if not same:
            return None
        found.append(same[0])
    return found


def install_catalogues(home: Home) -> None:
    """Copy what comes with Linnet into a home where it is new: what was made with it stays verifiable.

    A shipped catalogue that somebody replaced or switched off stays as it is.

    Raises:
        StorageError: the disk fails.
    """
    folder = CatalogueFolder(home.catalogs)
    known = set(folder.names())
    for each in shipped():
        if each.entry.name not in known:
            folder.copy(each)
            continue
        used = folder.active(each.entry.name)
        if used is not None and used.entry.is_shipped and used.entry.sha256 != each.entry.sha256:
            folder.copy(each)
