"""Light curves against a plain Python oracle that follows the rules of identity one point at a time."""

from __future__ import annotations

import random
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from linnet.core import lightcurve as lc
from linnet.core.column import TEXT_CODE, schema_of
from linnet.core.unit import POINT, WITHDRAWN
from linnet.core.vocabulary import HISTORY, LIGHT_CURVE, PACKET

BANDS = ("g", "r", "fid7")
QUANTITIES = ("mjd", "band", "flux", "flux_err", "kind", "source_id", "key", "public")


@dataclass(frozen=True)
class P:
    """One point, in Python."""

    mjd: float
    band: str | None = "g"
    flux: float | None = 1.0
    flux_err: float | None = 0.5
    kind: int = 0
    source_id: int | None = None
    key: int = 0
    public: bool = True
    withdrawn: bool = False
    rank: int = lc.IN_PACKET

    @property
    def identity(self) -> tuple[int, int]:
        """What two values of one point share."""
        return self.kind, self.key

    @property
    def shown(self) -> tuple[object, ...]:
        """What the columns show of it."""
        return astuple(self)[:8]


@dataclass(frozen=True)
class A:
    """One alert: id, object, time, and what its packet holds."""

    alert_id: int
    object_id: str | None
    mjd: float
    points: tuple[P, ...] = ()

    @property
    def all(self) -> tuple[P, ...]:
        """The packet's points and the alert's own detection somewhere among them."""
        own = P(self.mjd, "r", 7.0, 0.25, 0, self.alert_id, self.alert_id, True, False, lc.OWN)
        middle = len(self.points) // 2
        return (*self.points[:middle], own, *self.points[middle:])


def flat(alerts: list[A]) -> lc.Flat:
    """All points of the packets, with missing values as flat arrays hold them."""
    points = [p for a in alerts for p in a.all]
    names = (*BANDS, "unused")
    return lc.Flat(
        row=np.array([i for i, a in enumerate(alerts) for _ in a.all], dtype=np.int64),
        mjd=np.array([p.mjd for p in points], dtype=np.float64),
        band=np.array([-1 if p.band is None else names.index(p.band) for p in points], dtype=np.int64),
        flux=np.array([np.nan if p.flux is None else p.flux for p in points], dtype=np.float64),
        flux_err=np.array([np.nan if p.flux_err is None else p.flux_err for p in points], dtype=np.float64),
        kind=np.array([p.kind for p in points], dtype=np.int64),
        source_id=np.array([lc.NO_ID if p.source_id is None else p.source_id for p in points], dtype=np.int64),
        key=np.array([p.key for p in points], dtype=np.int64),
        public=np.array([p.public for p in points], dtype=bool),
        withdrawn=np.array([p.withdrawn for p in points], dtype=bool),
        rank=np.array([p.rank for p in points], dtype=np.int64),
        bands=names,
    )


def batch(alerts: list[A]) -> pa.RecordBatch:
    """The columns of `PACKET` that light curves touch, the rest null."""
    columns = lc.packet_history(flat(alerts), np.array([a.mjd for a in alerts], dtype=np.float64))
    columns |= {
        "alert_id": pa.array([a.alert_id for a in alerts], pa.int64()),
        "object_id": pa.array([a.object_id for a in alerts], pa.string()),
        "mjd": pa.array([a.mjd for a in alerts], pa.float64()),
    }
    schema = schema_of(PACKET)
    return pa.RecordBatch.from_arrays(
        [columns.get(f.name, pa.nulls(len(alerts), f.type)) for f in schema], schema=schema
    )


def kept(points: list[P]) -> list[P]:
    """The best point of every identity, by mjd, kind, key."""
    best: dict[tuple[int, int], P] = {}
    for point in points:
        if point.identity not in best or point.rank < best[point.identity].rank:
            best[point.identity] = point
    return sorted(best.values(), key=lambda p: (p.mjd, p.kind, p.key))


def packet_oracle(alert: A) -> tuple[list[P], int, list[tuple[int, int]]]:
    """History, number of future points and withdrawn identities of one packet."""
    others = [p for p in alert.all if p.rank != lc.OWN]
    back = {p.identity for p in others if p.withdrawn}
    future = [p for p in others if np.isfinite(p.mjd) and p.mjd > alert.mjd + lc.TIME_TOLERANCE]
    good = [
        p for p in alert.all if p.rank == lc.OWN or (p.identity not in back and p not in future and np.isfinite(p.mjd))
    ]
    return kept(good), len(future), sorted(back)


