"""Catalogues that people bring, in every format and with everything that is odd about real ones."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.io.votable import from_table, writeto
from astropy.table import MaskedColumn, Table

from linnet.adapters.catalogue_files import Entry, Limits, Recipe, Told, make
from linnet.core.sky import healpix29
from linnet.errors import InputError

N = 500
RECIPE = Recipe("2", ("name", "period", "n=count"), "ra", "dec")


def brought(seed: int = 1, n: int = N) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "ra": rng.uniform(0, 360, n),
            "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, n))),
            "name": [f"star {i}" for i in range(n)],
            "period": pa.array([None if i % 7 == 0 else i / 8 for i in range(n)], pa.float64()),
            "count": pa.array(range(n), pa.int64()),
        }
    )


def as_csv(table: pa.Table, path: Path) -> Path:
    lines = [",".join(table.column_names)]
    lines += [
        ",".join("" if v is None else repr(v) if isinstance(v, float) else str(v) for v in row.values())
        for row in table.to_pylist()
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def as_astropy(table: pa.Table) -> Table:
    columns = {}
    for name in table.column_names:
        values = table.column(name).to_pylist()
        mask = [v is None for v in values]
        columns[name] = MaskedColumn([0 if v is None else v for v in values], mask=mask) if any(mask) else values
    return Table(columns)


def as_fits(table: pa.Table, path: Path) -> Path:
    as_astropy(table).filled(np.nan).write(path, format="fits")
    return path


def as_votable(table: pa.Table, path: Path) -> Path:
    writeto(from_table(as_astropy(table)), str(path))
    return path


def as_parquet(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path, row_group_size=77)
    return path


def as_hats(table: pa.Table, path: Path) -> Path:
    """As a HATS folder of partitions of order 0 and 1."""
    cells = healpix29(table.column("ra").to_numpy(), table.column("dec").to_numpy())
    for base in range(12):
        for order, pixels in ((0, [base]),) if base % 2 else ((1, range(4 * base, 4 * base + 4)),):
            for pixel in pixels:
                mine = table.filter(pa.array(cells >> 2 * (29 - order) == pixel))
                folder = path / "dataset" / f"Norder={order}" / "Dir=0"
                folder.mkdir(parents=True, exist_ok=True)
                if mine.num_rows:
                    pq.write_table(mine, folder / f"Npix={pixel}.parquet")
    (path / "hats.properties").write_text("#HATS\nhats_col_ra=ra\nhats_col_dec = dec\nhats_nrows=500\n")
    pq.write_table(table.slice(0, 3), path / "dataset" / "data_thumbnail.parquet")
    return path


def as_packed_fits(table: pa.Table, path: Path) -> Path:
    with gzip.open(path.with_suffix(".fits.gz"), "wb") as packed:
        packed.write(as_fits(table, path).read_bytes())
    return path.with_suffix(".fits.gz")


WRITERS: dict[str, Callable[[pa.Table, Path], Path]] = {
    "csv": as_csv,
    "fits": as_fits,
    "packed fits": as_packed_fits,
    "votable": as_votable,
    "parquet": as_parquet,
    "hats": as_hats,
}


def made(source: Path, folder: Path, recipe: Recipe = RECIPE, limits: Limits | None = None) -> tuple[pa.Table, Entry]:
    folder.mkdir(exist_ok=True)
    rows, entry = make("it", source, recipe, folder, Told("it"), limits)
    return pq.read_table(rows), entry


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_gives_the_same_rows_sorted_by_cell(kind: str, tmp_path: Path) -> None:
    table = brought()
    recipe = Recipe("2", RECIPE.columns) if kind == "hats" else RECIPE
    rows, entry = made(WRITERS[kind](table, tmp_path / "source"), tmp_path / "work", recipe)
    cells = rows.column("_healpix_29").to_numpy()
    assert (np.diff(cells) >= 0).all()
    assert entry.rows == N
    back = rows.sort_by("n")
    for stored, given in (("_ra", "ra"), ("_dec", "dec"), ("name", "name"), ("period", "period"), ("n", "count")):
        assert back.column(stored).to_pylist() == table.column(given).to_pylist(), stored
    assert np.array_equal(
        np.sort(cells), np.sort(healpix29(table.column("ra").to_numpy(), table.column("dec").to_numpy()))
    )


@pytest.mark.parametrize("kind", ["csv", "parquet", "hats"])
def test_what_does_not_fit_into_memory_is_sorted_piece_by_piece(kind: str, tmp_path: Path) -> None:
    table = brought(2, 3000)
    table = pa.concat_tables([table, table.slice(0, 100)])
    source = WRITERS[kind](table, tmp_path / "source")
    recipe = Recipe("2", RECIPE.columns, "ra", "dec")
    at_once, _ = made(source, tmp_path / "a", recipe)
    piecewise, _ = made(source, tmp_path / "b", recipe, Limits(chunk=200, piece=128))
    assert piecewise.equals(at_once)
    groups = pq.ParquetFile(tmp_path / "b" / "rows.parquet").metadata
    assert {groups.row_group(i).num_rows for i in range(groups.num_row_groups - 1)} == {128}


def test_quoted_sexagesimal_text_with_blanks_and_a_second_of_60(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        'id , Source name , "R.A." , Dec , Flux (μJy) , Log(peak)\n'
        '1 , "A, the first" , "00 01 16.37" , "+29 35 34.0" , "" , "-12.9?"\n'
        '2 , "B" , "23 59 60.0" , "-00 00 30.5" , 0.23 , "-12.3"\n'
        '3 , "" , "12:30:00" , "-01:02:60.0" , 4 , ""\n',
        encoding="utf-8-sig",
    )
    columns = ("name=Source name", "flux=Flux (μJy)", "Log(peak)")
    rows, entry = made(path, tmp_path / "work", Recipe("1.5", columns, "R.A.", "Dec"))
    assert [c.name for c in entry.columns] == ["name", "flux", "log_peak"]
    assert [c.type for c in entry.columns] == ["string", "double", "string"]
    found = {row["flux"]: row for row in rows.to_pylist()}
    assert found[None]["name"] == "A, the first"
    assert found[None]["_ra"] == pytest.approx(SkyCoord("00h01m16.37s", "+29d35m34.0s").ra.deg, abs=1e-12)
    assert found[None]["_dec"] == pytest.approx(29 + 35 / 60 + 34 / 3600, abs=1e-12)
    assert found[0.23]["_ra"] == pytest.approx(0.0, abs=1e-9)
    assert found[0.23]["_dec"] == pytest.approx(-30.5 / 3600, abs=1e-12)
    assert (found[4.0]["_ra"], found[4.0]["_dec"]) == (187.5, pytest.approx(-(1 + 3 / 60), abs=1e-12))
    assert found[4.0]["name"] is None
    assert found[4.0]["log_peak"] is None


def test_texts_are_stripped_and_what_says_nothing_is_null(tmp_path: Path) -> None:
    table = pa.table(
        {
            "ra": [1.0, 2.0, 3.0, 4.0, 5.0],
            "dec": [0.0] * 5,
            "kind": ["EW        ", "          ", "nan", "-", "Ugly"],
            "z": [0.1, float("nan"), float("-inf"), None, 0.5],
        }
    )
    rows, _ = made(
        as_parquet(table, tmp_path / "t"), tmp_path / "w", Recipe("1", ("kind", "z"), "ra", "dec", lower=("kind",))
    )
    back = rows.sort_by("_ra")
    assert back.column("kind").to_pylist() == ["ew", None, None, None, "ugly"]
    assert back.column("z").to_pylist() == [0.1, None, None, None, 0.5]


def test_rows_without_a_position_are_left_out_and_counted(tmp_path: Path) -> None:
    table = pa.table({"ra": [1.0, None, 3.0], "dec": [0.0, 1.0, float("nan")], "a": [1, 2, 3]})
    rows, entry = made(as_parquet(table, tmp_path / "t"), tmp_path / "w", Recipe("1", ("a",), "ra", "dec"))
    assert rows.column("a").to_pylist() == [1]
    assert (entry.rows, entry.left_out) == (1, 2)


def test_a_radius_for_each_source_and_the_fastest_motion_are_noted(tmp_path: Path) -> None:
    table = pa.table(
        {"ra": [1.0, 2.0, 3.0], "dec": [0.0] * 3, "r": [1.0, 30.0, 0.0], "e": [3.0, None, 9.0], "n": [4.0, 1.0, 9.0]}
    )
    rows, entry = made(
        as_parquet(table, tmp_path / "t"), tmp_path / "w", Recipe("r", (), "ra", "dec", "e", "n", 2016.0)
    )
    assert sorted(rows.column("_radius").to_pylist()) == [1.0, 30.0]
    assert (entry.radius, entry.own_radius, entry.fastest, entry.epoch, entry.left_out) == (30.0, True, 5.0, 2016.0, 1)


REFUSED = [
    ("ra,dec\n", Recipe("1", (), "ra", "dec"), "no row"),
    ("ra,dec\n1,95\n", Recipe("1", (), "ra", "dec"), "no dec"),
    ("ra,dec\n400,5\n", Recipe("1", (), "ra", "dec"), "no ra"),
    ("ra,dec\nhere,5\n", Recipe("1", (), "ra", "dec"), "'here' is no coordinate"),
    ("ra,dec\n10 75 3,5\n", Recipe("1", (), "ra", "dec"), "above 60"),
    ("ra,dec\n1\n", Recipe("1", (), "ra", "dec"), "row 1 has 1 values instead of 2"),
    ("ra,dec\n1,2\n", Recipe("1", (), "RAJ2000", "dec"), "no column 'RAJ2000'"),
    ("ra,dec\n1,2\n", Recipe("1", ()), "--ra COLUMN"),
    ("ra,dec\n1,2\n", Recipe("0", (), "ra", "dec"), "radius"),
    ("ra,dec\n1,2\n", Recipe("1", (), "ra", "dec", neighbours=99), "1 to 9"),
    ("ra,dec\n1,2\n", Recipe("1", (), "ra", "dec", "ra"), "two components"),
    ("ra,dec,a b,a-b\n1,2,3,4\n", Recipe("1", ("a b", "a-b"), "ra", "dec"), "two columns would be named a_b"),
    ("ra,dec,sep\n1,2,3\n", Recipe("1", ("sep",), "ra", "dec"), "cannot be named 'sep'"),
    ("<html><body>no such page</body></html>", Recipe("1", (), "ra", "dec"), "no line of distinct names"),
    ('<?xml version="1.0"?><VOTABLE><broken>', Recipe("1", (), "ra", "dec"), "as a VOTable"),
    ("PAR1 and no more", Recipe("1", (), "ra", "dec"), "as Parquet"),
    ("SIMPLE  =                    T", Recipe("1", (), "ra", "dec"), "FITS|table"),
    ("", Recipe("1", (), "ra", "dec"), "is empty"),
]


@pytest.mark.parametrize(("content", "recipe", "said"), REFUSED)
def test_what_cannot_be_a_catalogue_is_refused_in_one_line(
    content: str, recipe: Recipe, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "table"
    path.write_text(content)
    with pytest.raises(InputError, match=said) as refused:
        made(path, tmp_path / "work", recipe)
    assert "\n" not in str(refused.value)


def test_a_coordinate_in_another_unit_is_refused(tmp_path: Path) -> None:
    columns = [fits.Column("ra", "D", unit="rad", array=[0.1]), fits.Column("dec", "D", unit="rad", array=[0.1])]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "t")
    with pytest.raises(InputError, match="ra is in rad"):
        made(tmp_path / "t", tmp_path / "work", Recipe("1", (), "ra", "dec"))


def test_a_folder_without_partitions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(InputError, match="no HATS catalogue"):
        made(tmp_path / "source", tmp_path / "work")


def test_the_same_table_gives_the_same_version_and_another_radius_another(tmp_path: Path) -> None:
    source = as_parquet(brought(), tmp_path / "source")
    versions = [
        made(source, tmp_path / f"w{i}", Recipe(r, ("name",), "ra", "dec"))[1].version for i, r in enumerate("112")
    ]
    assert versions[0] == versions[1] != versions[2]
