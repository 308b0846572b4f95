"""Modules of single fields on every real packet against plain Python and astropy on what the packets hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

import real_alerts
from linnet.core.module import Module
from linnet.core.plan import Plan
from linnet.science.registry import modules

MODULES = {each.name: each for each in modules()}
READERS = {"ztf": real_alerts.ztf, "lsst": real_alerts.lsst}

Said = dict[str, Any]


def number(value: Any, *nothing: float) -> Any:
    """A number of a packet, None where it is missing, not finite or one of its sentinels."""
    return None if value is None or not math.isfinite(value) or value in {-999.0, -99999.0, *nothing} else value


def host(record: Said) -> Said:
    """Of the three objects of Pan-STARRS; an LSST packet has only its template."""
    own = record.get("candidate") or {}
    score, apart = ([number(own.get(f"{name}{i}")) for i in (1, 2, 3)] for name in ("sgscore", "distpsnr"))
    galaxies = [a for s, a in zip(score, apart, strict=True) if s is not None and a is not None and s < 0.4]
    near = score[0] is not None and apart[0] is not None
    kind = None
    if near and apart[0] <= 15:
        kind = "star" if score[0] > 0.76 else "galaxy" if score[0] < 0.4 else "unclear"
    return {
        "kind": kind,
        "separation": apart[0],
        "star_score": score[0],
        "mag": number(own.get("srmag1")),
        "on_star": score[0] > 0.76 and apart[0] < 2 if near else None,
        "galaxy_separation": min(galaxies, default=None),
        "template_snr": _template_snr(record),
    }


def _template_snr(record: Said) -> Any:
    if "candidate" not in record:
        flux, error = (number(record["diaSource"].get(f"templateFlux{n}")) for n in ("", "Err"))
        return None if flux is None or not error else flux / error
    own = record["candidate"]
    magnr, error, apart = (number(own.get(n)) for n in ("magnr", "sigmagnr", "distnr"))
    if magnr is None or error is None or apart is None or magnr <= 0 or not 0 <= apart < 1.5:
        return None
    return 2.5 / math.log(10) / error


def astrometry(record: Said) -> Said:
    """Separations by astropy."""
    if "candidate" in record:
        apart = number(record["candidate"].get("distnr"))
        return {**_scatter(record), "reference_offset": None if apart is None else apart * 1.0126, **_no_object()}
    own, object_ = record["diaSource"], record.get("diaObject") or {}
    errors: list[Any] = [number(own.get(n)) or None for n in ("raErr", "decErr")]
    said = {**_scatter(record), "reference_offset": None, **_no_object()}
    if None not in errors:
        said["error"] = 3600 * math.hypot(*errors) / math.sqrt(2)
    if number(object_.get("ra")) is None or number(object_.get("dec")) is None:
        return said
    here, there = (SkyCoord(each["ra"] * u.deg, each["dec"] * u.deg) for each in (own, object_))
    said["object_offset"] = here.separation(there).arcsec
    if None not in errors:
        east, north = (each.to_value(u.deg) for each in here.spherical_offsets_to(there))
        said["object_offset_sigma"] = math.hypot(east / errors[0], north / errors[1])
    return said


def _scatter(record: Said) -> Said:
    """By astropy's offsets from the first position, over those that are not later than the alert, one per id."""
    if "candidate" in record:
        own, earlier, name, when = record["candidate"], record.get("prv_candidates") or [], "candid", "jd"
    else:
        own, earlier = record["diaSource"], record.get("prvDiaSources") or []
        name, when = "diaSourceId", "midpointMjdTai"
    known = [p for p in earlier if p.get(name) is not None and p[when] <= own[when] + 1e-6]
    seen = {p[name]: p for p in reversed(known) if p.get("timeWithdrawnMjdTai") is None} | {own[name]: own}
    places = SkyCoord([p["ra"] for p in seen.values()] * u.deg, [p["dec"] for p in seen.values()] * u.deg)
    if len(seen) < 2:
        return {"n": 1, "scatter": None}
    offsets = [each.to_value(u.arcsec) for each in places[0].spherical_offsets_to(places)]
    scatter = math.sqrt(sum(np.var(each, ddof=1) for each in offsets) / 2)
    return {"n": len(seen), "scatter": scatter if scatter < 3600 else None}


