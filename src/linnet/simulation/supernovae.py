"""Supernovae of types Ia, II and Ib/c: parametric light curves in one band of the rest frame, black-body colours.

A light curve rises like (1 - (t / rise)^2)^2 until its peak: quadratic in the time since explosion at first, as an
expanding fireball of constant temperature (Riess et al. 1999, AJ 118, 2675). Behind the peak it falls as Bazin et al.
(2009, A&A 499, 653) or, for type II, as a plateau, a drop and a tail (Villar et al. 2019, ApJ 884, 83). Redshift
stretches it by 1 + z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linnet.simulation.draws import Floats, Ints
from linnet.simulation.explosions import Explosion, exploding
from linnet.simulation.radiation import WAVELENGTH, colour, redshifts, z_at
from linnet.simulation.sources import Epochs, Request, Sources

B, V, R = 440.0, 550.0, 640.0
"""Rest wavelengths at which absolute magnitudes are given, nm."""

IA_PEAK, IA_ALPHA, IA_BETA = -19.36, 0.14, 3.1
"""M_B for H0 = 70, and the coefficients of stretch and colour (Scolnic & Kessler 2016, ApJL 822, L35)."""

_IA_BLANKETING = 2.5
_IA_BUMP = 0.35


@dataclass(frozen=True)
class FastFall:
    """A light curve relative to its peak; times in days of the rest frame.

    Attributes:
        rise: from explosion to peak.
        fall: e-folding time behind the peak, of what decays fast.
        tail: part that decays slowly (55 d).
    """

    rise: Floats
    fall: Floats
    tail: float = 0.0

    def at(self, phase: Floats, source: Ints) -> Floats:
        """1 at phase 0, 0 before explosion."""
        before = np.clip(1.0 - (phase / self.rise[source]) ** 2, 0.0, 1.0) ** 2
        after = bazin(np.maximum(phase, 0.0), self.fall[source])
        late = after * (1.0 - self.tail) + self.tail * bazin(np.maximum(phase, 0.0), np.full(len(phase), 55.0))
        return np.where(phase < 0.0, np.where(phase > -self.rise[source], before, 0.0), late)


def bazin(phase: Floats, fall: Floats, rise: float = 3.5) -> Floats:
    """exp(-t/fall) / (1 + exp(-t/rise)), Bazin et al. 2009 equation 1, counted from its peak and 1 there."""
    peak = rise * np.log(fall / rise - 1.0)
    time = phase + peak
    top = np.exp(-peak / fall) / (1.0 + np.exp(-peak / rise))
    found: Floats = np.exp(-time / fall) / (1.0 + np.exp(-time / rise)) / top
    return found


def cooling(phase: Floats, hot: float, cool: float, days: float) -> Floats:
    """Temperature, K, that falls from `hot` (until the peak) to `cool` in some days of the rest frame."""
    past = np.clip(phase / days, 0.0, 1.0)
    found: Floats = hot + (cool - hot) * past
    return found


def ia(asked: Request) -> Sources:
    """Type Ia: x1 ~ N(0, 1), c ~ N(-0.05, 0.1), scatter 0.12 mag, rise 18.5 d (Miller et al. 2020, ApJ 902, 47).

    Bands redder than 700 nm have a second bump 25 d after the peak (Kasen 2006, ApJ 649, 939).
    """
    z = redshifts(asked.draws, asked.number, z_at(asked.campaign.reach(-19.2)))
    x1, c = asked.normal("x1", 0.0, 1.0), asked.normal("c", -0.05, 0.1)
    absolute = IA_PEAK - IA_ALPHA * x1 + IA_BETA * c + asked.normal("scatter", 0.0, 0.12)
    stretch = 0.98 + 0.09 * x1  # Guy et al. 2007, A&A 466, 11
    shape = FastFall(18.5 * stretch, 9.0 * stretch, 0.12)

    def colours(at: Epochs, phase: Floats) -> Floats:
        own = z[at.source]
        emitted = WAVELENGTH[at.band] / (1.0 + own)
        kelvin = cooling(phase / stretch[at.source], 12_500.0, 5_000.0, 28.0)
        lines = np.minimum(1.0, emitted / 400.0) ** _IA_BLANKETING
        bump = np.where(
            emitted > 650.0, _IA_BUMP * np.exp(-0.5 * ((phase / stretch[at.source] - 25.0) / 6.0) ** 2), 0.0
        )
        reddening = 10.0 ** (-0.4 * c[at.source] * (emitted / B) ** -1.2) / 10.0 ** (-0.4 * c[at.source])
        return colour(at.band, own, kelvin, B) * lines * (1.0 + bump) * reddening

    return exploding(asked, Explosion(z, absolute, shape, colours, {"x1": x1, "c": c}), (50.0, 12.0))


def ii(asked: Request) -> Sources:
    """Type II: M_V -16.7 +- 1.0, plateau 84 +- 17 d falling 1.3 mag in 100 d (Anderson et al. 2014, ApJ 786, 67).

    Rise 7 to 10 d (Gonzalez-Gaitan et al. 2015, MNRAS 451, 2212); a drop of 1 to 2 mag ends the plateau; the tail is
    that of cobalt, 1 mag in 100 d; 12,000 K at the peak cool to 6,000 K in 30 d.
    """
    absolute = np.clip(asked.normal("M", -16.7, 1.0), -18.8, -14.0)
    z = redshifts(asked.draws, asked.number, z_at(asked.campaign.reach(-17.2)))
    rise = asked.uniform("rise", 7.0, 10.0)
    plateau, drop = np.clip(asked.normal("plateau", 84.0, 17.0), 40.0, 130.0), asked.uniform("drop", 1.0, 2.0)
    slope = np.clip(asked.normal("slope", 1.3, 0.5), 0.1, 3.5)
    shape = Plateau(rise, plateau - rise, drop, slope)

    def colours(at: Epochs, phase: Floats) -> Floats:
        return colour(at.band, z[at.source], cooling(phase, 12_000.0, 6_000.0, 30.0), V)

    return exploding(asked, Explosion(z, absolute, shape, colours, {"plateau_d": plateau}), (80.0, 6.0))


def ibc(asked: Request) -> Sources:
    """Types Ib, Ic: M_R -17.9 +- 0.9, rise 15 +- 4 d, 0.8 mag fainter in R after 15 d (Drout+ 2011, ApJ 741, 97)."""
    z = redshifts(asked.draws, asked.number, z_at(asked.campaign.reach(-18.1)))
    absolute = asked.normal("M", -17.9, 0.9)
    width = np.clip(asked.normal("width", 1.0, 0.2), 0.6, 1.6)
    shape = FastFall(np.clip(asked.normal("rise", 15.0, 4.0), 7.0, 25.0), 14.5 * width, 0.12)

    def colours(at: Epochs, phase: Floats) -> Floats:
        return colour(at.band, z[at.source], cooling(phase + 5.0, 8_500.0, 5_300.0, 20.0), R)

    return exploding(asked, Explosion(z, absolute, shape, colours, {"width": width}), (45.0, 10.0))


@dataclass(frozen=True)
class Plateau:
    """The light curve of a type II relative to its peak (Villar et al. 2019, section 3, in magnitudes).

    Attributes:
        rise: days from explosion to peak.
        length: of the plateau from the peak, days.
        drop: at its end, mag.
        slope: mag in 100 d.
    """

    rise: Floats
    length: Floats
    drop: Floats
    slope: Floats

    def at(self, phase: Floats, source: Ints) -> Floats:
        """1 at phase 0, 0 before explosion."""
        before = np.clip(1.0 - (phase / self.rise[source]) ** 2, 0.0, 1.0) ** 2
        end = self.length[source]
        fallen = self.drop[source] / (1.0 + np.exp(-np.clip((phase - end) / 4.0, -50.0, 50.0)))
        mag = self.slope[source] * np.clip(phase, 0.0, end) / 100.0 + np.maximum(phase - end, 0.0) / 100.0 + fallen
        return np.where(phase < 0.0, np.where(phase > -self.rise[source], before, 0.0), 10.0 ** (-0.4 * mag))
