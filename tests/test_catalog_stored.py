"""A stored catalogue gives the same matches in memory and piece by piece, and says so where a piece is damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linnet.adapters.catalogue_files import CatalogueFolder, Limits, Recipe, StoredCatalogue, make
from linnet.adapters.catalogue_files.stored import OpenStored
from linnet.core.catalogue import Found, Places
from linnet.errors import StorageError
from sky_catalogues import Sky, everywhere, near

N, PIECE = 6_000, 500


@pytest.fixture(scope="module")
def sky() -> Sky:
    return everywhere(np.random.default_rng(1), N)


@pytest.fixture(scope="module")
def places(sky: Sky) -> Places:
    return near(np.random.default_rng(2), sky, 400, 2.0).places()


@pytest.fixture
def stored(sky: Sky, tmp_path: Path) -> StoredCatalogue:
    """A catalogue of twelve pieces, three neighbours, two columns, and sources that move."""
    rng = np.random.default_rng(3)
    speed = [rng.normal(0, s, N) for s in (30.0, 300.0)]
    columns = {
        "ra": sky.ra,
        "dec": sky.dec,
        "e": speed[0],
        "n": speed[1],
        "row": np.arange(N),
        "half": np.arange(N) / 2,
    }
    pq.write_table(pa.table(columns), tmp_path / "source")
    folder = CatalogueFolder(tmp_path / "catalogs")
    with folder.workshop() as workshop:
        recipe = Recipe("2", ("row", "half"), "ra", "dec", "e", "n", 2000.0, 3)
        return folder.put(*make("it", tmp_path / "source", recipe, workshop, None, Limits(piece=PIECE)))


def told(found: Found) -> dict[str, list[Any]]:
    return {"alert": found.alert.tolist(), "apart": found.separation.tolist(), **found.rows.to_pydict()}


def test_piece_by_piece_the_matches_are_those_of_the_whole(stored: StoredCatalogue, places: Places) -> None:
    whole = told(stored.open().near(places))
    assert len(whole["alert"]) > 300
    for held in (PIECE, 3 * PIECE, N - 1):
        pieces = OpenStored(replace(stored, held=held))
        assert told(pieces.near(places)) == whole
        assert len(pieces._held) <= max(1, held // PIECE)
    at = np.random.default_rng(4).permutation(len(places.cells))
    alone = [told(OpenStored(replace(stored, held=PIECE)).near(places.take(at[i : i + 50])))["row"] for i in (0, 50)]
    assert [r for rows in alone for r in rows] == told(stored.open().near(places.take(at[:100])))["row"]


def test_only_the_pieces_that_are_needed_are_read(stored: StoredCatalogue, sky: Sky) -> None:
    pieces = OpenStored(replace(stored, held=N - 1))
    alerts = near(np.random.default_rng(5), sky.take(np.arange(3)), 200, 1.0)
    assert len(pieces.near(alerts.places(51544.5)).alert) > 100
    assert 1 <= len(pieces._held) <= 6


def test_a_damaged_piece_fails_the_alerts_that_need_it_and_no_others(stored: StoredCatalogue, places: Places) -> None:
    whole = told(stored.open().near(places))
    group = pq.ParquetFile(stored.path).metadata.row_group(4).column(0)
    content = bytearray(stored.path.read_bytes())
    content[group.data_page_offset + group.total_compressed_size // 2] ^= 0xFF
    stored.path.write_bytes(bytes(content))
    found = OpenStored(replace(stored, held=2 * PIECE)).near(places)
    assert "is damaged" in found.trouble
    assert 0 < found.failed.sum() < len(places.cells) / 2
    kept = [i for i, alert in enumerate(whole["alert"]) if not found.failed[alert]]
    assert told(found) == {name: [column[i] for i in kept] for name, column in whole.items()}


def test_a_catalogue_in_memory_that_is_not_what_was_added_is_refused(stored: StoredCatalogue) -> None:
    content = bytearray(stored.path.read_bytes())
    content[len(content) // 2] ^= 1
    stored.path.write_bytes(bytes(content))
    with pytest.raises(StorageError, match="is not the file that was added"):
        stored.open()


@pytest.mark.parametrize("held", [N, PIECE])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "other"])
def test_a_file_that_is_gone_or_cut_off_is_told_in_one_line(stored: StoredCatalogue, damage: str, held: int) -> None:
    content = stored.path.read_bytes()
    stored.path.unlink()
    if damage != "gone":
        stored.path.write_bytes(
            {"empty": b"", "cut": content[: len(content) // 2], "other": b"something else" * 99}[damage]
        )
    with pytest.raises(StorageError) as refused:
        replace(stored, held=held).open()
    assert "\n" not in str(refused.value)


def test_versions_are_kept_and_one_is_in_use(stored: StoredCatalogue) -> None:
    folder = CatalogueFolder(stored.path.parent.parent.parent)
    folder.copy(stored)
    assert [v.entry.number for v in folder.versions("it")] == [1, 2]
    assert [each.entry.number for each in folder.in_use()] == [2]
    folder.use("it", None)
    assert folder.in_use() == []
    folder.use("it", 1)
    assert [each.about.version for each in folder.in_use()] == [stored.about.version]
    assert {p.name for p in (stored.path.parent.parent).iterdir()} == {"0001", "0002", "state.json"}
    assert folder.names() == ["it"]


def test_what_is_written_down_must_be_readable(stored: StoredCatalogue) -> None:
    about = stored.path.with_name("about.json")
    for content in ("", "[]", '{"columns": 3}', about.read_text().replace('"format": 1', '"format": 99')):
        about.write_text(content)
        with pytest.raises(StorageError) as refused:
            CatalogueFolder(stored.path.parent.parent.parent).in_use()
        assert "\n" not in str(refused.value)