def shown(columns: Any, prefix: str, rows: int) -> list[list[tuple[object, ...]]]:
    """The list columns as one list of tuples per alert."""
    lists = [columns[f"{prefix}_{q}"].to_pylist() for q in QUANTITIES]
    return [list(zip(*(values[i] for values in lists), strict=True)) for i in range(rows)]


def some_points(rng: random.Random, alert_id: int, mjd: float) -> tuple[P, ...]:
    """Points with few keys and times, so that every kind of meeting happens."""
    times = [mjd - d for d in (0.0, 1e-7, 2e-6, 1.0, 1.5, 30.0)] + [mjd + 5e-7, mjd + 1e-3, float("nan")]
    return tuple(
        P(
            rng.choice(times),
            rng.choice([*BANDS, None]),
            rng.choice([None, -3.0, 5.0, 2.0**100]),
            rng.choice([None, 0.5, 2.0]),
            rng.choice([0, 0, 1, 2]),
            rng.choice([None, 2**53 + 1]),
            rng.choice([alert_id, 2**53 + 1, 2**53 + 2, -5, 11, 12, 13]),
            rng.random() < 0.8,
            rng.random() < 0.1,
        )
        for _ in range(rng.randrange(12))
    )


def some_alerts(seed: int, count: int) -> list[A]:
    """Alerts of a few objects, some of them with several and some without an object."""
    rng = random.Random(seed)
    found = []
    for i in range(count):
        mjd = 60000.0 + rng.choice([0.0, 0.25, 3.0])
        alert_id = 2**60 + 1 + i
        found.append(A(alert_id, rng.choice(["a", "b", "c", None]), mjd, some_points(rng, alert_id, mjd)))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_a_packets_history_is_that_of_the_oracle(seed: int) -> None:
    alerts = some_alerts(seed, 25)
    columns = batch(alerts)
    expected = [packet_oracle(a) for a in alerts]
    assert shown(columns, "lc", 25) == [[p.shown for p in points] for points, _, _ in expected]
    assert columns["lc_n_future"].to_pylist() == [n for _, n, _ in expected]
    pairs = zip(columns["withdrawn_kind"].to_pylist(), columns["withdrawn_key"].to_pylist(), strict=True)
    assert [sorted(zip(k, v, strict=True)) for k, v in pairs] == [back for _, _, back in expected]


def test_columns_have_their_declared_types() -> None:
    columns = lc.packet_history(flat(some_alerts(1, 5)), np.full(5, 60000.0))
    for name in (*LIGHT_CURVE, "lc_n_future", "withdrawn_kind", "withdrawn_key"):
        assert columns[name].type == PACKET[name].type, name
        columns[name].validate(full=True)


def test_joined_and_packet_histories_have_the_same_quantities() -> None:
    assert {n.removeprefix("hist_") for n in HISTORY} == {n.removeprefix("lc_") for n in LIGHT_CURVE} == set(QUANTITIES)


def test_the_own_detection_beats_its_repeat_in_the_packet() -> None:
    # Commissioning packets repeat their own candidate among the previous ones, with other digits.
    twin = P(60000.0 - 1e-6, "g", 99.0, 9.0, 0, 42, 42)
    columns = batch([A(42, "a", 60000.0, (twin, twin))])
    assert shown(columns, "lc", 1) == [[(60000.0, "r", 7.0, 0.25, 0, 42, 42, True)]]


def test_two_detections_in_one_exposure_both_stay() -> None:
    pair = (P(59999.0, "g", 1.0, 0.5, 0, 1, 1), P(59999.0, "g", 2.0, 0.5, 0, 2, 2))
    assert len(batch([A(42, "a", 60000.0, pair)])["lc_mjd"][0]) == 3


def test_an_alert_without_a_time_keeps_no_points_and_raises_nothing() -> None:
    columns = lc.packet_history(flat([A(1, "a", np.nan, (P(59999.0, key=5),))]), np.array([np.nan]))
    assert columns["lc_mjd"].to_pylist() == [[]]
    assert columns["lc_n_future"].to_pylist() == [0]


