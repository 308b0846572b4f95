"""Counts over the joined history, against a loop that a reader can check by eye."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from alert_batches import Alert, alert, batch, forced, limit, nights_of_tests, point, with_history
from linnet.core.counted import counted
from linnet.core.vocabulary import BANDS, COUNTED


def by_hand(batch_: pa.RecordBatch) -> list[dict[str, object]]:
    """The same counts, one alert and one point at a time."""
    answers = []
    for row in batch_.select(["mjd", "hist_mjd", "hist_band", "hist_flux", "hist_kind"]).to_pylist():
        points = list(zip(row["hist_mjd"], row["hist_band"], row["hist_flux"], row["hist_kind"], strict=True))
        seen = [p for p in points if p[3] == 0]
        first = min((p[0] for p in seen), default=None)
        limits = [p[0] for p in points if p[3] == 2 and (first is None or p[0] < first)]
        answer: dict[str, object] = {
            "n_detections": len(seen),
            "n_positive": sum(p[2] is not None and p[2] > 0 for p in seen),
            "n_nights": len({int(nights_of_tests(np.array([p[0]]))[0]) for p in seen}),
            "first_mjd": first,
            "last_mjd": max((p[0] for p in seen), default=None),
            "last_limit_mjd": max(limits, default=None),
            "age": None if first is None else np.float32(row["mjd"] - first),
        }
        answers.append(answer | {f"n_detections_{b}": sum(p[1] == b for p in seen) for b in BANDS})
    return answers


def random_alerts(number: int, seed: int) -> list[Alert]:
    """Alerts with 0 to 40 earlier points of every kind, both signs, unknown bands and null fluxes."""
    rng = np.random.default_rng(seed)
    alerts = []
    for i in range(number):
        history = []
        for kind in rng.integers(0, 3, rng.integers(0, 40)):
            mjd, band = 60001.3 - float(rng.choice([rng.uniform(0, 90), 0.0, 1.0])), str(rng.choice([*BANDS, "VR"]))
            flux = float(rng.normal(0, 300))
            history.append([point(mjd, band, flux), forced(mjd, band, flux), limit(mjd, band)][kind])
        alerts.append(alert(i, history, flux=float(rng.normal(0, 300))))
    return alerts


def same(found: dict[str, pa.Array], wanted: list[dict[str, object]]) -> None:
    for name, column in found.items():
        assert column.type == COUNTED[name].type, name
        assert column.to_pylist() == [answer[name] for answer in wanted], name


def test_counts_equal_a_loop_over_alerts_and_points() -> None:
    alerts = batch(*random_alerts(200, seed=1))
    found = counted(alerts, nights_of_tests)
    assert list(found) == [n for n in found if n in COUNTED]
    assert set(found) == set(COUNTED)
    same(found, by_hand(alerts))


@pytest.mark.parametrize(("start", "length"), [(0, 0), (0, 1), (7, 1), (3, 50), (199, 1)])
def test_a_slice_of_a_batch_counts_like_the_batch(start: int, length: int) -> None:
    alerts = batch(*random_alerts(200, seed=2))
    part = alerts.slice(start, length)
    same(counted(part, nights_of_tests), by_hand(alerts)[start : start + length])


def test_detections_of_any_flux_count_and_forced_points_and_limits_do_not() -> None:
    history = [
        point(59990.3, "g", -500.0),
        point(59990.3, "i", 0.0),
        point(59991.3, "i", None),
        forced(59995.3, "g", 900.0),
        limit(59980.3),
    ]
    found = counted(batch(alert(5, history)), nights_of_tests)
    assert found["n_detections"].to_pylist() == [4]
    assert found["n_positive"].to_pylist() == [1]
    assert found["n_detections_g"].to_pylist() == [1]
    assert found["first_mjd"].to_pylist() == [59990.3]
    assert found["last_limit_mjd"].to_pylist() == [59980.3]


def test_two_detections_in_one_exposure_count_twice_and_are_one_night() -> None:
    found = counted(batch(alert(5, [point(60001.3, "r", 900.0)])), nights_of_tests)
    assert found["n_detections"].to_pylist() == [2]
    assert found["n_nights"].to_pylist() == [1]


def test_a_history_without_detections_has_counts_of_zero_and_no_times() -> None:
    found = counted(batch(with_history(alert(5), [limit(59990.0)])), nights_of_tests)
    assert found["n_detections"].to_pylist() == [0]
    assert found["first_mjd"].to_pylist() == [None]
    assert found["age"].to_pylist() == [None]
    assert found["last_limit_mjd"].to_pylist() == [59990.0]


def test_a_history_that_is_null_has_null_counts() -> None:
    one = batch(alert(5))
    nothing = [pa.nulls(1, c.type) if n.startswith("hist_") else c for n, c in zip(one.schema.names, one, strict=True)]
    found = counted(pa.RecordBatch.from_arrays(nothing, names=one.schema.names), nights_of_tests)
    assert {name: column.to_pylist() for name, column in found.items()} == {name: [None] for name in COUNTED}
