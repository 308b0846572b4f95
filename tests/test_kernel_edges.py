"""What kernels make of degenerate curves, of company, of threads, and of what cannot be meant."""

from __future__ import annotations

import importlib
import math
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from light_curves import LEAST, flat, from_packets, said
from linnet.core import kernels
from linnet.core.kernels import FEATURES, features, group
from linnet.core.light_curve_features import OUTPUTS
from linnet.errors import InputError


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_is_null_below_its_points_and_says_something_from_there_on(name: str) -> None:
    rng = np.random.default_rng(7)
    curves = [(np.sort(rng.uniform(0, 9, n)), rng.normal(20, 1, n), rng.uniform(0.1, 0.3, n)) for n in range(7)]
    for values, valid in features(*flat(curves), [name]).values():
        assert valid.tolist() == [n >= FEATURES[name].least for n in range(7)]
        assert np.isfinite(values).all()


def test_without_curves_and_without_points_there_is_nothing_and_no_error() -> None:
    assert {len(values) for values in said().values()} == {0}
    empty = np.zeros(0)
    found = said((empty, empty, empty), (empty, empty, empty))
    assert found.pop("n_points") == [0.0, 0.0]
    assert all(values == [None, None] for values in found.values())


def test_one_point_has_a_place_and_no_spread() -> None:
    found = said((np.array([58000.0]), np.array([17.5]), np.array([0.1])))
    given = {name for name, values in found.items() if values != [None]}
    assert given == {name for name, least in LEAST.items() if least <= 1}
    assert found["weighted_mean"] == found["mean"] == found["median"] == [17.5]


def test_points_all_at_one_time_have_no_slope() -> None:
    found = said((np.full(5, 58000.1), np.array([1.0, 2, 4, 8, 16]), np.ones(5)))
    sloping = {name for name in OUTPUTS if name.startswith("linear")} | {"maximum_slope", "eta_e"}
    assert {name for name, values in found.items() if values == [None]} == sloping
    assert found["time_span"] == found["maximum_time_interval"] == [0.0]


def test_points_that_cannot_be_counted_with_change_nothing() -> None:
    t, m, e = np.arange(8.0), np.array([3.0, 1, 4, 1, 5, 9, 2, 6]), np.linspace(0.5, 1, 8)
    bad = [(math.nan, 7.0, 1.0), (math.inf, 7.0, 1.0), (3.5, math.nan, 1.0), (3.5, -math.inf, 1.0), (3.5, 1e200, 1.0)]
    at = [0, 8, 4, 4, 4]
    spoilt = [np.insert(each, at, values) for each, values in zip((t, m, e), np.array(bad).T, strict=True)]
    assert said((spoilt[0], spoilt[1], spoilt[2])) == said((t, m, e))


@pytest.mark.parametrize("error", [0.0, -0.1, math.nan, math.inf, 1e-200, 1e200])
def test_points_without_a_usable_error_count_only_where_errors_do_not(error: float) -> None:
    t, m, e = np.arange(8.0), np.array([3.0, 1, 4, 1, 5, 9, 2, 6]), np.linspace(0.5, 1, 8)
    without = said((t, m, np.where(t == 5, error, e)))
    for name, each in FEATURES.items():
        left = t != 5 if each.with_error else t >= 0
        alone = said((t[left], m[left], e[left]))
        assert [without[o.name] for o in each.outputs] == [alone[o.name] for o in each.outputs], name


@pytest.mark.parametrize("scale", [1e-60, 1e-38, 3e38, 1e60])
def test_huge_and_tiny_values_have_the_features_of_plain_ones(scale: float) -> None:
    """Fluxes of damaged packets reach the end of float32. What has a unit scales with it, the rest stays."""
    rng = np.random.default_rng(3)
    t, m, e = np.sort(rng.uniform(0, 9, 20)), rng.normal(3, 1, 20), rng.uniform(0.1, 0.3, 20)
    plain, scaled = said((t, m, e)), said((t, m * scale, e * scale))
    for name, (value,) in plain.items():
        factor = scale if "value" in OUTPUTS[name].unit else 1.0
        assert value is not None
        assert scaled[name] == [pytest.approx(value * factor, rel=1e-9, abs=0)], name


def test_an_outlier_of_a_thousand_nights_has_a_finite_distance_from_normal() -> None:
    """39 standard deviations, where the normal distribution's tail is no float64; growing with the outlier's weight."""
    spikes = [np.where(np.arange(n) == 5, 1.0, 0.0) + 1e-9 * np.sin(np.arange(n)) for n in (1400, 1500, 1600, 3000)]
    values = said(*((np.arange(float(len(m))), np.asarray(m, np.float64), np.ones(len(m))) for m in spikes))[
        "anderson_darling_normal"
    ]
    assert all(value is not None and value > 400 for value in values)
    assert values == sorted(values, key=lambda v: v or 0)


def test_large_times_and_an_offset_lose_no_digits() -> None:
    rng = np.random.default_rng(5)
    t, m, e = np.round(np.sort(rng.uniform(0, 64, 30)) * 1024) / 1024, rng.normal(0, 1, 30), np.full(30, 0.5)
    m = np.round(m * 4096) / 4096
    near, far = said((t, m, e)), said((t + 2**17, m + 2**20, e))
    for name, (value,) in near.items():
        if not name.startswith(("mean", "median", "weighted", "excess", "percent_diff")) or "deviation" in name:
            assert far[name] == [pytest.approx(value, rel=1e-9)], name


