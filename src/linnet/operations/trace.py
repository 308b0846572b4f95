"""Where is my alert? Its way through every stage, or why it is not there."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.json_rows import rows
from linnet.core.ports import Control, Progress, Route, Store
from linnet.errors import NotFoundError

_SOURCE = ("topic", "partition", "offset", "position")
_ARCHIVED = ("segment", "block", "place", "length")
_STORED = ["object_id", "mjd", "night", "known_night", "run_id", "is_public", *_SOURCE, *_ARCHIVED]


@dataclass(frozen=True)
class Trace:
    """The way of one alert.

    Attributes:
        state: "stored" or "dead".
        source: topic, partition, offset, and index in the message.
        archived: segment, block, place, length of its datum; None for a dead letter.
        tags: filter, version, tag-log number, and what each route that follows the filter did.
        dead: dead letters with its id.
    """

    survey: str
    alert_id: str
    state: str
    object_id: str | None = None
    mjd: float | None = None
    night: int | None = None
    known_night: int | None = None
    run_id: str | None = None
    source: dict[str, object] = field(default_factory=dict)
    archived: dict[str, object] | None = None
    tags: list[dict[str, object]] = field(default_factory=list)
    dead: list[dict[str, object]] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """The same as plain values, in the form of `linnet.core.json_rows`: 64-bit numbers are strings."""
        return asdict(self)


def trace(store: Store, control: Control, alert_id: int) -> list[Trace]:
    """Every alert of this id, one for each survey that has it.

    Raises:
        NotFoundError: no survey's alert of this id was ever offered to this home in a readable message.
    """
    letters = store.dead_of(alert_id)
    by_survey = {
        s: letters.filter(pc.equal(letters.column("survey"), s)) for s in letters["survey"].unique().to_pylist()
    }
    stored = store.surveys_of(alert_id)
    found = [_stored(store, control, survey, alert_id, by_survey.get(survey)) for survey in stored]
    found += [_only_dead(alert_id, mine) for survey, mine in by_survey.items() if survey not in stored]
    if not found:
        raise NotFoundError(
            f"alert {alert_id} was never offered here in a readable message (`linnet dead list` has the others)"
        )
    return found


def _stored(store: Store, control: Control, survey: str, alert_id: int, letters: pa.Table | None) -> Trace:
    ids = pa.array([alert_id], pa.int64())
    row = rows(store.alerts(survey, ids).select(_STORED))[0]
    return Trace(
        survey=survey,
        alert_id=str(alert_id),
        state="stored",
        object_id=row["object_id"],
        mjd=row["mjd"],
        night=row["night"],
        known_night=row["known_night"],
        run_id=row["run_id"],
        source={name: row[name] for name in _SOURCE},
        archived={name: row[name] for name in _ARCHIVED},
        tags=[_tag(control, tag, public=bool(row["is_public"])) for tag in store.tags_of(survey, ids).to_pylist()],
        dead=[] if letters is None else _dead(letters),
    )


def _tag(control: Control, tag: dict[str, object], *, public: bool) -> dict[str, object]:
    seq = int(str(tag["seq"]))
    delivered = control.delivered()
    routes = {
        route.name: _outcome(route, delivered.get(route.name, Progress()), seq, public=public)
        for route in control.routes()
        if not route.filters or tag["filter"] in route.filters
    }
    return {"filter": tag["filter"], "version": tag["version"], "seq": str(seq), "routes": routes}


def _outcome(route: Route, progress: Progress, seq: int, *, public: bool) -> str:
    """What became of a tag-log number on a route. Routes count what their policy held back, they do not list it."""
    if seq <= progress.since:
        return "older than the route"
    if seq > progress.seq:
        return "waiting"
    if not public:
        return "withheld: not public"
    return f"sent, or held back ({route.policy})" if route.policy else "sent"


def _only_dead(alert_id: int, letters: pa.Table) -> Trace:
    first = rows(letters.select(["survey", *_SOURCE]))[0]
    source = {name: first[name] for name in _SOURCE}
    return Trace(first["survey"], str(alert_id), "dead", source=source, dead=_dead(letters))


def _dead(letters: pa.Table) -> list[dict[str, object]]:
    return rows(letters.select(["dead_id", "reason", "detail", "topic", "offset", "position"]))
