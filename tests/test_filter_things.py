"""Areas, watchlists and other filters in a filter's text: which names are taken, what they mean, what is refused."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest

from linnet.core.vocabulary import COMMON
from linnet.errors import FilterError
from linnet.filters.clauses import clauses
from linnet.filters.filter_set import FilterSet, NamedFilter
from linnet.filters.formatter import canonical
from linnet.filters.language import Filter, parse
from linnet.filters.things import Things

FILTERS = {
    "bright": "mag < 19",
    "bright_and_new": "tag('bright') and age < 10",
    "itself": "mag < 18 or tag('itself')",
    "ring_a": "tag('ring_b')",
    "ring_b": "not tag('ring_c')",
    "ring_c": "mag < 3 and tag('ring_a')",
    "broken": "magg < 18",
    "on_broken": "tag('broken')",
    "wide": " or ".join(["mag < 1"] * 100),
}
THINGS = Things(frozenset({"galactic_bulge", "it's"}), frozenset({"my_quasars"}), FILTERS)
DATA = {
    "in_area:galactic_bulge": pa.array([True, False, None, True]),
    "in_watchlist:my_quasars": pa.array([False, None, True, True]),
    "mag": pa.array([18.0, 20.0, None, 18.5], pa.float32()),
    "age": pa.array([1.0, 1.0, 1.0, 30.0], pa.float32()),
}


def read(text: str) -> Filter:
    """The text, where those things are known."""
    return parse(text, COMMON, THINGS)


def judged(text: str) -> list[bool | None]:
    """The verdicts of a filter by itself; the same filter compiled agrees."""
    checked = read(text)
    found: list[bool | None] = checked.evaluate(DATA.__getitem__, 4).to_pylist()
    hits, _ = FilterSet([NamedFilter("x", 1, checked)]).hits(DATA.__getitem__, 4)
    assert hits.tolist() == [row for row, verdict in enumerate(found) if verdict], text
    assert read(canonical(checked.tree)).tree == checked.tree
    return found


def refused(text: str, things: Things = THINGS) -> FilterError:
    """The error that a text meets."""
    with pytest.raises(FilterError) as caught:
        parse(text, COMMON, things)
    return caught.value


def test_areas_and_watchlists_are_looked_up_under_their_own_names() -> None:
    checked = read("in_area('galactic_bulge') and not in_watchlist('my_quasars') and mag < 19")
    assert checked.columns == ("in_area:galactic_bulge", "in_watchlist:my_quasars", "mag")
    assert FilterSet([NamedFilter("x", 1, checked)]).needs == checked.columns
    assert [checked.text[slice(*c.span)] for c in clauses(checked.tree)] == [
        "in_area('galactic_bulge')",
        "in_watchlist('my_quasars')",
        "mag < 19",
    ]


def test_what_could_not_be_looked_up_is_null_under_not_and_under_is_null() -> None:
    assert judged("in_area('galactic_bulge')") == [True, False, None, True]
    assert judged("not in_area('galactic_bulge')") == [False, True, None, False]
    assert judged("in_area('galactic_bulge') is null") == [False, False, None, False]
    assert judged("in_area('galactic_bulge') is not null") == [True, True, None, True]
    assert judged("(in_area('galactic_bulge') and mag < 19) is null") == [False, False, None, False]
    assert judged("in_area('galactic_bulge') = in_watchlist('my_quasars')") == [False, None, None, True]


def test_a_tag_says_what_the_other_filter_says() -> None:
    assert judged("tag('bright')") == judged("mag < 19") == [True, False, None, True]
    assert judged("not tag('bright_and_new')") == judged("not (mag < 19 and age < 10)")
    assert read("tag('bright_and_new')").columns == ("age", "mag")
    assert canonical(read("TRUE and tag( 'bright' )").tree) == "true and tag('bright')"


def test_clauses_of_another_filter_stand_where_it_is_named() -> None:
    text = "ra > 1 and tag('bright_and_new')"
    found = clauses(read(text).tree)
    assert [c.text for c in found] == ["ra > 1", "mag < 19", "age < 10"]
    assert [text[slice(*c.span)] for c in found] == ["ra > 1", *["tag('bright_and_new')"] * 2]


def test_what_filters_share_with_those_they_stand_on_is_asked_once() -> None:
    both = FilterSet([NamedFilter("a", 1, read("tag('bright') and age < 10")), NamedFilter("b", 1, read("mag < 19"))])
    assert both.sizes == {"expressions": 2, "questions": 2, "gates": 1}


@pytest.mark.parametrize(
    ("text", "position", "part", "suggestion"),
    [
        ("mag < 19 and in_area('galactic_bulg')", 21, "no area is named galactic_bulg; did you mean", "galactic_bulge"),
        ("in_watchlist('xyz')", 13, "no watchlist is named xyz", None),
        ("in_area(galactic_bulge)", 8, "no column is named galactic_bulge", None),
        ("in_area(mag)", 8, "in_area takes a name in single quotes", None),
        ("in_area('a', 'b')", 0, "in_area takes 1 argument; here are 2", None),
        ("in_area()", 0, "in_area takes 1 argument; here are 0", None),
        ("tag('brigth')", 4, "no active filter is named brigth; did you mean bright?", "bright"),
        ("mag < 1 or tag('itself')", 15, "in a ring: itself -> itself", None),
        ("tag('ring_a')", 4, "in a ring: ring_a -> ring_b -> ring_c -> ring_a", None),
        ("tag('on_broken')", 4, "in filter broken: no column is named magg; did you mean mag?", None),
        ("in_area('galactic_bulge') > 1", 28, "true or false cannot be compared with an integer", None),
        ("in_are('x')", 0, "no function is named in_are; did you mean in_area?", "in_area"),
    ],
)
def test_a_wrong_name_is_refused_at_its_place(text: str, position: int, part: str, suggestion: str | None) -> None:
    error = refused(text)
    assert part in str(error)
    assert (error.position, error.suggestion) == (position, suggestion)


def test_filters_on_filters_do_not_grow_without_bound() -> None:
    assert len(clauses(read("tag('wide') and " * 4 + "tag('wide')").tree)) == 500
    assert "more than 2000 nodes" in str(refused("tag('wide') and " * 9 + "tag('wide')"))
    deep = {f"f{k}": "not (" * 11 + f"tag('f{k + 1}')" + ")" * 11 for k in range(12)} | {"f12": "mag < 1"}
    assert "in filter f3: more than 100 operations one inside the other, with filter f4" in str(
        refused("tag('f0')", Things(filters=deep))
    )
    chain = {f"f{k}": f"tag('f{k + 1}')" for k in range(40)} | {"f40": "mag < 1"}
    assert "may stand on 32 others" in str(refused("tag('f0')", Things(filters=chain)))


def test_things_travel_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(THINGS)) == THINGS  # noqa: S301 - our own object
    checked = read("tag('bright') and in_area('it''s')")
    assert pickle.loads(pickle.dumps(checked)) == checked  # noqa: S301 - our own object
