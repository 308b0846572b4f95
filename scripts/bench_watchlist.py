"""Match 10,000 alerts against a watchlist of 1,000,000 entries: the same as brute force, and how fast.

    python scripts/bench_watchlist.py [--alerts 10000] [--entries 1000000] [--check 2000]

Entries lie all over the sky, in crowds, at both poles and around a right ascension of zero, with radii of their own
from 0.5 to 60 arcsec and a few of a degree. Prints CPU time (the least of several turns) for the list, for an area, and
for the yardstick: numpy over the entries of the same strip of declination, which is the brute force too. Gives 1 where
anything differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from linnet.adapters.list_files import ListFolder, read_watchlist
from linnet.adapters.memory_control import MemoryControl
from linnet.core.area import Area, normalised
from linnet.core.catalogue import Places
from linnet.core.sky import healpix29, separation
from linnet.core.watchlist import ENTRY, Watchlist, checked
from linnet.operations.list_keeping import ListKeeping, Told
from sky_catalogues import Sky, everywhere, near

Result = TypeVar("Result")
Floats = npt.NDArray[np.float64]

TURNS = 5


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, least in (("alerts", 10_000), ("entries", 1_000_000), ("check", 2_000)):
        parser.add_argument(f"--{name}", type=int, default=least)
    wanted = parser.parse_args()
    rng = np.random.default_rng(1)
    sky = everywhere(rng, wanted.entries)
    radius = np.exp(rng.uniform(np.log(0.5), np.log(60.0), wanted.entries))
    radius[rng.integers(0, wanted.entries, wanted.entries // 10_000)] = 3600.0
    crowded = near(rng, sky, wanted.alerts, 20.0)
    spread = near(rng, sky.take(np.arange(wanted.entries // 5)), wanted.alerts, 20.0)
    table = pa.table([sky.ra, sky.dec, radius, pa.nulls(wanted.entries, pa.string())], schema=ENTRY)
    watchlist = Watchlist(checked(table))
    least = say("watchlist; crowds, poles, RA 0", wanted.alerts, lambda: watchlist.hold(crowded.places()))
    say("watchlist; all over the sky", wanted.alerts, lambda: watchlist.hold(spread.places()))
    cells = np.unique(healpix29(sky.ra, sky.dec) >> 24)
    area = Area(normalised(np.column_stack([cells << 24, (cells + 1) << 24])))
    say(f"area of {len(area.ranges)} ranges", wanted.alerts, lambda: area.hold(crowded.places()))
    keeping(table)
    few = crowded.take(np.arange(min(wanted.check, wanted.alerts)))
    wrong, spent = compare((sky, radius), few, watchlist.hold(few.places()))
    sys.stdout.write(f"{'yardstick: numpy over the strip':<44}{spent * wanted.alerts:8.3f} s CPU (scaled)\n")
    sys.stdout.write(f"ratio {spent * wanted.alerts / least:.0f}\n")
    return int(wrong > 0 or slow_crowd(wanted.alerts) > 0)


def say(what: str, alerts: int, work: Callable[[], object]) -> float:
    """Do something several times; prints and gives the least CPU time."""
    least = np.inf
    for _ in range(TURNS):
        began = time.process_time()
        work()
        least = min(least, time.process_time() - began)
    sys.stdout.write(f"{what:<44}{least:8.3f} s CPU{least / alerts * 1e6:9.2f} us an alert\n")
    return least


def keeping(table: pa.Table) -> None:
    """How long a list takes from a text file to being ready, with everything synced."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        rows = zip(*(table.column(n).to_pylist() for n in ("ra", "dec", "radius")), strict=True)
        path.write_text("\n".join(f"{a:.7f} {d:.7f} {r:.3f}" for a, d, r in rows), encoding="utf-8")
        files, control = ListFolder(Path(folder) / "lists"), MemoryControl()
        began = time.process_time()
        entries = read_watchlist(path)
        read = time.process_time()
        which, _ = ListKeeping(control, files).watchlist("it", entries, Told())
        kept = time.process_time()
        files.watchlist(which)
        opened = time.process_time()
        size = (Path(folder) / "lists/watchlists/it/0001.parquet").stat().st_size / 1e6
    told = f"read {read - began:.2f} s, kept {kept - read:.2f} s ({size:.0f} MB), opened {opened - kept:.2f} s"
    sys.stdout.write(f"from text: {told}\n")


def compare(listed: tuple[Sky, Floats], alerts: Sky, found: npt.NDArray[np.bool_]) -> tuple[int, float]:
    """How many alerts differ from brute force over their strip of declination, and CPU seconds for one."""
    sky, radius = listed
    order = np.argsort(sky.dec, kind="stable")
    ra, dec, reach = sky.ra[order], sky.dec[order], radius[order]
    low, high = (np.searchsorted(dec, alerts.dec + side * 1.000001) for side in (-1, 1))
    began, wrong = time.process_time(), 0
    for i in range(len(alerts.ra)):
        strip = slice(low[i], high[i])
        wrong += (
            bool((separation(alerts.ra[i], alerts.dec[i], ra[strip], dec[strip]) <= reach[strip]).any()) != found[i]
        )
    spent = (time.process_time() - began) / len(alerts.ra)
    sys.stdout.write(
        f"{len(alerts.ra)} alerts compared, {int(found.sum())} on the list, {wrong} differ from brute force\n"
    )
    return wrong, spent


def slow_crowd(alerts: int) -> int:
    """The worst list: a million entries of 5 arcsec within ten arcminutes, and all alerts there."""
    rng = np.random.default_rng(2)
    n = 1_000_000
    sky = Sky(180.0 + rng.uniform(0, 1 / 6, n), rng.uniform(0, 1 / 6, n))
    watchlist = Watchlist(checked(pa.table([sky.ra, sky.dec, np.full(n, 5.0), pa.nulls(n, pa.string())], schema=ENTRY)))
    at = Sky(180.0 + rng.uniform(-0.1, 0.3, alerts), rng.uniform(-0.1, 0.3, alerts))
    places: Places = at.places()
    return int(say("watchlist; a million within 10 arcmin", alerts, lambda: watchlist.hold(places)) > 60.0)


if __name__ == "__main__":
    sys.exit(main())
