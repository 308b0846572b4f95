"""All that is known of a filter: versions, activations, what it caught, and what its owner is to know."""

from __future__ import annotations

from typing import Any

from linnet.core.filter_port import FilterText, Judged
from linnet.core.ports import Control, ScienceArchive, Store
from linnet.errors import NotFoundError
from linnet.operations.filter_desk import Checked
from linnet.operations.filter_yields import yields

EXACT = 2**53
"""Whole numbers up to this are exact in every reader of JSON."""


def record(
    control: Control, name: str, store: Store | None = None, science: ScienceArchive | None = None
) -> dict[str, Any]:
    """A filter as plain values, JSON-safe: numbers of the tag log are texts.

    Args:
        control: where it is kept.
        name: of the filter.
        store: where its tags are; None where nothing was taken yet.
        science: the archive of the same home.

    Raises:
        NotFoundError: there is none of this name.
        StorageError: the archive cannot be read.
    """
    versions = [each for each in control.filters() if each.name == name]
    if not versions:
        raise NotFoundError(f"there is no filter {name}")
    newest = versions[-1]
    caught = [] if store is None or science is None else yields(store, science, name)
    return {
        "filter": name,
        "state": state(versions),
        "owner": versions[0].owner,
        "visibility": newest.details.visibility,
        "notices": [
            {"version": n.version, "kind": n.kind, "text": n.text, "created": n.created} for n in control.notices(name)
        ],
        "versions": [version(each) for each in versions],
        "activations": [
            {
                "version": each.version,
                "begun": each.begun,
                "since": None if each.since is None else str(each.since),
                "ended": each.ended,
                "until": None if each.until is None else str(each.until),
                "reason": each.reason,
            }
            for each in control.activation_log(name)
        ],
        "yields": [each._asdict() for each in caught],
    }


def state(versions: list[FilterText]) -> str:
    """One line: which version is active, or since when and why none is."""
    active = next((each for each in versions if each.active), None)
    if active is not None:
        return f"version {active.version} is active"
    ended = next((each for each in reversed(versions) if each.ended), None)
    return "off" if ended is None else f"version {ended.version} was switched off: {ended.ended}"


def version(each: FilterText) -> dict[str, Any]:
    """One version as plain values."""
    details = each.details
    return {
        "version": each.version,
        "active": each.active,
        "ended": each.ended,
        "created": each.created,
        "text": each.text,
        "topic_line": each.topic_line,
        "description": details.description,
        "reference": details.reference,
        "columns": list(details.columns),
        "options": dict(details.options),
        "must_pass": [_example(each) for each in details.must_pass],
        "must_not": [_example(each) for each in details.must_not],
    }


def checked(found: Checked) -> dict[str, Any]:
    """A draft that was checked, as plain values."""
    return {
        "canonical": found.canonical,
        "reads": [{"column": name, "type": kind, "unit": unit} for name, kind, unit in found.reads],
        "examples": [
            {"why": each.why, "must_pass": each.must, "says": each.says, "right": each.is_right}
            for each in found.verdicts
        ],
        "ok": not found.wrong,
    }


def _example(each: Judged) -> dict[str, Any]:
    """One example; a number that readers of JSON would round is a text, which `judged_rows` takes as well."""
    large = {name: isinstance(value, int) and abs(value) > EXACT for name, value in each.row}
    return {"why": each.why, "row": {name: str(value) if large[name] else value for name, value in each.row}}
