"""Asteroids: main-belt and near-Earth orbits that pass through the fields of the nights, some of them known.

A body is drawn where it is seen: its distance from the Sun, semimajor axis and inclination make an orbit through that
point of the sky. Main-belt bodies then move by 0.1 to 0.35 deg a day, near-Earth ones by a degree and more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.core import sky
from linnet.simulation.draws import Floats
from linnet.simulation.fields import separation
from linnet.simulation.orbits import GAUSS, State, earth, elements, magnitude, propagate, sight
from linnet.simulation.radiation import flux_of
from linnet.simulation.sources import Epochs, Request, Sources, on_nothing

KNOWN = 0.7
"""Part of the bodies that the survey knows."""

_SLOPE = 0.15
_C_COLOURS = np.array([1.45, 0.25, -0.20, -0.30, -0.32, -0.33])
_S_COLOURS = np.array([1.75, 0.35, -0.30, -0.50, -0.47, -0.47])
"""Magnitudes relative to V of C and S types: g - r 0.45 and 0.65 (Ivezic et al. 2001, AJ 122, 2749)."""


def asteroid(asked: Request) -> Sources:
    """Bodies of the main belt, one in twelve a near-Earth one; ever more of them down to the depth of the survey."""
    field, ra, dec = asked.place("ecliptic")
    near = asked.uniform("near", 0.0, 1.0) < 1.0 / 12.0
    state = _passing(asked, ra, dec, near)
    deep = asked.campaign.telescope.m5(2)
    seen = sight(state.place, state.mjd)
    v = deep + 0.4 - np.clip(-np.log(asked.uniform("V", 0.0, 1.0)) / 0.9, 0.0, 6.0)
    slope = np.full(len(v), _SLOPE)
    absolute = v - magnitude(np.zeros(len(v)), slope, seen)
    colours = np.where((asked.uniform("type", 0.0, 1.0) < 0.6)[:, None], _C_COLOURS, _S_COLOURS)
    spin, swing = asked.log_uniform("spin", 3.0, 30.0) / 24.0, asked.uniform("swing", 0.0, 0.2)

    def path(at: Epochs) -> tuple[Floats, Floats]:
        found = _at(state, at)
        return found.ra, found.dec

    def light(at: Epochs) -> Floats:
        mag = magnitude(absolute[at.source], slope[at.source], _at(state, at)) + colours[at.source, at.band]
        turn = swing[at.source] * np.cos(4.0 * np.pi * at.mjd / spin[at.source])
        return flux_of(mag + turn)

    rate = _rate(state, np.arange(len(v)))
    exposure = asked.campaign.telescope.exposure / 3600.0
    truth = {"H": absolute, "rate_deg_d": rate / 150.0, "is_near_earth": near, **elements(state)}
    body = {**_bodies(asked, state, absolute), "helio": seen.helio, "topo": seen.topo, "phase": np.degrees(seen.phase)}
    body["rate_deg_d"] = rate / 150.0
    truth["is_known"] = body["is_known"]
    return Sources(
        field, ra, dec, light, on_nothing(len(v)), truth, shape="trail", path=path, trail=rate * exposure, body=body
    )


def _passing(asked: Request, ra: Floats, dec: Floats, near: npt.NDArray[np.bool_]) -> State:
    """States of bodies that are seen at positions in the middle of the campaign."""
    mjd = np.full(len(ra), 0.5 * (asked.campaign.start + asked.campaign.end))
    home = earth(mjd)
    up, right = np.radians(dec), np.radians(ra)
    line = np.stack([np.cos(up) * np.cos(right), np.cos(up) * np.sin(right), np.sin(up)], axis=1)
    a = np.where(near, asked.uniform("a", 1.2, 2.6), asked.uniform("a", 2.15, 3.3))
    helio = np.where(near, asked.uniform("r", 1.03, 1.3), a * (1.0 + asked.normal("e", 0.0, 0.09)))
    helio = np.clip(helio, 1.02, 1.9 * a)
    along = (home * line).sum(axis=1)
    inside = np.maximum(along**2 - (home**2).sum(axis=1) + helio**2, 1e-4)
    place = home + (np.sqrt(inside) - along)[:, None] * line
    pole = np.array([0.0, -np.sin(np.radians(sky.OBLIQUITY_DEG)), np.cos(np.radians(sky.OBLIQUITY_DEG))])
    r = np.linalg.norm(place, axis=1)
    outward = place / r[:, None]
    forward = np.cross(pole, outward)
    forward /= np.linalg.norm(forward, axis=1)[:, None]
    tilt = np.radians(asked.normal("i", 0.0, 8.0))[:, None]
    radial = np.where(near, asked.uniform("radial", -0.35, 0.35), asked.normal("radial", 0.0, 0.05))[:, None]
    direction = np.cos(tilt) * forward + np.sin(tilt) * np.cross(outward, forward) + radial * outward
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    speed = GAUSS * np.sqrt(2.0 / r - 1.0 / a)
    return State(mjd, place, direction * speed[:, None])


def _at(state: State, at: Epochs) -> Any:
    own = State(state.mjd[at.source], state.place[at.source], state.velocity[at.source])
    return sight(propagate(own, at.mjd), at.mjd)


def _rate(state: State, every: npt.NDArray[np.int64]) -> Floats:
    """Arcsec an hour in the middle of the campaign."""
    hour = 1.0 / 24.0
    first, second = (sight(propagate(state, state.mjd + s * hour / 2.0), state.mjd + s * hour / 2.0) for s in (-1, 1))
    east, north = separation(second.ra, second.dec, first.ra, first.dec)
    found: Floats = np.hypot(east, north) * 3600.0
    return found[every]


def _bodies(asked: Request, state: State, absolute: Floats) -> dict[str, npt.NDArray[Any]]:
    """What a survey writes of the bodies it knows."""
    known = asked.draws.chance("known", asked.number, KNOWN)
    year = 2000 + asked.draws.whole("year", asked.number, 24)
    half = asked.draws.whole("half month", asked.number, 24)
    # Letters of the half month leave out I; the second letter and the count come from the number of the body.
    letters = np.array(list("ABCDEFGHJKLMNOPQRSTUVWXY"))[half]
    second = np.array(list("ABCDEFGHJKLMNOPQRSTUVWXYZ"))[asked.number % 25]
    cycle = asked.number // 25
    designation = np.array([f"{y} {a}{b}{c}" for y, a, b, c in zip(year, letters, second, cycle, strict=True)])
    packed = np.array([_packed(*each) for each in zip(year, letters, second, cycle, strict=True)])
    return {"is_known": known, "designation": designation, "packed": packed, "H": absolute, **elements(state)}


def _packed(year: int, first: str, second: str, cycle: int) -> str:
    """A provisional designation in seven characters (Minor Planet Center, Packed Designations)."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    century = {19: "J", 20: "K", 21: "L"}[year // 100]
    return f"{century}{year % 100:02d}{first}{digits[min(cycle // 10, 61)]}{cycle % 10}{second}"
