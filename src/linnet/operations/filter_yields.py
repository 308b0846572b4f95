"""What a filter has caught, night by night: counts of tags, out of the archive and of what waits to get there."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.ports import ScienceArchive, Store

NIGHTS = 14
"""Nights of each survey that are counted, the latest ones: each is some dozens of files."""


class Yield(NamedTuple):
    """Tags of one version in one night (`known_night`) of a survey."""

    survey: str
    night: int
    version: int
    n: int


def yields(store: Store, science: ScienceArchive, name: str, nights: int = NIGHTS) -> list[Yield]:
    """Counts of a filter's tags in the latest nights of each survey that have alerts, by survey, night and version.

    Raises:
        StorageError: a file of the archive cannot be read.
    """
    found: Counter[tuple[str, int, int]] = Counter()
    for survey, night, path in _files(store, nights):
        _count(found, survey, night, _of(science.read(path), name))
    for _, survey, night, alerts in store.pending():
        tags = store.tags_of(survey, alerts.column("alert_id").combine_chunks())
        _count(found, survey, night, _of(tags, name))
    return [Yield(*key, n) for key, n in sorted(found.items())]


def latest_yields(store: Store, science: ScienceArchive, nights: int) -> dict[str, list[Yield]]:
    """Counts of the tags of every filter in the latest nights of each survey, read in one pass: filter -> counts.

    Raises:
        StorageError: a file of the archive cannot be read.
    """
    found: dict[str, Counter[tuple[str, int, int]]] = {}

    def count(survey: str, night: int, tags: pa.Table) -> None:
        for name in tags.column("filter").unique().to_pylist():
            _count(found.setdefault(name, Counter()), survey, night, _of(tags, name))

    for survey, night, path in _files(store, nights):
        count(survey, night, science.read(path))
    for _, survey, night, alerts in store.pending():
        count(survey, night, store.tags_of(survey, alerts.column("alert_id").combine_chunks()))
    return {name: [Yield(*key, n) for key, n in sorted(counts.items())] for name, counts in found.items()}


def _files(store: Store, nights: int) -> list[tuple[str, int, str]]:
    """Survey, night and path of the tag files of the latest nights."""
    files = [(path.split("/")[1], int(path.split("/")[2]), path) for path in store.science_files() if _is_tags(path)]
    surveys = {survey for survey, *_ in files}
    latest = {survey: sorted({night for s, night, _ in files if s == survey})[-nights:] for survey in surveys}
    return [each for each in files if each[1] in latest[each[0]]]


def _is_tags(path: str) -> bool:
    return path.startswith("tags/")


def _of(tags: pa.Table, name: str) -> pa.Table:
    return tags.filter(pc.equal(tags.column("filter"), name))


def _count(found: Counter[tuple[str, int, int]], survey: str, night: int, tags: pa.Table) -> None:
    for row in pc.value_counts(tags.column("version").combine_chunks()).to_pylist():
        found[survey, night, int(row["values"])] += row["counts"]
