"""ZTF packets as a load: containers of one alert each, with the survey's own numbering (nid, pid, candid)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from linnet.core import avro_varint
from linnet.core.avro_container import SYNC
from linnet.core.avro_schema import writer_schema
from linnet.core.avro_segment import header
from linnet.simulation.load_schedule import Floats, Ints
from linnet.simulation.load_template import History, Record, Sample, Sending, Template, Values, history, template

TOPIC = "ztf_load"

JD = 2400000.5
"""JD of MJD 0."""

FIRST_NIGHT_JD = 2457754.5
"""Nights (`nid`) are counted from 2017-01-01."""

_SYNC = bytes(range(SYNC))
_PID, _CANDID, _NID = 3_000_000_000_000, 3_000_000_000_000_000_000, 3000
_SERIALS = 1_000_000
_JITTER_MAG = 0.4
_OWN = ("candid", "pid", "nid", "jd", "ra", "dec", "magpsf", "jdstarthist", "jdendhist")
_PREVIOUS = ("candid", "pid", "jd", "ra", "dec", "magpsf")
_WANTED = frozenset(
    {
        "objectId",
        "candid",
        *(f"candidate.{name}" for name in _OWN),
        *(f"prv_candidates.{name}" for name in _PREVIOUS),
        *(f"fp_hists.{name}" for name in ("pid", "jd")),
    }
)


class ZtfLoad:
    """How ZTF numbers and dates what it sends."""

    name = "ztf"
    topic = TOPIC

    def sample(self, record: Record, schema_text: str) -> Sample:
        """A packet to be repeated, from its values and the text of its writer schema.

        Raises:
            PacketError: the schema is refused.
        """
        return Sample(record, writer_schema(schema_text.encode()), header(schema_text, "null", _SYNC), _SYNC)

    def template(self, sample: Sample, turn: int) -> Template:
        """The bytes of an object's alert after `turn` earlier ones."""
        own = sample.record["candidate"] | {"candid": _CANDID, "pid": _PID, "nid": _NID}
        record = sample.record | {"candid": _CANDID, "candidate": own, "objectId": _name(np.array([0]))[0].decode()}
        previous = [_numbered(p) for p in sample.record["prv_candidates"] or []]
        fields = _item_fields(sample, "prv_candidates")
        earlier = {name: own.get(name) for name in fields}
        lists = {"prv_candidates": history(_dated(previous, own["jd"]), earlier, turn)}
        if sample.record.get("fp_hists"):
            forced = [_numbered(p) for p in sample.record["fp_hists"]]
            lists["fp_hists"] = history(_dated(forced, own["jd"]), {}, 0)
        bare = Sample(sample.record, sample.schema)
        made = template(bare, record, _WANTED, lists)
        before = sample.before + avro_varint.encode(1) + avro_varint.encode(len(made.packet))
        slots = {path: places.moved(len(before)) for path, places in made.slots.items()}
        return Template(before + made.packet + sample.after, slots, lists, sample)

    def values(self, made: Template, sending: Sending) -> Values:
        """The changing fields of n packets of a template: n values, or n x items."""
        own = made.sample.record["candidate"]
        jd = sending.mjd + JD
        pid = _pid(jd, own["rcid"])
        candid = pid * _SERIALS + sending.schedule.place_in_visit(sending.alerts)
        mag = own["magpsf"] + _JITTER_MAG * sending.schedule.jitter(sending.alerts)
        ra, dec = sending.position
        scalars = {"candid": candid, "pid": pid, "jd": jd, "magpsf": mag, "nid": _nid(jd)}
        values: dict[str, npt.NDArray[Any]] = {f"candidate.{n}": v[:, -1] for n, v in scalars.items()}
        values |= {"candid": candid[:, -1], "objectId": _name(sending.number)}
        values |= {"candidate.ra": ra, "candidate.dec": dec}
        for name in ("jdstarthist", "jdendhist"):
            values[f"candidate.{name}"] = jd[:, 0] - (own["jd"] - (own.get(name) or own["jd"]))
        for path, each in made.histories.items():
            values |= _list_values(path, each, own["rcid"], sending)
        before = made.histories["prv_candidates"]
        magnitudes = np.array([item.get("magpsf") or 0.0 for item in before.items])
        values["prv_candidates.magpsf"] = before.among(mag, magnitudes)
        values["prv_candidates.candid"] = before.among(candid, values["prv_candidates.candid"])
        return values


def _list_values(path: str, each: History, rcid: int, sending: Sending) -> dict[str, npt.NDArray[Any]]:
    jd = each.times(sending.mjd) + JD
    pid = _pid(jd, rcid)
    ra, dec = (np.repeat(values[:, None], len(each.items), axis=1) for values in sending.position)
    serial = (sending.number % _SERIALS)[:, None]
    return {
        f"{path}.jd": jd,
        f"{path}.pid": pid,
        f"{path}.candid": pid * _SERIALS + serial,
        f"{path}.ra": ra,
        f"{path}.dec": dec,
    }


def _item_fields(sample: Sample, path: str) -> list[str]:
    """Names of the fields of a list's items."""
    shape = dict(sample.schema.shape.fields)[path]
    arrays = [part for part in (shape, *shape.parts) if part.kind == "array"]
    return [name for name, _ in arrays[0].parts[0].fields]


def _numbered(item: Record) -> Record:
    """An item with numbers as long as those to come; a limit, which has no candid, stays one."""
    return item | {"pid": _PID} | ({"candid": _CANDID} if item.get("candid") is not None else {})


def _dated(items: list[Record], jd: float) -> list[tuple[float, Record]]:
    return [(jd - item["jd"], item) for item in items]


def _nid(jd: Floats) -> Ints:
    return np.floor(jd - FIRST_NIGHT_JD).astype(np.int64)


def _pid(jd: Floats, rcid: int) -> Ints:
    """Night, day fraction in five digits, readout channel, and the 15 with which all of them end."""
    since = jd - FIRST_NIGHT_JD
    ticks = np.floor(since * 1e5 + 1e-4).astype(np.int64)
    return ticks * 10_000 + rcid * 100 + 15


def _name(number: Ints) -> npt.NDArray[np.bytes_]:
    """Object names: ZTF26 and seven letters."""
    letters = (number[:, None] // 26 ** np.arange(6, -1, -1)) % 26 + ord("a")
    text = np.empty((len(number), 12), dtype=np.uint8)
    text[:, :5] = np.frombuffer(b"ZTF26", dtype=np.uint8)
    text[:, 5:] = letters
    return text.view("S12").ravel()
