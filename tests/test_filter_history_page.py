"""Every text on the page about light curves is a filter, and every value on it is what the filter says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa

import history_reference as reference
from linnet.app import wiring
from linnet.core.vocabulary import COMMON
from linnet.filters.history import MAX_HISTORIES
from linnet.filters.history_nodes import FIELDS, FUNCTIONS, SEQUENCES
from linnet.filters.language import parse
from linnet.filters.tokens import MAX_NODES

PAGE = (Path(__file__).parents[1] / "docs" / "filter-light-curves.md").read_text("utf-8")
SORTS = ("detection", "forced", "limit")


def rows_below(header: str) -> list[list[str]]:
    """The rows of the table with this header."""
    lines = iter(PAGE[PAGE.index(header) :].splitlines()[2:])
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def the_alert() -> pa.RecordBatch:
    """The alert of the example."""
    points = [
        {
            "mjd": float(mjd),
            "band": band,
            "flux": float(flux) if flux else None,
            "flux_err": float(error) if error else None,
            "kind": SORTS.index(sort),
        }
        for mjd, band, flux, error, sort in rows_below("| mjd | band | flux |")
    ]
    alert: dict[str, Any] = {"mjd": 60_010.0, "gal_lat": None, "n_detections": None, "is_moving": None}
    batch = reference.batch([{**alert, "points": points}])
    return batch.append_column("flux", pa.array([900.0], COMMON["flux"].type))


def test_every_value_of_the_example_is_what_a_filter_says() -> None:
    batch, values = the_alert(), rows_below("| text | value |")
    assert len(values) > 15
    for cell, value in values:
        text = cell.strip("`")
        condition = f"{text} is null" if value == "null" else f"abs({text} - ({value})) < 0.000001"
        assert parse(condition, COMMON).evaluate(batch.column, 1).to_pylist() == [True], text


def test_every_filter_on_the_page_is_read() -> None:
    columns = wiring.plan().columns
    texts = re.findall(r"^    (\S.*)$", PAGE, re.MULTILINE)
    assert len(texts) >= 3
    for text in texts:
        assert "hist_kind" in parse(text, columns).columns, text
    for cell, *_ in rows_below("| form | gives |"):
        for form in re.findall(r"`([^`]+)`", cell):
            assert parse(f"{form.replace('FIELD', 'flux')} > 1", columns), form


def test_the_page_names_every_function_field_sequence_and_limit() -> None:
    forms = " ".join(cell for cell, *_ in rows_below("| form | gives |"))
    assert set(re.findall(r"(\w+)\(", forms)) == set(FUNCTIONS)
    assert {name for cell, *_ in rows_below("| field | of a point |") for name in re.findall(r"`(\w+)`", cell)} == set(
        FIELDS
    )
    assert [cell.strip("`") for cell, _ in rows_below("| name | points |")] == list(SEQUENCES)
    assert f"at most {MAX_HISTORIES} of these functions" in PAGE
    assert f"among its {MAX_NODES} columns" in PAGE
    units = {
        name: cells[2] for cells in rows_below("| field | of a point |") for name in re.findall(r"`(\w+)`", cells[0])
    }
    assert units == {name: each.unit for name, each in FIELDS.items()}
