"""Filters as people write them, any number: shared quality cuts, and bounds of their own on popular columns.

They are drawn until together they pass the wanted share of all pairs of filter and alert.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from linnet.core.column import Column
from linnet.filters.language import parse

SHARE = 0.002
"""Mean share of alerts that a filter passes."""

COMMON_CUTS = (
    "is_positive",
    "is_public",
    "reliability >= 0.55",
    "reliability > 0.65",
    "reliability >= 0.8",
    "abs(gal_lat) > 7",
    "abs(gal_lat) > 10",
    "band in ('g', 'r')",
    "body_id is null",
    "not is_moving",
    "(mag is null or total_mag is null or mag - total_mag < 3)",
    "n_detections >= 2",
)
SURVEY_CUTS = {
    "ztf": (
        "ztf_nbad = 0",
        "ztf_fwhm <= 5",
        "ztf_elong <= 1.2",
        "abs(ztf_magdiff) < 0.4",
        "(ztf_drb is null or ztf_drb >= 0.5)",
        "(ztf_distpsnr1 is null or ztf_distpsnr1 >= 2 or ztf_sgscore1 <= 0.76)",
        "(ztf_ssdistnr is null or ztf_ssdistnr > 12)",
    ),
    "lsst": (
        "not (lsst_psfFlux_flag or lsst_centroid_flag or lsst_isDipole)",
        "not (lsst_pixelFlags_bad or lsst_pixelFlags_edge or lsst_pixelFlags_streak)",
        "(lsst_extendedness is null or lsst_extendedness < 0.9)",
        "lsst_psfChi2 < 2 * lsst_psfNdata",
    ),
}
MOST = 1e9
"""What is larger is an id, and no condition."""

POPULAR = ("mag", "snr", "flux", "age", "n_detections", "total_mag", "ra", "dec", "gal_lat", "ecl_lat", "reliability")


@dataclass
class Author:
    """Draws filters about one survey's alerts.

    Attributes:
        survey: which.
        batch: enriched alerts that bounds are taken from.
        columns: what a filter may read.
    """

    survey: str
    batch: pa.RecordBatch
    columns: Mapping[str, Column]
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  # no secret

    def filters(self, number: int) -> list[str]:
        """So many texts, `SHARE` of all pairs passing."""
        texts = [self._text() for _ in range(number)]
        passed = np.array([self._passing(text) for text in texts])
        wanted = SHARE * number * self.batch.num_rows
        while passed.sum() > wanted:
            for k in np.argsort(-passed)[: max(1, number // 50)].tolist():
                texts[k] = self._text()
                passed[k] = self._passing(texts[k])
        return texts

    def _text(self) -> str:
        clauses = [f"survey = '{self.survey}'", *self.chance.sample(COMMON_CUTS, self.chance.randint(1, 4))]
        clauses += self.chance.sample(SURVEY_CUTS[self.survey], self.chance.randint(1, 3))
        clauses += [self._own() for _ in range(self.chance.randint(2, 7))]
        return " and ".join(clauses)

    def _own(self) -> str:
        name = self.chance.choice(
            [n for n in POPULAR if n in self._numbers] + self.chance.sample(list(self._numbers), 8)
        )
        low, high = sorted(float(self.chance.choice(self._numbers[name])) for _ in range(2))
        if self.chance.random() < 0.2:
            return f"{name} between {low!r} and {high!r}"
        return f"{name} {self.chance.choice(('<', '<=', '>', '>='))} {self.chance.choice((low, high))!r}"

    @cached_property
    def _numbers(self) -> dict[str, list[float]]:
        """Values of the columns that people hold against a number: mostly there, and no ids."""
        found = {}
        for field_ in self.batch.schema:
            column = self.batch.column(field_.name)
            is_number = pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
            if is_number and field_.name in self.columns and 2 * column.null_count < len(column):
                values = column.drop_null().to_numpy(zero_copy_only=False).astype(np.float64)
                if np.abs(values).max() < MOST:
                    found[field_.name] = values.tolist()
        return found

    def _passing(self, text: str) -> int:
        verdicts = parse(text, self.columns).evaluate(self._look_up, self.batch.num_rows)
        return int(np.count_nonzero(verdicts.fill_null(False).to_numpy(zero_copy_only=False)))

    def _look_up(self, name: str) -> pa.Array:
        if name in self.batch.schema.names:
            return self.batch.column(name)
        return self.columns[name].empty(self.batch.num_rows)
