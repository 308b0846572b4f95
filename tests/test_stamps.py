"""Stamps: real images equal astropy's, PNGs equal Pillow's, and no damaged file does more than a PacketError."""

from __future__ import annotations

import gzip
import io
import random
import time
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import fastavro
import numpy as np
import numpy.typing as npt
import pytest
from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from PIL import Image

from linnet.core.survey import Stamp
from linnet.errors import PacketError
from linnet.formats import fits_image
from linnet.formats.fits_image import first_image, scan
from linnet.formats.png import grey_png
from linnet.formats.stamps import fits_bytes, jpeg_bytes, png_bytes, stretch

CUTOUTS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")
FOLDERS = ("ztf/boom", "ztf/alerce-lc_correction-20200330", "ztf/ampel-v1.3-20171214", "ztf/fink-broker-202310")
FOLDERS_LSST = ("lsst/fink-v7_4-20250411", "lsst/fink-v9_0-lsstcam-20250906", "lsst/fink-v10_0-20260306")


def cutouts(folder: Path) -> Iterator[bytes]:
    """Every cutout of a folder's containers, gunzipped, found by fastavro alone."""
    for path in sorted(folder.glob("*.avro")):
        with path.open("rb") as file:
            for record in fastavro.reader(file):
                assert isinstance(record, dict)
                for name in CUTOUTS:
                    sent = record.get(name)
                    data = sent["stampData"] if isinstance(sent, dict) else sent
                    if data:
                        yield gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


@cache
def real(shared: Path) -> tuple[bytes, ...]:
    return tuple(data for folder in (*FOLDERS, *FOLDERS_LSST) for data in cutouts(shared / folder))


def by_astropy(data: bytes) -> tuple[npt.NDArray[np.float64], list[tuple[int, ...]]]:
    """Pixels of the first HDU, and the shapes of all."""
    with warnings.catch_warnings():
        # Some ZTF stamps have the value of SIMPLE in an early column, which astropy reads and mentions.
        warnings.simplefilter("ignore", VerifyWarning)
        with fits.open(io.BytesIO(data), memmap=False) as hdus:
            return np.asarray(hdus[0].data, dtype=np.float64), [h.shape for h in hdus]


def pixels(png: bytes) -> npt.NDArray[np.uint8]:
    """Rows x columns x (grey, alpha) as Pillow decodes them."""
    with Image.open(io.BytesIO(png)) as image:
        assert (image.format, image.mode) == ("PNG", "LA")
        return np.asarray(image)


def made(data: npt.NDArray[np.generic], **cards: object) -> bytes:
    """A FITS file written by astropy."""
    hdu = fits.PrimaryHDU(data)
    hdu.header.update(cards)
    out = io.BytesIO()
    hdu.writeto(out)
    return out.getvalue()


def test_every_real_fits_stamp_has_the_pixels_that_astropy_reads(shared_data: Path) -> None:
    checked = 0
    for data in real(shared_data):
        if data.startswith(b"SIMPLE"):
            truth, shapes = by_astropy(data)
            np.testing.assert_array_equal(first_image(data), np.where(np.isfinite(truth), truth, np.nan))
            assert [h.shape for h in scan(data)] == shapes
            assert fits_bytes(Stamp("fits", data)) == data
            checked += 1
    assert checked > 600


def test_a_png_shows_the_image_upright_enlarged_whole_times_and_in_order_of_brightness(shared_data: Path) -> None:
    for data in [d for d in real(shared_data) if d.startswith(b"SIMPLE")][::25]:
        truth = by_astropy(data)[0][::-1]
        shown = pixels(png_bytes(Stamp("fits", data), size=252))
        times = 252 // max(truth.shape)
        assert shown.shape == (truth.shape[0] * times, truth.shape[1] * times, 2)
        small = shown[::times, ::times]
        np.testing.assert_array_equal(small.repeat(times, 0).repeat(times, 1), shown)
        valid = np.isfinite(truth)
        np.testing.assert_array_equal(small[..., 1], np.where(valid, 255, 0))
        order = np.argsort(truth[valid], kind="stable")
        assert np.all(np.diff(small[..., 0][valid][order].astype(int)) >= 0)
        assert np.ptp(small[..., 0][valid]) == 255


def test_pixels_without_a_value_are_transparent_and_do_not_disturb_the_others() -> None:
    values = np.random.default_rng(1).normal(100, 5, (20, 30)).astype(">f4")
    holes = values.copy()
    holes[3, 4], holes[5, 6], holes[7, 8] = np.nan, np.inf, -np.inf
    shown = pixels(png_bytes(Stamp("fits", made(holes)), size=30))
    assert {(int(r), int(c)) for r, c in np.argwhere(shown[..., 1] == 0)} == {(16, 4), (14, 6), (12, 8)}
    whole = pixels(png_bytes(Stamp("fits", made(values)), size=30))
    kept = shown[..., 1] == 255
    assert np.max(np.abs(shown[..., 0][kept].astype(int) - whole[..., 0][kept])) <= 3


def test_scaled_integers_with_a_blank_are_read_as_astropy_reads_them() -> None:
    raw = np.arange(12, dtype=">i2").reshape(3, 4)
    data = made(raw, BSCALE=0.5, BZERO=100.0, BLANK=7)
    truth, _ = by_astropy(data)
    assert np.isnan(truth).sum() == 1
    np.testing.assert_array_equal(first_image(data), truth)