def test_no_alerts_give_typed_empty_columns() -> None:
    none = batch([])
    assert none.num_rows == 0
    joined = lc.join(none, POINT.empty_table())
    assert {n: a.type for n, a in joined.items()} == {n: c.type for n, c in HISTORY.items()}
    assert lc.point_rows(none, 20240101).equals(POINT.empty_table())
    assert lc.withdrawn_rows(none, 20240101).equals(WITHDRAWN.empty_table())


def test_a_flux_beyond_single_precision_is_null() -> None:
    columns = batch([A(1, "a", 60000.0, (P(59999.0, "g", 1e39, -1e300, 1, None, 9),))])
    assert columns["lc_flux"][0].as_py() == [None, 7.0]
    assert columns["lc_flux_err"][0].as_py() == [None, 0.25]


def stored_rows(rows: list[tuple[str, P]]) -> pa.Table:
    """Points as the store gives them."""
    columns = {
        "object_id": pa.array([o for o, _ in rows], pa.string()),
        "kind": pa.array([p.kind for _, p in rows], pa.int8()),
        "key": pa.array([p.key for _, p in rows], pa.int64()),
        "source_id": pa.array([p.source_id for _, p in rows], pa.int64()),
        "mjd": pa.array([p.mjd for _, p in rows], pa.float64()),
        "band": pa.array([p.band for _, p in rows], pa.string()).cast(TEXT_CODE),
        "flux": pa.array([p.flux for _, p in rows], pa.float32()),
        "flux_err": pa.array([p.flux_err for _, p in rows], pa.float32()),
        "public": pa.array([p.public for _, p in rows], pa.bool_()),
        "known_night": pa.array([20230101] * len(rows), pa.int32()),
        "alert_mjd": pa.array([p.mjd for _, p in rows], pa.float64()),
        "alert_id": pa.array([1] * len(rows), pa.int64()),
    }
    return pa.Table.from_pydict(columns, schema=POINT)


def some_stored(seed: int) -> list[tuple[str, P]]:
    """Stored points of the objects of `some_alerts` and of one more, one value per identity."""
    rng = random.Random(seed + 1000)
    found = {}
    for _ in range(60):
        name = rng.choice(["a", "b", "c", "elsewhere"])
        for p in some_points(rng, 2**60 + 1 + rng.randrange(25), 60000.0 + rng.choice([0.0, 0.25, 3.0])):
            if np.isfinite(p.mjd):
                found[(name, p.identity)] = (name, replace(p, rank=lc.STORED, withdrawn=False))
    return list(found.values())


def joined_oracle(alert: A, stored: list[tuple[str, P]]) -> list[P]:
    """Packet and store: nothing later than the alert, nothing its packet withdraws, own before stored before packet."""
    packet, _, back = packet_oracle(alert)
    of_object = [p for name, p in stored if name == alert.object_id]
    seen = [p for p in of_object if p.mjd <= alert.mjd + lc.TIME_TOLERANCE and p.identity not in back]
    return kept(packet + seen)


@pytest.mark.parametrize("seed", range(40))
def test_the_joined_history_is_that_of_the_oracle(seed: int) -> None:
    alerts, stored = some_alerts(seed, 25), some_stored(seed)
    joined = lc.join(batch(alerts), stored_rows(stored))
    assert shown(joined, "hist", 25) == [[p.shown for p in joined_oracle(a, stored)] for a in alerts]
    for name, column in joined.items():
        assert column.type == HISTORY[name].type
        column.validate(full=True)


@pytest.mark.parametrize("seed", range(5))
def test_rows_do_not_depend_on_their_batch(seed: int) -> None:
    alerts, stored = some_alerts(seed, 25), stored_rows(some_stored(seed))
    whole = batch(alerts)
    together = shown(lc.join(whole, stored), "hist", 25)
    parts = [whole.slice(0, 1), whole.slice(1, 0), whole.slice(1, 13), whole.slice(14)]
    apart = [row for part in parts for row in shown(lc.join(part, stored), "hist", part.num_rows)]
    assert apart == together
    order = random.Random(seed).sample(range(25), 25)
    shuffled = shown(
        lc.join(whole.take(pa.array(order)), stored.take(pa.array(range(len(stored) - 1, -1, -1)))), "hist", 25
    )
    assert shuffled == [together[i] for i in order]


