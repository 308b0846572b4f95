"""Catalogues in files: tables that people bring, made into Parquet sorted by HEALPix cells, and looked up in.

`make` reads a CSV, VOTable, FITS or Parquet file or a HATS folder of any size; `CatalogueFolder` keeps the catalogues
of a home with all their versions; `StoredCatalogue` is one of them.
"""

from linnet.adapters.catalogue_files.adding import Limits, Told, make
from linnet.adapters.catalogue_files.entry import Entry
from linnet.adapters.catalogue_files.folder import CatalogueFolder
from linnet.adapters.catalogue_files.recipe import Recipe
from linnet.adapters.catalogue_files.stored import StoredCatalogue

__all__ = ["CatalogueFolder", "Entry", "Limits", "Recipe", "StoredCatalogue", "Told", "make"]
