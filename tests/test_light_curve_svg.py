"""The drawn light curve: what was drawn is read back from the drawing and compared with the data."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.time import Time

from linnet.core.unit import POINT
from linnet.formats.axis_ticks import calendar, nice_ticks
from linnet.formats.light_curve_marks import Quantity, left_out_sentence, marks
from linnet.formats.light_curve_svg import light_curve_svg

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '"><script>x</script>'


def points(*rows: tuple[int, float, str | None, float | None, float | None]) -> pa.Table:
    """`POINT` rows of (kind, mjd, band, flux, flux_err); keys count up from 100."""
    rest = {"object_id": "o", "public": True, "known_night": 1, "alert_mjd": 1.0, "alert_id": 1, "source_id": None}
    names = ("kind", "mjd", "band", "flux", "flux_err")
    listed = [{**dict(zip(names, row, strict=True)), **rest, "key": 100 + n} for n, row in enumerate(rows)]
    table = {f.name: [r[f.name] for r in listed] for f in POINT}
    return pa.table({f.name: pa.array(table[f.name], _plain(f.type)).cast(f.type) for f in POINT}, schema=POINT)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


CURVE = points(
    (0, 59000.25, "g", 1000.0, 20.0),
    (0, 59010.5, "r", 36307.8, 100.0),
    (0, 59020.75, "g", -400.0, 30.0),
    (1, 59005.0, "i", 500.0, 10.0),
    (1, 59006.0, "i", 20.0, 10.0),
    (2, 58990.0, "g", None, 100.0),
    (0, 59021.0, "g", None, None),
)


def tree(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own drawing, and the test that it is well formed


def drawn(svg: str, css: str) -> list[ET.Element]:
    return [e for e in tree(svg).iter() if css in e.get("class", "").split() and e.find(f"{SVG}title") is not None]


def axis(svg: str, css: str, coordinate: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Places and numbers of an axis's labels."""
    labels = [e for e in tree(svg).iter(f"{SVG}text") if e.get("class") == css]
    return np.array([float(e.get(coordinate, "")) for e in labels]), np.array([float(e.text or "") for e in labels])


def read_back(svg: str) -> dict[str, list[tuple[float, float]]]:
    """(mjd, value) of every mark by kind of mark, through straight lines fitted to the axes' labels."""
    x, mjd = axis(svg, "lc-mjd", "x")
    y, value = axis(svg, "lc-value", "y")
    to_mjd, to_value = np.polyfit(x, mjd - 59000, 1), np.polyfit(y - 4.5, value, 1)
    found: dict[str, list[tuple[float, float]]] = {}
    for css in ("lc-dot", "lc-open", "lc-limit"):
        for element in drawn(svg, css):
            if css == "lc-limit":
                moved = element.get("d", "")[1:].split("h")[0].split(" ")
                place = float(moved[0]) + 4, float(moved[1]) + 3
            else:
                place = float(element.get("cx", "")), float(element.get("cy", ""))
            at = float(np.polyval(to_mjd, place[0])) + 59000, float(np.polyval(to_value, place[1]))
            found.setdefault(css, []).append(at)
    return found


def test_magnitudes_are_drawn_where_astropy_says_they_are() -> None:
    found = read_back(light_curve_svg(CURVE, "mag"))
    truth = {
        "lc-dot": [(59000.25, 1000.0), (59010.5, 36307.8)],
        "lc-open": [(59005.0, 500.0)],
        "lc-limit": [(58990.0, 500.0)],
    }
    for css, expected in truth.items():
        assert len(found[css]) == len(expected)
        for (mjd, mag), (true_mjd, flux) in zip(found[css], expected, strict=True):
            assert mjd == pytest.approx(true_mjd, abs=0.05)
            assert mag == pytest.approx((flux * u.nJy).to_value(u.ABmag), abs=0.02)


def test_fluxes_are_drawn_with_their_sign_and_limits_at_five_sigma() -> None:
    svg = light_curve_svg(CURVE, "flux")
    found = read_back(svg)
    assert "difference flux (µJy)" in svg
    assert [v for _, v in found["lc-dot"]] == pytest.approx([1.0, 36.3078, -0.4], abs=0.1)
    assert [v for _, v in found["lc-open"]] == pytest.approx([0.5, 0.02], abs=0.1)
    assert [v for _, v in found["lc-limit"]] == pytest.approx([0.5], abs=0.1)


def test_what_is_not_drawn_is_said() -> None:
    by_mag, by_flux = marks(CURVE, "mag"), marks(CURVE, "flux")
    assert (by_mag.left_out, by_flux.left_out) == (3, 1)
    assert left_out_sentence(by_mag, "mag").startswith("3 points are not drawn here: negative flux")
    assert left_out_sentence(by_flux, "flux") == "1 point is not drawn: no flux was sent."
    assert "3 points are not drawn" in light_curve_svg(CURVE, "mag")
    assert by_mag.bands() == ["g", "r", "i"]


