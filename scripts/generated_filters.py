"""Any number of filters of realistic size over the real columns, for measurements: people's habits, not their texts.

A filter has 5 to 15 clauses. About half are of a kind that everybody copies from everybody (quality cuts, no star, no
asteroid); the others hold a column against a constant of the author's own. Popular columns are asked often, others
rarely. Now and then a clause computes something, or joins two in parentheses. The filters are drawn until, together,
they pass the wanted share of the given alerts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from linnet.core.column import Column
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.language import parse
from linnet.filters.tree import Kind, kind_of

SHARED = {
    "ztf": (
        "is_positive",
        "is_public",
        "history_two_epochs",
        "ztf_rb >= 0.55",
        "ztf_rb > 0.65",
        "ztf_rb >= 0.8",
        "(ztf_drb is null or ztf_drb >= 0.5)",
        "ztf_drb > 0.8",
        "ztf_nbad = 0",
        "ztf_fwhm <= 5",
        "ztf_elong <= 1.2",
        "ztf_elong < 1.5",
        "abs(ztf_magdiff) < 0.4",
        "(ztf_distpsnr1 is null or ztf_distpsnr1 >= 2 or ztf_sgscore1 <= 0.76)",
        "not (ztf_distpsnr1 < 1.5 and ztf_sgscore1 > 0.5)",
        "(ztf_ssdistnr is null or ztf_ssdistnr > 12)",
        "abs(gal_lat) > 7",
        "abs(gal_lat) > 10",
        "band in ('g', 'r')",
        "ztf_isdiffpos in ('t', '1')",
        "not quality_bad_pixels",
        "(ztf_magnr is null or ztf_distnr > 1.5 or mag < ztf_magnr - 1)",
        "ztf_jd - ztf_jdstarthist < 30",
        "ztf_neargaiabright is null",
    ),
    "lsst": (
        "is_positive",
        "history_two_epochs",
        "lsst_reliability >= 0.6",
        "lsst_reliability > 0.7",
        "lsst_reliability > 0.9",
        "not (lsst_psfFlux_flag or lsst_centroid_flag or lsst_isDipole or lsst_glint_trail)",
        "not (lsst_pixelFlags_bad or lsst_pixelFlags_nodata or lsst_pixelFlags_edge or lsst_pixelFlags_streak)",
        "not (lsst_pixelFlags_cr or lsst_pixelFlags_crCenter)",
        "not (lsst_pixelFlags_saturatedCenter or lsst_pixelFlags_interpolatedCenter)",
        "not lsst_pixelFlags_suspect",
        "not lsst_shape_flag",
        "body_id is null",
        "not is_moving",
        "lsst_timeWithdrawnMjdTai is null",
        "abs(gal_lat) > 7",
        "abs(gal_lat) > 15",
        "(lsst_extendedness is null or lsst_extendedness < 0.9)",
        "lsst_object_nDiaSources >= 2",
        "band in ('g', 'r', 'i')",
        "science_flux >= 3 * science_flux_err",
        "lsst_psfChi2 < 2 * lsst_psfNdata",
    ),
}
FAVOURITES = (
    "mag",
    "snr",
    "flux",
    "age",
    "n_detections",
    "n_nights",
    "total_mag",
    "ra",
    "dec",
    "gal_lat",
    "ecl_lat",
    "reliability",
    "rates_fastest_mag",
    "rates_g_mag",
    "rates_r_mag",
    "history_limit_gap",
    "history_limit_depth",
    "template_flux",
)
COMPUTED = (
    "mag - total_mag",
    "rates_fastest_mag - {k} * rates_fastest_mag_err",
    "rates_r_mag - rates_g_mag",
    "template_flux / flux",
    "mag - {k} * mag_err",
    "n_positive / n_detections",
    "mjd - first_mjd",
    "abs(ecl_lat)",
)
MOST_NULL = 0.7
"""Columns with a larger share of nulls are hardly asked for."""


@dataclass(frozen=True)
class Ground:
    """What filters are drawn over: one survey's alerts, and their columns by popularity."""

    survey: str
    batch: pa.RecordBatch
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, survey: str, batch: pa.RecordBatch) -> Ground:
        """Every numeric column that has values in these alerts, favourites first."""
        some = [f.name for f in batch.schema if _is_asked_for(f, batch)]
        first = [n for n in FAVOURITES if n in some]
        return cls(survey, batch, (*first, *(n for n in some if n not in first)))


