"""The module `host` row by row; on real packets see test_science_oracle_fields."""

from __future__ import annotations

from typing import Any

import pytest

from linnet.core.module import declaration
from linnet.science.host import host
from module_rows import said

MODULE = declaration(host)


def near(score: float | None, apart: float | None, **more: Any) -> dict[str, Any]:
    return said(MODULE, {"ztf_sgscore1": score, "ztf_distpsnr1": apart, **more})[0]


@pytest.mark.parametrize(
    ("score", "apart", "kind", "on_star"),
    [
        (0.98, 0.4, "star", True),
        (0.98, 2.5, "star", False),
        (0.76, 0.4, "unclear", False),
        (0.5, 0.4, "unclear", False),
        (0.4, 0.4, "unclear", False),
        (0.03, 14.9, "galaxy", False),
        (0.03, 15.1, None, False),
        (0.98, 120.0, None, False),
        (None, 3.0, None, None),
        (0.98, None, None, None),
        (14.86, 3.0, None, None),
    ],
)
def test_the_nearest_object_in_one_word(
    score: float | None, apart: float | None, kind: str | None, on_star: bool | None
) -> None:
    found = near(score, apart)
    assert (found["kind"], found["on_star"]) == (kind, on_star)


def test_a_star_in_front_hides_no_galaxy() -> None:
    others = {"ztf_sgscore2": 0.02, "ztf_distpsnr2": 6.0, "ztf_sgscore3": 0.1, "ztf_distpsnr3": 9.0}
    found = near(0.99, 3.0, **others)
    assert (found["kind"], found["separation"], found["galaxy_separation"]) == ("star", 3.0, 6.0)
    assert near(0.99, 3.0)["galaxy_separation"] is None


def test_the_template_has_a_signal_of_either_sign_and_none_without_an_error() -> None:
    rows = [{"template_flux": f, "template_flux_err": e} for f, e in ((500.0, 50.0), (-20.0, 10.0), (5.0, 0.0))]
    assert [row["template_snr"] for row in said(MODULE, *rows)] == [10.0, -2.0, None]
