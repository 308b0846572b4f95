"""Watchlists that people bring are read, or refused with the row; versions in files are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from linnet.adapters.list_files import ListFolder, read_watchlist
from linnet.adapters.memory_control import MemoryControl
from linnet.adapters.memory_lists import MemoryListFiles
from linnet.core.area import normalised
from linnet.core.list_port import PAST, EntryColumns, ListFiles, ListVersion, PastMatches
from linnet.core.watchlist import ENTRY, MAX_ENTRIES, checked
from linnet.errors import InputError, StorageError
from linnet.operations.list_keeping import ListKeeping, Told

ROWS = [(10.6847, 41.269, 2.0, "M31"), (83.63321, -5.5, 30.0, "Trapezium"), (0.0, -90.0, 1.5, "pole")]


def read(folder: Path, content: str | bytes, **columns: str) -> list[tuple[Any, ...]]:
    """The entries of a file of this content."""
    path = folder / "list"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return rows(read_watchlist(path, EntryColumns(**columns)))


def rows(table: pa.Table) -> list[tuple[Any, ...]]:
    assert table.schema == ENTRY
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def test_the_same_list_comes_in_every_format(tmp_path: Path) -> None:
    names = ("ra", "dec", "radius", "label")
    table = pa.table(list(zip(*ROWS, strict=True)), names=list(names))
    pq.write_table(table, tmp_path / "list.parquet")
    astropy = Table(rows=ROWS, names=names)
    astropy["radius"].unit = "arcsec"
    for kind, suffix in (("votable", "vot"), ("fits", "fits"), ("ascii.csv", "csv")):
        astropy.write(tmp_path / f"list.{suffix}", format=kind)
    lines = "\n".join(" ".join(map(str, row)) for row in ROWS)
    (tmp_path / "list.txt").write_text(f"# mine\n\n{lines}\n", encoding="utf-8")
    (tmp_path / "commas.txt").write_text(lines.replace(" ", ", "), encoding="utf-8")
    for path in sorted(tmp_path.iterdir()):
        assert rows(read_watchlist(path)) == ROWS, path.name


def test_columns_are_found_by_their_usual_names_or_named(tmp_path: Path) -> None:
    text = "id,RAJ2000,DEJ2000,size\n7,10,20,3\n8,11,21,4\n"
    assert read(tmp_path, text, radius="1.5") == [(10.0, 20.0, 1.5, "7"), (11.0, 21.0, 1.5, "8")]
    named = read(tmp_path, text, ra="dej2000", dec="RAJ2000", radius="size", label="size")
    assert named == [(20.0, 10.0, 3.0, "3"), (21.0, 11.0, 4.0, "4")]
    assert read(tmp_path, "ra,dec,radius\n10,20,300\n", radius="2") == [(10.0, 20.0, 2.0, None)]


def test_positions_are_degrees_or_sexagesimal_row_by_row(tmp_path: Path) -> None:
    expected = [
        (83.63308333333333, 22.0145, 5.0, "Crab"),
        (83.63308333, 22.0145, 5.0, "Crab nebula"),
        (150.0, -2.5, 5.0, None),
    ]
    text = "05:34:31.94 +22:00:52.2 5 Crab\n83.63308333 22.0145 5 Crab nebula\n10h00m00s -02d30m00s 5\n"
    for each, said in zip(read(tmp_path, text), expected, strict=True):
        assert each[:3] == pytest.approx(said[:3])
        assert each[3] == said[3]
    spaced = read(tmp_path, "05 34 31.94 +22 00 52.2 5 Crab\n12 00 00 -00 30 00.0 Coma\n", radius="3")
    assert spaced == [pytest.approx((83.63308333, 22.0145, 5.0, "Crab")), pytest.approx((180.0, -0.5, 3.0, "Coma"))]


def test_units_of_a_votable_are_heeded(tmp_path: Path) -> None:
    table = Table(rows=ROWS, names=("ra", "dec", "radius", "label"))
    table["radius"].unit = "arcmin"
    table.write(tmp_path / "list", format="votable")
    assert [row[2] for row in rows(read_watchlist(tmp_path / "list"))] == [120.0, 1800.0, 90.0]
    table["ra"].unit = "rad"
    table.write(tmp_path / "list", format="votable", overwrite=True)
    with pytest.raises(InputError, match="column ra is in rad; wanted: deg"):
        read_watchlist(tmp_path / "list")


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        ("", {}, "is empty"),
        ("# nothing\n", {"radius": "1"}, "no line of distinct names|has no row"),
        ("ra,dec,radius\n", {}, "has no row"),
        ("name,x,y\na,1,2\n", {"radius": "1"}, "which column is the ra\\? There are: name, x, y; name it with --ra"),
        ("ra,dec\n1,2\n", {}, "give one for all in arcsec with --radius"),
        ("ra,dec\n1,2\n", {"radius": "wide"}, "no column 'wide'"),
        ("ra,dec,radius\n1,2,3\n1,2\n", {}, "row 2 has 2 values instead of 3"),
        ("ra,dec,radius\n1,2,3\n4,95,3\n", {}, "row 2: 95 is no dec"),
        ("ra,dec,radius\n1,2,3\n400,5,3\n", {}, "row 2: 400 is no ra"),
        ("ra,dec,radius\n1,2,3\n4:5,2,3\nx,5,3\n", {}, "row 3: 'x' is no coordinate"),
        ("ra,dec,radius\n1,2,3\n1,2,wide\n", {}, "row 2: 'wide' is no radius"),
        ("10 20 2\n30\n", {}, "row 2: '30' is no position: write ra dec"),
        ("10 20 2\n30 12:61:00 2\n", {}, "row 2: .*minutes or seconds above 60"),
        (b"\xff\xfe1\x002\x00", {"radius": "1"}, "no table in UTF-8|no text in UTF-8"),
        (b"1 2 3\n\xff\xff\n", {}, "no text in UTF-8|no table in UTF-8"),
        (b"PAR1" + bytes(50), {}, "cannot be read|no Parquet|Parquet"),
        (b"<?xml version='1.0'?><VOTABLE><RESOURCE/></VOTABLE>", {}, "cannot be read as a VOTable"),
        ("10 " + "2" * 20_000 + "\n", {}, "row 1 has 200"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line(
    tmp_path: Path, content: str | bytes, columns: dict[str, str], said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read(tmp_path, content, **columns)
    assert "\n" not in str(caught.value)


def test_a_missing_value_is_refused_with_its_row_when_the_list_is_kept(tmp_path: Path) -> None:
    text = "ra,dec,radius\n1,2,3\n,2,3\n"
    with pytest.raises(InputError, match="row 2: nothing is no right ascension"):
        checked(pa.Table.from_pylist([dict(zip(ENTRY.names, r, strict=True)) for r in read(tmp_path, text)], ENTRY))


def test_a_list_that_is_too_long_is_refused_without_being_read_to_its_end(tmp_path: Path) -> None:
    n = MAX_ENTRIES + 1
    with (tmp_path / "list").open("w", encoding="utf-8") as file:
        file.writelines("1 2 3\n" for _ in range(n))
        file.writelines("not read any more\n" for _ in range(10))
    with pytest.raises(InputError, match="has more than 1000000 rows"):
        read_watchlist(tmp_path / "list")


@pytest.fixture(params=["folder", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> ListFiles:
    return ListFolder(tmp_path / "lists") if request.param == "folder" else MemoryListFiles()


def entries(n: int = 50) -> pa.Table:
    rng = np.random.default_rng(n)
    return pa.table(
        [rng.uniform(0, 360, n), rng.uniform(-90, 90, n), np.full(n, 2.0), pa.nulls(n, pa.string())], schema=ENTRY
    )


def test_versions_are_kept_as_they_were(files: ListFiles) -> None:
    keeping = ListKeeping(MemoryControl(), files)
    first, is_new = keeping.watchlist("mine", entries(), Told("about", "a file", "public", "me"))
    assert is_new
    assert (first.version, first.size, first.description, first.visibility, first.owner) == (
        1,
        50,
        "about",
        "public",
        "me",
    )
    second, _ = keeping.watchlist("mine", entries(60), Told(source="another"))
    assert (second.version, second.description, second.source, second.visibility) == (2, "about", "another", "public")
    again, is_new = keeping.watchlist("mine", entries(60), Told())
    assert (again, is_new) == (second, False)
    assert files.entries(first).equals(checked(entries()))
    assert files.entries(second, 10, 5).equals(checked(entries(60)).slice(10, 5))
    ranges = normalised(np.array([[5, 9], [100, 1 << 40]]))
    area, _ = keeping.area("mine", ranges, Told())
    assert (area.version, area.size) == (1, 2)
    assert (files.area(area).ranges == ranges).all()
    assert [v.version for v in keeping.versions("watchlist", "mine")] == [1, 2]
    assert len(files.content(area)) > 0


def test_what_was_found_in_the_past_is_kept_beside_the_version(files: ListFiles) -> None:
    which, _ = ListKeeping(MemoryControl(), files).watchlist("mine", entries(), Told())
    assert files.past(which) is None
    names = [f.name for f in PAST]
    one = ("ztf", "a", 1, 20200101, 58849.5, 1.0, 2.0, True, True, 0.5, None)
    two = ("ztf", "b", 2, 20200101, 58849.6, 1.0, 2.0, False, True, 0.25, "x")
    tables = [pa.Table.from_pylist([dict(zip(names, row, strict=True))], PAST) for row in (one, two)]
    told = PastMatches((20200101, 20200102), 7, 2, 2, 20200101, 20200101, "now")
    files.keep_past(which, iter(tables), told)
    page = files.past(which)
    assert page is not None
    assert (page.told, page.total, page.rows.to_pylist()) == (told, 2, pa.concat_tables(tables).to_pylist())
    shown = files.past(which, public=True, first=0, limit=1)
    assert shown is not None
    assert (shown.total, shown.rows.column("object_id").to_pylist()) == (1, ["a"])
    files.keep_past(which, iter(()), PastMatches())
    empty = files.past(which)
    assert empty is not None
    assert (empty.total, empty.told) == (0, PastMatches())


def test_a_file_that_is_damaged_or_gone_is_told(tmp_path: Path) -> None:
    files = ListFolder(tmp_path)
    keeping = ListKeeping(MemoryControl(), files)
    which, _ = keeping.watchlist("mine", entries(), Told())
    area, _ = keeping.area("field", normalised(np.array([[5, 9]])), Told())
    paths = [tmp_path / "watchlists/mine/0001.parquet", tmp_path / "areas/field/0001.fits"]
    uses: list[Callable[[], object]] = [lambda: files.watchlist(which), lambda: files.area(area)]
    for path, use in zip(paths, uses, strict=True):
        use()
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(StorageError, match=r"is damaged: .* is not the file that was kept"):
            use()
        path.unlink()
        with pytest.raises(StorageError, match="is missing: restore"):
            use()


def test_processes_that_add_at_once_get_numbers_of_their_own(tmp_path: Path) -> None:
    files = ListFolder(tmp_path)
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda n: files.put_watchlist("mine", checked(entries(n + 1)))[0], range(24)))
    assert sorted(numbers) == list(range(1, 25))
    assert sorted(p.name for p in (tmp_path / "watchlists/mine").iterdir()) == [
        f"{n:04d}.parquet" for n in range(1, 25)
    ]


def test_a_file_without_a_row_is_removed_once_nobody_can_be_about_to_write_it(tmp_path: Path) -> None:
    files, control = ListFolder(tmp_path), MemoryControl()
    kept, _ = ListKeeping(control, files).watchlist("mine", entries(), Told())
    number, _ = files.put_watchlist("mine", checked(entries(9)))
    part = tmp_path / "watchlists/mine/.x.part"
    part.write_bytes(b"half")
    files.keep_past(kept, iter(()), PastMatches())
    files.keep_past(replace(kept, version=number), iter(()), PastMatches())
    known: list[ListVersion] = control.lists.versions(removed=True)
    assert files.sweep(known) == []
    for path in (tmp_path / "watchlists/mine").iterdir():
        os.utime(path, (1, 1))
    gone = [f"watchlists/mine/{name}" for name in (".x.part", "0002.parquet", "0002.past.parquet")]
    assert files.sweep(known) == gone
    assert files.watchlist(kept)
    assert files.past(kept) is not None
