"""Light and distance: AB magnitudes, bands, black bodies, and a flat universe."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from linnet.simulation.draws import Draws, Floats, Ints

BANDS = "ugrizy"
"""A band's number is its place here."""

WAVELENGTH = np.array([367.0, 482.5, 622.2, 754.5, 869.1, 971.0])
"""Effective wavelengths of LSST's bands, nm (Rubin Observatory, filter curves); ZTF's g r i are within 15 nm."""

EXTINCTION = np.array([4.145, 3.237, 2.273, 1.684, 1.323, 1.088])
"""A / E(B-V) for R_V = 3.1 (Schlafly & Finkbeiner 2011, ApJ 737, 103, Table 6: LSST)."""

ZERO_POINT = 31.4
"""AB magnitude of 1 nJy (Oke & Gunn 1983, ApJ 266, 713)."""

H0, OMEGA_M = 70.0, 0.3
"""Of the flat universe, km/s/Mpc."""

SPEED_OF_LIGHT = 299792.458
"""In km/s."""

PARSEC_CM = 3.0857e18

_HC_OVER_K = 1.438777e7  # nm K (CODATA 2018)
_JANSKY_NJY = 1e32  # erg/s/cm2/Hz in nJy
_PLANCK_CGS, _LIGHT_CGS = 6.62607015e-27, 2.99792458e10
_Z_MAX, _Z_STEPS = 6.0, 4001


def flux_of(mag: npt.ArrayLike) -> Floats:
    """Fluxes, nJy, of AB magnitudes."""
    found: Floats = 10.0 ** ((ZERO_POINT - np.asarray(mag, dtype=np.float64)) / 2.5)
    return found


def mag_of(flux: npt.ArrayLike) -> Floats:
    """AB magnitudes of nJy; not finite where the flux is not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = ZERO_POINT - 2.5 * np.log10(np.asarray(flux, dtype=np.float64))
    return found


def planck(wavelength: npt.ArrayLike, temperature: npt.ArrayLike) -> Floats:
    """Spectral radiance per frequency of a black body, erg/s/cm2/Hz/sr.

    Args:
        wavelength: nm.
        temperature: K.
    """
    lam, kelvin = np.asarray(wavelength, dtype=np.float64), np.asarray(temperature, dtype=np.float64)
    nu = _LIGHT_CGS / (lam * 1e-7)
    exponent = np.minimum(_HC_OVER_K / (lam * kelvin), 500.0)
    found: Floats = 2.0 * _PLANCK_CGS * nu**3 / _LIGHT_CGS**2 / np.expm1(exponent)
    return found


def colour(band: Ints, z: npt.ArrayLike, temperature: npt.ArrayLike, reference: float) -> Floats:
    """Ratio of a black body's flux in an observed band to that at a reference wavelength of its rest frame.

    Both per frequency, so that -2.5 log10 of it is an AB colour with its K correction (Hogg et al. 2002,
    astro-ph/0210394), but for the factor 1 + z, which belongs to the distance.

    Args:
        band: numbers of bands.
        z: redshifts.
        temperature: K, in the rest frame.
        reference: nm, in the rest frame.
    """
    emitted = WAVELENGTH[band] / (1.0 + np.asarray(z, dtype=np.float64))
    found: Floats = planck(emitted, temperature) / planck(reference, temperature)
    return found


def sphere(band: Ints, z: Floats, temperature: Floats, radius: Floats) -> Floats:
    """Flux, nJy, received of a spherical black body.

    Args:
        band: numbers of bands.
        z: redshifts, not 0.
        temperature: K, in the rest frame.
        radius: cm.
    """
    distance = 10.0 ** (0.2 * distance_modulus(z) + 1.0) * PARSEC_CM
    received = np.pi * planck(WAVELENGTH[band] / (1.0 + z), temperature) * (radius / distance) ** 2 * (1.0 + z)
    found: Floats = received * _JANSKY_NJY
    return found


def star_mags(r: Floats, temperature: npt.ArrayLike) -> Floats:
    """Magnitudes (n x 6) of stars with black-body colours, from those in r."""
    bands = np.arange(len(BANDS))
    kelvin = np.broadcast_to(np.asarray(temperature, dtype=np.float64), r.shape)
    ratio = planck(WAVELENGTH[bands][None, :], kelvin[:, None]) / planck(WAVELENGTH[2], kelvin)[:, None]
    found: Floats = r[:, None] - 2.5 * np.log10(ratio)
    return found


def distance_modulus(z: npt.ArrayLike) -> Floats:
    """Distance modulus, mag (Hogg 1999, astro-ph/9905116), interpolated to better than 0.001 above z = 0.005."""
    grid, comoving, _ = _universe()
    redshift = np.asarray(z, dtype=np.float64)
    mpc = np.interp(redshift, grid, comoving) * (1.0 + redshift)
    found: Floats = 5.0 * np.log10(np.maximum(mpc, 1e-6)) + 25.0
    return found


def kiloparsec(z: npt.ArrayLike) -> Floats:
    """Kiloparsecs of one arcsecond."""
    grid, comoving, _ = _universe()
    redshift = np.asarray(z, dtype=np.float64)
    found: Floats = np.interp(redshift, grid, comoving) / (1.0 + redshift) * 1000.0 / 206264.806
    return found


def volume(z: float) -> float:
    """Comoving volume of the whole sky out to a redshift, Gpc^3."""
    grid, comoving, _ = _universe()
    return float(4.0 / 3.0 * np.pi * (np.interp(z, grid, comoving) / 1000.0) ** 3)


def redshifts(draws: Draws, number: Ints, z_max: float, z_min: float = 0.005) -> Floats:
    """Redshifts of sources with a constant rate per comoving volume and own time: dN/dz ~ dV/dz / (1 + z)."""
    grid, _, cumulative = _universe()
    low, high = np.interp([z_min, z_max], grid, cumulative)
    return np.interp(draws.uniform("z", number, float(low), float(high)), cumulative, grid)


def z_at(modulus: float) -> float:
    """The redshift at which sources have a distance modulus."""
    grid, _, _ = _universe()
    return float(np.exp(np.interp(modulus, distance_modulus(grid[1:]), np.log(grid[1:]))))


@cache
def _universe() -> tuple[Floats, Floats, Floats]:
    """Redshifts, comoving distances in Mpc, and the number of events out to there (of any unit)."""
    z = np.linspace(0.0, _Z_MAX, _Z_STEPS)
    inverse = 1.0 / np.sqrt(OMEGA_M * (1.0 + z) ** 3 + 1.0 - OMEGA_M)
    comoving = SPEED_OF_LIGHT / H0 * _integral(inverse, z)
    events = _integral(comoving**2 * inverse / (1.0 + z), z)
    return z, comoving, events


def _integral(y: Floats, x: Floats) -> Floats:
    """The integral from the first point to every point, by trapezoids."""
    found: Floats = np.concatenate([[0.0], np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(x))])
    return found
