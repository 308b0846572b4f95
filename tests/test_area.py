"""An area holds exactly the positions whose cells are in it, however it was written down."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from mocpy import MOC

from linnet.adapters import moc_files
from linnet.core.area import ALL_CELLS, Area, normalised
from linnet.core.catalogue import Places
from linnet.core.sky import healpix29, separation
from linnet.errors import InputError
from sky_catalogues import Sky, everywhere, near

CELLS = {"0": [7], "3": [1, 2, 5], "6": [40_000], "12": [123_456, 123_457], "29": [0, 5, 3_000_000_000_000_000_000]}


def places(sky: Sky) -> Places:
    """As alerts."""
    return sky.places()


def read(tmp_path: Path, content: str | bytes, order: int | None = None) -> Area:
    """The area of a file of this content."""
    path = tmp_path / "area"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Area(moc_files.read(path, order))


def by_hand(cells: dict[str, list[int]], sky: Sky) -> list[bool]:
    """Whether each position lies in one of the cells, cell by cell."""
    fine = healpix29(sky.ra, sky.dec).tolist()
    return [any(one >> 2 * (29 - int(order)) in set(of) for order, of in cells.items()) for one in fine]


def positions(seed: int = 1) -> Sky:
    """All over the sky, crowds, poles, a right ascension of zero and corners of base cells."""
    return everywhere(np.random.default_rng(seed), 5_000)


def as_ascii() -> str:
    return " ".join(f"{order}/{' '.join(map(str, cells))}" for order, cells in CELLS.items())


def as_fits(old: bool) -> bytes:
    sink = io.BytesIO()
    MOC.from_json(CELLS).serialize("fits", pre_v2=old).writeto(sink)
    return sink.getvalue()


@pytest.mark.parametrize("content", [json.dumps(CELLS), as_ascii(), as_ascii().replace(" ", "\n"), as_fits(False)])
def test_a_moc_in_any_form_holds_what_its_cells_hold(tmp_path: Path, content: str | bytes) -> None:
    sky, area = positions(), read(tmp_path, content)
    expected = by_hand(CELLS, sky)
    assert area.hold(places(sky)).tolist() == expected
    assert 150 < sum(expected) < 3_000


def test_a_moc_of_version_1_is_read(tmp_path: Path) -> None:
    sky = positions()
    assert read(tmp_path, as_fits(True)).hold(places(sky)).tolist() == by_hand(CELLS, sky)


def test_an_area_holds_what_mocpy_says_that_it_holds(tmp_path: Path) -> None:
    sky = positions(2)
    moc = MOC.from_polygon(np.array([350, 8, 12, 345]) * units.deg, np.array([-6, -9, 9, 7]) * units.deg, max_depth=9)
    moc = moc.union(MOC.from_cone(10 * units.deg, -88 * units.deg, radius=5 * units.deg, max_depth=11))
    expected = moc.contains_lonlat(sky.ra * units.deg, sky.dec * units.deg)
    area = Area(normalised(np.asarray(moc.to_depth29_ranges)))
    assert (area.hold(places(sky)) == expected).all()
    assert area.share == pytest.approx(moc.sky_fraction, rel=1e-9)
    path = tmp_path / "kept.fits"
    moc_files.write(path, area.ranges)
    assert (moc_files.read(path) == area.ranges).all()
    assert (MOC.load(path, "fits").to_depth29_ranges == moc.to_depth29_ranges).all()


def test_the_edge_of_a_range_belongs_to_one_side() -> None:
    area = Area(normalised(np.array([[10, 20], [20, 25], [5, 7], [6, 7], [40, 40]])))
    assert area.ranges.tolist() == [[5, 7], [10, 25]]
    cells = np.array([-1, 0, 4, 5, 6, 7, 9, 10, 20, 24, 25, 26])
    nowhere = np.zeros(len(cells))
    inside = area.hold(Places(cells, nowhere, nowhere, nowhere)).tolist()
    assert inside == [False, False, False, True, True, False, False, True, True, True, False, False]
    whole = Area(normalised(np.array([[0, ALL_CELLS]])))
    assert whole.share == 1.0
    assert whole.hold(places(positions())).all()


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        ([[0, ALL_CELLS + 1]], "not on the sphere"),
        ([[-1, 5]], "not on the sphere"),
        ([[5, 4]], "ends before it begins"),
        ([[5, 5]], "the area is empty"),
        (np.empty((0, 2), dtype=np.int64), "the area is empty"),
    ],
)
def test_ranges_that_are_none_are_refused(ranges: list[list[int]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        normalised(np.array(ranges))


def inside_by_planes(ra: list[float], dec: list[float], sky: Sky) -> list[bool]:
    """Whether positions lie in a convex polygon on the sphere: on one side of the planes of all its sides."""
    corners = SkyCoord(ra, dec, unit="deg").cartesian.xyz.value.T
    stars = SkyCoord(sky.ra, sky.dec, unit="deg").cartesian.xyz.value.T
    sides = np.array([np.cross(a, b) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    turn = np.sign(np.dot(sides[0], corners[2]))
    found: list[bool] = ((turn * stars @ sides.T) > 0).all(axis=1).tolist()
    return found


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        ([350.0, 8.0, 12.0, 345.0], [-6.0, -9.0, 9.0, 7.0]),
        ([10.0, 100.0, 190.0, 280.0], [80.0, 82.0, 79.0, 85.0]),
        ([40.0, 160.0, 280.0], [-60.0, -70.0, -65.0]),
        ([30.0, 60.0, 50.0], [30.0, 41.0, 60.0]),
    ],
)
def test_a_polygon_holds_what_lies_within_its_great_circles(tmp_path: Path, ra: list[float], dec: list[float]) -> None:
    rng = np.random.default_rng(3)
    sky = near(rng, Sky(np.array(ra), np.array(dec)), 20_000, 20_000.0)
    area = read(tmp_path, json.dumps([list(pair) for pair in zip(ra, dec, strict=True)]))
    expected, found = np.array(inside_by_planes(ra, dec, sky)), area.hold(places(sky))
    assert 1_000 < expected.sum() < 19_000
    assert found[expected].all()  # a cell that the border crosses belongs to the area
    outside = np.flatnonzero(found & ~expected)
    cell = 58.6 * 3600.0 / 2**moc_files.FINEST_DRAWN
    assert len(outside) < 100
    corners = np.linspace(0, 1, 4001)
    for n in outside.tolist():
        border = np.inf
        for k in range(len(ra)):
            a, b = (SkyCoord(ra[i % len(ra)], dec[i % len(ra)], unit="deg").cartesian.xyz.value for i in (k, k + 1))
            line = a[None, :] + corners[:, None] * (b - a)[None, :]
            lon, lat = (
                np.degrees(np.arctan2(line[:, 1], line[:, 0])),
                np.degrees(np.arctan2(line[:, 2], np.hypot(line[:, 0], line[:, 1]))),
            )
            border = min(border, float(separation(sky.ra[n], sky.dec[n], lon, lat).min()))
        assert border < 64 * cell


def test_vertices_lines_and_shapes_of_ds9_say_the_same(tmp_path: Path) -> None:
    vertices = [(350.0, -6.0), (8.0, -9.0), (12.0, 9.0), (345.0, 7.0)]
    flat = ",".join(f"{a},{d}" for a, d in vertices)
    texts = [
        json.dumps([list(v) for v in vertices]),
        json.dumps([[list(v) for v in [*vertices, vertices[0]]]]),
        "# a field\n" + "\n".join(f"{a} {d}" for a, d in vertices),
        f"# Region file format: DS9\nglobal color=green\nicrs\npolygon({flat}) # text={{a}}",
        f"fk5; polygon {flat.replace(',', ' ')}",
        "23:20:00 -06:00:00\n00:32:00, -09:00:00\n00:48:00 +09:00:00\n23:00:00 +07:00:00\n",
    ]
    found = [read(tmp_path, text, order=10).ranges for text in texts]
    assert all((each == found[0]).all() for each in found[1:])


def test_a_circle_holds_what_is_near_its_centre(tmp_path: Path) -> None:
    sky = near(np.random.default_rng(5), Sky(np.array([359.9]), np.array([-89.5])), 20_000, 3600.0)
    found = read(tmp_path, "icrs\ncircle(359.9, -89.5, 90')\ncircle(100, 10, 30\")").hold(places(sky))
    away = separation(359.9, -89.5, sky.ra, sky.dec)
    assert found[away <= 5400.0].all()
    assert not found[away > 5400.0 + 30.0].any()
    assert 5_000 < found.sum() < 19_500


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00", "neither FITS nor text"),
        ("no area at all", "cannot be taken: polygon and circle can"),
        ("{", "is no JSON"),
        ('{"30": [1]}', "'30' is no order"),
        ('{"3": [768]}', "768 is no cell of order 3"),
        ('{"3": [-1]}', "-1 is no cell"),
        ('{"3": [1.5]}', "1.5 is no cell"),
        ('{"3": 1}', "is no order from 0 to 29 with a list"),
        ("{}", "the area is empty"),
        ("[[1, 2], [3, 4]]", "3 to 10000 vertices, not 2"),
        ("[[1, 2], [3, 4], [5, 95]]", "a vertex is no position"),
        ("[[1, 2], [1, 2], [5, 9]]", "beside each other are the same"),
        ("[[1, 2], [3, null], [5, 9]]", "neither a MOC nor a list of vertices"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "neither a MOC nor a list"),
        ("3/1-5 99999", "'99999' is no cell"),
        ("3/5-1", "'5-1' is no cell"),
        ("31/1", "'31/' is no order"),
        ("3/1-2-3", "is no cell or range"),
        ("3/x", "'x' is no cell"),
        ("3/ 1 -2", "'-2' is no cell"),
        ("1 2 3", "line 1: '1 2 3' is no position"),
        ("icrs\ncircle(1,2)", "circle\\(2 values\\) cannot be taken"),
        ("icrs\ncircle(1,2,-5)", "line 2: '-5' is no radius"),
        ("icrs\n-circle(1,2,5)", "cut out"),
        ("galactic\ncircle(1,2,3)", "line 1: coordinates in galactic"),
        ("icrs; box(1,2,3,4,0)", "box\\(5 values\\) cannot be taken"),
        ("10 20\n30\n40 50", "line 2: '30' is no position"),
        ("10 20\n30 95\n40 50", "line 2: 95 is no dec"),
        (b"SIMPLE  =                    T" + b" " * 2000, "cannot be read as FITS|holds no MOC"),
    ],
)
def test_what_is_no_area_is_refused_in_one_line(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_a_fits_file_of_something_else_is_refused(tmp_path: Path) -> None:
    table = fits.BinTableHDU.from_columns([fits.Column("RA", "D", array=np.zeros(3))])
    galactic = fits.HDUList.fromstring(as_fits(False))
    galactic[1].header["COORDSYS"] = "G"
    times = fits.HDUList.fromstring(as_fits(False))
    times[1].header["MOCDIM"] = "TIME"
    for units_of, said in (
        (fits.HDUList([fits.PrimaryHDU(), table]), "holds no MOC"),
        (galactic, r"another system \(G\)"),
        (times, "a MOC of time, not of the sky"),
    ):
        sink = io.BytesIO()
        units_of.writeto(sink)
        with pytest.raises(InputError, match=said):
            read(tmp_path, sink.getvalue())


def test_a_damaged_moc_is_refused_or_read_never_worse(tmp_path: Path) -> None:
    rng, good = np.random.default_rng(7), as_fits(False)
    refused = 0
    for _ in range(150):
        torn = bytearray(good[: int(rng.integers(3000, len(good) + 1))])
        for at in rng.integers(2880, len(torn), 3):
            torn[at] = rng.integers(0, 256)
        try:
            area = read(tmp_path, bytes(torn))
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert 0 < area.share <= 1
    assert refused > 20
