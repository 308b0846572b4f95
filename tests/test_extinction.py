"""The module `extinction`: published values of the map, astropy's rotation, and the reddening that packets carry."""

from __future__ import annotations

from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from cdshealpix import nested

import real_alerts
import simulated_reddening
from linnet.core.column import TEXT_CODE
from linnet.core.module import declaration
from linnet.core.sky import galactic
from linnet.core.vocabulary import BANDS
from linnet.science.extinction import MAP, extinction

MODULE = declaration(extinction)
TABLE = Path(__file__).parent.parent / "src" / "linnet" / "science" / MAP


def said(ra: list[float | None], dec: list[float | None], band: list[str | None]) -> dict[str, list[float | None]]:
    """What the module says of positions in degrees (ICRS), without the prefix."""
    lon, lat = galactic(np.array(ra, float), np.array(dec, float))
    columns = [pa.array(np.where(np.isnan(x), 0, x), pa.float32(), mask=np.isnan(x)) for x in (lon, lat)]
    found = MODULE.run([*columns, pa.array(band, pa.string()).cast(TEXT_CODE)], len(ra))
    return {name.removeprefix("extinction_"): array.to_pylist() for name, array in found.items()}


@pytest.mark.parametrize(
    ("ra", "dec", "published"),
    [(100.0, 40.0, 0.10739716819557897), (0.0, 0.0, 0.0318188), (5.0, 1.5, 0.02374864), (10.0, 2.1, 0.01746732)],
)
def test_reddening_is_that_of_the_full_map_within_six_percent(ra: float, dec: float, published: float) -> None:
    """Values from the documentation of sfdmap, which multiplies the map by 0.86."""
    assert said([ra], [dec], ["g"])["ebv"] == [pytest.approx(published / 0.86, rel=0.06)]


def test_reddening_is_that_which_simulated_alerts_carry(shared_data: Path) -> None:
    """They carry the full map times 0.86. README of the map: within 12 % (68 %) and 25 % (95 %)."""
    ra, dec, carried = simulated_reddening.of(shared_data)
    assert len(carried) > 900
    found = np.array(said(ra.tolist(), dec.tolist(), ["r"] * len(ra))["ebv"], float)
    away = np.log(found * 0.86 / carried)
    assert abs(np.median(away)) < 0.03
    assert np.percentile(np.abs(away - np.median(away)), 68) < 0.13
    assert np.percentile(np.abs(away - np.median(away)), 95) < 0.27


@pytest.mark.parametrize("read", [real_alerts.ztf, real_alerts.lsst], ids=["ztf", "lsst"])
def test_every_real_alert_has_the_value_of_the_cell_in_which_astropy_finds_it(
    read: real_alerts.Reader, shared_data: Path
) -> None:
    alerts = read(shared_data)[1]
    found = MODULE.run(real_alerts.needs_of(alerts, MODULE.needs), alerts.num_rows)
    places = SkyCoord(alerts.column("ra").to_numpy() * u.deg, alerts.column("dec").to_numpy() * u.deg).galactic
    table = np.load(TABLE).astype(float)
    wanted = table[nested.lonlat_to_healpix(places.l, places.b, 6)]
    ratio = found["extinction_ebv"].to_numpy() / wanted
    assert (np.abs(ratio - 1) < 1e-6).mean() > 0.999, "but for one on the rim of a cell: coordinates here are float32"


def test_the_map_is_whole_and_darkest_in_the_plane() -> None:
    table = np.load(TABLE)
    assert table.shape == (12 * 64 * 64,)
    assert np.isfinite(table).all()
    assert table.min() > 0
    _, lat = nested.healpix_to_lonlat(np.arange(len(table), dtype=np.uint64), 6)
    low, high = np.abs(lat.deg) < 5, np.abs(lat.deg) > 60
    assert np.median(table[low]) > 0.6
    assert np.median(table[high]) < 0.03


def test_extinction_is_the_coefficient_of_each_band_times_the_reddening() -> None:
    """Schlafly & Finkbeiner 2011, table 6: LSST u to y at R_V = 3.1."""
    found = said([83.6, 83.6, 83.6], [22.0] * 3, ["g", None, "VR"])
    ebv = found["ebv"][0]
    assert ebv is not None
    assert [found[b][0] / ebv for b in BANDS] == pytest.approx([4.145, 3.237, 2.273, 1.684, 1.323, 1.088])  # type: ignore[operator]  # no null here
    assert found["mag"] == [found["g"][0], None, None]


def test_without_a_position_nothing_is_said() -> None:
    assert {tuple(values) for values in said([float("nan")], [10.0], ["g"]).values()} == {(None,)}
