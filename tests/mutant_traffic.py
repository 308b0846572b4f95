"""Damaged packets among good ones, as a survey would send them if its line were bad: the same for the same seed.

What a damaged packet may do is decided by what it still says, so the order is part of the claim:

- Nights come in order. The last night of each survey is *tonight*: half of its packets open it, the other half is held
  back and sent in between the damaged ones, so that intact alerts arrive after them.
- Only packets that have arrived are damaged. A damaged one that still says whose it is therefore meets the intact one:
  it is a repeat, or a conflict, in which the first stays. Damaged first, it would rightly be the first.
- Every message carries its own time, five minutes after its exposure. Damage that moves the date forward into another
  night is from the future; damage that moves it back makes a late alert, which sees and shows nothing tonight.
- A packet whose id is damaged is another valid alert of the same object. Its points belong to the object from then on;
  they are known tonight, so that no intact alert of tonight sees them.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pyarrow as pa

from linnet.core.envelope import Message, Position, envelopes
from mutations import SYNC, mutate, swap_headers
from offered_messages import MAGIC, Offered, offers

TONIGHT = {"ztf": 20191231, "lsst": 20250905}
FOLDERS = {
    "ztf": ("ztf/fink-broker-local-20200101", "ztf/fink-microlensing-candidates", "ztf/ampel-v1.3-20171214"),
    "lsst": ("lsst/fink-v9_0-lsstcam-20250906", "lsst/kafka-wire-format", "lsst/fink-v9_0-decam-ci"),
}
"""Raw containers with all kinds of stamps, Spark's rewrites with and without compression, and framed messages."""

FRAMES = (700, 701, 702, 703, 704, 800, 900, 1000, 1001, 1100, 1101)
MINUTES = 5
VALUES = 1500
"""Bytes at the begin of a datum that hold what the alert says; behind them come histories and stamps."""

TOPICS = {"ztf": "ztf_20191231_programid1", "lsst": "lsst-alerts-v9.0"}


@dataclass(frozen=True)
class Good:
    """An intact packet with one alert."""

    survey: str
    alert_id: int
    night: int
    sent: datetime
    value: bytes
    places: tuple[int, ...] = ()
    """Of the bytes that hold its id, time, position and brightness, where the container is not compressed."""


@dataclass(frozen=True)
class Sent:
    """One message of the traffic, and what it is: new and intact, a repeat of such a one, or damaged."""

    message: Message
    what: Literal["intact", "repeat", "mutant"]
    survey: str


@dataclass(frozen=True)
class Traffic:
    """What to send.

    Attributes:
        messages: mixed messages to send after the opening. share: part of them that is damaged.
    """

    data: Path
    messages: int
    share: float
    seed: int = 1

    def good(self) -> list[Good]:
        """All intact packets by night."""
        found = []
        for survey, folders in FOLDERS.items():
            for folder in folders:
                found += [
                    Good(
                        survey,
                        alert.alert_id,
                        alert.night,
                        _time(alert.mjd_utc),
                        offer.value,
                        _places(alert, offer.value),
                    )
                    for offer in offers(self.data / folder, self.data / "schemas")
                    for alert in offer.alerts
                    if alert.night and alert.night <= TONIGHT[survey]
                ]
        unique = {(g.survey, g.alert_id): g for g in reversed(found)}
        return sorted(unique.values(), key=lambda g: (g.night, g.survey, g.alert_id))

    def intact(self) -> Iterator[Sent]:
        """The intact packets alone, each once: the traffic without the damage (and without its repeats)."""
        return (sent for sent in self if sent.what == "intact")

    def __iter__(self) -> Iterator[Sent]:
        """The whole traffic."""
        rng = random.Random(self.seed)
        good = self.good()
        tonight = [g for g in good if g.night == TONIGHT[g.survey]]
        rng.shuffle(tonight)
        arrived = [g for g in good if g.night != TONIGHT[g.survey]] + tonight[::2]
        held = tonight[1::2]
        count = 0
        for each in arrived:
            yield _sent(each, each.value, "intact", count)
            count += 1
        due = sorted(rng.sample(range(self.messages), len(held)))
        for number in range(self.messages):
            if due and number == due[0]:
                del due[0]
                arrived.append(held.pop())
                yield _sent(arrived[-1], arrived[-1].value, "intact", count)
            elif rng.random() < self.share:
                survey = rng.choice(("ztf", "lsst"))
                one, other = (rng.choice([g for g in arrived if g.survey == survey]) for _ in range(2))
                yield _sent(one, damaged(rng, one, other.value), "mutant", count)
            else:
                again = rng.choice(arrived)
                yield _sent(again, again.value, "repeat", count)
            count += 1


