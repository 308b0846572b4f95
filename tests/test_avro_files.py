"""Files, folders and tars: what is offered, what is left out, what is refused."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from linnet.adapters.avro_files import AvroFiles, in_night_order, reading, tar_file
from linnet.core.ports import Source
from linnet.errors import InputError


def _read(source: Source, limit: int = 1000) -> list[dict[str, object]]:
    reader = source.open()
    rows: list[dict[str, object]] = []
    while (batch := reader.next_batch(limit)) is not None:
        rows += batch.to_pylist()
    reader.close()
    return rows


def _keys(*paths: Path) -> list[object]:
    return [row["key"] for row in _read(AvroFiles(paths))]


def _member(name: str, data: bytes = b"", **header: object) -> tuple[tarfile.TarInfo, io.BytesIO]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in header.items():
        setattr(info, field, value)
    return info, io.BytesIO(data)


def _tar(path: Path, members: Iterable[tuple[tarfile.TarInfo, io.BytesIO]], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload] # the mode is one of tarfile's
        for info, data in members:
            tar.addfile(info, data)
    return path


def _ten(sizes: Callable[[int], int] = lambda n: 100 * n) -> list[tuple[tarfile.TarInfo, io.BytesIO]]:
    return [_member(f"{n}.avro", bytes([n + 1]) * sizes(n)) for n in range(10)]


def _ends(members: list[tuple[tarfile.TarInfo, io.BytesIO]]) -> list[int]:
    """Where each member ends in a tar: a header block and full blocks of data."""
    return [int(end) for end in np.cumsum([512 + -(-info.size // 512) * 512 for info, _ in members])]


def test_a_folder_gives_every_file_that_is_not_hidden_sorted_by_path(tmp_path: Path) -> None:
    for name in ("b/2.avro", "b/1", "a.txt", "c.avro", ".hidden", ".git/config", "b/.x/y"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    rows = _read(AvroFiles((tmp_path,)))
    assert [row["key"] for row in rows] == [b"a.txt", b"b/1", b"b/2.avro", b"c.avro"]
    assert [row["value"] for row in rows] == [row["key"] for row in rows]
    assert [row["offset"] for row in rows] == [0, 1, 2, 3]
    assert {row["topic"] for row in rows} == {str(tmp_path.resolve())}
    assert {row["timestamp"] for row in rows} == {None}


def test_a_single_file_is_a_message_of_its_folder_also_a_hidden_one(tmp_path: Path) -> None:
    (tmp_path / ".one").write_bytes(b"x")
    (row,) = _read(AvroFiles((tmp_path / ".one",)))
    assert (row["topic"], row["key"], row["value"]) == (str(tmp_path.resolve()), b".one", b"x")


def test_paths_that_overlap_give_each_file_once(tmp_path: Path) -> None:
    for name in ("a/1", "a/2", "b/3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    expected = [b"a/1", b"a/2", b"b/3"]
    assert _keys(tmp_path / "b", tmp_path, tmp_path / "a" / "1", tmp_path) == expected
    assert _keys(tmp_path / "a" / ".." / "a") == [b"1", b"2"]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1").write_bytes(b"one")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "z").symlink_to(tmp_path / "a")
    (tmp_path / "y").symlink_to(tmp_path / "a" / "1")
    assert _keys(tmp_path) == [b"a/1", b"y"]


def test_pipes_are_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    assert _keys(tmp_path) == [b"file"]
    with pytest.raises(InputError, match="neither a file nor a folder"):
        AvroFiles((tmp_path / "pipe",)).open()


def test_what_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files given"):
        AvroFiles(()).open()
    with pytest.raises(InputError, match=r"cannot read .*missing: No such file"):
        AvroFiles((tmp_path / "missing",)).open()
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    (tmp_path / "empty" / ".hidden").touch()
    with pytest.raises(InputError, match=r"no files in .*empty"):
        AvroFiles((tmp_path / "empty",)).open()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"gone is a link that leads nowhere"):
        AvroFiles((tmp_path,)).open()


def test_a_name_that_is_no_text_is_kept_as_bytes(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "d") + b"\xff"
    os.mkdir(folder)  # noqa: PTH102 - a path of bytes
    Path(os.fsdecode(folder + b"/f\xfe.avro")).write_bytes(b"x")
    (row,) = _read(AvroFiles((Path(os.fsdecode(folder)),)))
    assert row["key"] == b"f\xfe.avro"
    assert str(row["topic"]).endswith("d\ufffd")


def test_a_file_that_vanishes_stops_with_its_name_and_the_position_before_it(tmp_path: Path) -> None:
    for n in range(3):
        (tmp_path / str(n)).write_bytes(b"x")
    reader = AvroFiles((tmp_path,)).open()
    reader.next_batch(1)
    place = reader.position()
    (tmp_path / "2").unlink()
    with pytest.raises(InputError, match=r"cannot read .*2: No such file"):
        reader.next_batch(10)
    assert reader.position() == place
    (tmp_path / "2").write_bytes(b"y")
    batch = reader.next_batch(10)
    assert batch is not None
    assert batch["value"].to_pylist() == [b"x", b"y"]


def test_batches_end_before_they_hold_too_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BATCH_BYTES", 250)
    for n in range(4):
        (tmp_path / str(n)).write_bytes(b"x" * 100)
    (tmp_path / "4").write_bytes(b"x" * 1000)
    reader = AvroFiles((tmp_path,)).open()
    sizes = []
    while (batch := reader.next_batch(10)) is not None:
        sizes.append(batch.num_rows)
        assert reader.position()[0].offset == sum(sizes)
    assert sizes == [2, 2, 1]


def test_a_file_larger_than_a_message_is_offered_with_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LARGEST", 20001)
    monkeypatch.setattr(tar_file, "LARGEST", 20001)
    (tmp_path / "a").write_bytes(b"0123456789" * 3000)
    _tar(tmp_path / "b.tar", [_member("big", b"x" * 50_000), _member("small", b"s")])
    expected = [b"0123456789" * 2000 + b"0", b"x" * 20_001, b"s"]
    assert [row["value"] for row in _read(AvroFiles((tmp_path,)))] == expected


@pytest.mark.parametrize(("name", "mode"), [("n.tar", "w"), ("n.tar.gz", "w:gz"), ("N.TGZ", "w:gz")])
def test_members_of_a_tar_are_messages_of_its_topic(tmp_path: Path, name: str, mode: str) -> None:
    members = [
        _member("./night", type=tarfile.DIRTYPE),
        *_ten(),
        _member("._0.avro", b"fork"),
        _member("x" * 300, b"l"),
    ]
    _tar(tmp_path / name, members, mode)
    rows = _read(AvroFiles((tmp_path,)), 3)
    assert [row["key"] for row in rows] == [b"%d.avro" % n for n in range(10)] + [b"x" * 300]
    assert [row["value"] for row in rows[:10]] == [bytes([n + 1]) * 100 * n for n in range(10)]
    assert [row["offset"] for row in rows] == list(range(11))
    assert {row["topic"] for row in rows} == {str(tmp_path.resolve() / name)}


def test_every_size_of_a_member_around_a_block_is_read_in_one_pass_forward(tmp_path: Path) -> None:
    sizes = [0, 1, 510, 511, 512, 513, 1023, 1024, 1025, 10240]
    _tar(tmp_path / "s.tar.gz", _ten(lambda n: sizes[n]), "w:gz")
    assert [row["value"] for row in _read(AvroFiles((tmp_path,)), 4)] == [bytes([n + 1]) * sizes[n] for n in range(10)]


def test_links_and_devices_in_a_tar_are_counted_and_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    members = [
        _member("soft", type=tarfile.SYMTYPE, linkname=str(secret)),
        _member("real", b"r"),
        _member("hard", type=tarfile.LNKTYPE, linkname="real"),
        _member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        _member("../../etc/passwd", b"p"),
    ]
    rows = _read(AvroFiles((_tar(tmp_path / "t.tar", members),)))
    assert [(row["key"], row["value"]) for row in rows] == [
        (b"soft", b""),
        (b"real", b"r"),
        (b"hard", b""),
        (b"null", b""),
        (b"../../etc/passwd", b"p"),
    ]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_cut_off_anywhere_is_one_message_and_never_half_read(tmp_path: Path, mode: str) -> None:
    path = _tar(tmp_path / ("n.tar" if mode == "w" else "n.tgz"), _ten(), mode)
    whole = path.read_bytes()
    # Plain: behind the last member there are only zeros.
    content = 512 * (10 + sum(-(-100 * n // 512) for n in range(10))) if mode == "w" else len(whole)
    between = set(_ends(_ten())) if mode == "w" else set()
    for length in {*range(0, content, 97), content - 1} - between:
        path.write_bytes(whole[:length])
        (row,) = _read(AvroFiles((path,)))
        assert (row["key"], row["value"]) == (os.fsencode(path.name), whole[:length])
        assert row["topic"] == str(tmp_path.resolve())


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_without_the_mark_of_its_end_is_whole(tmp_path: Path, mode: str) -> None:
    whole = _tar(tmp_path / "n.tar", _ten()).read_bytes()[: _ends(_ten())[-1]]
    (tmp_path / "n.tar").unlink()
    (tmp_path / ("n.tar" if mode == "w" else "n.tgz")).write_bytes(whole if mode == "w" else gzip.compress(whole))
    assert len(_read(AvroFiles((tmp_path,)))) == 10


def test_a_damaged_header_in_the_middle_is_not_taken_for_the_end(tmp_path: Path) -> None:
    path = _tar(tmp_path / "n.tar", _ten())
    whole = bytearray(path.read_bytes())
    place = whole.index(b"5.avro")
    whole[place] ^= 1
    path.write_bytes(whole)
    with tarfile.open(path) as lenient:
        assert len(lenient.getnames()) == 5
    (row,) = _read(AvroFiles((path,)))
    assert row["value"] == bytes(whole)


def test_data_behind_the_end_or_a_wrong_checksum_make_a_tar_damaged(tmp_path: Path) -> None:
    path = _tar(tmp_path / "a.tar", _ten())
    path.write_bytes(path.read_bytes() * 2)
    assert len(_keys(path)) == 1
    packed = _tar(tmp_path / "b.tgz", _ten(), "w:gz")
    data = bytearray(packed.read_bytes())
    data[-8] ^= 1
    packed.write_bytes(data)
    assert len(_keys(packed)) == 1


def test_a_header_that_asks_for_all_memory_is_refused(tmp_path: Path) -> None:
    info, _ = _member("long", type=tarfile.XHDTYPE, size=2**40)
    bomb = gzip.compress(info.tobuf() + bytes(10_000_000))
    (tmp_path / "bomb.tgz").write_bytes(bomb)
    (row,) = _read(AvroFiles((tmp_path,)))
    assert row["value"] == bomb


def test_flipped_bits_in_a_tar_give_its_members_or_one_message(tmp_path: Path) -> None:
    whole = _tar(tmp_path / "n.tar", _ten()).read_bytes()
    rng = np.random.default_rng(2)
    for _ in range(500):
        data = bytearray(whole)
        for place in rng.integers(len(data), size=3):
            data[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "n.tar").write_bytes(data)
        assert len(_read(AvroFiles((tmp_path,)), 4)) in {1, 10}


def test_a_tar_without_members_is_a_message_itself(tmp_path: Path) -> None:
    path = _tar(tmp_path / "none.tar", [_member("folder", type=tarfile.DIRTYPE)])
    (row,) = _read(AvroFiles((tmp_path,)))
    assert row["value"] == path.read_bytes()


def test_a_tar_that_changes_after_it_was_listed_stops_with_its_name(tmp_path: Path) -> None:
    path = _tar(tmp_path / "n.tar", _ten())
    reader = AvroFiles((path,)).open()
    _tar(path, reversed(_ten()))
    with pytest.raises(InputError, match=r"n\.tar has changed since it was listed"):
        reader.next_batch(10)
    reader.close()


def test_messages_come_in_order_of_their_nights_with_offsets_in_that_order(tmp_path: Path) -> None:
    for n in range(6):
        (tmp_path / f"{n}.avro").write_bytes(b"%d" % (20200103 - n // 2))
    (tmp_path / "no.txt").write_bytes(b"none")
    _tar(tmp_path / "t.tgz", [_member(f"m{n}", b"%d" % (20200101 + n % 3)) for n in range(6)], "w:gz")
    seen: list[tuple[int, int]] = []

    def night_of(batch: pa.RecordBatch) -> list[int | None]:
        return [int(value) if value.isdigit() else None for value in batch["value"].to_pylist()]

    ordered = in_night_order(AvroFiles((tmp_path,)), night_of, lambda *done: seen.append(done), batch_size=5)
    assert seen == [(5, 13), (10, 13), (13, 13)]
    rows = _read(ordered, 4)
    assert [row["key"] for row in rows] == [
        *(b"no.txt", b"4.avro", b"5.avro", b"m0", b"m3"),
        *(b"2.avro", b"3.avro", b"m1", b"m4"),
        *(b"0.avro", b"1.avro", b"m2", b"m5"),
    ]
    for topic in {row["topic"] for row in rows}:
        offsets = [row["offset"] for row in rows if row["topic"] == topic]
        assert offsets == list(range(len(offsets)))
    reader = ordered.open()
    reader.next_batch(6)
    rest = ordered.open(reader.position()).next_batch(100)
    assert rest is not None
    assert rest.to_pylist() == rows[6:]


def test_the_shared_folders_are_offered_to_the_last_byte(shared_data: Path) -> None:
    for name in ("ztf", "lsst", "elasticc", "malformed"):
        expected: list[bytes] = []
        for path in sorted((shared_data / name).rglob("*")):
            if path.name.endswith((".tar", ".tar.gz")):
                with tarfile.open(path) as tar:
                    contents = [tar.extractfile(member) for member in tar if member.isfile()]
                    expected += [content.read() for content in contents if content is not None]
            elif path.is_file():
                expected.append(path.read_bytes())
        rows = _read(AvroFiles((shared_data / name,)))
        assert sorted(bytes(row["value"]) for row in rows) == sorted(expected)  # type: ignore[call-overload] # bytes
