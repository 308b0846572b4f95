"""Kernels against numpy, one curve and one feature at a time, and against the `light-curve` package, on real curves."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import light_curves
import real_alerts
from feature_oracles import ORACLES
from light_curves import Curve, flat
from linnet.core import kernels
from linnet.core.kernels import FEATURES, features, group
from linnet.core.light_curve_features import OUTPUTS, outputs_of
from linnet.core.lists import bands_of, floats_of, kinds_of, row_of
from linnet.errors import InputError

LEAST = {out.name: each.least for each in FEATURES.values() for out in each.outputs}

IN_PACKAGE = {
    "amplitude": "Amplitude",
    "mean": "Mean",
    "standard_deviation": "StandardDeviation",
    "mean_variance": "MeanVariance",
    "skew": "Skew",
    "kurtosis": "Kurtosis",
    "eta": "Eta",
    "cusum": "Cusum",
    "beyond_1_std": "BeyondNStd:1.0",
    "beyond_2_std": "BeyondNStd:2.0",
    "weighted_mean": "WeightedMean",
    "reduced_chi2": "ReducedChi2",
    "excess_variance": "ExcessVariance",
    "stetson_k": "StetsonK",
    "linear_fit": "LinearFit",
    "time_span": "Duration",
    "minimum_time_interval": "MinimumTimeInterval",
    "maximum_time_interval": "MaximumTimeInterval",
    "maximum_slope": "MaximumSlope",
    "eta_e": "EtaE",
    "linear_trend": "LinearTrend",
    "median": "Median",
    "median_absolute_deviation": "MedianAbsoluteDeviation",
    "percent_amplitude": "PercentAmplitude",
    "median_buffer_range_percentage_10": "MedianBufferRangePercentage:0.1",
    "inter_percentile_range_10": "InterPercentileRange:0.1",
    "inter_percentile_range_25": "InterPercentileRange:0.25",
    "magnitude_percentage_ratio_40_5": "MagnitudePercentageRatio:0.4:0.05",
    "magnitude_percentage_ratio_20_5": "MagnitudePercentageRatio:0.2:0.05",
    "percent_difference_magnitude_percentile_5": "PercentDifferenceMagnitudePercentile:0.05",
    "percent_difference_magnitude_percentile_10": "PercentDifferenceMagnitudePercentile:0.1",
    "anderson_darling_normal": "AndersonDarlingNormal",
    "n_points": "ObservationCount",
}
"""Class of the `light-curve` package and its parameters. It has no Stetson J."""

NULL_ONLY_HERE = {"beyond_1_std", "beyond_2_std", "median_buffer_range_percentage_10"}
"""Of equal values the package says that none is far from the mean, and none near the median."""


def said(*curves: Curve) -> dict[str, list[float | None]]:
    """Every output of every feature of these curves, None where it is not valid."""
    found = features(*flat(list(curves)), FEATURES)
    for name, (values, valid) in found.items():
        assert np.isfinite(values).all(), name
        assert not values[~valid].any(), name
    return {name: [float(v) if ok else None for v, ok in zip(*pair, strict=True)] for name, pair in found.items()}


def from_packets(folder: Path) -> list[Curve]:
    """The detections of each band of every packet of both surveys, fluxes in nJy; several have two points at a time."""
    curves = []
    for read in (real_alerts.ztf, real_alerts.lsst):
        batch = read(folder)[1]
        band, usable = bands_of(batch["hist_band"]), kinds_of(batch["hist_kind"]) == 0
        points = [floats_of(batch[f"hist_{name}"]) for name in ("mjd", "flux", "flux_err")]
        usable &= (band >= 0) & np.isfinite(points[1]) & (points[2] > 0)
        order, offsets = group(np.where(usable, row_of(batch["hist_mjd"]) * 6 + band, -1), batch.num_rows * 6)
        t, m, e = (each[order] for each in points)
        curves += [(t[a:b], m[a:b], e[a:b]) for a, b in itertools.pairwise(offsets) if a < b]
    return curves


def assert_as_by_numpy(curves: list[Curve]) -> int:
    """Compare each output with its oracle where that is defined; gives how many numbers were compared."""
    found, compared = said(*curves), 0
    for name, oracle in ORACLES.items():
        for i, (t, m, e) in enumerate(curves):
            wanted = None
            if len(t) >= LEAST[name] and not _undefined(name, t, m):
                wanted = oracle(t, m, e)
            value = found[name][i]
            assert value == (wanted if wanted is None else pytest.approx(wanted, rel=2e-9, abs=1e-11)), (name, i)
            compared += wanted is not None
    return compared


def _undefined(name: str, t: np.ndarray[tuple[int], np.dtype[np.float64]], m: Curve | object) -> bool:
    """Where the definition divides by zero."""
    apart = np.diff(t)
    constant = np.ptp(np.asarray(m)) == 0
    unscaled = {"skew", "kurtosis", "eta", "eta_e", "cusum", "stetson_j", "stetson_k", "anderson_darling_normal"}
    unscaled |= NULL_ONLY_HERE | {"magnitude_percentage_ratio_40_5", "magnitude_percentage_ratio_20_5"}
    if name == "eta_e" and len(apart) and apart.min() == 0:
        return True
    if name == "maximum_slope" or name.startswith("linear_"):
        return bool(len(apart)) and apart.max() == 0
    return bool(constant) and name in unscaled


def test_every_output_has_a_kernel_an_oracle_a_sentence_and_a_unit() -> None:
    assert set(OUTPUTS) == set(ORACLES) == set(said())
    assert [out.name for out in outputs_of(["linear_fit"])] == [n for n in OUTPUTS if n.startswith("linear_fit")]
    assert {OUTPUTS[n].unit_for("nJy") for n in OUTPUTS} == {"", "d", "nJy", "nJy.d**-1"}
    for each in FEATURES.values():
        assert each.reference
        assert all(out.doc and not out.doc.endswith(".") for out in each.outputs)


def test_real_supernovae_have_the_features_that_numpy_gives(shared_data: Path) -> None:
    assert assert_as_by_numpy(light_curves.supernovae(shared_data)[::8]) > 10_000


def test_curves_that_gave_trouble_to_others_have_the_features_that_numpy_gives(shared_data: Path) -> None:
    curves = light_curves.hard_cases(shared_data)
    assert assert_as_by_numpy(curves) > 300
    assert max(len(curve[0]) for curve in curves) > 500


def test_the_sample_packets_of_both_surveys_have_the_features_that_numpy_gives(samples: Path) -> None:
    assert assert_as_by_numpy(from_packets(samples)) > 3_000


def test_the_shared_packets_of_both_surveys_have_the_features_that_numpy_gives(shared_data: Path) -> None:
    assert assert_as_by_numpy(from_packets(shared_data)[::4]) > 3_000


def package_says(curves: list[Curve]) -> dict[str, list[float | None]]:
    """What the `light-curve` package gives for curves whose times ascend strictly."""
    import light_curve

    made = []
    for each in IN_PACKAGE.values():
        name, *parameters = each.split(":")
        made.append(getattr(light_curve, name)(*(float(p) for p in parameters)))
    rows = light_curve.Extractor(*made).many(curves, n_jobs=1, fill_value=math.nan)
    names = [out.name for out in outputs_of(IN_PACKAGE)]
    assert rows.shape[1] == len(names)
    return {n: [float(v) if math.isfinite(v) else None for v in rows[:, i]] for i, n in enumerate(names)}


def test_the_light_curve_package_gives_the_same_numbers_and_nulls(shared_data: Path) -> None:
    """To 1e-6; to 1e-5 where percentiles are subtracted, whose shares the package keeps as float32."""
    every = light_curves.supernovae(shared_data) + light_curves.hard_cases(shared_data) + from_packets(shared_data)
    curves = [c for c in every if (np.diff(c[0]) > 0).all() and np.ptp(c[1]) > 0]
    assert len(curves) > 3_000
    ours, theirs = said(*curves), package_says(curves)
    for name, wanted in theirs.items():
        rel = 1e-5 if "percent" in name else 1e-6
        for i, (value, other) in enumerate(zip(ours[name], wanted, strict=True)):
            assert value == (None if other is None else pytest.approx(other, rel=rel, abs=1e-7)), (name, i)


def test_a_constant_curve_is_null_where_the_package_has_no_answer_or_a_convention() -> None:
    curve = (np.arange(6.0), np.full(6, 0.1), np.full(6, 0.02))
    ours, theirs = said(curve), package_says([curve])
    assert {n for n in theirs if ours[n] == [None] != theirs[n]} == NULL_ONLY_HERE
    assert {n for n in theirs if theirs[n] == [None] != ours[n]} == set()
    assert ours["stetson_j"] == [None]
    assert (ours["standard_deviation"], ours["reduced_chi2"], ours["linear_trend"]) == ([0.0], [0.0], [0.0])


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_is_null_below_its_points_and_says_something_from_there_on(name: str) -> None:
    rng = np.random.default_rng(7)
    curves = [(np.sort(rng.uniform(0, 9, n)), rng.normal(20, 1, n), rng.uniform(0.1, 0.3, n)) for n in range(7)]
    for values, valid in features(*flat(curves), [name]).values():
        assert valid.tolist() == [n >= FEATURES[name].least for n in range(7)]
        assert np.isfinite(values).all()


def test_noise_and_known_distributions_have_the_values_of_the_textbooks() -> None:
    """Eta of noise 2, K of a normal sqrt(2/pi) and of a sine 0.90, skew of an exponential 2, kurtosis of a box -1.2."""
    rng, n = np.random.default_rng(11), 200_000
    t, e = np.arange(n, dtype=np.float64), np.ones(n)
    shapes = [rng.normal(0, 1, n), np.sin(t), rng.exponential(1, n), rng.uniform(0, 1, n)]
    found = said(*((t, m, e) for m in shapes))
    assert found["eta"][0] == pytest.approx(2, rel=0.01)
    assert found["stetson_k"][:2] == [pytest.approx(math.sqrt(2 / math.pi), rel=0.01), pytest.approx(0.9, rel=0.01)]
    assert found["skew"][2] == pytest.approx(2, rel=0.03)
    assert found["kurtosis"][3] == pytest.approx(-1.2, rel=0.01)
    assert found["beyond_2_std"][0] == pytest.approx(0.0455, rel=0.03)
    assert found["inter_percentile_range_25"][0] == pytest.approx(1.349, rel=0.01)
    normality = found["anderson_darling_normal"]
    assert normality[0] is not None
    assert normality[0] < 1.035, "the critical value of 1 % (Stephens 1974)"
    assert all(other is not None and other > 100 for other in normality[1:])


def test_pairs_within_72_minutes_that_agree_make_stetson_j_positive_and_pairs_that_differ_negative() -> None:
    t = np.array([0.0, 0.02, 3.0, 3.02, 6.0, 6.02])
    together, apart = np.array([1.0, 1, 5, 5, 9, 9]), np.array([1.0, 9, 1, 9, 1, 9])
    found = said((t, together, np.ones(6)), (t, apart, np.ones(6)))["stetson_j"]
    scale = math.sqrt(6 / 5)
    assert found == [pytest.approx(2 * 4 * scale / 3), pytest.approx(-4 * scale)]


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
    use = "from linnet.core.kernels import group; import numpy as np; print(group(np.array([1, 0, 1]), 2)[0].tolist())"
    done = subprocess.run([sys.executable, "-c", f"{nowhere}; {use}"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("[1, 0, 2]\n", 0), done.stderr


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
