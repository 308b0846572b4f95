"""A catalogue that somebody else keeps, asked by HTTP cone by cone (IVOA Simple Cone Search 1.03: `RA`, `DEC`, `SR`).

Questions are about cells of the sky, not about alerts: all alerts of a source, tonight and later, share one answer,
and what an alert gets does not depend on which of them asked first. One batch waits for `budget` seconds at most,
whatever the service does: what is not answered by then has failed. A service that is down is left alone for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from linnet.adapters.cone_answers import Cone, Wanted, rows_of
from linnet.core.catalogue import About, CatalogueColumn, Found, Places
from linnet.core.lists import Bools, Ints
from linnet.core.recent import Recent
from linnet.core.sky import NOWHERE, ORDER, centres, separation
from linnet.errors import ConfigError

if TYPE_CHECKING:
    import httpx

_MOST = 4_000_000
"""Bytes of an answer."""

_CELL = 1.05 * 58.6 * 3600.0
"""Arcsec: about the width of a cell of order 0. Cells of finer orders keep the proportion, and where they are most
distorted, at declinations of 41.8 deg, a corner is 1.024 widths away from the centre."""


@dataclass(frozen=True)
class ConeSearch:
    """Description of a catalogue behind a cone-search service.

    Attributes:
        name: prefix of its columns.
        url: of the service; `RA`, `DEC` and `SR` (degrees) are added to its query.
        columns: what a match gives; their origins are the service's names.
        radius: arcsec. neighbours: rows that an alert is given at most.
        ra, dec: the service's names of the position (degrees).
        timeout: seconds until a question has failed.
        budget: seconds that a batch waits at most, for all its questions together.
        at_once: questions on their way at the same time.
        fresh_for: seconds for which an answer holds.
        again_after: seconds for which a service that failed is not asked.
        remembered: answers that are kept.
    """

    name: str
    url: str
    columns: tuple[CatalogueColumn, ...]
    radius: float = 1.5
    neighbours: int = 1
    ra: str = "ra"
    dec: str = "dec"
    timeout: float = 2.0
    budget: float = 4.0
    at_once: int = 4
    fresh_for: float = 86_400.0
    again_after: float = 30.0
    remembered: int = 100_000

    @property
    def about(self) -> About:
        """What decides the result of a look-up, as far as one knows: what the service holds it does not say."""
        told = sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()[:16]
        return About(self.name, f"remote {told}", self.columns, self.radius, self.neighbours, f"the service {self.url}")

    def open(self) -> OpenConeSearch:
        """Ready to be asked; the service is reached with the first question.

        Raises:
            ConfigError: the package `httpx` is missing.
        """
        return OpenConeSearch(self)


class OpenConeSearch:
    """A service to ask. Not for use from several threads at once."""

    def __init__(self, description: ConeSearch, clock: Callable[[], float] = time.monotonic) -> None:
        self._about = description
        self._clock = clock
        self._client = _client(description)
        self._wanted = Wanted(description.ra, description.dec, description.columns)
        self._depth = int(np.clip(np.floor(np.log2(_CELL / (4.0 * description.radius))), 0, ORDER))
        self._answers: Recent[int, tuple[float, pa.Table]] = Recent(description.remembered)
        self._down_until, self._down_because = float("-inf"), ""

    def near(self, places: Places) -> Found:
        """See `linnet.core.catalogue.OpenCatalogue`: within the budget, whatever the service does."""
        cells = np.where(places.cells == NOWHERE, NOWHERE, places.cells >> 2 * (ORDER - self._depth))
        asked = np.unique(cells[cells != NOWHERE])
        answers, trouble = self._answered(asked.tolist())
        failed = np.isin(cells, [cell for cell in asked.tolist() if cell not in answers])
        return self._nearest(places, cells, answers, failed, trouble)

    def close(self) -> None:
        """Let go of the connections. May be called twice."""
        self._client.close()

    def _answered(self, cells: list[int]) -> tuple[dict[int, pa.Table], str]:
        """Rows of each cell that there is an answer for, and why there is none for others."""
        now = self._clock()
        kept = {cell: self._answers.get(cell) for cell in cells}
        found = {c: k[1] for c, k in kept.items() if k is not None and now - k[0] < self._about.fresh_for}
        missing = [cell for cell in cells if cell not in found]
        if not missing:
            return found, ""
        if now < self._down_until:
            return found, self._down_because
        trouble = ""
        for cell, answer in self._asked(missing):
            if isinstance(answer, str):
                trouble = f"the catalogue {self._about.name}: {self._about.url} {answer}"
                self._down_until, self._down_because = self._clock() + self._about.again_after, trouble
            else:
                found[cell] = answer
                self._answers.put(cell, (now, answer))
        return found, trouble

    def _asked(self, cells: list[int]) -> Iterator[tuple[int, pa.Table | str]]:
        """Each cell with its rows, or with what is wrong with the service; nothing more is asked after that."""
        until = self._clock() + self._about.budget
        pool = ThreadPoolExecutor(self._about.at_once, f"{self._about.name}-cone")
        waiting: dict[Future[pa.Table | str], int] = {}
        queue = list(reversed(cells))
        try:
            wrong = ""
            while (queue or waiting) and not wrong:
                while queue and len(waiting) < self._about.at_once:
                    cell = queue.pop()
                    waiting[pool.submit(self._question, cell)] = cell
                done, _ = wait(waiting, max(0.0, until - self._clock()), "FIRST_COMPLETED")
                for future in done:
                    answer = future.result()
                    wrong = answer if isinstance(answer, str) else wrong
                    yield waiting.pop(future), answer
                if not done:
                    yield next(iter(waiting.values())), f"did not answer all within {self._about.budget:g} s"
                    return
        finally:
            # Nobody waits for questions that are still on their way: they end by their own time-out.
            pool.shutdown(wait=False, cancel_futures=True)

    def _question(self, cell: int) -> pa.Table | str:
        """The rows in and around a cell, or what is wrong, in a few words."""
        import httpx

        (ra,), (dec,) = centres(np.array([cell]), self._depth)
        cone = Cone(float(ra), float(dec), self._about.radius + _CELL / 2**self._depth)
        query = {"RA": f"{ra:.9f}", "DEC": f"{dec:.9f}", "SR": f"{cone.radius / 3600.0:.9f}"}
        try:
            with self._client.stream("GET", self._about.url, params=query) as response:
                content = _content(response, self._clock() + self._about.timeout, self._clock)
                return rows_of(content, response.headers.get("Content-Type", ""), cone, self._wanted)
        except httpx.HTTPStatusError as error:
            return f"answers {error.response.status_code}"
        except httpx.TimeoutException:
            return "does not answer in time"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"cannot be reached: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        except ValueError as error:
            return str(error)

    def _nearest(self, places: Places, cells: Ints, answers: dict[int, pa.Table], failed: Bools, trouble: str) -> Found:
        """Each alert against the rows of its own cell."""
        known = sorted(answers)
        rows = pa.concat_tables([answers[c] for c in known]) if known else self._wanted.schema.empty_table()
        size = np.array([answers[c].num_rows for c in known], dtype=np.int64)
        start = np.concatenate([[0], np.cumsum(size)[:-1]]).astype(np.int64) if known else size
        alerts = np.flatnonzero(np.isin(cells, known))
        which = np.searchsorted(np.array(known, dtype=np.int64), cells[alerts])
        alert = np.repeat(alerts, size[which])
        first = np.repeat(np.cumsum(size[which]) - size[which], size[which])
        row = np.repeat(start[which], size[which]) + np.arange(len(alert)) - first
        ra, dec = (rows.column(n).to_numpy()[row] for n in ("ra", "dec"))
        apart = separation(places.ra[alert], places.dec[alert], ra, dec)
        order = np.lexsort((apart, alert))
        order = order[apart[order] <= self._about.radius]
        rank = np.arange(len(order)) - np.searchsorted(alert[order], alert[order])
        order = order[rank < self._about.neighbours]
        given = rows.take(pa.array(row[order])).drop_columns(["ra", "dec"])
        named = given.rename_columns([c.name for c in self._about.columns])
        return Found(alert[order], apart[order], named, failed, trouble)


def _client(about: ConeSearch) -> httpx.Client:
    try:
        import httpx
    except ImportError as error:
        raise ConfigError("asking a remote catalogue needs httpx: pip install 'linnet[kafka]'") from error
    return httpx.Client(timeout=about.timeout, headers={"Accept": "application/json, application/x-votable+xml"})


def _content(response: httpx.Response, until: float, clock: Callable[[], float]) -> bytes:
    """The bytes of an answer, read only as far and as long as it can be one."""
    response.raise_for_status()
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > _MOST:
            raise ValueError(f"gives an answer longer than {_MOST} bytes")
        if clock() > until:
            raise ValueError("gives an answer that does not end in time")
    return bytes(content)
