"""LSST packets as a load: framed datums with the survey's own schema, of short or of long histories."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.core import times
from linnet.core.avro_schema import writer_schema
from linnet.simulation.load_pixels import Region, pixel_regions
from linnet.simulation.load_schedule import Floats, Ints
from linnet.simulation.load_template import History, Record, Sample, Sending, Template, Values, history, template

TOPIC = "lsst-alerts-load"

_ID, _BASE_ID = 100_000_000_000_000_000, 40_000_000_000_000_000
"""First id of what the load sends, and of the points before it; both take nine bytes, as the survey's do."""

_PER_OBJECT = 4096
"""Ids kept for the sample's own points of an object."""

_VISIT = 2_026_000_000_000
_PER_VISIT = 1_000_000
_PER_NIGHT = 100_000
_PROCESSING = 60.0 / 86400.0
_HALF_EXPOSURE = 15.0 / 86400.0
_JITTER = 0.3
_EPOCH = np.datetime64("1858-11-17")
_CUTOUTS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")

_PLACE = ("diaObjectId", "ra", "dec")
_SOURCE = ("diaSourceId", "visit", "midpointMjdTai", "timeProcessedMjdTai", "psfFlux", *_PLACE)
_WANTED = frozenset(
    {
        "diaSourceId",
        *(f"diaSource.{name}" for name in _SOURCE),
        *(f"diaObject.{name}" for name in _PLACE),
        *(f"prvDiaSources.{name}" for name in _SOURCE),
        *(f"prvDiaForcedSources.{name}" for name in _SOURCE),
        "prvDiaForcedSources.diaForcedSourceId",
    }
)


class LsstLoad:
    """How LSST numbers and dates what it sends.

    Args:
        schema_id: which the frame names: major x 100 + minor.
        length: previous sources of every packet; as many as the sample has by default.
    """

    name = "lsst"
    topic = TOPIC

    def __init__(self, schema_id: int, length: int | None = None) -> None:
        self._frame = b"\0" + schema_id.to_bytes(4, "big")
        self._length = length

    def sample(self, record: Record, schema_text: str) -> Sample:
        """A packet to be repeated, from its values and the text of the schema that the frame names.

        Raises:
            PacketError: the schema is refused.
        """
        return Sample(record, writer_schema(schema_text.encode()), self._frame)

    def template(self, sample: Sample, turn: int) -> Template:
        """The bytes of an object's alert after `turn` earlier ones."""
        own = _numbered(sample.record["diaSource"])
        record = sample.record | {"diaSourceId": _ID, "diaSource": own}
        record["diaObject"] = sample.record["diaObject"] | {"diaObjectId": _ID}
        now = own["midpointMjdTai"]
        previous = _dated(sample.record["prvDiaSources"], now)
        forced = _dated(sample.record["prvDiaForcedSources"], now)
        lists = {
            "prvDiaSources": history(previous, own, turn, self._length if previous else None),
            "prvDiaForcedSources": history(forced, own | {"diaForcedSourceId": _ID}, turn),
        }
        made = template(sample, record, _WANTED, lists)
        return replace(made, noisy=_noisy(record, made.packet))

    def values(self, made: Template, sending: Sending) -> Values:
        """The changing fields of n packets of a template: n values, or n x items."""
        own = made.sample.record["diaSource"]
        mjd = times.utc_to_tai(sending.mjd) + _HALF_EXPOSURE
        flux = own["psfFlux"] * (1.0 + _JITTER * sending.schedule.jitter(sending.alerts))
        ids, ra, dec = _ids(sending), *sending.position
        columns = {
            "diaSourceId": ids,
            "visit": _visit_of(sending.mjd, sending.schedule.visit(sending.alerts)),
            "midpointMjdTai": mjd,
            "timeProcessedMjdTai": mjd + _PROCESSING,
            "psfFlux": flux,
        }
        values: dict[str, npt.NDArray[Any]] = {f"diaSource.{n}": v[:, -1] for n, v in columns.items()}
        values["diaSourceId"] = ids[:, -1]
        for record in ("diaSource", "diaObject"):
            values |= {f"{record}.diaObjectId": ids[:, 0], f"{record}.ra": ra, f"{record}.dec": dec}
        for path, each in made.histories.items():
            values |= _list_values(path, each, columns, sending)
        return values


def _list_values(
    path: str, each: History, own: dict[str, npt.NDArray[Any]], sending: Sending
) -> dict[str, npt.NDArray[Any]]:
    """The items of one list: earlier alerts as they were sent, the sample's own points dated back."""
    items = len(each.items)
    ids = _BASE_ID + sending.number[:, None] * _PER_OBJECT + np.maximum(each.base, 0)
    ids = each.among(own["diaSourceId"], ids)
    mjd = each.times(own["midpointMjdTai"])
    ra, dec, object_id = (np.repeat(v[:, None], items, axis=1) for v in (*sending.position, own["diaSourceId"][:, 0]))
    # Days are enough for the number of an earlier exposure: its last five digits are taken from its time.
    named = {
        "diaSourceId": ids,
        "diaForcedSourceId": ids,
        "diaObjectId": object_id,
        "midpointMjdTai": mjd,
        "timeProcessedMjdTai": mjd + _PROCESSING,
        "visit": each.among(own["visit"], _visit_of(each.times(sending.mjd), (mjd % 1.0 * 86400).astype(np.int64))),
        "psfFlux": each.among(own["psfFlux"], np.array([item.get("psfFlux") or 0.0 for item in each.items])),
        "ra": ra,
        "dec": dec,
    }
    return {f"{path}.{name}": values for name, values in named.items()}


def _numbered(record: Record) -> Record:
    """A source with numbers as long as those to come; what is null stays so."""
    lengths = {"diaSourceId": _ID, "diaForcedSourceId": _ID, "diaObjectId": _ID, "visit": _VISIT}
    return record | {name: number for name, number in lengths.items() if record.get(name) is not None}


def _dated(items: list[Record] | None, mjd: float) -> list[tuple[float, Record]]:
    return [(mjd - item["midpointMjdTai"], _numbered(item)) for item in items or []]


def _ids(sending: Sending) -> Ints:
    """Ids that grow with time: night, exposure, place in it."""
    of, alerts = sending.schedule, sending.alerts
    return _ID + (of.night(alerts) * _PER_NIGHT + of.visit(alerts)) * _PER_VISIT + of.place_in_visit(alerts)


def _visit_of(mjd: Floats, number: Ints) -> Ints:
    """Exposure numbers: the date of UTC - 12 h (dayObs, SITCOMTN-032) and five digits."""
    date = _EPOCH + np.floor(mjd - 0.5).astype(np.int64).astype("timedelta64[D]")
    month = date.astype("datetime64[M]")
    months = month.astype(np.int64)
    day = (date - month.astype("datetime64[D]")).astype(np.int64) + 1
    visits: Ints = ((1970 + months // 12) * 10_000 + (1 + months % 12) * 100 + day) * 100_000 + number
    return visits


def _noisy(record: Record, packet: bytes) -> tuple[Region, ...]:
    """Where the pixels of a packet's stamps lie."""
    found: list[Region] = []
    for path in _CUTOUTS:
        image = record.get(path) or b""
        start = packet.index(image) if image else 0
        found += [(start + first, start + end) for first, end in pixel_regions(image)]
    return tuple(found)
