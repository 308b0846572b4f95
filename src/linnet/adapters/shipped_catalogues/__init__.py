"""The catalogues that come with Linnet, ready to be looked up in; `scripts/shipped_catalogs.py` makes them."""

from __future__ import annotations

from pathlib import Path

from linnet.adapters.catalogue_files.entry import entry
from linnet.adapters.catalogue_files.folder import ABOUT, ROWS
from linnet.adapters.catalogue_files.stored import StoredCatalogue

__all__ = ["shipped"]


def shipped() -> list[StoredCatalogue]:
    """Each of them, by name."""
    here = Path(__file__).parent
    return [StoredCatalogue(path.parent / ROWS, entry(path)) for path in sorted(here.glob(f"*/{ABOUT}"))]
