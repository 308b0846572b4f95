"""The published numbers that describe a light curve, band by band, as classifiers and filters ask for them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linnet.core import kernels
from linnet.core.column import Column, real
from linnet.core.light_curve_features import FEATURES
from linnet.core.lists import bands_of, floats_of, kinds_of, numbers, row_of
from linnet.core.module import module
from linnet.core.vocabulary import BANDS, DETECTION

CHOSEN = (
    "weighted_mean",
    "amplitude",
    "standard_deviation",
    "median_absolute_deviation",
    "inter_percentile_range_25",
    "magnitude_percentage_ratio_40_5",
    "reduced_chi2",
    "skew",
    "kurtosis",
    "anderson_darling_normal",
    "beyond_1_std",
    "stetson_j",
    "stetson_k",
    "eta",
    "cusum",
    "maximum_slope",
    "linear_fit",
)
"""Those of `light_curve_features.FEATURES` that mean something for a difference flux. It passes through zero: what is
divided by its mean or median (`mean_variance`, `excess_variance`, `percent_difference_*`) does not; and `eta_e` is
ruled by the two visits that lie closest together."""


def _gives() -> dict[str, Column]:
    columns = {}
    for band in BANDS:
        for name in CHOSEN:
            for out in FEATURES[name].outputs:
                points = max(FEATURES[name].least, 1)
                null = f"Null below {points} detections in {band}." if points > 1 else f"Null without any in {band}."
                columns[f"features_{band}_{out.name}"] = real(
                    f"{out.doc}, flux in {band}. {null}", unit=out.unit_for("nJy")
                )
    return columns


GIVES: dict[str, Column] = _gives()


@module(needs=("hist_mjd", "hist_band", "hist_flux", "hist_flux_err", "hist_kind"), gives=GIVES, version="1")
def features(
    hist_mjd: pa.Array,
    hist_band: pa.Array,
    hist_flux: pa.Array,
    hist_flux_err: pa.Array,
    hist_kind: pa.Array,
) -> Mapping[str, pa.Array]:
    """Features of the difference flux (nJy) over the detections of each band.

    Detections (kind 0, of either sign) of the joined history, this alert's own included; forced fluxes of visits
    without a detection are another sample. Definitions and references: `linnet.core.light_curve_features`.

    Returns:
        `features_BAND_OUTPUT` for the six bands and the outputs of `CHOSEN`, float32. Null below the points that a
        feature needs (1 for means and ranges, 2 for scatter, 3 for a skew or a line, 4 for kurtosis and normality), and
        where its formula divides by zero: shapes of constant fluxes, slopes between points of one exposure. Points
        without a flux do not count, nor, where errors enter (`weighted_mean`, `reduced_chi2`, `stetson_*`,
        `linear_fit_*`), points without an error.
    """
    rows, band = len(hist_mjd), bands_of(hist_band)
    used = (kinds_of(hist_kind) == DETECTION) & (band >= 0)
    order, offsets = kernels.group(np.where(used, band * rows + row_of(hist_mjd), -1), len(BANDS) * rows)
    mjd, flux, error = (floats_of(each)[order] for each in (hist_mjd, hist_flux, hist_flux_err))
    columns: dict[str, pa.Array] = {}
    for name, (values, valid) in kernels.features(mjd, flux, error, offsets, CHOSEN).items():
        bands = numbers(np.where(valid, values, np.nan), pa.float32())
        columns |= {f"features_{b}_{name}": bands.slice(i * rows, rows) for i, b in enumerate(BANDS)}
    return columns