def test_stored_points_in_chunks_with_other_dictionaries_join_as_one() -> None:
    one = stored_rows([("a", P(59990.0, "g", key=1)), ("b", P(59990.0, None, key=1))])
    two = stored_rows([("a", P(59991.0, "fid7", key=2)), ("a", P(59992.0, "g", key=3))])
    joined = lc.join(batch([A(9, "a", 60000.0)]), pa.concat_tables([one, POINT.empty_table(), two]))
    assert joined["hist_band"].to_pylist() == [["g", "fid7", "g", "r"]]
    assert joined["hist_source_id"].to_pylist() == [[None, None, None, 9]]


def test_alerts_without_an_object_join_nothing_and_bring_nothing() -> None:
    alerts = [A(1, None, 60000.0, (P(59999.0, key=5),)), A(2, None, 60000.0)]
    columns = batch(alerts)
    joined = lc.join(columns, stored_rows([("a", P(59990.0, key=1))]))
    assert [len(m) for m in joined["hist_mjd"].to_pylist()] == [2, 1]
    assert len(lc.point_rows(columns, 20240101)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_every_point_of_an_object_is_brought_with_the_alert_that_brought_it(seed: int) -> None:
    alerts = some_alerts(seed, 25)
    table = lc.point_rows(batch(alerts).slice(3, 20), 20240102)
    assert table.schema.equals(POINT)
    expected = [
        (
            a.object_id,
            p.kind,
            p.key,
            p.source_id,
            p.mjd,
            p.band,
            p.flux,
            p.flux_err,
            p.public,
            20240102,
            a.mjd,
            a.alert_id,
        )
        for a in alerts[3:23]
        if a.object_id is not None
        for p in packet_oracle(a)[0]
    ]
    assert list(zip(*(table.column(n).to_pylist() for n in POINT.names), strict=True)) == expected


@pytest.mark.parametrize("seed", range(5))
def test_every_withdrawal_is_brought(seed: int) -> None:
    alerts = some_alerts(seed, 25)
    table = lc.withdrawn_rows(batch(alerts).slice(3, 20), 20240102)
    assert table.schema.equals(WITHDRAWN)
    found = sorted(zip(*(table.column(n).to_pylist() for n in ("object_id", "kind", "key")), strict=True))
    brought = [(a.object_id, *back) for a in alerts[3:23] if a.object_id for back in packet_oracle(a)[2]]
    assert found == sorted(brought)
    assert set(table.column("known_night").to_pylist()) <= {20240102}


def test_what_a_packet_withdraws_does_not_come_back_from_the_store() -> None:
    alert = A(9, "a", 60000.0, (P(59990.0, key=1, withdrawn=True),))
    joined = lc.join(batch([alert]), stored_rows([("a", P(59990.0, key=1)), ("a", P(59991.0, key=2))]))
    assert joined["hist_key"].to_pylist() == [[2, 9]]


def test_one_alert_without_an_id_does_not_round_the_ids_of_the_others() -> None:
    columns = batch([A(2**60 + 1, "a", 60000.0), A(2**60 + 3, "b", 60000.0)])
    ids = pa.array([2**60 + 1, None], pa.int64())
    points = lc.flat(columns.set_column(columns.schema.get_field_index("alert_id"), "alert_id", ids))
    assert points.rank.tolist() == [lc.OWN, lc.IN_PACKET]


def test_exposure_keys_are_negative_apart_and_the_same_to_a_millionth_of_a_day() -> None:
    mjd = np.array([60000.1, 60000.1 + 1e-7, 60000.100001, 60000.1, 60000.1, 58000.0])
    band = np.array([103, 103, 103, 114, 103, 103])
    detector = np.array([5, 5, 5, 5, 6, 5])
    keys = lc.exposure_key(mjd, band, detector)
    assert (keys < 0).all()
    assert keys[0] == keys[1]
    assert len(set(keys.tolist())) == 5


def test_what_is_no_time_has_a_key_without_a_warning() -> None:
    odd = np.array([np.nan, np.inf, -1e300])
    assert (lc.exposure_key(odd, np.full(3, 103), np.full(3, 1)) < 0).all()


def test_band_names_of_parts_become_one_list() -> None:
    one, two = flat([A(1, "a", 60000.0, (P(1.0, "g"),))]), flat([A(2, "a", 60000.0, (P(1.0, None),))])
    other = replace(two, bands=("x", "r", "y", "z"))
    both = lc.concat([one, other])
    names = [None if code < 0 else both.bands[code] for code in both.band]
    assert names == ["r", "g", "r", None]
