"""Positions as people write them: decimal degrees or sexagesimal, one coordinate or both in a line."""

from __future__ import annotations

import re

from linnet.errors import InputError

MAX_LENGTH = 80
"""Longest text that is looked at."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_SEXAGESIMAL = re.compile(
    r"([+-]?)(\d{1,3})[:hd°\s]\s*(\d{1,2})(?:[:m'\u2032\s]\s*(\d{1,2}(?:\.\d*)?)[s\"\u2033]?)?", re.ASCII
)
_SPLIT = re.compile(r"\s*[,;]\s*|\s+(?=[+-])")


def right_ascension(text: str) -> float:
    """Degrees, 0 to below 360, of "150.1" (degrees) or "10:00:24" (hours).

    Raises:
        InputError: not a right ascension; the message shows the forms that are.
    """
    degrees = _angle(text, 15.0)
    if degrees is None or not 0.0 <= degrees <= 360.0:
        raise InputError("ra is no right ascension: write degrees (150.1, from 0 to 360) or hours (10:00:24.0)")
    return degrees % 360.0


def declination(text: str) -> float:
    """Degrees, -90 to 90, of "-2.5" or "-02:30:00".

    Raises:
        InputError: not a declination; the message shows the forms that are.
    """
    degrees = _angle(text, 1.0)
    if degrees is None or not -90.0 <= degrees <= 90.0:
        raise InputError("dec is no declination: write degrees (-2.5, from -90 to 90) or -02:30:00.0")
    return degrees


def position(text: str) -> tuple[float, float] | None:
    """Right ascension and declination in degrees of a line like "150.1 2.2", "10:00:24 +02:12:00" or "10 00 24 2 12 0".

    Returns:
        None where the text is not of that form at all.

    Raises:
        InputError: it is, but out of range.
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:
        return None
    halves = _halves(text)
    if halves is None or any(_angle(half, 1.0) is None for half in halves):
        return None
    return right_ascension(halves[0]), declination(halves[1])


def sexagesimal(ra: float, dec: float) -> str:
    """A position in degrees as "10:00:24.00 +02:12:00.0"."""
    seconds = round(ra / 15.0 * 3600.0, 2) % 86400.0
    arcsec = round(abs(dec) * 3600.0, 1)
    east = f"{int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}:{seconds % 60:05.2f}"
    north = f"{int(arcsec // 3600):02d}:{int(arcsec % 3600 // 60):02d}:{arcsec % 60:04.1f}"
    return f"{east} {'-' if dec < 0 else '+'}{north}"


def _halves(text: str) -> tuple[str, str] | None:
    """The two coordinates of a line, by separator, by the second's sign, or in the middle."""
    parts = [p for p in _SPLIT.split(text) if p]
    if len(parts) == 2:
        return parts[0], parts[1]
    words = text.split()
    if len(parts) == 1 and len(words) in (2, 4, 6):
        middle = len(words) // 2
        return " ".join(words[:middle]), " ".join(words[middle:])
    return None


def _angle(text: str, per_unit: float) -> float | None:
    """Degrees; a sexagesimal number is multiplied by `per_unit`. None where it is neither form."""
    text = text.strip()
    if len(text) > MAX_LENGTH:
        return None
    if _NUMBER.fullmatch(text):
        return float(text)
    found = _SEXAGESIMAL.fullmatch(text)
    if found is None:
        return None
    sign, whole, minutes, seconds = found.group(1), int(found.group(2)), int(found.group(3)), found.group(4) or "0"
    if minutes >= 60 or float(seconds) >= 60.0:
        return None
    size = (whole + minutes / 60.0 + float(seconds) / 3600.0) * per_unit
    return -size if sign == "-" else size