def test_a_curve_has_the_same_bits_alone_in_any_order_and_in_any_company(samples: Path) -> None:
    curves = from_packets(samples)
    whole = said(*curves)
    order = np.random.default_rng(2).permutation(len(curves)).tolist()
    shuffled = said(*(curves[i] for i in order))
    for name, values in whole.items():
        assert shuffled[name] == [values[i] for i in order], name
    for i in order[:50]:
        assert said(curves[i]) == {name: [values[i]] for name, values in whole.items()}


def test_a_feature_has_the_same_bits_whatever_else_is_wanted(samples: Path) -> None:
    arrays = flat(from_packets(samples))
    every = features(*arrays, FEATURES)
    for name in FEATURES:
        for output, (values, valid) in features(*arrays, [name]).items():
            assert values.tobytes() == every[output][0].tobytes(), output
            assert valid.tolist() == every[output][1].tolist(), output


def test_threads_that_compute_at_once_get_the_same_bits(samples: Path) -> None:
    """Kernels run without the interpreter's lock; nothing of them is shared."""
    arrays = flat(from_packets(samples))
    alone = {name: values.tobytes() for name, (values, _) in features(*arrays, FEATURES).items()}
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: features(*arrays, FEATURES), range(24)):
            assert {name: values.tobytes() for name, (values, _) in found.items()} == alone


def test_inputs_stay_as_they_were() -> None:
    t, m, e, offsets = np.arange(4.0), np.array([4.0, 1, 3, 2]), np.ones(4), np.array([0, 4])
    for array in (t, m, e, offsets):
        array.setflags(write=False)
    assert features(t, m, e, offsets, ["median"])["median"][0].tolist() == [2.5]
    assert m.tolist() == [4.0, 1, 3, 2]


def test_points_of_one_curve_are_brought_together_in_their_order() -> None:
    curve = np.random.default_rng(1).integers(-1, 40, 3_000)
    order, offsets = group(curve, 42)
    assert order.tolist() == np.argsort(curve, kind="stable")[np.count_nonzero(curve < 0) :].tolist()
    assert np.diff(offsets).tolist() == [np.count_nonzero(curve == i) for i in range(42)]
    assert [a.tolist() for a in group(np.zeros(0, np.int64), 2)] == [[], [0, 0, 0]]


@pytest.mark.parametrize("offsets", [[], [0], [0, 2], [1, 3], [0, 2, 1, 3], [0, 4]], ids=str)
def test_offsets_that_do_not_fit_the_points_are_refused(offsets: list[int]) -> None:
    with pytest.raises(InputError, match="offsets"):
        features([1.0, 2.0, 3.0], [0.0] * 3, [1.0] * 3, offsets, ["mean"])


def test_what_cannot_be_meant_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="no light-curve feature is named sparkle"):
        features([], [], [], [0], ["sparkle"])
    with pytest.raises(InputError, match="must ascend"):
        features([2.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0, 2], ["mean"])
    with pytest.raises(InputError, match="one length"):
        features([2.0, 1.0], [0.0], [1.0, 1.0], [0, 2], ["mean"])
    with pytest.raises(InputError, match="light curve 7 of 3"):
        group(np.array([0, 7]), 3)


def test_importing_the_features_loads_no_compiler() -> None:
    """The command line imports every module; a start must not wait for numba."""
    starting = "import sys, linnet.app.command_line, linnet.science.registry as registry; registry.modules()"
    check = f"{starting}; assert 'numba' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_kernels_work_where_no_folder_can_hold_a_cache() -> None:
    """A read-only installation without a home: numba finds no place and says so by a RuntimeError."""
    nowhere = "import numba.core.caching as c; c.CacheImpl._locator_classes = []"
    use = "from linnet.core.kernels_points import group; import numpy as n; o = n.zeros(3, int)"
    use += "; group(n.array([1, 0, 1]), n.array([0, 1]), o); print(o.tolist())"
    done = subprocess.run([sys.executable, "-c", f"{nowhere}; {use}"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("[1, 0, 2]\n", 0), done.stderr


def test_who_waits_for_the_compiler_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def slowly(name: str) -> ModuleType:
        time.sleep(0.05)
        return sys.modules[name]

    before = kernels.compile_kernels()
    monkeypatch.setattr(importlib, "import_module", slowly)
    for patience, lines in ((0.01, 1), (60.0, 0)):
        monkeypatch.setattr(kernels, "PATIENCE", patience)
        kernels.compile_kernels.cache_clear()
        caplog.clear()
        assert kernels.compile_kernels() == before
        assert len([r for r in caplog.records if "waiting for the light-curve kernels" in r.message]) == lines


def test_each_kernel_was_compiled_once_for_its_one_signature() -> None:
    kernels.compile_kernels()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said((np.arange(4.0), np.arange(4.0), np.ones(4)))
    from linnet.core import kernels_moments, kernels_points, kernels_ranks, kernels_times, kernels_weighted

    for kernel in (
        kernels_moments.moments,
        kernels_points.usable,
        kernels_points.group,
        kernels_ranks.ranks,
        kernels_times.times,
        kernels_weighted.weighted,
    ):
        signatures = getattr(kernel, "signatures")  # noqa: B009 - for the type checker it is the plain function
        assert len(signatures) == 1