def test_of_a_cube_the_first_plane_is_shown_and_a_primary_without_pixels_is_passed_over() -> None:
    cube = np.random.default_rng(2).normal(size=(3, 5, 6)).astype(">f4")
    np.testing.assert_array_equal(first_image(made(cube)), cube[0].astype(float))
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(cube[1])]).writeto(out)
    np.testing.assert_array_equal(first_image(out.getvalue()), cube[1].astype(float))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((5, 5)),
        np.full((5, 5), np.nan),
        np.full((1, 1), 3.0),
        np.array([[1e308, -1e308], [0.0, 1.0]]),
        np.where(np.eye(9) > 0, 1e-300, 0.0),
        np.where(np.eye(9) > 0, 5.0, 0.0),
    ],
)
def test_images_without_contrast_or_with_absurd_values_are_still_shown(image: npt.NDArray[np.float64]) -> None:
    shown = pixels(png_bytes(Stamp("fits", made(image.astype(">f8"))), size=50))
    assert max(shown.shape[:2]) <= 50
    brightness = stretch(image)
    assert np.array_equal(np.isnan(brightness), np.isnan(image))
    assert np.all((brightness[np.isfinite(image)] >= 0) & (brightness[np.isfinite(image)] <= 1))


def test_pillow_reads_any_grey_png_back_exactly() -> None:
    chance = np.random.default_rng(3)
    for rows, columns in [(1, 1), (1, 300), (300, 1), (64, 41)]:
        grey = chance.integers(0, 256, (rows, columns), dtype=np.uint8)
        opaque = chance.random((rows, columns)) > 0.3
        shown = pixels(grey_png(grey, opaque))
        np.testing.assert_array_equal(shown[..., 0], np.where(opaque, grey, 0))
        np.testing.assert_array_equal(shown[..., 1], np.where(opaque, 255, 0))


def test_real_jpeg_stamps_pass_through_and_are_refused_as_fits_and_png(shared_data: Path) -> None:
    found = [d for d in real(shared_data) if d.startswith(b"\xff\xd8")]
    assert len(found) == 150
    for data in found[::30]:
        stamp = Stamp("jpeg", data)
        assert jpeg_bytes(stamp) == data
        with Image.open(io.BytesIO(jpeg_bytes(stamp))) as image:
            assert image.format == "JPEG"
        for wanted in (fits_bytes, png_bytes):
            with pytest.raises(PacketError, match="ask for jpg"):
                wanted(stamp)
    with pytest.raises(PacketError, match="ask for fits or png"):
        jpeg_bytes(Stamp("fits", b""))
    with pytest.raises(PacketError, match="no JPEG"):
        jpeg_bytes(Stamp("jpeg", b"<script>"))


def test_limits_hold_before_anything_is_allocated() -> None:
    small = made(np.zeros((4, 4), ">f4"))
    hdus = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *(fits.ImageHDU(np.zeros((2, 2))) for _ in range(4))]).writeto(hdus)
    bad = {
        "more than 1048576": small + b" " * fits_image.MAX_BYTES,
        "longer than 512": small.replace(b"NAXIS1  =                    4", b"NAXIS1  =           4000000000"),
        "4 axes": made(np.zeros((1, 1, 2, 2), ">f4")),
        "more than 4 HDUs": hdus.getvalue(),
        "cut off": small[:2880],
        "header is cut off": small[:1000],
        "has no end": small[:80] + b" " * 2880 * 40,
        "does not begin": b"<html>" + b" " * 2880 * 2,
        "begin with SIMPLE": b"",
        "no HDU has pixels": made(np.zeros((0,), ">f4")),
    }
    for words, data in bad.items():
        begun = time.perf_counter()
        with pytest.raises(PacketError, match=words):
            png_bytes(Stamp("fits", data))
        assert time.perf_counter() - begun < 3, words


def test_a_table_hidden_in_a_stamp_is_refused() -> None:
    out = io.BytesIO()
    table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[1, 2])])
    fits.HDUList([fits.PrimaryHDU(np.zeros((2, 2))), table]).writeto(out)
    with pytest.raises(PacketError, match="more than plain images"):
        fits_bytes(Stamp("fits", out.getvalue()))


def mutant(data: bytes, chance: random.Random) -> bytes:
    """Damage to the first header, where it hurts most, or to the whole."""
    changed = bytearray(data)
    kind = chance.randrange(4)
    if kind == 0:
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(2880)] = chance.randrange(256)
    elif kind == 1:
        card = chance.randrange(12) * 80
        changed[card + 10 : card + 30] = (
            str(chance.choice([-1, 0, 3, 10**9, 2**63, "T", "''", "1E400", "nan"])).rjust(20).encode()
        )
    elif kind == 2:
        del changed[chance.randrange(len(changed)) :]
    else:
        at = chance.randrange(0, 2880, 80)
        changed[at : at + 80] = changed[(to := chance.randrange(0, 2880, 80)) : to + 80]
    return bytes(changed)


def test_three_thousand_mutants_are_shown_or_refused_and_nothing_else(shared_data: Path) -> None:
    sources = [d for d in real(shared_data) if d.startswith(b"SIMPLE")][::40]
    chance = random.Random(20260131)
    refused = 0
    for n in range(3000):
        stamp = Stamp("fits", mutant(sources[n % len(sources)], chance))
        try:
            png = png_bytes(stamp)
        except PacketError:
            refused += 1
        else:
            assert png.startswith(b"\x89PNG")
    assert 300 < refused < 2900