def population(
    ground: Ground, columns: Mapping[str, Column], number: int, *, share: float = 0.002, seed: int = 1
) -> list[NamedFilter]:
    """`number` filters that together pass this share of all pairs of filter and alert, as closely as pairs allow."""
    chance = random.Random(seed)  # noqa: S311  # a reproducible load, no secret
    filters = [_drawn(ground, columns, chance, k) for k in range(number)]
    while True:
        _, places = FilterSet(filters).hits(_lookup(ground.batch, columns), ground.batch.num_rows)
        passed = np.bincount(places, minlength=number)
        wanted = share * number * ground.batch.num_rows
        if passed.sum() <= wanted:
            return filters
        busiest = np.argsort(-passed)
        surplus = int(np.searchsorted(np.cumsum(passed[busiest]), passed.sum() - wanted)) + 1
        for k in busiest[:surplus].tolist():
            filters[k] = _drawn(ground, columns, chance, k)


def _drawn(ground: Ground, columns: Mapping[str, Column], chance: random.Random, k: int) -> NamedFilter:
    clauses = [f"survey = '{ground.survey}'"]
    clauses += chance.sample(SHARED[ground.survey], chance.randint(2, 7))
    clauses += [_own(ground, chance) for _ in range(chance.randint(2, 7))]
    return NamedFilter(f"generated_{k:04d}", 1, parse(" and ".join(clauses), columns))


def _own(ground: Ground, chance: random.Random) -> str:
    kind = chance.choices(("single", "range", "computed", "either"), (70, 12, 10, 8))[0]
    if kind == "either":
        return f"({_single(ground, chance)} or {_single(ground, chance)})"
    if kind == "computed":
        text = chance.choice(COMPUTED).format(k=chance.choice((1, 2, 3, 5, round(chance.uniform(0.5, 10), 1))))
        return f"{text} {chance.choice('<>')} {chance.uniform(-2, 20):.2f}"
    if kind == "range":
        name = _popular(ground, chance)
        low, high = sorted(_value(ground, name, chance) for _ in range(2))
        return f"{name} between {low!r} and {high!r}"
    return _single(ground, chance)


def _single(ground: Ground, chance: random.Random) -> str:
    name = _popular(ground, chance)
    return f"{name} {chance.choice(('<', '<=', '>', '>='))} {_value(ground, name, chance)!r}"


def _popular(ground: Ground, chance: random.Random) -> str:
    """The k-th most popular column is asked for about 1/k as often as the first."""
    weights = [1 / (k + 3) for k in range(len(ground.numbers))]
    return chance.choices(ground.numbers, weights)[0]


def _value(ground: Ground, name: str, chance: random.Random) -> float | int:
    """A constant as a person would write it, near what the column holds: three digits, or a whole number."""
    values = ground.batch.column(name).drop_null().to_numpy(zero_copy_only=False)
    near = float(np.quantile(values, chance.random())) * chance.uniform(0.9, 1.1)
    if pa.types.is_integer(ground.batch.schema.field(name).type):
        return round(near)
    return float(f"{near:.3g}")


def _is_asked_for(field: pa.Field, batch: pa.RecordBatch) -> bool:
    if kind_of(field.type) not in (Kind.INTEGER, Kind.FLOAT) or field.name.lower().endswith(("id", "key", "candid")):
        return False
    return bool(batch.column(field.name).null_count <= MOST_NULL * batch.num_rows)


def _lookup(batch: pa.RecordBatch, columns: Mapping[str, Column]) -> Callable[[str], pa.Array]:
    present = set(batch.schema.names)
    return lambda name: batch.column(name) if name in present else columns[name].empty(batch.num_rows)
