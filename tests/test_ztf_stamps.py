"""The images of ZTF packets: all real ones unzip to what gzip and astropy find there; bombs and rubbish are refused."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from pathlib import Path
from typing import Any

import fastavro
import pytest
from astropy.io import fits

from linnet.core.reasons import Reason
from linnet.errors import PacketError
from linnet.surveys.ztf import Ztf
from linnet.surveys.ztf.stamps import CUTOUTS, MAX_IMAGE_BYTES
from ztf_packets import Packet, packets

ZTF = Ztf()
CUTOUT = {
    "type": "record",
    "name": "cutout",
    "fields": [{"name": "fileName", "type": "string"}, {"name": "stampData", "type": ["null", "bytes"]}],
}
SMALL: dict[str, Any] = {
    "type": "record",
    "name": "alert",
    "fields": [
        {"name": "cutoutScience", "type": ["null", CUTOUT]},
        {"name": "cutoutTemplate", "type": ["null", "cutout"]},
    ],
}
CARD = b"SIMPLE  =                    T".ljust(2880)


def datum(schema: Any, record: Any) -> bytes:
    """A record as a bare Avro datum."""
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), record)
    return stream.getvalue()


def with_science(data: bytes | None) -> bytes:
    """A datum of the small schema whose science image has these bytes."""
    return datum(SMALL, {"cutoutScience": {"fileName": "x", "stampData": data}, "cutoutTemplate": None})


def refusal(data: bytes) -> PacketError:
    """How an image is refused."""
    with pytest.raises(PacketError) as caught:
        ZTF.stamps(with_science(data), SMALL)
    return caught.value


def by_form(found: tuple[Packet, ...]) -> list[Packet]:
    """Every tenth packet, and every one whose images are JPEG or missing."""
    return [p for i, p in enumerate(found) if i % 10 == 0 or not form_of(p).startswith(b"\x1f\x8b")]


def form_of(packet: Packet) -> bytes:
    """First bytes of the science image."""
    cutout = packet.record.get("cutoutScience")
    return b"" if cutout is None else bytes(cutout["stampData"][:4])


def test_stamps_of_real_packets_are_their_unzipped_bytes(shared_data: Path) -> None:
    kinds: Counter[str] = Counter()
    for packet in by_form(packets(shared_data / "ztf")):
        found = ZTF.stamps(datum(packet.schema, packet.record), packet.schema)
        for name, field in CUTOUTS.items():
            cutout = packet.record[field]
            if cutout is None:
                assert name not in found
                kinds["none"] += 1
                continue
            stamp, sent = found[name], cutout["stampData"]
            kinds[stamp.kind] += 1
            assert stamp.data == (gzip.decompress(sent) if stamp.kind == "fits" else sent)
            assert stamp.kind == "jpeg" or sent.startswith(b"\x1f\x8b")
    # 80 packets have JPEG images, 101 none (see the README of the data); of the rest a tenth.
    assert kinds["jpeg"] == 3 * 80
    assert kinds["none"] == 3 * 101
    assert kinds["fits"] > 3 * 60


# ZTF writes its first card as "SIMPLE  =  T", not in column 30; astropy takes that with a warning.
@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")
def test_a_real_stamp_opens_as_an_image_of_63_pixels(shared_data: Path) -> None:
    (packet,) = packets(shared_data / "ztf" / "boom")[:1]
    found = ZTF.stamps(datum(packet.schema, packet.record), packet.schema)
    assert list(found) == ["science", "template", "difference"]
    for stamp in found.values():
        with fits.open(io.BytesIO(stamp.data)) as units:
            assert units[0].data.shape == (63, 63)


def test_absent_null_and_empty_images_are_left_out() -> None:
    assert ZTF.stamps(datum(SMALL, {"cutoutScience": None, "cutoutTemplate": None}), SMALL) == {}
    assert ZTF.stamps(with_science(None), SMALL) == {}
    assert ZTF.stamps(with_science(b""), SMALL) == {}


def test_plain_fits_is_taken_too() -> None:
    (stamp,) = ZTF.stamps(with_science(CARD), SMALL).values()
    assert (stamp.kind, stamp.data) == ("fits", CARD)


def test_an_image_may_have_the_largest_size_and_not_a_byte_more() -> None:
    largest = CARD.ljust(MAX_IMAGE_BYTES, b"\0")
    assert ZTF.stamps(with_science(gzip.compress(largest)), SMALL)["science"].data == largest
    assert refusal(gzip.compress(largest + b"\0")).reason == Reason.TOO_LARGE
    assert refusal(largest + b"\0").reason == Reason.TOO_LARGE
    assert refusal(b"\xff\xd8\xff".ljust(MAX_IMAGE_BYTES + 1, b"\0")).reason == Reason.TOO_LARGE


def test_a_gzip_bomb_is_refused_before_it_expands() -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024), 1)
    assert refusal(bomb).reason == Reason.TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(CARD, mtime=0)[:-9],
        gzip.compress(CARD, mtime=0)[:30] + b"\xff\xff" + gzip.compress(CARD, mtime=0)[32:],
        b"\x1f\x8b",
        gzip.compress(b"<html>", mtime=0),
        b"PNG",
        b"\xff\xd8",
    ],
)
def test_a_damaged_or_unknown_image_is_refused_in_one_line_that_names_it(data: bytes) -> None:
    problem = refusal(data)
    assert problem.reason == Reason.BAD_VALUE
    assert "cutoutScience" in str(problem)
    assert "\n" not in str(problem)


def test_a_datum_that_is_none_is_refused() -> None:
    for data in (b"", b"\x02", with_science(CARD)[:100], with_science(CARD) + b"\0"):
        with pytest.raises(PacketError) as caught:
            ZTF.stamps(data, SMALL)
        assert caught.value.reason == Reason.BAD_DATUM