@dataclass(frozen=True)
class TrafficSource:
    """Messages as a source, made when they are asked for."""

    sent: Iterator[Sent] = field(repr=False)

    def open(self, positions: Sequence[Position] = ()) -> OpenTraffic:
        """The traffic from its beginning; it is not resumed."""
        assert not positions
        return OpenTraffic(self.sent)


class OpenTraffic:
    """Traffic being read."""

    def __init__(self, sent: Iterator[Sent]) -> None:
        self._sent = sent

    def next_batch(self, limit: int) -> pa.RecordBatch | None:
        """Up to `limit` messages; None at the end."""
        rows = [each.message for _, each in zip(range(limit), self._sent, strict=False)]
        return envelopes(rows) if rows else None

    def position(self) -> tuple[Position, ...]:
        """Nothing to go on from."""
        return ()

    def close(self) -> None:
        """Nothing to let go of."""


def damaged(rng: random.Random, good: Good, other: bytes) -> bytes:
    """A packet after one of the things that happen to packets. It may by chance be a valid one, or even the same."""
    one = good.value
    framed = not one.startswith(MAGIC)
    start = 5 if framed else _datum(one)
    kind = rng.choices(("anywhere", "behind the header", "in what it says", "other header"), (20, 25, 45, 10))[0]
    if kind == "anywhere":
        return mutate(rng, one)
    if kind == "behind the header":
        return one[:start] + mutate(rng, one[start:])
    if kind == "in what it says":
        places = (
            good.places if good.places and rng.random() < 0.6 else range(start, min(start + VALUES, len(one) - SYNC))
        )
        return _flipped(rng, one, places)
    if framed:
        return b"\0" + rng.choice(FRAMES).to_bytes(4, "big") + one[5:]
    # The datum stays, for it goes with the time of its message; the schema and the codec in front of it are another's.
    return swap_headers(other, one) if other.startswith(MAGIC) else other[:5] + one


def _flipped(rng: random.Random, data: bytes, places: Sequence[int]) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 2)):
        out[rng.choice(places)] ^= 1 << rng.randrange(8)
    return bytes(out)


def _places(alert: Offered, value: bytes) -> tuple[int, ...]:
    """Where the important values of an alert stand, found by their bytes."""
    ztf = alert.survey == "ztf"
    values = alert.record["candidate" if ztf else "diaSource"]
    names = ("jd", "ra", "dec", "magpsf") if ztf else ("midpointMjdTai", "ra", "dec", "psfFlux")
    floats = ("magpsf", "psfFlux")
    number = _varint(alert.alert_id)
    found = [(value.find(number, value.find(number) + 1), len(number))]  # the first is a copy outside of the candidate
    encoded = [struct.pack("<f" if n in floats else "<d", values[n]) for n in names]
    found += [(value.find(each), len(each)) for each in encoded]
    return tuple(at + i for at, size in found if at >= 0 for i in range(size))


def _varint(number: int) -> bytes:
    """A positive number as Avro writes it."""
    left, out = 2 * number, bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*out, left])


def _datum(container: bytes) -> int:
    """Place of the first datum in a container: behind the header, and the count and size of the first block."""
    at = container.index(container[-SYNC:]) + SYNC
    for _ in range(2):
        while container[at] & 0x80:
            at += 1
        at += 1
    return at


def _sent(good: Good, value: bytes, what: Literal["intact", "repeat", "mutant"], count: int) -> Sent:
    stamp = int((good.sent + timedelta(minutes=MINUTES)).timestamp() * 1e6)
    # A name of its own for each message: the same damage again is then another dead letter, not a repeat of the first.
    return Sent(Message(value, TOPICS[good.survey], 0, count, b"%d" % count, stamp), what, good.survey)


def _time(mjd_utc: float) -> datetime:
    return datetime(1858, 11, 17, tzinfo=UTC) + timedelta(days=mjd_utc)
