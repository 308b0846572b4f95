"""The search box: an id of any survey, or a position."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.json_rows import JsonRow, rows
from linnet.errors import NotFoundError
from linnet.web import reading
from linnet.web.broker import Broker
from linnet.web.parameters import INT64_MAX, MAX_ROWS
from linnet.web.sky_position import position


@dataclass(frozen=True)
class Found:
    """What a search gave.

    Attributes:
        objects: (survey, object_id) of that id.
        alerts: (survey, alert_id) of that id.
        centre: ra, dec in degrees, where the text was a position.
        cone: `OBJECT` rows with `separation` around it.
        complete: False where the cone holds more.
    """

    objects: list[tuple[str, str]] = field(default_factory=list)
    alerts: list[tuple[str, str]] = field(default_factory=list)
    centre: tuple[float, float] | None = None
    cone: list[JsonRow] = field(default_factory=list)
    complete: bool = True


def search(broker: Broker, text: str, radius: float) -> Found:
    """Everything that a text may mean; an alert whose object was found under the same id is not told twice.

    Args:
        broker: where to search.
        text: an object id, an alert id, or a position (see `sky_position.position`).
        radius: arcsec, for positions.

    Raises:
        InputError: a position out of range.
    """
    centre = position(text)
    if centre is not None:
        near = broker.store.cone(*centre, radius, limit=MAX_ROWS, public=broker.public_only)
        return Found(centre=centre, cone=rows(near), complete=near.num_rows < MAX_ROWS)
    name = text.strip()
    objects = [(s, name) for s in reading.surveys(broker) if _has_object(broker, s, name)]
    return Found(objects=objects, alerts=_alerts(broker, name, objects))


def _has_object(broker: Broker, survey: str, name: str) -> bool:
    return bool(name) and broker.store.object(survey, name, public=broker.public_only).num_rows > 0


def _alerts(broker: Broker, name: str, objects: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Alerts of this id, but for those of the objects already found: LSST names an object after its first alert."""
    if not (name.isascii() and name.isdigit()) or len(name) > 19 or int(name) > INT64_MAX:
        return []
    found = []
    for survey in broker.store.surveys_of(int(name)):
        try:
            alert = reading.alert(broker, survey, int(name))
        except NotFoundError:  # there, but not to be shown
            continue
        if (survey, alert.column("object_id")[0].as_py()) not in objects:
            found.append((survey, str(int(name))))
    return found


def night_totals(broker: Broker, nights: int) -> list[JsonRow]:
    """The newest nights with alerts: `survey`, `night`, `n` (all bands) and `bands` as "g 12, r 9", newest first."""
    counts = broker.store.night_counts()
    if not counts.num_rows:
        return []
    newest = pc.unique(counts.column("night")).sort("descending")[:nights]
    kept = counts.filter(pc.is_in(counts.column("night"), pa.array(newest.to_pylist(), pa.int32())))
    total: dict[tuple[int, str], list[tuple[str, int]]] = {}
    for row in rows(kept):
        total.setdefault((row["night"], row["survey"]), []).append((row["band"] or "?", int(row["n"])))
    return [
        {
            "night": night,
            "survey": survey,
            "n": sum(n for _, n in bands),
            "bands": ", ".join(f"{band} {n}" for band, n in bands),
        }
        for (night, survey), bands in sorted(total.items(), key=lambda item: (-item[0][0], item[0][1]))
    ]
