"""Any number of filters of realistic size over the real columns, for measurements: people's habits, not their texts.

A filter has 5 to 13 clauses. About half are of a kind that everybody copies from everybody (quality cuts, no star, no
asteroid); the others hold a column against a constant of the author's own. Popular columns are asked often, others
rarely. Now and then a clause computes something, or joins two in parentheses. The last one is a bound that is set so
that the filter passes the share of the given alerts that it was meant to: most pass hardly anything, a few much.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.column import Column
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.language import Filter, parse
from linnet.filters.tree import Kind, kind_of

SHARE = 0.002
"""Mean share of alerts that a filter passes."""

BOUNDS = ("mag", "flux", "gal_lat", "ecl_lat", "dec", "ra", "total_mag", "snr")
"""Columns of which one bounds a filter at last."""

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
    "sqrt(abs(flux))",
    "2.5 * log10(abs(template_flux / flux))",
    "least(rates_g_mag, rates_r_mag)",
    "case when band = 'g' then mag - {k} else mag end",
)
WORDS = (
    "not cone({ra}, {dec}, 5 arcmin)",
    "abs(galactic_latitude()) > 10 deg",
    "mjd - first_mjd < {days} d",
    "total_mag > 12.5 mag",
)
"""Clauses in words of the field; a cone is the author's own."""

MOST_NULL = 0.7
"""Columns with a larger share of nulls are hardly asked for."""


Rows = npt.NDArray[np.int64]


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
    ground: Ground, columns: Mapping[str, Column], number: int, *, share: float = SHARE, seed: int = 1
) -> list[NamedFilter]:
    """`number` filters that pass, in the mean, this share of the ground's alerts.

    What single ones pass is distributed exponentially. Who passes too little for its bound is drawn again.
    """
    chance = random.Random(seed)  # noqa: S311  # a reproducible load, no secret
    wanted = _wanted(number, share * ground.batch.num_rows, chance)
    found: dict[int, NamedFilter] = {}
    while len(found) < number:
        open_ones = [k for k in range(number) if k not in found]
        drawn = [(k, _drawn(ground, chance)) for k in open_ones]
        passing = _passing(ground, columns, [parse(text, columns) for _, text in drawn])
        for (k, text), rows in zip(drawn, passing, strict=True):
            bound = _bound(ground, rows, wanted[k], chance)
            if bound is not None:
                found[k] = NamedFilter(f"generated_{k:04d}", 1, parse(f"{text} and {bound}", columns))
    return [found[k] for k in range(number)]


def _wanted(number: int, mean: float, chance: random.Random) -> list[int]:
    """How many alerts each filter is to pass: whole numbers of this mean."""
    parts = np.cumsum([chance.expovariate(1.0) for _ in range(number)])
    edges = np.rint(parts * (number * mean / parts[-1])).astype(int)
    wanted: list[int] = np.diff(edges, prepend=0).tolist()
    return wanted


def _passing(ground: Ground, columns: Mapping[str, Column], conditions: list[Filter]) -> list[Rows]:
    """Rows of the ground that pass each condition."""
    together = FilterSet([NamedFilter(f"drawn_{k:04d}", 1, each) for k, each in enumerate(conditions)])
    rows, places = together.hits(_lookup(ground.batch, columns), ground.batch.num_rows)
    order = np.argsort(places, kind="stable")
    edges = np.searchsorted(places[order], np.arange(1, len(conditions)))
    return np.split(rows[order], edges)


def _bound(ground: Ground, rows: Rows, wanted: int, chance: random.Random) -> str | None:
    """A clause that leaves so many of these rows; None where there are not enough, or none can be bounded so."""
    for name in chance.sample(BOUNDS, len(BOUNDS)) if len(rows) > wanted else ():
        if name in ground.batch.schema.names:
            values = np.sort(ground.batch.column(name).take(pa.array(rows)).drop_null().to_numpy(zero_copy_only=False))
            sense = chance.choice("<>")
            ordered = values if sense == "<" else values[::-1]
            if wanted == 0 and len(ordered):
                return f"{name} {sense} {float(2 * ordered[0] - ordered[-1])!r}"
            # At the last value that is to pass: so the expected share among other alerts is the same.
            if len(ordered) > wanted and ordered[wanted - 1] != ordered[wanted]:
                return f"{name} {sense}= {float(ordered[wanted - 1])!r}"
    return None


def _drawn(ground: Ground, chance: random.Random) -> str:
    clauses = [f"survey = '{ground.survey}'"]
    clauses += chance.sample(SHARED[ground.survey], chance.randint(2, 5))
    clauses += [_own(ground, chance) for _ in range(chance.randint(1, 6))]
    return " and ".join(clauses)


def _own(ground: Ground, chance: random.Random) -> str:
    kind = chance.choices(("single", "range", "computed", "either", "words"), (68, 12, 10, 7, 3))[0]
    if kind == "either":
        return f"({_single(ground, chance)} or {_single(ground, chance)})"
    if kind == "computed":
        text = chance.choice(COMPUTED).format(k=chance.choice((1, 2, 3, 5, round(chance.uniform(0.5, 10), 1))))
        return f"{text} {chance.choice('<>')} {chance.uniform(-2, 20):.2f}"
    if kind == "range":
        name = _popular(ground, chance)
        low, high = sorted(_value(ground, name, chance) for _ in range(2))
        return f"{name} between {low!r} and {high!r}"
    if kind == "words":
        return chance.choice(WORDS).format(
            ra=f"{chance.uniform(0, 360):.4f}", dec=f"{chance.uniform(-30, 60):.4f}", days=chance.randint(2, 60)
        )
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