def _no_object() -> Said:
    return {"object_offset": None, "object_offset_sigma": None, "error": None}


def trail(record: Said) -> Said:
    """The longest direction as an eigenvector of numpy's."""
    own = record.get("diaSource") or {}
    failed = own.get("trail_flag") or own.get("trail_flag_edge")
    length, angle = (None if failed else number(own.get(f"trail{n}")) for n in ("Length", "Angle"))
    said: Said = {"length": length, "angle": angle, "psf_fwhm": None, "ratio": None, "sigma": None}
    matrix, psf = (_moments(own, suffix) for suffix in ("", "PSF"))
    if psf is not None and np.linalg.det(psf) > 0:
        said["psf_fwhm"] = 2.354820045 * np.linalg.det(psf) ** 0.25
        said["ratio"] = None if length is None else length / said["psf_fwhm"]
    flux, error = number(own.get("psfFlux")), number(own.get("psfFluxErr"))
    if matrix is not None and psf is not None and flux is not None and error:
        values, vectors = np.linalg.eigh(matrix)
        beside = vectors[:, 1] @ psf @ vectors[:, 1]
        if values[1] > 0:
            snr = abs(flux) / error
            said["sigma"] = (values[1] - beside) / (values[1] * math.hypot(math.sqrt(8) / snr, 0.05))
    return said


def _moments(own: Said, suffix: str) -> Any:
    xx, yy, xy = (number(own.get(f"{n}{suffix}")) for n in ("ixx", "iyy", "ixy"))
    return None if xx is None or yy is None or xy is None else np.array([[xx, xy], [xy, yy]])


def solar_system(record: Said) -> Said:
    """Without what comes from other modules: which alert is one is tested in test_solar_system."""
    if "candidate" in record:
        own = record["candidate"]
        predicted = number(own.get("ssmagnr"))
        seen = own["magpsf"] if own["isdiffpos"] in ("t", "1", 1, True) else None
    else:
        own, body = record["diaSource"], record.get("ssSource") or {}
        names = ("ephVmag", "predictedVMagnitude")
        predicted = next((each for n in names if (each := number(body.get(n), 0.0)) is not None), None)
        flux = number(own["psfFlux"])
        seen = 31.4 - 2.5 * math.log10(flux) if flux is not None and flux > 0 else None
    difference = None if predicted is None or seen is None else seen - predicted
    return {"predicted_mag": predicted, "mag_difference": difference}


ORACLES: dict[str, Callable[[Said], Said]] = {
    "host": host,
    "astrometry": astrometry,
    "trail": trail,
    "solar_system": solar_system,
}

PART = {"solar_system"}
"""Modules of which the oracle gives some columns."""


@pytest.mark.parametrize("survey", READERS)
@pytest.mark.parametrize("name", ORACLES)
def test_every_value_is_that_of_plain_python_on_the_packet(name: str, survey: str, shared_data: Path) -> None:
    records, alerts = READERS[survey](shared_data)
    found = {n.removeprefix(f"{name}_"): values for n, values in _run(MODULES[name], alerts).items()}
    for i, record in enumerate(records):
        wanted = ORACLES[name](record)
        assert name in PART or set(wanted) == set(found)
        for column, value in wanted.items():
            same = pytest.approx(value, rel=1e-3, abs=2e-4) if isinstance(value, float) else value
            assert found[column][i] == same, (i, column)


def _run(module: Module, alerts: Any) -> dict[str, list[Any]]:
    behind = Plan(modules(), real_alerts.AVAILABLE, wanted=module.gives).run(alerts, _fails)
    return {name: behind.column(name).to_pylist() for name in module.gives}


def _fails(module: object, error: Exception) -> None:
    raise AssertionError(str(module)) from error
