"""Orbits about the Sun, as seen from the Earth: two bodies, no perturbations, no light time.

Good to an arcsecond over the weeks of a campaign for the main belt, which is what their packets need. Units: au, days.
"""

from __future__ import annotations

from dataclasses import dataclass

import erfa
import numpy as np

from linnet.simulation.draws import Floats

GAUSS = 0.01720209895
"""Gaussian constant of gravity, au^1.5 / d."""

_OBLIQUITY = np.radians(23.4392911)
_KEPLER_STEPS = 12


@dataclass(frozen=True)
class State:
    """Heliocentric places (n x 3, au) and velocities (au/d), equatorial, at one time each."""

    mjd: Floats
    place: Floats
    velocity: Floats

    @property
    def semimajor(self) -> Floats:
        """Semimajor axes, au (vis viva)."""
        r, v2 = np.linalg.norm(self.place, axis=1), (self.velocity**2).sum(axis=1)
        found: Floats = 1.0 / (2.0 / r - v2 / GAUSS**2)
        return found


def earth(mjd: Floats) -> Floats:
    """Heliocentric places of the Earth, n x 3 au (ERFA epv00: VSOP2000, better than 5 km)."""
    heliocentric, _ = erfa.epv00(2400000.5, mjd)
    found: Floats = np.ascontiguousarray(heliocentric["p"])
    return found


def propagate(state: State, mjd: Floats) -> Floats:
    """Places (n x 3) at other times, by Kepler's equation and the f and g functions (Danby 1988, section 6.7)."""
    r0 = np.linalg.norm(state.place, axis=1)
    a = state.semimajor
    motion = GAUSS / a**1.5
    radial = (state.place * state.velocity).sum(axis=1)
    cosine, sine = 1.0 - r0 / a, radial / (motion * a**2)
    dt = mjd - state.mjd
    mean = motion * dt
    x = mean.copy()
    # Newton's method for the difference of eccentric anomalies; main-belt orbits need three turns.
    for _ in range(_KEPLER_STEPS):
        error = x - cosine * np.sin(x) + sine * (1.0 - np.cos(x)) - mean
        x -= error / (1.0 - cosine * np.cos(x) + sine * np.sin(x))
    f = 1.0 - a / r0 * (1.0 - np.cos(x))
    g = dt - (x - np.sin(x)) / motion
    found: Floats = f[:, None] * state.place + g[:, None] * state.velocity
    return found


@dataclass(frozen=True)
class Sight:
    """How bodies are seen at some times: position (deg), distances from Earth and Sun (au), phase angle (radians)."""

    ra: Floats
    dec: Floats
    topo: Floats
    helio: Floats
    phase: Floats


def sight(place: Floats, mjd: Floats) -> Sight:
    """How bodies at heliocentric places are seen from the Earth."""
    home = earth(mjd)
    line = place - home
    topo, helio, sun = (np.linalg.norm(v, axis=1) for v in (line, place, home))
    ra = np.degrees(np.arctan2(line[:, 1], line[:, 0])) % 360.0
    dec = np.degrees(np.arcsin(line[:, 2] / topo))
    cosine = (helio**2 + topo**2 - sun**2) / (2.0 * helio * topo)
    return Sight(ra, dec, topo, helio, np.arccos(np.clip(cosine, -1.0, 1.0)))


def magnitude(absolute: Floats, slope: Floats, seen: Sight) -> Floats:
    """V of asteroids in the H, G system (Bowell et al. 1989, Asteroids II, p. 524)."""
    tangent = np.tan(np.clip(seen.phase, 1e-6, 2.0) / 2.0)
    first, second = np.exp(-3.33 * tangent**0.63), np.exp(-1.87 * tangent**1.22)
    phase = -2.5 * np.log10((1.0 - slope) * first + slope * second)
    found: Floats = absolute + 5.0 * np.log10(seen.helio * seen.topo) + phase
    return found


def elements(state: State) -> dict[str, Floats]:
    """The elements a (au), e, i, node, argperi (degrees, ecliptic) of states (Murray & Dermott 1999, section 2.8)."""
    turn = np.array(
        [[1, 0, 0], [0, np.cos(_OBLIQUITY), np.sin(_OBLIQUITY)], [0, -np.sin(_OBLIQUITY), np.cos(_OBLIQUITY)]]
    )
    r, v = state.place @ turn.T, state.velocity @ turn.T
    h = np.cross(r, v)
    to_perihelion = np.cross(v, h) / GAUSS**2 - r / np.linalg.norm(r, axis=1)[:, None]
    e = np.linalg.norm(to_perihelion, axis=1)
    node = np.arctan2(h[:, 0], -h[:, 1])
    along = to_perihelion[:, 0] * np.cos(node) + to_perihelion[:, 1] * np.sin(node)
    across = np.linalg.norm(np.cross(np.stack([np.cos(node), np.sin(node), 0 * node], 1), to_perihelion), axis=1)
    argperi = np.arctan2(np.where(to_perihelion[:, 2] >= 0.0, across, -across), along)
    return {
        "a": state.semimajor,
        "e": e,
        "i": np.degrees(np.arccos(np.clip(h[:, 2] / np.linalg.norm(h, axis=1), -1.0, 1.0))),
        "node": np.degrees(node) % 360.0,
        "argperi": np.degrees(argperi) % 360.0,
    }
