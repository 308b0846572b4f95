"""Make the catalogues that come with Linnet out of a larger collection.

    python scripts/shipped_catalogs.py COLLECTION

COLLECTION holds catalogs/ with the files named below, byte for byte as in their repositories (all Apache-2.0; the table
in docs/catalogs.md says more). What is there already is replaced only where its content differs.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from linnet.adapters.catalogue_files import Entry, Recipe, Told, make
from linnet.adapters.catalogue_files.entry import entry

TARGET = Path(__file__).parent.parent / "src" / "linnet" / "adapters" / "shipped_catalogues"

LICENCE = "Apache-2.0"
"""Of both repositories from which these files come."""


@dataclass(frozen=True)
class Shipped:
    """One of them: its file below catalogs/, and what is made of it."""

    name: str
    file: str
    recipe: Recipe
    title: str
    reference: str


CATALOGUES = (
    Shipped(
        "gcvs",
        "fink-science/gcvs.parquet",
        Recipe("1.5", ("type=VarType", "main"), "ra", "dec"),
        "General Catalogue of Variable Stars",
        "Samus et al. 2017, Astronomy Reports 61, 80",
    ),
    Shipped(
        "hsp",
        "fink-science/3hsp.csv",
        Recipe("1.5", ("name=3HSP Source name", "bzcat=BZcat name", "fom=FOM"), "R.A.", "Dec"),
        "3HSP catalogue of high-synchrotron-peaked blazars",
        "Chang et al. 2019, A&A 632, A77",
    ),
    Shipped(
        "lac",
        "fink-science/table-4LAC-DR3-l.fits",
        Recipe(
            "1.5",
            ("name=Source_Name", "class=CLASS", "counterpart=ASSOC1", "redshift=Redshift"),
            "RA_Counterpart",
            "DEC_Counterpart",
            lower=("class",),
        ),
        "4LAC-DR3, low Galactic latitudes, positions of the counterparts",
        "Ajello et al. 2022, ApJS 263, 24",
    ),
    Shipped(
        "cv",
        "fink-filters/symbiotic_and_cataclysmic.parquet",
        Recipe("2", ("name=Name", "kind=source"), "RA(J2000)", "DEC(J2000)"),
        "symbiotic stars and cataclysmic variables",
        "as compiled in fink-filters",
    ),
    Shipped(
        "mcv",
        "fink-filters/magnetic_cataclysmic_variables.csv",
        Recipe("2", ("name=Name",), "RA(J2000)", "DEC(J2000)"),
        "magnetic cataclysmic variables",
        "as compiled in fink-filters",
    ),
    Shipped(
        "tde",
        "fink-filters/tde.parquet",
        Recipe("2", ("name",), "ra", "dec"),
        "known tidal disruption events",
        "as compiled in fink-filters; names of the Transient Name Server",
    ),
    Shipped(
        "dwarf_agn",
        "fink-filters/list_dwarfs_AGN_RADEC.parquet",
        Recipe("2", ("name=MaNGAID", "redshift=Z"), "RA", "DEC"),
        "dwarf galaxies with an active nucleus, of MaNGA",
        "as compiled in fink-filters",
    ),
)


def main(collection: Path) -> None:
    """Make each, and say what is new."""
    for each in CATALOGUES:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            source = with_main_type(collection / "catalogs" / each.file, work) if each.name == "gcvs" else None
            told = Told(f"astrolabsoftware/{each.file}", each.title, LICENCE, each.reference)
            rows, found = make(each.name, source or collection / "catalogs" / each.file, each.recipe, work, told)
            keep(rows, found)


def with_main_type(path: Path, folder: Path) -> Path:
    """The GCVS with a column `main` besides: the first type that is named, without the mark of doubt (`UGSU+E:`)."""
    table = pq.read_table(path)
    first = pc.extract_regex(pc.utf8_trim_whitespace(table.column("VarType")), r"^(?P<main>[^+/:]+)")
    target = folder / "gcvs-with-main.parquet"
    pq.write_table(table.append_column("main", pa.chunked_array(first).combine_chunks().field(0)), target)
    return target


def keep(rows: Path, found: Entry) -> None:
    """Put a catalogue in its place, under the next number where its content is new."""
    target = TARGET / found.name
    found = replace(found, is_shipped=True)
    before = entry(target / "about.json") if (target / "about.json").is_file() else None
    if before is not None and replace(found, number=before.number) == before:
        sys.stdout.write(f"{found.name}: as it was\n")
        return
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(rows, target / "rows.parquet")
    numbered = replace(found, number=1 if before is None else before.number + 1)
    (target / "about.json").write_text(numbered.as_json(), encoding="utf-8")
    sys.stdout.write(f"{found.name}: {numbered.rows} rows, {rows.stat().st_size} bytes, version {numbered.version}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
