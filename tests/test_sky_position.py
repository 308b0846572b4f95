"""Positions as people write them, against astropy's reading of the same text."""

from __future__ import annotations

import random

import pytest
from astropy import units as u
from astropy.coordinates import Angle, SkyCoord

from linnet.errors import InputError
from linnet.web.sky_position import declination, position, right_ascension, sexagesimal


@pytest.mark.parametrize(
    "text",
    [
        "10:00:28.8 +02:12:36",
        "10 00 28.8 +02 12 36",
        "10 00 28.8 2 12 36.5",
        "10h00m28.8s -02d12m36s",
        "23:59:59.99 -89:59:59.9",
        "00:00:00 -00:00:01",
        "5:34 22:00",
        "10:00:28.8, -02:12:36",
    ],
)
def test_sexagesimal_positions_are_what_astropy_reads(text: str) -> None:
    found = position(text)
    assert found is not None
    truth = SkyCoord(text.replace(",", ""), unit=(u.hourangle, u.deg))
    assert found == pytest.approx((truth.ra.deg, truth.dec.deg), abs=1e-10)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("150.12 2.21", (150.12, 2.21)),
        ("150.12 -2.21", (150.12, -2.21)),
        ("  150.12,+2.21 ", (150.12, 2.21)),
        ("150.12; .5", (150.12, 0.5)),
        ("0 -90", (0.0, -90.0)),
        ("360 90", (0.0, 90.0)),
    ],
)
def test_decimal_positions_are_degrees(text: str, truth: tuple[float, float]) -> None:
    assert position(text) == truth


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ZTF21abiuvdk",
        "170112044682969139",
        "1 2 3",
        "nan 5",
        "inf 0",
        "1e3 4",
        "1_0 5",
        "\u0661\u0665\u0660 \u0662",
        "a b",
        "1" * 90,
    ],
)
def test_other_texts_are_no_position(text: str) -> None:
    assert position(text) is None


@pytest.mark.parametrize("text", ["361 0", "-1 0", "10 90.1", "10 -91", "25:00:00 0:0:0", "1:00:00 -90:00:01"])
def test_positions_off_the_sky_are_refused_with_the_forms_that_would_do(text: str) -> None:
    with pytest.raises(InputError, match=r"write degrees"):
        position(text)


def test_single_coordinates_take_both_forms() -> None:
    assert right_ascension("10:00:24.0") == pytest.approx(Angle("10h0m24s").deg)
    assert declination("-02:30:00") == -2.5
    for bad in ("12:60:00", "12:00:60", "x", "", "1 2 3 4", "9" * 100):
        with pytest.raises(InputError):
            right_ascension(bad)


def test_written_positions_read_back_within_their_last_digit() -> None:
    chance = random.Random(4)
    for _ in range(500):
        ra, dec = chance.uniform(0, 360), chance.uniform(-90, 90)
        back = position(sexagesimal(ra, dec))
        assert back is not None
        assert SkyCoord(ra, dec, unit="deg").separation(SkyCoord(*back, unit="deg")).arcsec < 0.1
    assert sexagesimal(359.9999999, -0.0000001) == "00:00:00.00 -00:00:00.0"
    assert sexagesimal(15 * 59.99999999 / 3600, 59.99999 / 3600) == "00:01:00.00 +00:01:00.0"
