"""The benchmark of the live broker: what it keeps, and how it judges slow readers."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest
from bench_live import readers
from bench_live.__main__ import keep
from bench_live.readers import QuickHttp, SlowHttp
from bench_live.slow_readers import Turn, judged

from client_site import stranger

PLACES = {alert: (0, alert) for alert in range(100)}


def turn(slow: str, delay: float, **changes: float) -> Turn:
    """Alerts that came evenly late, up to a delay; both readers alike."""
    appended = {(0, alert): float(alert) for alert in PLACES}
    came = {alert: alert + delay * (alert + 1) / 100 for alert in PLACES}
    grown = {"broker": changes.get("grown", 0.5)}
    return Turn(slow, appended, {"kafka": came, "http": came}, grown, int(changes.get("waiting", 0)), 96)


def rounds(ratio: float, **changes: float) -> list[list[Turn]]:
    """Three rounds on a machine that becomes slower all the time, in changing order."""
    found = []
    for nth, pace in enumerate((1.0, 2.0, 4.0)):
        turns = [turn("alone", pace), turn("kafka", ratio * pace, **changes), turn("http", pace)]
        found.append(turns[nth:] + turns[:nth])
    return found


def test_ratios_are_taken_within_a_round() -> None:
    found = judged(rounds(1.1), PLACES)
    assert found["ratio_of_p98"] == {"kafka": {"kafka": 1.1, "http": 1.1}, "http": {"kafka": 1.0, "http": 1.0}}
    assert found["lag_grown_a_turn"] == {"kafka": 96, "http": 96}
    assert found["missed"] is False


@pytest.mark.parametrize(
    ("ratio", "changes"), [(1.3, {}), (1.0, {"grown": 9.0}), (1.0, {"waiting": 3})], ids=["delay", "memory", "lag"]
)
def test_what_a_slow_reader_costs_others_is_a_miss(ratio: float, changes: dict[str, float]) -> None:
    assert judged(rounds(ratio, **changes), PLACES)["missed"] is True


def test_a_part_is_kept_beside_the_others(tmp_path: Path) -> None:
    path = tmp_path / "bench" / "live.json"
    keep(path, {"commit": "aaa", "date": "2026-01-01"}, "burst", {"p50_s": 1.0})
    keep(path, {"commit": "bbb", "date": "2026-01-02"}, "slow_readers", {"most_ratio": 1.1})
    found = json.loads(path.read_text())
    assert found["burst"] == {"p50_s": 1.0, "commit": "aaa", "date": "2026-01-01"}
    assert found["slow_readers"] == {"most_ratio": 1.1, "commit": "bbb", "date": "2026-01-02"}


def test_a_quick_reader_notes_when_each_alert_came() -> None:
    body = b"retry: 2000\n\n" + b"".join(b'id: %d\ndata: {"alert_id": "%d"}\n\n' % (n, n) for n in (7, 8, 9))
    with stranger((200, {"Content-Type": "text/event-stream"}, body)) as url, QuickHttp(url, 2) as reader:
        pass
    assert list(reader.came) == [7, 8]
    assert reader.came[7] <= reader.came[8]


def test_a_slow_reader_takes_a_message_and_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "PAUSE", 3600.0)
    is_done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"id: 1\ndata: {}\n\n" * 3)
                is_done.wait(30)

        threading.Thread(target=serve, daemon=True).start()
        with SlowHttp(f"http://127.0.0.1:{server.getsockname()[1]}") as reader:
            assert reader.taken == 1
            # The others wait for the next pauses, one for each.
            assert [reader.take(), reader.take()] == [True, True]
            assert reader.taken == 1
        is_done.set()
