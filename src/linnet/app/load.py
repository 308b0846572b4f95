"""Loads out of the sample packets: the work behind `linnet load`, and what the benchmarks run on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from linnet.adapters.recording import write_recording
from linnet.app.demo import sample_folder
from linnet.errors import InputError
from linnet.simulation.load import Load
from linnet.simulation.load_lsst import LsstLoad
from linnet.simulation.load_samples import is_repeatable_lsst, is_repeatable_ztf, records
from linnet.simulation.load_schedule import Schedule
from linnet.simulation.load_ztf import ZtfLoad
from linnet.surveys.lsst.schemas import carried

LONG_HISTORY = 350
"""Previous sources of a packet of `lsst-long`: those of an object in a deep field after some months."""

_ZTF_FOLDERS = ("forced-photometry", "solar-system")
"""Packets of schema 4.01 and 4.02, as ZTF sends them now: with 15 to 50 previous candidates and forced photometry."""

_ZTF_RADIUS, _LSST_RADIUS = 3.4, 1.75


@dataclass(frozen=True)
class Kind:
    """One kind of load.

    Attributes:
        name: `ztf`, `lsst`, `lsst-long`.
        folders: of the samples whose packets it repeats.
        schema: (major, minor) of the carried schema that writes them; None: their own.
        length: previous sources of every packet; None: as many as the sample has.
        about: one line for a person.
    """

    name: str
    folders: tuple[str, ...]
    schema: tuple[int, int] | None
    length: int | None
    about: str

    def load(self, given: Schedule, folder: Path | None = None) -> Load:
        """The load of this kind.

        Raises:
            InputError: the samples are not there.
        """
        root = folder or sample_folder()
        paths = [p for name in self.folders for p in sorted((root / name).glob("*.avro"))]
        if not paths:
            raise InputError(
                f"{root} holds no packets below {', '.join(self.folders)}: they are the samples of {self.name}"
            )
        read = [(text, record) for path in paths for text, found in [records(path.read_bytes())] for record in found]
        if self.schema is None:
            survey = ZtfLoad()
            return Load(survey, [survey.sample(r, text) for text, r in read if is_repeatable_ztf(r)], given)
        major, minor = self.schema
        text = json.dumps(carried(major, minor))
        framed = LsstLoad(100 * major + minor, self.length)
        return Load(framed, [framed.sample(r, text) for _, r in read if self._usable(r)], given)

    def _usable(self, record: dict[str, object]) -> bool:
        is_long = bool(record.get("prvDiaSources"))
        return is_repeatable_lsst(record) and (self.length is None or is_long)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("ztf", tuple(f"ztf/{name}" for name in _ZTF_FOLDERS), None, None, "ZTF as sent now, 75 KB"),
        Kind("lsst", ("lsst/commissioning",), (9, 0), None, "LSST as first sent, 116 KB"),
        Kind("lsst-long", ("lsst/deep-field",), (10, 0), LONG_HISTORY, "LSST with 350 previous sources, 260 KB"),
    )
}


def load_of(kind: str, given: Schedule, folder: Path | None = None) -> Load:
    """The load of a kind by its name.

    Raises:
        InputError: no such kind, or the samples are not there.
    """
    if kind not in KINDS:
        raise InputError(f"no load {kind!r}: there are {', '.join(KINDS)}")
    return KINDS[kind].load(given, folder)


def record(
    kind: str,
    given: Schedule,
    path: Path,
    folder: Path | None = None,
    progress: Callable[[int], None] = lambda _n: None,
) -> int:
    """Write the load of a kind as a recording; gives the number of alerts.

    Raises:
        InputError: no such kind, or the samples are not there.
        StorageError: the disk is full or the folder cannot be written.
    """
    load = load_of(kind, given, folder)

    def counted() -> Iterator[pa.RecordBatch]:
        for batch in load.batches():
            yield batch
            progress(batch.num_rows)

    return write_recording(path, counted())
