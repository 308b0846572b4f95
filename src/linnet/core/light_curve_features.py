"""The published features of a light curve: what each is, its unit, how many points it needs, and who defined it.

The formulas are those of the papers in the form that the `light-curve` package documents (Malanchev et al. 2021, MNRAS
502, 5147), so that numbers compare across brokers. m are the values of a curve (magnitudes or fluxes) in order of time
t, e their errors, N how many there are, <m> their mean, w = 1/e^2, [m] the mean weighted by w, s the standard deviation
and Q(p) the quantile p (Hazen's definition: the i-th of N values, from 0, stands for (i + 1/2)/N).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

KIM = "Kim et al. 2014, A&A 566, A43"
DISANTO = "D'Isanto et al. 2016, MNRAS 457, 3119"
RICHARDS = "Richards et al. 2011, ApJ 733, 10"
STETSON = "Stetson 1996, PASP 108, 851"
MALANCHEV = "Malanchev et al. 2021, MNRAS 502, 5147"
SANCHEZ = "Sanchez et al. 2017, ApJ 849, 110"
JOANES = "Joanes & Gill 1998, The Statistician 47, 183"
STEPHENS = "Stephens 1974, JASA 69, 730"
BEVINGTON = "Bevington & Robinson 2003, Data Reduction and Error Analysis, ch. 4 and 6"


@dataclass(frozen=True)
class Output:
    """One number of a feature.

    Attributes:
        name: its name, and its key in the result of `linnet.core.kernels.features`.
        unit: its unit where `value` stands for that of the values; "" for a pure number.
        doc: what it says, as a clause without full stop.
    """

    name: str
    unit: str
    doc: str

    def unit_for(self, values: str) -> str:
        """The unit (VOUnit) where the values have the unit `values`."""
        return self.unit.replace("value", values)


@dataclass(frozen=True)
class Feature:
    """The declaration of one feature.

    Attributes:
        name: its name.
        outputs: its numbers.
        least: number of usable points below which it is null.
        reference: who defined it.
        with_error: whether it counts only points that have an error above zero.
        kernel: the kernel that computes it.
    """

    name: str
    outputs: tuple[Output, ...]
    least: int
    reference: str
    with_error: bool
    kernel: str


def _one(kernel: str, name: str, unit: str, least: int, doc: str, reference: str) -> Feature:
    return Feature(name, (Output(name, unit, doc),), least, reference, kernel == "weighted", kernel)


_ALL = (
    Feature("n_points", (Output("n_points", "", "Number of points"),), 0, MALANCHEV, False, "count"),
    _one("moments", "amplitude", "value", 1, "Half the difference of the largest and the smallest value", RICHARDS),
    _one("moments", "mean", "value", 1, "Mean value", BEVINGTON),
    _one("moments", "standard_deviation", "value", 2, "Standard deviation, sqrt(sum (m - <m>)^2 / (N - 1))", BEVINGTON),
    _one("moments", "mean_variance", "", 2, "Standard deviation over mean, s/<m>", "Nun et al. 2015, arXiv:1506.00010"),
    _one("moments", "skew", "", 3, "Skewness, N/((N - 1)(N - 2)) sum (m - <m>)^3 / s^3", JOANES),
    _one("moments", "kurtosis", "", 4, "Excess kurtosis, zero for a normal distribution, unbiased form", JOANES),
    _one("moments", "eta", "", 2, "Von Neumann's ratio of successive differences to the variance, 2 for noise", KIM),
    _one("moments", "cusum", "", 2, "Range of the cumulative sums of (m - <m>)/(N s)", KIM),
    _one("moments", "beyond_1_std", "", 2, "Share of points more than one standard deviation from the mean", DISANTO),
    _one("moments", "beyond_2_std", "", 2, "Share of points more than two standard deviations from the mean", DISANTO),
    _one("weighted", "weighted_mean", "value", 1, "Mean weighted by 1/error^2", BEVINGTON),
    _one("weighted", "reduced_chi2", "", 2, "Chi square about the weighted mean over N - 1", BEVINGTON),
    _one("weighted", "excess_variance", "", 2, "Variance less the mean squared error, over the squared mean", SANCHEZ),
    _one(
        "weighted",
        "stetson_j",
        "",
        2,
        "Stetson's J, correlation of residuals in pairs within 0.05 d; a single point counts its square less one",
        STETSON,
    ),
    _one("weighted", "stetson_k", "", 2, "Stetson's K, mean over rms of the residuals, 0.80 for a normal", STETSON),
    Feature(
        "linear_fit",
        (
            Output("linear_fit_slope", "value.d**-1", "Slope of a straight line, weighted by 1/error^2"),
            Output("linear_fit_slope_sigma", "value.d**-1", "Error of that slope from the errors of the points"),
            Output("linear_fit_reduced_chi2", "", "Chi square about that line over N - 2"),
        ),
        3,
        BEVINGTON,
        True,
        "weighted",
    ),
    _one("times", "time_span", "d", 1, "Time from the first to the last point", MALANCHEV),
    _one("times", "minimum_time_interval", "d", 2, "Shortest time between consecutive points", MALANCHEV),
    _one("times", "maximum_time_interval", "d", 2, "Longest time between consecutive points", MALANCHEV),
    _one("times", "maximum_slope", "value.d**-1", 2, "Steepest change between consecutive points, unsigned", RICHARDS),
    _one("times", "eta_e", "", 2, "Von Neumann's ratio for unequal intervals, of slopes to the variance", KIM),
    Feature(
        "linear_trend",
        (
            Output("linear_trend", "value.d**-1", "Slope of a straight line, all points alike"),
            Output("linear_trend_sigma", "value.d**-1", "Error of that slope from the scatter about it"),
            Output("linear_trend_noise", "value", "Standard deviation about that line"),
        ),
        3,
        BEVINGTON,
        False,
        "times",
    ),
    _one("ranks", "median", "value", 1, "Median", BEVINGTON),
    _one("ranks", "median_absolute_deviation", "value", 1, "Median distance from the median", DISANTO),
    _one("ranks", "percent_amplitude", "value", 1, "Largest distance from the median", DISANTO),
    _one(
        "ranks",
        "median_buffer_range_percentage_10",
        "",
        2,
        "Share of points nearer to the median than a tenth of the amplitude",
        DISANTO,
    ),
    _one("ranks", "inter_percentile_range_10", "value", 1, "Q(0.9) - Q(0.1)", MALANCHEV),
    _one("ranks", "inter_percentile_range_25", "value", 1, "Q(0.75) - Q(0.25)", KIM),
    _one("ranks", "magnitude_percentage_ratio_40_5", "", 2, "(Q(0.6) - Q(0.4)) / (Q(0.95) - Q(0.05))", DISANTO),
    _one("ranks", "magnitude_percentage_ratio_20_5", "", 2, "(Q(0.8) - Q(0.2)) / (Q(0.95) - Q(0.05))", DISANTO),
    _one("ranks", "percent_difference_magnitude_percentile_5", "", 1, "(Q(0.95) - Q(0.05)) over the median", DISANTO),
    _one("ranks", "percent_difference_magnitude_percentile_10", "", 1, "(Q(0.9) - Q(0.1)) over the median", DISANTO),
    _one("ranks", "anderson_darling_normal", "", 4, "Anderson-Darling distance from a normal distribution", STEPHENS),
)

FEATURES: dict[str, Feature] = {each.name: each for each in _ALL}
"""Every feature by name. Null where a curve has too few usable points, and where the formula divides by zero (constant
values, a mean of zero, all at one time)."""

OUTPUTS: dict[str, Output] = {out.name: out for each in _ALL for out in each.outputs}
"""Every number of every feature by name."""


def outputs_of(names: Iterable[str]) -> list[Output]:
    """The numbers that these features give, in order."""
    return [out for name in names for out in FEATURES[name].outputs]
