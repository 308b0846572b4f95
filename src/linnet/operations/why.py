"""Why a filter passed a recorded alert or did not: on the values that it was judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from linnet.core.column import Column
from linnet.core.ports import Store
from linnet.errors import NotFoundError
from linnet.filters.explain import Explanation, explain
from linnet.filters.filter_set import NamedFilter
from linnet.filters.ordered_values import Scalar
from linnet.operations.lived_columns import Lived
from linnet.operations.recorded_nights import Past, RecordedNight


@dataclass(frozen=True)
class Why:
    """An explanation, and of what.

    Attributes:
        name, version, text: the filter.
        survey, alert_id, object_id, night: the alert; `night` is the one in which it became known.
        tagged: whether this version tagged it then.
        explanation: of the verdict now, on the values recorded then.
        after_the_fact: column -> module and version that made it, where the run that was live had no such module.
        columns: declarations of what was read.
    """

    name: str
    version: int
    text: str
    survey: str
    alert_id: int
    object_id: str | None
    night: int
    tagged: bool
    explanation: Explanation
    after_the_fact: Mapping[str, str]
    columns: Mapping[str, Column]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-safe values: whole numbers of 64 bits are texts, single precision has its own digits."""
        found, change = self.explanation, self.explanation.change
        return {
            "filter": self.name,
            "version": self.version,
            "text": self.text,
            "survey": self.survey,
            "alert_id": str(self.alert_id),
            "object_id": self.object_id,
            "night": self.night,
            "tagged": self.tagged,
            "passes": found.verdict is True,
            "verdict": found.verdict,
            "clauses": [
                {
                    "text": each.text,
                    "position": each.span[0],
                    "verdict": each.verdict,
                    "saw": {name: self.shown(name, value) for name, value in each.saw.items()},
                    "threshold": each.threshold,
                    "margin": each.margin,
                    "unit": each.unit,
                    "why_null": each.why_null,
                }
                for each in found.clauses
            ],
            "smallest_change": None
            if change is None
            else {
                "column": change.column,
                "unit": self.columns[change.column].unit if change.column in self.columns else "",
                "from": self.shown(change.column, change.before),
                "to": self.shown(change.column, change.after),
            },
            "clauses_to_turn": found.clauses_to_turn,
            "after_the_fact": dict(self.after_the_fact),
        }

    def shown(self, name: str, value: Scalar) -> Scalar:
        """A value of a column as JSON and people read it."""
        kind = self.columns[name].type if name in self.columns else pa.null()
        if kind == pa.int64() and isinstance(value, int):
            return str(value)
        if kind == pa.float32() and isinstance(value, float):
            return float(str(pa.scalar(value, kind).cast(pa.string())))
        return value


def why(past: Past, asked: NamedFilter, survey: str, alert_id: int) -> Why:
    """Explain a filter's verdict on one recorded alert.

    Args:
        past: what was.
        asked: the filter.
        survey: of the alert.
        alert_id: its id.

    Raises:
        NotFoundError: there is no such alert.
        StorageError: its packet is asked for and does not decode any more.
    """
    row = past.store.alerts(survey, pa.array([alert_id], pa.int64())) if survey in past.surveys else None
    if row is None or not len(row):
        raise NotFoundError(f"no alert {alert_id} of survey {survey} here")
    night = int(row["known_night"][0].as_py())
    lived = Lived(past, asked.condition.columns, ("survey", "alert_id", "object_id"), lambda _module, _error: None)
    recorded = RecordedNight(survey, night, 0, (partial(_stored, row),))
    (rows,) = lived.rows(recorded, 0)
    (found,) = explain(asked.condition, lived.lookup(rows), 1, past.plan.columns)
    tags = past.store.tags_of(survey, row["alert_id"].combine_chunks()).to_pylist()
    return Why(
        name=asked.name,
        version=asked.version,
        text=asked.condition.text,
        survey=survey,
        alert_id=alert_id,
        object_id=row["object_id"][0].as_py(),
        night=night,
        tagged=any((t["filter"], t["version"]) == (asked.name, asked.version) for t in tags),
        explanation=found,
        after_the_fact=rows.after_the_fact,
        columns=past.plan.columns,
    )


def find_alert(store: Store, wanted: str) -> tuple[str, int]:
    """The survey and id of an alert that a person names: its id, `SURVEY:ID` or `SURVEY/ID`, or an object (its latest).

    Raises:
        NotFoundError: there is none, or several surveys have one; the message says what to write.
    """
    prefix, mark, rest = wanted.replace("/", ":", 1).partition(":")
    name = rest if mark else prefix
    surveys = [prefix] if mark else sorted(store.open_nights())
    if name.isdigit() and int(name) < 2**63:
        having = [s for s in store.surveys_of(int(name)) if s in surveys]
        if having:
            return _only(having, name), int(name)
    having = [s for s in surveys if store.object(s, name).num_rows]
    if not having:
        raise NotFoundError(f"there is no alert and no object {wanted} here")
    survey = _only(having, name)
    return survey, int(store.object(survey, name)["last_alert_id"][0].as_py())


def _only(surveys: list[str], name: str) -> str:
    if len(surveys) > 1:
        raise NotFoundError(f"several surveys have {name}: write {' or '.join(f'{s}:{name}' for s in surveys)}")
    return surveys[0]


def _stored(row: pa.Table, names: Sequence[str]) -> pa.Table:
    wanted = set(names)
    return row.select([name for name in row.column_names if name in wanted])
