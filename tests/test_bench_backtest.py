"""The measurement of back-tests measures: every way judges every alert. About 10 s."""

from __future__ import annotations

import bench_backtest
import pytest


@pytest.mark.parametrize("kind", ["ztf", "lsst-long"])
def test_every_way_gives_a_rate(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_backtest, "YARDSTICK", 4)
    rates = bench_backtest.measured(kind, 40, 1)
    assert len(rates) == 4
    assert rates["scalar columns"] > rates["packets, joined light curve"] > 0
