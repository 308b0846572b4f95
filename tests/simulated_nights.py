"""Small simulations for tests, and their packets read by fastavro alone."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import fastavro
import numpy as np

from linnet.app.simulate import packets_of
from linnet.simulation.campaign import Campaign
from linnet.simulation.classes import CLASSES
from linnet.simulation.draws import Draws, Floats
from linnet.simulation.night import Simulation, simulate
from linnet.simulation.radiation import distance_modulus, mag_of
from linnet.simulation.sending import Packets
from linnet.simulation.sources import Epochs, Request, Sources
from linnet.simulation.telescopes import LSST, ZTF
from linnet.surveys.lsst.schemas import carried

FIRST_DAY = 61345
"""2025-10-27."""

COUNTS = dict.fromkeys(CLASSES, 12)

Record = dict[str, Any]


def campaign(survey: str, nights: int = 2, seed: int = 4) -> Campaign:
    """Two nights of a survey."""
    return Campaign(ZTF if survey == "ztf" else LSST, FIRST_DAY, nights, seed)


@cache
def night_of(survey: str) -> tuple[Simulation, Packets, tuple[bytes, ...]]:
    """A simulation with a dozen sources of each class, and its messages in order of time."""
    done = simulate(campaign(survey), COUNTS)
    packets = packets_of(done)
    return done, packets, tuple(packets.packets(done.alerts))


def read(message: bytes) -> Record:
    """A message as fastavro reads it; nothing may be left over."""
    if message.startswith(b"Obj\x01"):
        (record,) = fastavro.reader(io.BytesIO(message))
    else:
        schema = json.loads(json.dumps(carried(*divmod(int.from_bytes(message[1:5], "big"), 100))))
        stream = io.BytesIO(message[5:])
        record = fastavro.schemaless_reader(stream, fastavro.parse_schema(schema), None)
        assert stream.read() == b""
    assert isinstance(record, dict)
    return record


@cache
def records_of(survey: str) -> tuple[Record, ...]:
    """The packets of `night_of`, read."""
    return tuple(read(message) for message in night_of(survey)[2])


def asked(survey: str, kind: str, n: int) -> Request:
    """A request for n sources of a class."""
    given = campaign(survey)
    return Request(given, Draws(given.seed, kind), np.arange(n, dtype=np.int64))


def absolute_curve(sources: Sources, source: int, band: int, phases: Floats, since: str = "peak_mjd") -> Floats:
    """Magnitudes of a source at phases in days of its rest frame, less its distance modulus; K corrections stay in."""
    z = sources.truth["z"][source]
    n = len(phases)
    at = Epochs(
        np.full(n, source, dtype=np.int64),
        sources.truth[since][source] + phases * (1.0 + z),
        np.full(n, band, dtype=np.int64),
        np.ones(n),
        np.zeros(n, dtype=np.int64),
    )
    return mag_of(sources.light(at)) - distance_modulus(z)


def nearest(sources: Sources, n: int) -> list[int]:
    """The n sources of lowest redshift, whose K corrections are small."""
    return [int(i) for i in np.argsort(sources.truth["z"])[:n]]


def median_curve(draw: Callable[[Request], Sources], band: int, phases: Floats, since: str = "peak_mjd") -> Floats:
    """The median over 40 near sources of a class of ZTF."""
    sources = draw(asked("ztf", draw.__name__, 2000))
    found: Floats = np.median([absolute_curve(sources, i, band, phases, since) for i in nearest(sources, 40)], axis=0)
    return found
