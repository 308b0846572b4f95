"""One body of tests for every archive: on disk and in memory, raw and science."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from linnet.adapters.memory_archive import MemoryRawArchive, MemoryScienceArchive
from linnet.adapters.parquet_archive import ParquetArchive
from linnet.adapters.segment_archive import SegmentArchive
from linnet.core.column import TEXT_CODE
from linnet.core.ports import RawArchive, ScienceArchive
from linnet.core.unit import SEGMENT
from linnet.errors import NotFoundError, StorageError
from raw_tables import raw

MakeRaw = Callable[[Path], RawArchive]
MakeScience = Callable[[Path], ScienceArchive]

NIGHT = 20260131


def _schema(fingerprint: str) -> str:
    return f'{{"type":"record","name":"{fingerprint}","fields":[{{"name":"x","type":"bytes"}}]}}'


raws = pytest.mark.parametrize(
    "make",
    [lambda folder: SegmentArchive(folder / "raw", _schema), lambda _: MemoryRawArchive(_schema)],
    ids=["disk", "memory"],
)
sciences = pytest.mark.parametrize(
    "make",
    [lambda folder: ParquetArchive(folder / "science"), lambda _: MemoryScienceArchive()],
    ids=["disk", "memory"],
)


def _datums(seed: int, count: int, fingerprints: tuple[str, ...] = ("aa", "bb")) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "datum": pa.array([rng.bytes(int(n)) for n in rng.integers(1, 5000, count)], pa.binary()),
            "fingerprint": pa.array(rng.choice(list(fingerprints), count)),
        }
    )


def _merged(*touched: pa.Table) -> pa.Table:
    """What a store holds after commits that bring these segments: the newest row of each."""
    rows = {row["segment"]: row for table in touched for row in table.to_pylist()}
    return pa.Table.from_pylist(list(rows.values()), SEGMENT)


@raws
def test_what_is_appended_is_read_back_by_its_references_in_any_order(make: MakeRaw, tmp_path: Path) -> None:
    archive = make(tmp_path)
    tables = [_datums(seed, 50) for seed in range(4)]
    references = pa.concat_tables([archive.append("ztf", NIGHT, "zstandard", *raw(table)) for table in tables])
    datums = pa.concat_tables(tables)["datum"].combine_chunks()
    assert archive.read(references).equals(datums)
    order = np.random.default_rng(9).integers(0, 200, 500)
    assert archive.read(references.take(order)).equals(datums.take(pa.array(order)))
    assert len(archive.read(references.slice(0, 0))) == 0
    archive.close()
    archive.close()
    assert archive.read(references.slice(7, 1)).equals(datums.slice(7, 1))


@raws
def test_each_segment_has_one_writer_schema(make: MakeRaw, tmp_path: Path) -> None:
    archive = make(tmp_path)
    table = _datums(0, 30, ("aa", "bb", "cc"))
    references = archive.append("ztf", NIGHT, "null", *raw(table))
    found = references.append_column("fingerprint", table["fingerprint"]).select(["segment", "fingerprint"]).to_pylist()
    for segment, fingerprint in {(row["segment"], row["fingerprint"]) for row in found}:
        schema = archive.schema(segment)
        assert isinstance(schema, dict)
        assert schema["name"] == fingerprint
    assert len({row["segment"] for row in found}) == 3


@raws
def test_touched_gives_rows_and_lengths_of_what_changed_since_it_was_asked(make: MakeRaw, tmp_path: Path) -> None:
    archive = make(tmp_path)
    assert archive.touched().num_rows == 0
    archive.append("ztf", NIGHT, "null", *raw(_datums(0, 40)))
    first = archive.touched()
    assert first.schema == SEGMENT
    assert sum(first["rows"].to_pylist()) == 40
    assert archive.touched().num_rows == 0
    archive.append("ztf", NIGHT, "null", *raw(_datums(1, 5, ("aa",))))
    archive.append("lsst", NIGHT, "null", *raw(_datums(2, 5, ("aa",))))
    second = archive.touched()
    assert second["survey"].to_pylist() == ["lsst", "ztf"]
    assert archive.present().sort_by("segment").equals(_merged(first, second).sort_by("segment"))


@raws
def test_nothing_appended_is_nothing_changed(make: MakeRaw, tmp_path: Path) -> None:
    archive = make(tmp_path)
    assert archive.append("ztf", NIGHT, "null", *raw(_datums(0, 0))).num_rows == 0
    assert archive.touched().num_rows == 0
    assert archive.present().num_rows == 0


@raws
def test_recovery_cuts_back_to_what_was_committed_and_goes_on(make: MakeRaw, tmp_path: Path) -> None:
    archive = make(tmp_path)
    kept = _datums(0, 20)
    references = archive.append("ztf", NIGHT, "zstandard", *raw(kept))
    committed = archive.touched()
    archive.append("ztf", NIGHT, "zstandard", *raw(_datums(1, 20)))
    archive.append("ztf", NIGHT + 1, "zstandard", *raw(_datums(2, 20)))
    before = sum(archive.present()["length"].to_pylist())
    assert archive.recover(committed) == before - sum(committed["length"].to_pylist())
    assert archive.recover(committed) == 0
    assert archive.present().equals(committed)
    more = archive.append("ztf", NIGHT, "zstandard", *raw(_datums(3, 20)))
    assert set(more["segment"].to_pylist()) == set(references["segment"].to_pylist())
    assert archive.read(references).equals(kept["datum"].combine_chunks())
    assert archive.read(more).equals(_datums(3, 20)["datum"].combine_chunks())
    assert sum(archive.touched()["rows"].to_pylist()) == 40


@raws
def test_a_closed_night_takes_late_alerts_in_new_segments(make: MakeRaw, tmp_path: Path) -> None:
    archive = make(tmp_path)
    first = archive.append("ztf", NIGHT, "null", *raw(_datums(0, 20)))
    other = archive.append("ztf", NIGHT + 1, "null", *raw(_datums(1, 20)))
    committed = archive.touched()
    archive.close_night("ztf", NIGHT)
    closed = archive.touched()
    assert set(closed["segment"].to_pylist()) == set(first["segment"].to_pylist())
    assert closed["closed"].to_pylist() == [True, True]
    archive.close_night("ztf", NIGHT)
    assert archive.touched().num_rows == 0
    late = archive.append("ztf", NIGHT, "null", *raw(_datums(2, 20)))
    assert not set(late["segment"].to_pylist()) & set(first["segment"].to_pylist())
    assert archive.read(late).equals(_datums(2, 20)["datum"].combine_chunks())
    assert archive.read(other).equals(_datums(1, 20)["datum"].combine_chunks())
    assert archive.verify(_merged(committed, closed, archive.touched())) == []


@raws
def test_closing_a_night_closes_what_an_earlier_run_left_open(make: MakeRaw, tmp_path: Path) -> None:
    archive = make(tmp_path)
    for survey, night in (("ztf", NIGHT - 2), ("ztf", NIGHT), ("lsst", NIGHT - 2), ("ztf", NIGHT + 1)):
        archive.append(survey, night, "null", *raw(_datums(0, 5, ("aa",))))
    archive.recover(archive.touched())
    archive.close_night("ztf", NIGHT)
    assert archive.touched()["night"].to_pylist() == [NIGHT - 2, NIGHT]
    open_now = archive.present().filter(pc.invert(archive.present()["closed"]))
    assert sorted(zip(open_now["survey"].to_pylist(), open_now["night"].to_pylist(), strict=True)) == [
        ("lsst", NIGHT - 2),
        ("ztf", NIGHT + 1),
    ]


@raws
def test_closing_that_was_not_committed_is_undone_by_recovery(make: MakeRaw, tmp_path: Path) -> None:
    archive = make(tmp_path)
    references = archive.append("ztf", NIGHT, "null", *raw(_datums(0, 20)))
    committed = archive.touched()
    archive.close_night("ztf", NIGHT)
    archive.recover(committed)
    assert archive.present().equals(committed)
    more = archive.append("ztf", NIGHT, "null", *raw(_datums(1, 20)))
    assert set(more["segment"].to_pylist()) == set(references["segment"].to_pylist())


@raws
def test_a_reference_that_leads_nowhere_is_told(make: MakeRaw, tmp_path: Path) -> None:
    archive = make(tmp_path)
    row = archive.append("ztf", NIGHT, "null", *raw(_datums(0, 1))).to_pylist()[0]
    wrong = [
        {**row, "segment": row["segment"].replace("-0001", "-0002")},
        {**row, "segment": "../../etc/passwd"},
        {**row, "block": row["block"] + 10**9},
        {**row, "block": -1},
        {**row, "place": row["length"]},
        {**row, "length": row["length"] + 1},
    ]
    for reference in wrong:
        with pytest.raises(NotFoundError):
            archive.read(pa.Table.from_pylist([row, reference]))
    with pytest.raises(NotFoundError, match="no raw segment"):
        archive.schema(wrong[0]["segment"])


@raws
def test_a_committed_segment_that_is_missing_or_short_stops_the_start_and_changes_nothing(
    make: MakeRaw, tmp_path: Path
) -> None:
    archive = make(tmp_path)
    archive.append("ztf", NIGHT, "null", *raw(_datums(0, 20)))
    rows = archive.touched().to_pylist()
    archive.append("ztf", NIGHT, "null", *raw(_datums(1, 20)))
    present = archive.present()
    longer = {**rows[0], "length": rows[0]["length"] + 10**7}
    missing = {**rows[0], "segment": f"ztf/{NIGHT}/ff-0001.avro"}
    for bad in (longer, missing):
        with pytest.raises(StorageError, match=f"{bad['segment']} holds .* committed bytes"):
            archive.recover(pa.Table.from_pylist([*rows[1:], bad], SEGMENT))
        assert archive.present().equals(present)
        assert len(archive.verify(pa.Table.from_pylist([bad], SEGMENT))) == 1
    wrong = pa.Table.from_pylist([{**rows[0], "rows": rows[0]["rows"] + 1}], SEGMENT)
    assert len(archive.verify(wrong)) == 1


TABLE = pa.table(
    {
        "survey": pa.array(["ztf", None, "ztf"]).cast(TEXT_CODE),
        "alert_id": pa.array([2**53 + 1, None, -1], pa.int64()),
        "flux": pa.array([1.5, None, -0.0], pa.float32()),
        "flag": pa.array([True, None, False]),
        "empty": pa.nulls(3, pa.float64()),
        "value": pa.array([b"\x00", None, b""], pa.binary()),
        "seen": pa.array([0, None, 1], pa.timestamp("us", tz="UTC")),
        "mjd": pa.array([[1.0, None], None, []], pa.list_(pa.float64())),
    }
)


@sciences
def test_a_table_comes_back_as_it_was_written(make: MakeScience, tmp_path: Path) -> None:
    archive = make(tmp_path)
    path = archive.write(f"alerts/ztf/{NIGHT}", "000001-000002.parquet", TABLE)
    assert path == f"alerts/ztf/{NIGHT}/000001-000002.parquet"
    found = archive.read(path)
    assert found.equals(TABLE)
    assert found.schema == TABLE.schema
    empty = archive.write("dead", "none", TABLE.slice(0, 0))
    assert empty == "dead/none.parquet"
    assert archive.read(empty).schema == TABLE.schema


@sciences
def test_writing_a_name_again_replaces_it_and_removing_it_twice_is_no_error(make: MakeScience, tmp_path: Path) -> None:
    archive = make(tmp_path)
    path = archive.write("dead", "one", TABLE)
    assert archive.write("dead", "one", TABLE.slice(1)) == path
    assert archive.read(path).equals(TABLE.slice(1))
    archive.remove(path)
    archive.remove(path)
    assert archive.files("dead") == []
    with pytest.raises(NotFoundError, match="has no file dead/one"):
        archive.read(path)


@sciences
def test_files_are_listed_below_their_kind_sorted(make: MakeScience, tmp_path: Path) -> None:
    archive = make(tmp_path)
    assert archive.files("alerts") == []
    paths = [archive.write(kind, "b", TABLE) for kind in ("tags/f/2", "tags/f/10", "tags/ff/1", "dead")]
    paths.append(archive.write("tags/f/2", "a", TABLE))
    assert archive.files("tags") == sorted(path for path in paths if path.startswith("tags"))
    assert archive.files("tags/f") == ["tags/f/10/b.parquet", "tags/f/2/a.parquet", "tags/f/2/b.parquet"]


@sciences
def test_no_name_leads_out_of_the_archive(make: MakeScience, tmp_path: Path) -> None:
    archive = make(tmp_path)
    for kind, name in [
        ("tags/../..", "x"),
        ("tags//1", "x"),
        ("/etc", "x"),
        ("dead", "../x"),
        ("dead", "a/b"),
        ("tags/\u00e9", "x"),
    ]:
        with pytest.raises(StorageError, match="cannot be a path"):
            archive.write(kind, name, TABLE)
    for path in ("../../etc/passwd", "../x.parquet", "/etc/x.parquet", "dead/.one.parquet.part"):
        with pytest.raises(NotFoundError, match="is no path"):
            archive.read(path)
    assert list(tmp_path.rglob("*.parquet")) == []
