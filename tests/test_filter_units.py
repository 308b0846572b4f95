"""Units, angles and cones: held against astropy. About 3 s."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as astropy_units
from astropy.coordinates import Angle, SkyCoord

from linnet.app import wiring
from linnet.core.column import Column, integer, real, text
from linnet.errors import FilterError
from linnet.filters.clauses import clauses
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.formatter import canonical
from linnet.filters.language import Filter, parse
from linnet.filters.tree import Compare, Cone, Literal, walk
from linnet.filters.units import SYMBOLS, unit

COLUMNS: dict[str, Column] = {
    "ra": real("Right ascension.", unit="deg", bits=64),
    "dec": real("Declination.", unit="deg", bits=64),
    "gal_lat": real("Latitude.", unit="deg"),
    "sep": real("Separation.", unit="arcsec", bits=64),
    "mjd": real("Time.", unit="d", bits=64),
    "first_mjd": real("Time.", unit="d", bits=64),
    "mag": real("Magnitude.", unit="mag"),
    "total_mag": real("Magnitude.", unit="mag"),
    "rate": real("Rate.", unit="mag.d**-1"),
    "flux": real("Flux.", unit="nJy", bits=64),
    "odd": real("In a unit of its own.", unit="furlong"),
    "count": integer("A number."),
    "days": integer("Whole days.", unit="d"),
    "word": text("A word."),
}


def constants(checked: Filter) -> list[float]:
    """Values of all constants, in the order of the text."""
    return [float(n.value) for n in walk(checked.tree) if isinstance(n, Literal)]


def refused(written: str) -> FilterError:
    """The error that a text meets."""
    with pytest.raises(FilterError) as caught:
        parse(written, COLUMNS)
    return caught.value


def judged(condition: str, **given: list[float | None]) -> list[bool | None]:
    """Verdicts on columns of these values; the same filter compiled says the same."""
    columns = {name: pa.array(values, COLUMNS[name].type) for name, values in given.items()}
    length = len(next(iter(columns.values())))
    checked = parse(condition, COLUMNS)
    found: list[bool | None] = checked.evaluate(columns.__getitem__, length).to_pylist()
    hits, _ = FilterSet([NamedFilter("x", 1, checked)]).hits(columns.__getitem__, length)
    assert hits.tolist() == [row for row, verdict in enumerate(found) if verdict], condition
    return found


BASIS = {
    "angle": "deg",
    "time": "d",
    "flux": "nJy",
    "magnitude": "mag",
    "distance": "au",
    "pixel": "pix",
    "counts": "adu",
}
"""Dimension -> the unit in which a number without a unit is meant."""


def test_every_unit_is_worth_what_astropy_says() -> None:
    for symbol, (dimension, factor) in SYMBOLS.items():
        wanted = astropy_units.Unit(symbol).to(astropy_units.Unit(BASIS[dimension]))
        assert float(factor) == pytest.approx(wanted, rel=1e-12), symbol


def test_every_declared_unit_of_every_column_is_known_and_worth_what_astropy_says() -> None:
    for declared in {column.unit for column in wiring.plan().columns.values()}:
        ours, theirs = unit(declared), astropy_units.Unit(declared.replace("adu", "adu"))
        assert ours is not None, declared
        product = astropy_units.dimensionless_unscaled
        for dimension, power in ours.powers:
            product = product * astropy_units.Unit(BASIS[dimension]) ** power
        assert float(ours.factor) == pytest.approx(theirs.to(product), rel=1e-12), declared


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("sep < 0.1 arcmin", [6.0]),
        ("sep < 1 deg", [3600.0]),
        ("abs(gal_lat) > 1800 arcsec", [0.5]),
        ("mjd - first_mjd < 36 h", [1.5]),
        ("mjd > first_mjd + 86400 s", [1.0]),
        ("90 min < mjd - first_mjd", [0.0625]),
        ("mag between 18 mag and 20500 mmag", [18.0, 20.5]),
        ("flux >= 3.631 uJy", [3631.0]),
        ("rate < -0.1 mag/d", [-0.1]),
        ("rate < -2.4 mag/h", [-57.6]),
        ("(mag - total_mag) / 2 d < 0.1 mag/d", [2.0, 0.1]),
        ("flux / 3631 Jy < 1", [3631e9, 1.0]),
        ("(sep + 0.1 arcmin) * 2 < 5", [6.0, 2.0, 5.0]),
        ("sep < 1 arcmin + 3 arcsec", [60.0, 3.0]),
        ("sep in (5 arcsec, -1 arcmin)", [5.0, -60.0]),
        ("least(sep, 1 arcmin) < 5", [60.0, 5.0]),
        ("case when mag < 19 mag then 5 arcsec else 1 arcmin end > sep", [19.0, 5.0, 60.0]),
        ("days > 36 h", [1.5]),
        ("sep < 5 arcsec and mag < 20", [5.0, 20.0]),
        ("-sep > - 2 arcsec", [-2.0]),
        ("sqrt(ra * ra + dec * dec) < 36 arcsec", [0.01]),
    ],
)
def test_a_number_is_converted_to_the_unit_of_what_it_meets(written: str, values: list[float]) -> None:
    checked = parse(written, COLUMNS)
    found = constants(checked)
    assert found == values
    again = parse(canonical(checked.tree), COLUMNS)
    assert again.tree == checked.tree
    assert canonical(again.tree) == canonical(checked.tree)


def test_a_conversion_is_rounded_once() -> None:
    chance = random.Random(6)
    for _ in range(300):
        number = round(chance.uniform(0.01, 1000), chance.randint(0, 6))
        (found,) = constants(parse(f"gal_lat > {number!r} arcsec", COLUMNS))
        assert found == float(Fraction(repr(number)) / 3600)


def test_a_number_keeps_its_unit_when_it_is_written_out_and_means_the_same_as_without() -> None:
    checked = parse("sep<0.10 arcmin and abs( gal_lat )>5 deg", COLUMNS)
    assert canonical(checked.tree) == "sep < 0.1 arcmin and abs(gal_lat) > 5 deg"
    assert parse("sep < 1 arcmin", COLUMNS).tree == parse("sep < 60.0", COLUMNS).tree
    shared = FilterSet(
        [NamedFilter(t, 1, parse(t, COLUMNS)) for t in ("sep < 1 arcmin", "sep < 60 arcsec", "sep < 60.0")]
    )
    assert shared.sizes["questions"] == 1


@pytest.mark.parametrize(
    ("written", "position", "part"),
    [
        ("gal_lat > 5 mag", 10, "`5 mag` does not fit column gal_lat, which is in deg"),
        ("mag > 1 and 2 d < sep", 12, "`2 d` does not fit column sep, which is in arcsec"),
        ("count > 5 d", 8, "`5 d` does not fit column count, which has no unit"),
        ("mjd - first_mjd < 5 mag", 18, "`5 mag` does not fit what it is compared with, which is in d"),
        ("rate < 1 mag", 7, "`1 mag` does not fit column rate, which is in mag.d**-1"),
        ("sep < 5 arcsecs", 8, "no unit is named arcsecs; did you mean arcsec?"),
        ("sep < 5 ARCSEC", 8, "did you mean arcsec?"),
        ("sep < 5arcsec", 6, "this is no number"),
        ("5 arcsec < 3 arcmin", 0, "nothing with a unit meets `5 arcsec`"),
        ("5 arcsec is null", 0, "nothing with a unit meets `5 arcsec`"),
        ("sqrt(5 arcsec) < sep", 5, "nothing with a unit meets `5 arcsec`"),
        ("sep + gal_lat < 5 deg", 16, "is in no one unit"),
        ("odd < 5 deg", 6, "is in no one unit"),
        ("sqrt(flux) < 5 nJy", 13, "is in no one unit"),
        (
            "sqrt(sep * sep) < 5 mag",
            18,
            "`5 mag` does not fit what it is compared with, which is in sqrt(arcsec.arcsec)",
        ),
        ("flux * 2 h / 1 d < 3", 13, "multiplied or divided by what is in nJy.h"),
        ("word = 5 mag", 7, "a text cannot be compared with an integer"),
        ("sep < 5 arcsec arcsec", 15, "no column is named arcsec"),
    ],
)
def test_a_unit_that_does_not_fit_is_refused_with_both_units(written: str, position: int, part: str) -> None:
    error = refused(written)
    assert part in str(error)
    assert error.position == position


def test_units_behind_numbers_of_light_curves_follow_their_points() -> None:
    columns = wiring.plan().columns
    checked = parse("count(lc where mjd > now() - 48 h and flux > 1 uJy) > 2", columns)
    assert constants(checked) == [2.0, 1000.0, 2.0]
    assert constants(parse("slope(lc.mag) < -0.01 mag/h", columns)) == [-0.24]
    assert constants(parse("max(lc.mjd) - min(lc.mjd) > 12 h", columns)) == [0.5]


@pytest.mark.parametrize("form", ["{0:02d}:{1:02d}:{2}", "{0:d} {1:d} {2}", "{0:02d}{3}{1:02d}m{2}s"])
def test_sexagesimal_positions_are_those_of_astropy(form: str) -> None:
    chance = random.Random(9)
    for _ in range(100):
        hours, degrees, minutes = chance.randint(0, 23), chance.randint(0, 89), chance.randint(0, 59)
        seconds = round(chance.uniform(0, 59.4), chance.randint(0, 4))
        sign = chance.choice(("-", "+", ""))
        ra, dec = form.format(hours, minutes, seconds, "h"), sign + form.format(degrees, minutes, seconds, "d")
        (cone,) = [n for n in walk(parse(f"cone('{ra}', '{dec}', 5 arcsec)", COLUMNS).tree) if isinstance(n, Cone)]
        assert float(cone.ra.value) == pytest.approx(Angle(ra, unit="hourangle").deg, rel=1e-14)
        assert float(cone.dec.value) == pytest.approx(Angle(dec, unit="deg").deg, rel=1e-14)


def test_a_cone_holds_what_astropy_says_lies_in_it() -> None:
    chance = np.random.default_rng(3)
    for ra, dec in ((0.0, 0.0), (359.9999, 10.0), (12.3, 89.9999), (200.0, -90.0), (83.6331, 22.0145)):
        for arcsec in (0.5, 5.0, 600.0, 3.6e4, 6.4e5):
            angle, apart = chance.uniform(0, 360, 400), arcsec * np.sqrt(chance.uniform(0, 4, 400))
            around = SkyCoord(ra, dec, unit="deg").directional_offset_by(
                angle * astropy_units.deg, apart * astropy_units.arcsec
            )
            wanted = SkyCoord(ra, dec, unit="deg").separation(around).arcsec <= arcsec
            found = judged(
                f"cone({ra}, {dec}, {arcsec} arcsec)", ra=around.ra.deg.tolist(), dec=around.dec.deg.tolist()
            )
            assert found == wanted.tolist()
            assert 0 < sum(wanted) <= 400


def test_a_cone_is_null_without_a_position_and_a_clause_of_its_own() -> None:
    assert judged("cone(10, 20, 1 deg)", ra=[10.0, None, 10.0, 50.0], dec=[20.5, 20.0, None, 20.0]) == [
        True,
        None,
        None,
        False,
    ]
    assert judged("not cone(10, 20, 1 deg)", ra=[10.0, None, 50.0], dec=[20.5, 20.0, 20.0]) == [False, None, True]
    assert judged("cone(10, 20, 1 deg) is null", ra=[10.0, None], dec=[20.5, 20.0]) == [False, True]
    written = "mag < 19 or cone( '12:34:56.7', '-01:02:03', 5 arcsec )"
    checked = parse(written, COLUMNS)
    assert checked.columns == ("dec", "mag", "ra")
    assert [written[slice(*c.span)] for c in clauses(checked.tree)][1] == "cone( '12:34:56.7', '-01:02:03', 5 arcsec )"
    assert canonical(checked.tree) == "mag < 19 or cone('12:34:56.7', '-01:02:03', 5 arcsec)"
    assert parse(canonical(checked.tree), COLUMNS).tree == checked.tree


def test_the_galactic_latitude_is_a_column_with_a_name_that_speaks() -> None:
    checked = parse("abs(galactic_latitude()) > 600 arcmin", COLUMNS)
    assert checked.columns == ("gal_lat",)
    assert checked.tree == parse("abs(gal_lat) > 10.0", COLUMNS).tree
    assert canonical(checked.tree) == "abs(galactic_latitude()) > 600 arcmin"
    assert isinstance(checked.tree, Compare)


@pytest.mark.parametrize(
    ("written", "position", "part"),
    [
        ("cone(10, 20, 5)", 13, "a radius is written with its unit, for example 5 arcsec"),
        ("cone(10, 20)", 0, "cone takes 3 arguments; here are 2"),
        ("cone(ra, dec, 5 arcsec)", 5, "cone takes constants"),
        ("cone(10 + 1, 20, 5 arcsec)", 5, "cone takes constants"),
        ("cone(361, 20, 5 arcsec)", 5, "a right ascension lies between 0 and 360 degrees"),
        ("cone(10, -91, 5 arcsec)", 10, "a declination lies between -90 and 90 degrees"),
        ("cone(10, 20, 0 arcsec)", 13, "a radius is more than 0"),
        ("cone(10, 20, 181 deg)", 13, "at most 180 degrees"),
        ("cone(10, 20, 5 mag)", 13, "`5 mag` is no angle"),
        ("cone('12:34', 20, 5 arcsec)", 5, "this is no right ascension; write degrees, or a text such as '12:34:56.7'"),
        ("cone('12d34m56s', 20, 5 arcsec)", 5, "this is no right ascension"),
        ("cone(10, '12:60:00', 5 arcsec)", 9, "this is no declination"),
        ("cone('25:00:00', 0, 5 arcsec)", 5, "a right ascension lies between"),
        ("cone(10, '12h34m56s', 5 arcsec)", 9, "this is no declination"),
        ("cone(10, 20, '5 arcsec')", 13, "a radius is written with its unit"),
        ("galactic_latitude(1) > 5", 0, "galactic_latitude takes 0 arguments; here are 1"),
        ("mag < 1 and annotation('x').score > 0.8", 12, "annotation('name').column is reserved"),
    ],
)
def test_an_odd_position_is_refused_at_its_place(written: str, position: int, part: str) -> None:
    error = refused(written)
    assert part in str(error)
    assert error.position == position
