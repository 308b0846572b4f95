"""Where is my alert? Its way through every stage, or why it is not there."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import pyarrow as pa

from linnet.core.ports import Control, Store
from linnet.errors import NotFoundError


@dataclass(frozen=True)
class Trace:
    """The way of one alert.

    Attributes:
        state: "stored" or "dead".
        source: topic, partition, offset, and index in the message.
        archived: segment, block, place, length of its datum; None for a dead letter.
        tags: filter, version, tag-log number, and the routes that have sent or withheld it.
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
        """The same as plain values; ids are strings."""
        return asdict(self)


def trace(store: Store, control: Control, alert_id: int) -> list[Trace]:
    """Every alert of this id, one for each survey that has it.

    Raises:
        NotFoundError: no survey's alert of this id was ever offered to this home in a readable message.
    """
    letters = store.dead_of(alert_id)
    found = [_stored(store, control, survey, alert_id, letters) for survey in store.surveys_of(alert_id)]
    if not found and letters.num_rows:
        found = [_only_dead(alert_id, letters)]
    if not found:
        raise NotFoundError(
            f"alert {alert_id} was never offered here in a readable message (`linnet dead list` has the others)"
        )
    return found


def _stored(store: Store, control: Control, survey: str, alert_id: int, letters: pa.Table) -> Trace:
    ids = pa.array([alert_id], pa.int64())
    row = store.alerts(survey, ids).to_pylist()[0]
    return Trace(
        survey=survey,
        alert_id=str(alert_id),
        state="stored",
        object_id=row["object_id"],
        mjd=row["mjd"],
        night=row["night"],
        known_night=row["known_night"],
        run_id=row["run_id"],
        source={name: row[name] for name in ("topic", "partition", "offset", "position")},
        archived={name: row[name] for name in ("segment", "block", "place", "length")},
        tags=[_tag(control, tag, public=bool(row["is_public"])) for tag in store.tags_of(survey, ids).to_pylist()],
        dead=_dead([r for r in letters.to_pylist() if r["survey"] == survey]),
    )


def _tag(control: Control, tag: dict[str, object], *, public: bool) -> dict[str, object]:
    seq = int(str(tag["seq"]))
    routes = {}
    for route in control.routes():
        if route.filters and tag["filter"] not in route.filters:
            continue
        cursor = control.cursor(route.name)
        done = "sent" if public else "withheld: not public"
        routes[route.name] = done if cursor >= seq else "waiting"
    return {"filter": tag["filter"], "version": tag["version"], "seq": seq, "routes": routes}


def _only_dead(alert_id: int, letters: pa.Table) -> Trace:
    rows = letters.to_pylist()
    first = rows[0]
    source = {name: first[name] for name in ("topic", "partition", "offset", "position")}
    return Trace(str(first["survey"]), str(alert_id), "dead", source=source, dead=_dead(rows))


def _dead(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    names = ("dead_id", "reason", "detail", "topic", "offset", "position")
    return [{name: row[name] for name in names} for row in rows]
