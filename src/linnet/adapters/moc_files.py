"""Areas in files: MOCs as FITS, JSON or ASCII (IVOA Recommendation MOC 2.0), and polygons and circles drawn into cells.

mocpy reads, draws and writes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from linnet.adapters.catalogue_files.astropy_tables import quiet
from linnet.adapters.region_text import Circle, Shape, are_shapes, shapes_of_json, shapes_of_text
from linnet.core.area import normalised
from linnet.core.durable import storage_errors
from linnet.core.lists import Ints
from linnet.core.sky import ORDER
from linnet.errors import InputError

MAX_FILE = 256 << 20
"""Bytes of a file."""

BORDER_CELLS = 40_000
"""Cells along the border of a shape, about: what decides the order to which it is drawn."""

FINEST_DRAWN, COARSEST_DRAWN = 18, 9
"""Orders between which shapes are drawn: cells of 0.8 arcsec to 6.9 arcmin."""


def read(path: Path, order: int | None = None) -> Ints:
    """The area of a file.

    Args:
        path: a MOC as FITS, JSON (`{"3": [1, 2]}`) or ASCII (`3/1-2`); or shapes: JSON lists of vertices `[ra, dec]`,
            `polygon(...)` and `circle(...)` as DS9 writes them, or lines `ra dec` that are the vertices of one polygon.
        order: to which shapes are drawn: a cell that a shape touches belongs to the area; None: fine enough that the
            border of a shape is some ten thousand cells.

    Returns:
        Ranges of order-29 cells in the form of `area.normalised`.

    Raises:
        InputError: nothing that can be read, or no area of the sky.
        StorageError: the disk failed.
    """
    if not path.is_file():
        raise InputError(f"cannot read {path}: there is no such file")
    with storage_errors(f"read {path}"):
        if path.stat().st_size > MAX_FILE:
            raise InputError(f"{path} is larger than {MAX_FILE >> 20} MB: degrade it to a lower order")
        content = path.read_bytes()
    if content.startswith(b"SIMPLE  ="):
        _check_header(path)
        return _ranges(path, lambda mocs: mocs.load(path, "fits"))
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is neither FITS nor text in UTF-8") from error
    if not text:
        raise InputError(f"{path} is empty")
    return _of_text(path, text, order)


def write(path: Path, ranges: Ints) -> None:
    """Write an area as a MOC of order 29 in FITS.

    Raises:
        OSError: the disk failed.
    """
    with _translated(path) as mocs:
        moc = mocs.from_depth29_ranges(ORDER, np.ascontiguousarray(ranges.astype(np.uint64)))
    moc.save(path, format="fits", overwrite=True)


def as_json(ranges: Ints) -> dict[str, list[int]]:
    """An area as a MOC in JSON: order -> cells."""
    with _translated(Path("area")) as mocs:
        moc = mocs.from_depth29_ranges(ORDER, np.ascontiguousarray(ranges.astype(np.uint64)))
        found: dict[str, list[int]] = moc.serialize("json")
    return found


def _of_text(path: Path, text: str, order: int | None) -> Ints:
    if text[0] in "[{":
        found = _parsed(path, text)
        if isinstance(found, list):
            return _drawn(path, shapes_of_json(found), order)
        _check_json(path, found)
        return _ranges(path, lambda mocs: mocs.from_json(found))
    if are_shapes(text):
        return _drawn(path, shapes_of_text(text), order)
    return _ranges(path, lambda mocs: mocs.from_string(_checked_ascii(path, text), "ascii"))


def _parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {str(error).splitlines()[0]}") from error


def _check_json(path: Path, found: dict[str, Any]) -> None:
    """Refuse what mocpy would not: cells that are none of their order."""
    for order, cells in found.items():
        if not (order.isdecimal() and int(order) <= ORDER and isinstance(cells, list)):
            raise InputError(f"{path} is no MOC: {order[:20]!r} is no order from 0 to {ORDER} with a list of cells")
        last = 12 << 2 * int(order)
        odd = next((c for c in cells if not (isinstance(c, int) and not isinstance(c, bool) and 0 <= c < last)), None)
        if odd is not None:
            raise InputError(f"{path} is no MOC: {str(odd)[:20]} is no cell of order {order}")


def _checked_ascii(path: Path, text: str) -> str:
    """The text of a MOC, whose words are checked: an order with a slash, cells, ranges of cells.

    Raises:
        InputError: with the word.
    """
    order = -1
    for word in text.replace(",", " ").replace("/", "/ ").split():
        if word.endswith("/"):
            order = int(word[:-1]) if word[:-1].isdecimal() and len(word) <= 3 else ORDER + 1
            if order > ORDER:
                raise InputError(f"{path} is no MOC: {word[:20]!r} is no order from 0 to {ORDER}")
            continue
        cells = word.split("-")
        fine = order >= 0 and len(cells) <= 2 and all(c.isdecimal() and len(c) <= 19 for c in cells)
        if not (fine and int(cells[0]) <= int(cells[-1]) < 12 << 2 * order):
            where = f"of order {order}" if order >= 0 else "behind an order, as in 3/1-5 7"
            raise InputError(f"{path} is no MOC: {word[:20]!r} is no cell or range of cells {where}")
    return text


def _check_header(path: Path) -> None:
    """Refuse a FITS file that is no MOC of the sky in ICRS, or is cut off."""
    told = _header(path)
    if told is None:
        raise InputError(f"{path} holds no MOC")
    dimension, system, end = told
    if dimension not in {"", "SPACE"}:
        raise InputError(f"{path} is a MOC of {dimension.lower()}, not of the sky")
    if system not in {"", "C", "ICRS"}:
        raise InputError(f"{path} has cells in another system ({system[:20]}) than ICRS")
    if end > path.stat().st_size:
        raise InputError(f"{path} is cut off: it should have {end} bytes at least")


def _header(path: Path) -> tuple[str, str, int] | None:
    """Dimension, coordinate system and end (bytes) of the table of a MOC, None where there is none.

    Raises:
        InputError: it is no FITS file.
    """
    from astropy.io import fits

    try:
        with path.open("rb") as file, quiet(), fits.open(file) as units:
            unit = next((u for u in units[1:] if "ORDERING" in u.header), None)
            if unit is None or not {"MOCORDER", "MOCORD_S"} & set(unit.header):
                return None
            said = [str(unit.header.get(name, "")).strip().upper() for name in ("MOCDIM", "COORDSYS")]
            end = unit.fileinfo()["datLoc"] + unit.header["NAXIS1"] * unit.header["NAXIS2"]
            return said[0], said[1], int(end)
    except Exception as error:
        raise InputError(f"{path} cannot be read as FITS: {(str(error).splitlines() or ['damaged'])[0]}") from error


def _drawn(path: Path, shapes: Sequence[Shape], order: int | None) -> Ints:
    parts = [_ranges(path, _drawing(shape, _order_for(shape) if order is None else order)) for shape in shapes]
    return normalised(np.concatenate(parts))


def _drawing(shape: Shape, order: int) -> Callable[[Any], Any]:
    from astropy import units

    def draw(mocs: Any) -> Any:
        if isinstance(shape, Circle):
            ra, dec, radius = (value * units.deg for value in (shape.ra, shape.dec, shape.radius))
            return mocs.from_cone(ra, dec, radius=radius, max_depth=order, delta_depth=2)
        return mocs.from_polygon(np.array(shape.ra) * units.deg, np.array(shape.dec) * units.deg, max_depth=order)

    return draw


def _order_for(shape: Shape) -> int:
    """The order at which the border of a shape is about `BORDER_CELLS` long."""
    wanted = np.log2(58.6 * BORDER_CELLS / max(shape.length, 1e-9))
    return int(np.clip(np.floor(wanted), COARSEST_DRAWN, FINEST_DRAWN))


def _ranges(path: Path, made: Callable[[Any], Any]) -> Ints:
    with _translated(path) as mocs:
        found = made(mocs).to_depth29_ranges
    return normalised(np.asarray(found))


@contextmanager
def _translated(path: Path) -> Iterator[Any]:
    """Gives mocpy's class; what it does not take, and what makes its compiled half give up, is told in one line.

    Raises:
        InputError: in place of any of its errors.
    """
    from mocpy import MOC

    try:
        yield MOC
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{path} is no area of the sky: {(str(error).splitlines() or ['damaged'])[0]}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # not an Exception, and exported by nobody
            raise
        raise InputError(f"{path} is no area of the sky: mocpy cannot take it") from None
