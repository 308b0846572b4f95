"""Objects with their detections, seen three ways: as Lasair's tables, as BOOM's documents, and as our columns.

Each is made from the detections alone, as the public code of each broker makes it. The detections are such that what is
only near agrees: all within 30 d and of good quality, brighter than the reference unless `faint`, at one position.
"""

from __future__ import annotations

import math
import random
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from linnet.core.column import Column

Row: TypeAlias = dict[str, Any]

JULIAN = 2400000.5
BEFORE_MIDDLE = (37 + 15) / 86400
"""ZTF dates the start of an exposure of 30 s in UTC; here its middle counts, in TAI, which is 37 s ahead."""


def some_objects(chance: random.Random, number: int, *, faint: bool = False) -> list[Row]:
    """Objects whose latest detection is the alert. Every tenth or so lacks what a packet may lack."""
    return [_object(chance, place, faint=faint) for place in range(number)]


def _object(chance: random.Random, place: int, *, faint: bool) -> Row:
    now = 60000 + chance.uniform(0, 90)
    times = sorted({now, *(now - chance.uniform(0.01, 29) for _ in range(chance.choice((1, 2, 5, 14))))})
    letters = "".join(chance.choice("abcdefghijklm") for _ in range(7))
    return {
        "name": f"ZTF2{place % 10}{letters}{place:02d}"[:12],
        "number": 3_000_000_000_000_000 + place,
        "ra": chance.uniform(0, 360),
        "dec": chance.uniform(-30, 90),
        "gal_lat": chance.uniform(-90, 90),
        "sgscore1": _or_missing(chance, chance.uniform(0.01, 1)),
        "distpsnr1": _or_missing(chance, chance.uniform(0.01, 20)),
        "sgmag1": _or_missing(chance, chance.uniform(14, 22)),
        "srmag1": _or_missing(chance, chance.uniform(14, 22)),
        "body": chance.choice((None, None, None, "11743")),
        "drb": chance.choice((None, chance.uniform(0.76, 1))),
        "rb": chance.uniform(0.76, 1),
        "fwhm": chance.uniform(0.6, 9),
        "nbad": chance.randint(0, 6),
        "ndethist": chance.randint(1, 300),
        "reliability": chance.choice((None, chance.uniform(0, 1))),
        "first": chance.choice((None, now - chance.uniform(0, 60))),
        "counted": chance.choice((None, chance.randint(1, 40))),
        "points": [_point(chance, mjd, faint=faint) for mjd in times],
        "listed": chance.random() < 0.5,
    }


def _or_missing(chance: random.Random, value: float) -> float | None:
    return None if chance.random() < 0.25 else _single(value)


def _single(value: float) -> float:
    return float(np.float32(value))


def _point(chance: random.Random, mjd: float, *, faint: bool) -> Row:
    sign = -1 if faint and chance.random() < 0.4 else 1
    flux = _single(sign * 10 ** chance.uniform(3, 8))
    return {"mjd": mjd, "band": chance.choice("gr"), "flux": flux, "mag": 31.4 - 2.5 * math.log10(abs(flux))}


def lasair_ztf(each: Row) -> Row:
    """The row of Lasair ZTF: dates are Julian, -999 is what the packet lacks, a count of 0 is null."""
    points, row = each["points"], {"objectId": each["name"], "ssnamenr": each["body"]}
    for band in "gr":
        mags = [p["mag"] for p in points if p["band"] == band]
        dates = [_julian(p["mjd"]) for p in points if p["band"] == band]
        row |= {f"{band}mag": mags[-1] if mags else None, f"jd{band}max": max(dates, default=None)}
        row |= {f"mag{band}min": min(mags, default=None), f"mag{band}max": max(mags, default=None)}
        row |= {f"mag{band}mean": sum(mags) / len(mags) if mags else None, f"dmdt_{band}": None}
    good = [_julian(p["mjd"]) for p in points if p["flux"] > 0]
    latest = _julian(points[-1]["mjd"])
    for days, name in ((math.inf, "ncandgp"), (7, "ncandgp_7"), (14, "ncandgp_14")):
        row[name] = sum(latest - date < days for date in good) or None
    for name in ("sgscore1", "distpsnr1", "sgmag1", "srmag1"):
        row[name] = -999.0 if each[name] is None else each[name]
    row |= {"ramean": each["ra"], "decmean": each["dec"], "glatmean": each["gal_lat"], "ncand": len(points)}
    return row | {"jdmax": latest, "jdmin": _julian(points[0]["mjd"])}


def _julian(mjd: float) -> float:
    return mjd - BEFORE_MIDDLE + JULIAN


def lasair_lsst(each: Row) -> Row:
    """The row of Lasair LSST."""
    points = each["points"]
    row = {"diaObjectId": each["number"], "ra": each["ra"], "decl": each["dec"], "glat": each["gal_lat"]}
    for band in "ugrizy":
        mine = [p for p in points if p["band"] == band]
        row |= {f"{band}_psfFlux": mine[-1]["flux"] if mine else None, f"n{band}Sources": len(mine)}
        row |= {f"{band}_latestMJD": mine[-1]["mjd"] if mine else None}
    row |= {"lastDiaSourceMjdTai": points[-1]["mjd"], "firstDiaSourceMjdTai": each["first"]}
    row |= {"latestR": each["reliability"], "nDiaSources": each["counted"], "nSources": len(points)}
    return row | {"latest_psfFlux": points[-1]["flux"], "nPosDiaSources": sum(p["flux"] > 0 for p in points)}