def test_error_bars_span_one_sigma_each_way() -> None:
    svg = light_curve_svg(points((0, 59000.0, "g", 1000.0, 100.0), (0, 59001.0, "g", 2000.0, 0.0)), "flux")
    bars = [e.get("d", "") for e in tree(svg).iter() if "lc-bar" in e.get("class", "")]
    assert len(bars) == 1
    assert bars[0].count("M") == 1
    low, high = (float(v) for v in bars[0].split(" ")[1].split("V"))
    y, value = axis(svg, "lc-value", "y")
    slope = np.polyfit(y, value, 1)[0]
    scale = 1.0 if "(nJy)" in svg else 1000.0
    assert abs((high - low) * slope) * scale == pytest.approx(200.0, rel=0.05)


def test_the_chosen_alert_has_a_ring_around_its_dot() -> None:
    rings = [e for e in tree(light_curve_svg(CURVE, "mag", chosen=101)).iter() if e.get("class") == "lc-chosen"]
    dots = drawn(light_curve_svg(CURVE, "mag"), "lc-dot")
    assert [(r.get("cx"), r.get("cy")) for r in rings] == [(dots[1].get("cx"), dots[1].get("cy"))]
    assert "lc-chosen" not in light_curve_svg(CURVE, "mag", chosen=103)  # forced, not an alert


def test_a_hostile_band_name_stays_text() -> None:
    svg = light_curve_svg(points((0, 59000.0, HOSTILE, 1.0, 0.1), (0, 59001.0, None, 1.0, 0.1)), "mag")
    root = tree(svg)
    assert not list(root.iter(f"{SVG}script"))
    assert sum(HOSTILE in (e.text or "") for e in root.iter()) >= 1
    assert {e.get("class") for e in drawn(svg, "band-other")} == {"lc-dot band-other"}


@pytest.mark.parametrize("quantity", ["mag", "flux"])
@pytest.mark.parametrize(
    "table",
    [
        POINT.empty_table(),
        points((0, 59000.0, "g", None, None)),
        points((0, 59000.0, "g", 100.0, None)),
        points((0, 59000.0, "g", 0.0, 0.0), (0, 59000.0, "g", 0.0, 0.0)),
        points((0, 59000.0, "g", 3e38, 3e38), (0, 59000.0, "g", -3e38, 1e-38)),
        points((0, 59000.0, "g", 1e-44, 1e-44)),
        points((0, math.nan, "g", 1.0, 1.0), (0, math.inf, "g", 1.0, 1.0)),
        points((0, 0.0, "g", 1.0, math.inf), (0, 1e7, "r", math.nan, 1.0)),
        points(*[(0, 59000.0 + n, f"band{n}", 1.0 + n, 0.1) for n in range(30)]),
        points(*[(0, 59000.0 + n / 10, "r", 1000.0 + n, 10.0) for n in range(3000)]),
    ],
)
def test_every_light_curve_gives_a_drawing_with_finite_numbers(table: pa.Table, quantity: Quantity) -> None:
    svg = light_curve_svg(table, quantity)
    assert tree(svg).tag == f"{SVG}svg"
    assert "nan" not in svg
    assert "inf" not in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    if not len(marks(table, quantity)):
        assert "can be drawn" in svg


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (59380.2, 59461.9), (-3.0, 7e6), (14.123, 14.129), (1e30, 2e30), (-1e-12, 1e-12)]
)
def test_ticks_are_nice_few_and_inside(low: float, high: float) -> None:
    ticks = nice_ticks(low, high, 5)
    assert 2 <= len(ticks.values) <= 11
    assert all(low <= v <= high for v in ticks.values)
    assert ticks.step / 10 ** math.floor(math.log10(ticks.step) + 1e-9) == pytest.approx(1, abs=4.01)
    assert len(set(ticks.labels())) == len(ticks.values)
    for label, value in zip(ticks.labels(), ticks.values, strict=True):
        assert float(label) == pytest.approx(value, abs=ticks.step / 100, rel=1e-2)


@pytest.mark.parametrize("mjd", [0.0, 40587.0, 51544.5, 59000.75, 60370.25])
def test_calendar_dates_are_those_of_astropy(mjd: float) -> None:
    assert calendar(mjd, "%Y-%m-%d %H:%M:%S") == Time(mjd, format="mjd", scale="tai").strftime("%Y-%m-%d %H:%M:%S")


def test_times_beyond_the_calendar_have_no_date() -> None:
    assert [calendar(mjd) for mjd in (-1.0, 1e7, math.inf, math.nan)] == [""] * 4
    assert calendar(2973483.0) == "9999-12-31"
