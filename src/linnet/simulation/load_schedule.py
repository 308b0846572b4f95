"""When and where the alerts of a load happen: a survey's nights in numbers, without any packet.

Alerts are numbered in order of time. Alert i shows object i modulo the number of objects, so every object has the same
number of alerts (give or take one), a visit sees an object once, and its alerts lie in order over the nights. Nothing
is kept: any alert's time and place follow from its number and the seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CADENCE_S = 37.0
"""Seconds between two visits: that of LSST (Ivezic et al. 2019, ApJ 873, 111: 30 s exposure, readout and slew)."""

_TURN = 360.0
_STREAMS = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)


@dataclass(frozen=True)
class Schedule:
    """Alerts over nights and sky.

    Attributes:
        alerts: how many.
        objects: how many objects they show; at least one.
        nights: over how many nights they are spread evenly.
        per_visit: alerts of one exposure, at most `objects`.
        first_mjd: start of the first night, MJD in UTC.
        night_length: days from its first to its last visit.
        by_field: objects of a visit lie within one field (what a telescope does); False: anywhere on the sky (the
            worst case of a store).
        field_radius: of a field, degrees.
        seed: another seed, other positions.
    """

    alerts: int
    objects: int
    nights: int = 1
    per_visit: int = 1000
    first_mjd: float = 61345.125
    night_length: float = 0.35
    by_field: bool = True
    field_radius: float = 1.75
    seed: int = 1

    def sized(self, multiple: int) -> Schedule:
        """The same with its objects rounded up to a multiple, and visits that see no object twice."""
        objects = max(1, -(-self.objects // multiple)) * multiple
        return replace(self, objects=objects, per_visit=max(1, min(self.per_visit, objects)))

    def object_of(self, alert: Ints) -> Ints:
        """The number of the object that each alert shows."""
        return alert % self.objects

    def night(self, alert: Ints) -> Ints:
        """The night, counted from 0, of each alert; alerts beyond the last one belong to the last night."""
        return np.minimum(alert // self._per_night(), self.nights - 1)

    def visit(self, alert: Ints) -> Ints:
        """The exposure within its night, counted from 0."""
        return (alert - self.night(alert) * self._per_night()) // self.per_visit

    def place_in_visit(self, alert: Ints) -> Ints:
        """The place of each alert among those of its exposure, counted from 0."""
        return (alert - self.night(alert) * self._per_night()) % self.per_visit

    def mjd(self, alert: Ints) -> Floats:
        """Start of the exposure, MJD in UTC."""
        visits = -(-self._per_night() // self.per_visit)
        apart = min(CADENCE_S / 86400.0, self.night_length / visits)
        return self.first_mjd + self.night(alert) + self.visit(alert) * apart

    def position(self, number: Ints) -> tuple[Floats, Floats]:
        """Right ascension and declination of objects, degrees."""
        if not self.by_field:
            return self._uniform(number, 0) * _TURN, _declination(self._uniform(number, 1))
        field = number // self.per_visit
        lon, lat = self._uniform(field, 2) * _TURN, _declination(0.05 + 0.9 * self._uniform(field, 3))
        away = self.field_radius * np.sqrt(self._uniform(number, 0))
        angle = 2 * np.pi * self._uniform(number, 1)
        dec = np.clip(lat + away * np.cos(angle), -90.0, 90.0)
        ra = lon + away * np.sin(angle) / np.maximum(np.cos(np.radians(dec)), 0.01)
        return ra % _TURN, dec

    def jitter(self, alert: Ints) -> Floats:
        """A number from -1 to 1 that belongs to the alert: its brightness about the sample's."""
        return 2.0 * self._uniform(alert, 4) - 1.0

    def _per_night(self) -> int:
        return max(1, -(-self.alerts // self.nights))

    def _uniform(self, number: Ints, stream: int) -> Floats:
        """Numbers from 0 to 1 by hashing (splitmix64: Steele, Lea & Flood 2014, OOPSLA): no state, any order."""
        start = np.uint64((self.seed * 0x2545F4914F6CDD1D + stream * 0xD6E8FEB86659FD93) % 2**64)
        with np.errstate(over="ignore"):
            z = number.astype(np.uint64) * _STREAMS[0] + start
            z = (z ^ (z >> np.uint64(30))) * _STREAMS[1]
            z = (z ^ (z >> np.uint64(27))) * _STREAMS[2]
            z = z ^ (z >> np.uint64(31))
        fraction: Floats = (z >> np.uint64(11)).astype(np.float64) / 2.0**53
        return fraction


def _declination(uniform: Floats) -> Floats:
    """Declinations, degrees, evenly over the sphere."""
    return np.degrees(np.arcsin(2.0 * uniform - 1.0))
