"""Match 100,000 alerts against 1,000,000 rows: the same as brute force, and how fast.

    python scripts/bench_crossmatch.py [--alerts 100000] [--rows 1000000] [--check 100000]

Prints CPU time per alert (the least of several turns) for a catalogue in memory, for one that is read piece by piece,
and for the yardstick: numpy over the rows of the same strip of declination, sorted once, which is the brute force too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from linnet.adapters.catalogue_files import CatalogueFolder, Recipe, make
from linnet.adapters.catalogue_files.stored import OpenStored
from linnet.adapters.shipped_catalogues import shipped
from linnet.core.catalogue import Places
from linnet.core.sky import separation
from linnet.science.crossmatch import crossmatch
from sky_catalogues import Sky, everywhere, near

Result = TypeVar("Result")

RADIUS = 1.5
TURNS = 3


def main() -> int:
    """Run it; 1 where anything differs from brute force."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, least in (("alerts", 100_000), ("rows", 1_000_000), ("check", 100_000)):
        parser.add_argument(f"--{name}", type=int, default=least)
    wanted = parser.parse_args()
    rng = np.random.default_rng(1)
    sky = everywhere(rng, wanted.rows)
    crowded, spread = (
        near(rng, sky, wanted.alerts, 1.0),
        near(rng, sky.take(np.arange(wanted.rows // 5)), wanted.alerts, 1.0),
    )
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(pa.table({"ra": sky.ra, "dec": sky.dec, "row": np.arange(wanted.rows)}), f"{folder}/source")
        catalogues = CatalogueFolder(Path(folder) / "catalogs")
        with catalogues.workshop() as work:
            recipe = Recipe(str(RADIUS), ("row",), "ra", "dec")
            stored = catalogues.put(
                *say("add the catalogue", 1, lambda: make("it", Path(folder) / "source", recipe, work))
            )
        whole, pieces = stored.open(), OpenStored(replace(stored, held=wanted.rows // 2))
        found = whole.near(crowded.places())
        say("crowds, poles, RA 0; in memory", wanted.alerts, lambda: whole.near(crowded.places()))
        say("all over the sky; in memory", wanted.alerts, lambda: whole.near(spread.places()))
        say("all over the sky; piece by piece", wanted.alerts, lambda: pieces.near(spread.places()))
        module, batch = crossmatch(stored), arguments(spread.places())
        say("module with its columns; in memory", wanted.alerts, lambda: module.run(batch, wanted.alerts))
        mine = [crossmatch(each) for each in shipped()]
        say(f"all {len(mine)} that come along", wanted.alerts, lambda: [m.run(batch, wanted.alerts) for m in mine])
    return compare(
        sky, crowded.take(np.arange(min(wanted.check, wanted.alerts))), found.alert, found.rows.column("row").to_numpy()
    )


def arguments(places: Places) -> list[pa.Array]:
    """Columns as the module of a catalogue takes them."""
    return [pa.array(each) for each in (places.cells, places.ra, places.dec, places.mjd)]


def say(what: str, alerts: int, work: Callable[[], Result]) -> Result:
    """Do something several times (once where it is not about alerts), and print the least CPU time."""
    least, found = np.inf, None
    for _ in range(TURNS if alerts > 1 else 1):
        began = time.process_time()
        found = work()
        least = min(least, time.process_time() - began)
    rate = (
        f"{alerts / least:>12,.0f} alerts/s {least / alerts * 1e6:8.2f} us CPU" if alerts > 1 else f"{least:.2f} s CPU"
    )
    sys.stdout.write(f"{what:<40}{rate}\n")
    return found  # type: ignore[return-value]  # it ran at least once


def compare(sky: Sky, alerts: Sky, alert: npt.NDArray[np.int64], row: npt.NDArray[np.int64]) -> int:
    """Hold the matches of some alerts against brute force over their strip of declination."""
    order = np.argsort(sky.dec, kind="stable")
    dec, ra = sky.dec[order], sky.ra[order]
    strip = RADIUS / 3600.0 * 1.000001
    low, high = np.searchsorted(dec, alerts.dec - strip), np.searchsorted(dec, alerts.dec + strip, side="right")
    mine = dict(zip(alert.tolist(), row.tolist(), strict=True))
    began, wrong, matched = time.process_time(), 0, 0
    for i in range(len(alerts.ra)):
        apart = separation(alerts.ra[i], alerts.dec[i], ra[low[i] : high[i]], dec[low[i] : high[i]])
        best = int(np.argmin(apart)) if len(apart) else -1
        hit = best >= 0 and apart[best] <= RADIUS
        matched += hit
        wrong += (mine.get(i) != int(order[low[i] + best])) if hit else i in mine
    spent = (time.process_time() - began) / len(alerts.ra)
    sys.stdout.write(f"{'yardstick: numpy over the strip':<40}{1 / spent:>12,.0f} alerts/s {spent * 1e6:8.2f} us CPU\n")
    sys.stdout.write(f"{len(alerts.ra)} alerts compared, {matched} with a match, {wrong} differ from brute force\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