def boom(each: Row) -> Row:
    """The document of BOOM, fields that the packet lacks left out or -999 as the packet has them."""
    latest = each["points"][-1]
    candidate: Row = {"ra": each["ra"], "dec": each["dec"], "band": latest["band"], "magpsf": _single(latest["mag"])}
    candidate |= {"isdiffpos": latest["flux"] > 0, "rb": each["rb"], "fwhm": each["fwhm"], "nbad": each["nbad"]}
    candidate |= {"ndethist": each["ndethist"], "jd": _julian(latest["mjd"])}
    if each["drb"] is not None:
        candidate["drb"] = each["drb"]
    for name in ("sgscore1", "distpsnr1", "sgmag1"):
        candidate[name] = -999.0 if each[name] is None else each[name]
    return {"objectId": each["name"], "candid": each["number"], "candidate": candidate}


def our_columns(objects: Sequence[Row], survey: str) -> dict[str, list[Any]]:
    """Our columns of the alerts."""
    same = {"ra": "ra", "dec": "dec", "gal_lat": "gal_lat", "body_id": "body", "reliability": "reliability"}
    same |= {
        f"ztf_{n}": n for n in ("sgscore1", "distpsnr1", "sgmag1", "srmag1", "drb", "rb", "fwhm", "nbad", "ndethist")
    }
    same |= {"lsst_object_firstDiaSourceMjdTai": "first", "lsst_object_nDiaSources": "counted", "alert_id": "number"}
    same |= {"lsst_object_ra": "ra", "lsst_object_dec": "dec"}
    found: dict[str, list[Any]] = {name: [each[key] for each in objects] for name, key in same.items()}
    found["object_id"] = [each["name"] if survey == "ztf" else str(each["number"]) for each in objects]
    found["survey"] = [survey] * len(objects)
    return found | _light_curves([each["points"] for each in objects])


def _light_curves(curves: Sequence[Sequence[Row]]) -> dict[str, list[Any]]:
    latest = [points[-1] for points in curves]
    found: dict[str, list[Any]] = {name: [p[name] for p in latest] for name in ("mjd", "band", "flux")}
    found |= {"first_mjd": [points[0]["mjd"] for points in curves], "n_detections": [len(points) for points in curves]}
    found["n_positive"] = [sum(p["flux"] > 0 for p in points) for points in curves]
    found |= {"is_positive": [p["flux"] > 0 for p in latest], "ztf_magpsf": [_single(p["mag"]) for p in latest]}
    found["ztf_jd"] = [_julian(p["mjd"]) for p in latest]
    for band in "ugrizy":
        found[f"n_detections_{band}"] = [sum(p["band"] == band for p in points) for points in curves]
    for name in ("mjd", "band", "flux"):
        found[f"hist_{name}"] = [[p[name] for p in points] for points in curves]
    return found | {"hist_kind": [[0] * len(p) for p in curves], "hist_flux_err": [[1.0] * len(p) for p in curves]}


def arrays(told: Mapping[str, list[Any]], columns: Mapping[str, Column], names: Sequence[str]) -> dict[str, pa.Array]:
    """The columns of these names that a filter reads."""
    length = len(told["survey"])
    return {n: pa.array(told.get(n, [None] * length), columns[n].type) for n in names if n in columns}


class Tables:
    """Lasair's database with one object in it at a time, as it is when its alert comes."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._place = 0
        self._base = sqlite3.connect(":memory:")
        name = next(iter(rows[0]))
        described = ", ".join(f'"{column}"' for column in rows[0])
        self._base.execute(f"create table kept ({described}, place)")
        marks = ", ".join("?" * (len(rows[0]) + 1))
        kept = [(*each.values(), place) for place, each in enumerate(rows)]
        self._base.executemany(f"insert into kept values ({marks})", kept)  # noqa: S608 - question marks
        self._base.create_function("here", 0, lambda: self._place)
        for each in ("jdnow", "mjdnow"):
            self._base.create_function(each, 0, self._now)
        self._base.create_function("isnull", 1, lambda value: value is None)
        self._base.create_function("least", 2, lambda *told: None if None in told else min(told))
        self._base.create_function("log10", 1, lambda value: math.log10(value) if value and value > 0 else None)
        self._base.execute(f"create view objects as select {described} from kept where place = here()")  # noqa: S608 - names of this file
        self._base.execute(f'create view sherlock_classifications as select "{name}" from objects')  # noqa: S608 - the same

    def _now(self) -> float:
        row = self._rows[self._place]
        return float(row["jdmax"] if "jdmax" in row else row["lastDiaSourceMjdTai"])

    def passing(self, condition: str) -> list[bool]:
        """For each object, whether a condition, or a whole statement, lets it pass."""
        is_whole = condition.lstrip().lower().startswith("select")
        text = condition if is_whole else f"select * from objects where {condition}"  # noqa: S608 - it is what is tested
        found = []
        for place in range(len(self._rows)):
            self._place = place
            found.append(bool(self._base.execute(text).fetchall()))
        return found
