"""A watchlist as plain lines: `ra dec [radius] [label]`, in degrees or sexagesimal, without a line of names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa

from linnet.adapters.catalogue_files.table import ROWS, BroughtTable
from linnet.core.durable import storage_errors
from linnet.errors import InputError

NAMES = ("ra", "dec", "radius", "label")

_BEGINS = re.compile(r"\s*[+-]?[\d.]+([:hd°\s,;|]|$)")
_SPACED = re.compile(r"(\d{1,2} +\d{1,2} +\d{1,2}(?:\.\d*)?) +([+-]\d{1,2} +\d{1,2} +\d{1,2}(?:\.\d*)?)(?: +(.*))?$")
"""Hours and degrees with blanks between: only the sign of the declination says where it begins."""

_RADIUS = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")

_LONGEST = 10_000
"""Characters of a line: anything longer is no list."""


def are_lines(path: Path) -> bool:
    """Whether a file begins, behind comments, with a position: then it has no line of names."""
    if not path.is_file():
        return False
    with storage_errors(f"read {path}"), path.open("rb") as file:
        head = file.read(65_536)
    try:
        lines = head.decode("utf-8-sig", "strict" if len(head) < 65_536 else "ignore").splitlines()
    except UnicodeDecodeError:
        return False
    first = next((line for line in lines if _says_something(line)), "")
    return _BEGINS.match(first) is not None


def lines_table(path: Path) -> BroughtTable:
    """The lines as a table with the columns `ra`, `dec`, `radius`, `label`, all of text.

    Comments (`#`) and empty lines count as no row. Values stand between blanks, or between commas, tabs, semicolons or
    bars; a radius is a number behind the position, and what is behind it, or instead of it, is the label.
    """

    def read(chosen: Sequence[str]) -> Iterator[pa.RecordBatch]:
        places = [NAMES.index(name) for name in chosen]
        for rows in _rows(path):
            columns = [pa.array([row[place] for row in rows], pa.string()) for place in places]
            yield pa.RecordBatch.from_arrays(columns, names=list(chosen))

    return BroughtTable(NAMES, read)


def _rows(path: Path) -> Iterator[list[tuple[str | None, ...]]]:
    number = 0
    try:
        with storage_errors(f"read {path}"), path.open(encoding="utf-8-sig") as file:
            lines = (line for line in file if _says_something(line))
            # Line by line in Python: a million lines take 2 s, once, when a list is added.
            while piece := list(islice(lines, ROWS)):
                yield [_row(line, number + place) for place, line in enumerate(piece, 1)]
                number += len(piece)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8") from error


def _row(line: str, number: int) -> tuple[str | None, ...]:
    """The parts of one line, None for those that are not there."""
    if len(line) > _LONGEST:
        raise InputError(f"row {number} has {len(line)} characters: that is no position")
    text = line.strip()
    spaced = _SPACED.match(text)
    if spaced:
        ra, dec, rest = spaced[1], spaced[2], spaced[3] or ""
        return (ra, dec, *_radius_and_label(rest.split(None, 1)))
    separator = next((s for s in "\t,;|" if s in text), None)
    if separator is None:
        ra, dec, *more = [*text.split(None, 3), "", ""][:5]
        parts = [part for part in more if part]
    else:
        ra, dec, *parts = [*(part.strip() for part in text.split(separator, 3)), ""][:5]
        parts = [part for part in parts if part]
    if not dec:
        raise InputError(f"row {number}: {text[:40]!r} is no position: write ra dec [radius] [label]")
    return (ra, dec, *_radius_and_label(parts))


def _radius_and_label(parts: Sequence[str]) -> tuple[str | None, str | None]:
    if parts and _RADIUS.match(parts[0]):
        return parts[0], " ".join(parts[1:]) or None
    return None, " ".join(parts) or None


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")
