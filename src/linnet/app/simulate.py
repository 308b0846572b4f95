"""Simulated nights as recordings, with their truth beside them: the work behind `linnet simulate`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from linnet.adapters.recording import write_recording
from linnet.app.demo import sample_folder
from linnet.core.avro_container import header
from linnet.core.avro_schema import writer_schema
from linnet.core.durable import replace_file, storage_errors
from linnet.errors import InputError
from linnet.simulation.campaign import Campaign
from linnet.simulation.classes import CLASSES, injection, natural
from linnet.simulation.draws import Floats
from linnet.simulation.night import Simulation, simulate
from linnet.simulation.packets_lsst import LsstPackets
from linnet.simulation.packets_ztf import ZtfPackets
from linnet.simulation.sending import Packets, batches, nights
from linnet.simulation.telescopes import TELESCOPES
from linnet.simulation.truth import of_alerts, of_sources
from linnet.surveys.lsst.schemas import VERSIONS, carried

TRUTH, SOURCES = "truth.parquet", "sources.parquet"
"""Files beside the recordings: what is true of alerts, and of all sources."""

_ZTF_SAMPLES = "ztf/forced-photometry"
_DAY_0 = date(1858, 11, 17)


@dataclass(frozen=True)
class Wish:
    """What is to be simulated.

    Attributes:
        survey: one of `TELESCOPES`.
        start: evening of the first night.
        nights: how many.
        seed: another seed, another sky.
        counts: sources of each class; None: those of `injection`.
        is_natural: classes as often as they occur, `counts` in addition.
        with_stamps: False leaves the cutouts out.
        places: class -> file of the places at which its sources are put.
    """

    survey: str
    start: date
    nights: int
    seed: int
    counts: Mapping[str, int] | None = None
    is_natural: bool = False
    with_stamps: bool = True
    places: Mapping[str, Path] = field(default_factory=dict)

    @property
    def campaign(self) -> Campaign:
        """When and with which telescope.

        Raises:
            InputError: no such survey, or places that cannot be read.
        """
        if self.survey not in TELESCOPES:
            raise InputError(f"no survey {self.survey!r}: there are {', '.join(TELESCOPES)}")
        places = {name: _places(path) for name, path in self.places.items()}
        return Campaign(TELESCOPES[self.survey], (self.start - _DAY_0).days, self.nights, self.seed, places)


@dataclass(frozen=True)
class Made:
    """What was written.

    Attributes:
        recordings: one for each night with alerts.
        alerts, sources: how many.
        classes: class -> (sources, sources with alerts, alerts).
    """

    recordings: tuple[Path, ...]
    alerts: int
    sources: int
    classes: Mapping[str, tuple[int, int, int]]


def record_nights(wish: Wish, folder: Path, progress: Callable[[int], None] = lambda _n: None) -> Made:
    """Simulate nights and write each as a recording `SURVEY-DATE.arrow`, with `TRUTH` and `SOURCES`.

    Raises:
        InputError: a wish that cannot be met.
        StorageError: the disk is full or the folder cannot be written.
    """
    done = simulate(wish.campaign, _counts(wish))
    packets = packets_of(done, with_stamps=wish.with_stamps)
    written = []
    for night in nights(done):
        path = folder / f"{done.campaign.telescope.name}-{night.date}.arrow"
        write_recording(path, _counted(batches(done, packets, night), progress))
        written.append(path)
    sources = of_sources(done)
    _write(folder / TRUTH, of_alerts(done, packets))
    _write(folder / SOURCES, sources)
    return Made(tuple(written), len(done.alerts), sources.num_rows, _by_class(sources))


def packets_of(simulation: Simulation, *, with_stamps: bool = True) -> Packets:
    """How the survey of a simulation writes: ZTF's schema 4.02 out of the samples, the newest carried one of LSST.

    Raises:
        InputError: the samples are not there.
    """
    if simulation.campaign.telescope.name == "lsst":
        major, minor = VERSIONS[-1]
        return LsstPackets(simulation, carried(major, minor), 100 * major + minor, with_stamps)
    text = ztf_schema()
    return ZtfPackets(simulation, json.loads(text), text, with_stamps)


def ztf_schema() -> str:
    """The writer schema of ZTF's packets of version 4.02, out of the first sample that has it.

    Raises:
        InputError: the samples are not there.
    """
    for path in sorted((sample_folder() / _ZTF_SAMPLES).glob("*.avro")):
        text = writer_schema(header(path.read_bytes()).schema).json_text
        if json.loads(text).get("version") == "4.02":
            return text
    raise InputError(f"the samples hold no packet of ZTF's schema 4.02 below {_ZTF_SAMPLES}")


def read_counts(given: Sequence[str], file: Path | None) -> dict[str, int] | None:
    """Sources of each class from NAME=COUNT and from a TOML file of such lines; None where neither is given.

    Raises:
        InputError: what cannot be read.
    """
    found: dict[str, Any] = {}
    if file is not None:
        try:
            found |= tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read the counts in {file}: {str(error).splitlines()[0]}") from error
    for each in given:
        name, _, count = each.partition("=")
        if not count.isascii() or not count.isdigit():
            raise InputError(f"--class {each}: give NAME=COUNT, e.g. sn_ia=200")
        found[name] = int(count)
    for name, count in found.items():
        if not isinstance(count, int) or isinstance(count, bool):
            raise InputError(f"{name} = {count!r} in {file}: give a whole number of sources")
    return found or None


def read_places(given: Sequence[str]) -> dict[str, Path]:
    """Files of places from NAME=FILE.

    Raises:
        InputError: what is no such pair, or no class.
    """
    found = {}
    for each in given:
        name, _, path = each.partition("=")
        if name not in CLASSES or not path:
            raise InputError(f"--at {each}: give CLASS=FILE, a CSV or Parquet file with columns ra and dec in degrees")
        found[name] = Path(path)
    return found


def _places(path: Path) -> tuple[Floats, Floats]:
    """Columns `ra` and `dec`, degrees, of a CSV or Parquet file, in upper or lower case."""
    try:
        table = pq.read_table(path) if path.suffix == ".parquet" else csv.read_csv(path)
        columns = {name.lower(): name for name in table.column_names}
        ra, dec = (table.column(columns[name]).cast(pa.float64()).to_numpy() for name in ("ra", "dec"))
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"cannot read the places in {path}: {str(error).splitlines()[0]}") from error
    except KeyError as error:
        raise InputError(f"{path} has no columns ra and dec in degrees") from error
    good = (ra >= 0.0) & (ra <= 360.0) & (np.abs(dec) <= 90.0)
    return ra[good], dec[good]


def _counts(wish: Wish) -> Mapping[str, int]:
    if wish.is_natural:
        usual = natural(wish.campaign)
        return {
            name: usual.get(name, 0) + (wish.counts or {}).get(name, 0) for name in {**usual, **(wish.counts or {})}
        }
    return wish.counts or injection()


def _counted(made: Iterator[pa.RecordBatch], progress: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    for batch in made:
        yield batch
        progress(batch.num_rows)


def _write(path: Path, table: pa.Table) -> None:
    with storage_errors(f"write {path}"):
        replace_file(path, lambda part: pq.write_table(table, part, compression="zstd"))


def _by_class(sources: pa.Table) -> dict[str, tuple[int, int, int]]:
    found: dict[str, tuple[int, int, int]] = {}
    for name, alerts in zip(sources.column("class").to_pylist(), sources.column("alerts").to_pylist(), strict=True):
        of, seen, sent = found.get(name, (0, 0, 0))
        found[name] = (of + 1, seen + (alerts > 0), sent + alerts)
    return found
