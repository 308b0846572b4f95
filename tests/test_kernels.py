"""Kernels against numpy, one curve and one feature at a time, and against the `light-curve` package, on real curves."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import light_curves
from feature_oracles import ORACLES
from light_curves import LEAST, Curve, from_packets, said
from linnet.core.kernels import FEATURES
from linnet.core.light_curve_features import OUTPUTS, outputs_of

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
