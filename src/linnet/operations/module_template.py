"""A new science module: the file and its test, written into a checkout and green as written."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import sys
from pathlib import Path

from linnet.core.vocabulary import COMMON
from linnet.errors import InputError

LONGEST_NAME = 40
"""Characters. The name is the prefix of columns that people type."""

SURVEY_PREFIXES = ("ztf", "lsst")
"""Prefixes of columns that a survey sends."""

SAY_NOTHING = ("base", "common", "helpers", "manager", "module", "utils")
"""Names that say what a file is for its author, not what is in it."""

MODULE = '''"""How far the flux of an object has ranged so far, in the band of the alert."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.column import Column, real
from linnet.core.lists import count, floats_of, kinds_of, largest, numbers, row_of, smallest
from linnet.core.module import module
from linnet.core.vocabulary import DETECTION

FEWEST = 2
"""Detections below which there is no range."""

GIVES: dict[str, Column] = {
    "NAME_range": real(
        "Largest minus smallest difference flux in the band of the alert. Null below two detections.",
        unit="nJy",
        ucd="phot.flux;arith.diff",
    ),
}


# This works as it stands; put your own computation in its place and keep the form. A module gets whole columns and
# gives whole columns: no loop over alerts, no file, no clock, no network, no question which survey it is. Cuts are
# constants with a unit and a reference. Raise the version when a result can change.
@module(needs=("hist_band", "hist_flux", "hist_kind", "band"), gives=GIVES, version="1")
def NAME(
    hist_band: pa.Array,
    hist_flux: pa.Array,
    hist_kind: pa.Array,
    band: pa.Array,
) -> Mapping[str, pa.Array]:
    """The range of difference fluxes that the detections of one band have covered.

    Returns:
        `NAME_range`: nJy, over the detections (kind 0, either sign) of
        the joined history in the band of the alert, this one included. Null where there are fewer than two.
    """
    rows, row, flux = len(band), row_of(hist_flux), floats_of(hist_flux)
    same_band = pc.equal(hist_band.flatten().cast(pa.string()), band.cast(pa.string()).take(pa.array(row)))
    used = (kinds_of(hist_kind) == DETECTION) & np.isfinite(flux)
    used &= pc.fill_null(same_band, False).to_numpy(zero_copy_only=False)
    extent = largest(row[used], flux[used], rows) - smallest(row[used], flux[used], rows)
    enough = count(row[used], rows) >= FEWEST
    return {"NAME_range": numbers(np.where(enough, extent, np.nan), pa.float32())}
'''

TEST = '''"""The numbers of the module NAME, by hand and on real packets.

What every module keeps (types, nulls, batches, order) is shown by test_all_modules, which finds this one by itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import real_alerts
from alert_batches import MJD_OF_TESTS, alert, batch, forced, point
from linnet.science.registry import modules

MODULE = next(each for each in modules() if each.name == "NAME")


def test_the_range_is_that_of_the_detections_in_the_band_of_the_alert() -> None:
    history = [
        point(MJD_OF_TESTS - 3, "r", 400.0),
        point(MJD_OF_TESTS - 2, "r", -100.0),
        point(MJD_OF_TESTS - 2, "g", 9000.0),
        forced(MJD_OF_TESTS - 1, "r", 7000.0),
    ]
    alerts = batch(alert(1, history, band="r", flux=1000.0), alert(2, band="r"), alert(3, history, band=None))
    found = MODULE.run([alerts.column(name) for name in MODULE.needs], alerts.num_rows)
    assert found["NAME_range"].to_pylist() == [1100.0, None, None]


@pytest.mark.parametrize("read", [real_alerts.ztf, real_alerts.lsst], ids=["ztf", "lsst"])
def test_real_packets_give_what_a_loop_over_their_points_gives(read: real_alerts.Reader, samples: Path) -> None:
    alerts = read(samples)[1]
    found = MODULE.run(real_alerts.needs_of(alerts, MODULE.needs), alerts.num_rows)
    answers = found["NAME_range"].to_pylist()
    for row, answer in zip(alerts.select(list(MODULE.needs)).to_pylist(), answers, strict=True):
        points = zip(row["hist_band"], row["hist_flux"], row["hist_kind"], strict=True)
        fluxes = [flux for band, flux, kind in points if band == row["band"] and kind == 0 and flux is not None]
        assert answer == pytest.approx(max(fluxes) - min(fluxes) if len(fluxes) > 1 else None)
    assert any(answer is not None for answer in answers)
'''


def write_module(root: Path, name: str) -> tuple[Path, Path]:
    """Write `src/linnet/science/NAME.py` and `tests/test_NAME.py`, an example that passes every check as it stands.

    Args:
        root: a checkout of Linnet, the folder that has `src` and `tests`.
        name: snake_case; the name of the file, of the function and the prefix of its columns.

    Returns:
        The two files.

    Raises:
        InputError: `root` is no checkout, the name cannot be used, or one of the files exists. Nothing is written then.
    """
    folder, tests = root / "src" / "linnet" / "science", root / "tests"
    for needed in (folder, tests):
        if not needed.is_dir():
            raise InputError(
                f"{root} is no checkout of Linnet ({needed} is missing): go to the folder that has src and tests"
            )
    complaint = _complaint(name)
    if complaint:
        raise InputError(f"a module cannot be named {name!r}: {complaint}")
    source, test = folder / f"{name}.py", tests / f"test_{name}.py"
    for path in (source, test):
        if path.exists():
            raise InputError(f"{path} exists already: choose another name")
    source.write_text(MODULE.replace("NAME", name), encoding="utf-8")
    test.write_text(TEST.replace("NAME", name), encoding="utf-8")
    return source, test


def _complaint(name: str) -> str | None:
    """Why a name cannot be used, or None."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        return "use lower-case letters, digits and single underscores, a letter first (snake_case)"
    if len(name) > LONGEST_NAME:
        return f"use at most {LONGEST_NAME} characters"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in dir(builtins):
        return "it is a word of Python"
    if name in sys.stdlib_module_names:
        return "a module of Python's own library has that name"
    if name in SAY_NOTHING or name in _imported(MODULE):
        return "name it after what it computes"
    if name in SURVEY_PREFIXES or any(f"{column}_".startswith(f"{name}_") for column in COMMON):
        return f"columns {name} or {name}_... exist in every alert"
    return None


def _imported(text: str) -> set[str]:
    """The names that a file imports; a function of the same name would hide them."""
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names}
