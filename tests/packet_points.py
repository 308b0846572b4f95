"""The measurements that a real packet holds, read from its record alone: what oracles of light curves start from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ZTF_BAND = {1: "g", 2: "r", 3: "i"}
POGSON = 2.5 / math.log(10)
EPS = 1e-6


@dataclass(frozen=True)
class Seen:
    """One measurement: time in days from the alert (0 or below), band, flux and error in nJy."""

    t: float
    band: str
    flux: float
    error: float

    @property
    def mag(self) -> float:
        """AB magnitude of a positive flux."""
        return 31.4 - 2.5 * math.log10(self.flux)

    @property
    def mag_error(self) -> float:
        """Its error."""
        return POGSON * self.error / self.flux


@dataclass(frozen=True)
class Packet:
    """An alert by its record: detections and forced measurements in order of time, band, flux of its template."""

    detections: list[Seen]
    forced: list[Seen]
    band: str | None
    template: float | None

    @property
    def has_twins(self) -> bool:
        """Whether two detections are of one band and time."""
        return len({(p.band, round(p.t, 6)) for p in self.detections}) < len(self.detections)


def of(record: dict[str, Any]) -> Packet:
    """The measurements of a ZTF or LSST record, those later than the alert left out."""
    return _ztf(record) if "candidate" in record else _lsst(record)


def _sorted(points: Iterator[Seen] | list[Seen]) -> list[Seen]:
    return sorted((p for p in points if p.t <= EPS), key=lambda p: p.t)


def _ztf(record: dict[str, Any]) -> Packet:
    own = record["candidate"]
    earlier = [p for p in record.get("prv_candidates") or [] if p.get("candid") is not None and p["jd"] <= own["jd"]]
    seen = {p["candid"]: p for p in reversed(earlier)} | {own["candid"]: own}
    detections = []
    for p in seen.values():
        flux = 10 ** ((31.4 - p["magpsf"]) / 2.5) * (1 if p["isdiffpos"] in ("t", "1", 1, True) else -1)
        detections.append(Seen(p["jd"] - own["jd"], ZTF_BAND[p["fid"]], flux, abs(flux) / POGSON * p["sigmapsf"]))
    magnr, apart = own.get("magnr"), own.get("distnr")
    has = magnr is not None and magnr > 0 and apart is not None and 0 <= apart < 1.5
    template = 10 ** ((31.4 - magnr) / 2.5) if has else None
    return Packet(_sorted(detections), _sorted(_ztf_forced(record)), ZTF_BAND.get(own["fid"]), template)


def _ztf_forced(record: dict[str, Any]) -> Iterator[Seen]:
    now, earlier = record["candidate"]["jd"], record.get("prv_candidates") or []
    inside = [p for p in earlier if p.get("candid") is None and p.get("forcediffimflux") is not None]
    for p in [*(record.get("fp_hists") or []), *inside]:
        if p.get("procstatus") in {"0", "56"} and p["forcediffimflux"] > -99998:
            unit = 10 ** ((31.4 - p["magzpsci"]) / 2.5)
            yield Seen(p["jd"] - now, ZTF_BAND[p["fid"]], p["forcediffimflux"] * unit, p["forcediffimfluxunc"] * unit)


def _lsst(record: dict[str, Any]) -> Packet:
    own = record["diaSource"]
    seen = {p["diaSourceId"]: p for p in record.get("prvDiaSources") or []} | {own["diaSourceId"]: own}
    forced = {p["diaForcedSourceId"]: p for p in reversed(record.get("prvDiaForcedSources") or [])}
    template = own.get("templateFlux")
    finite = template if template is not None and math.isfinite(template) else None
    return Packet(_sorted(_points(own, seen)), _sorted(_points(own, forced)), own["band"], finite)


def _points(own: dict[str, Any], points: dict[int, dict[str, Any]]) -> Iterator[Seen]:
    for p in points.values():
        flux, error = p["psfFlux"], p["psfFluxErr"]
        if flux is not None and math.isfinite(flux) and error is not None and error > 0:
            yield Seen(p["midpointMjdTai"] - own["midpointMjdTai"], p["band"], flux, error)
