"""What both the API and the pages ask of the store, with the rule of what may be shown applied in one place."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from linnet.core.json_rows import JsonRow, rows
from linnet.core.payload import INTERNAL
from linnet.core.survey import Stamp
from linnet.errors import NotFoundError
from linnet.web.broker import Broker

MAX_TAGGED = 5000
"""Most alerts of one answer whose tags are looked up."""


def surveys(broker: Broker) -> list[str]:
    """Surveys that have alerts here."""
    return sorted(broker.store.open_nights())


def alert(broker: Broker, survey: str, alert_id: int) -> pa.Table:
    """One row.

    Raises:
        NotFoundError: no such alert, or one that may not be shown; the two are not told apart.
    """
    found = broker.store.alerts(survey, pa.array([alert_id], pa.int64())) if survey in surveys(broker) else None
    if found is None or not found.num_rows or (broker.public_only and not found.column("is_public")[0].as_py()):
        raise NotFoundError(f"no alert {alert_id} of survey {survey} here{_known(broker, survey)}")
    return found


def with_own(broker: Broker, survey: str, found: pa.Table) -> pa.Table:
    """One alert's row with the survey's own columns behind the common ones; the packet keeps them, the row does not."""
    if broker.own is None or not found.num_rows:
        return found
    own = broker.own(survey, found.column("alert_id")[0].as_py())
    for name, column in zip(own.schema.names, own.columns, strict=True):
        if name not in found.column_names:
            found = found.append_column(name, column)
    return found


def object_row(broker: Broker, survey: str, object_id: str) -> pa.Table:
    """One row in the schema `OBJECT`.

    Raises:
        NotFoundError: no such object, or one without anything that may be shown.
    """
    if survey in surveys(broker):
        found = broker.store.object(survey, object_id, public=broker.public_only)
        if found.num_rows:
            return found
    raise NotFoundError(f"no object {object_id} of survey {survey} here{_known(broker, survey)}")


def latest_alert(broker: Broker, survey: str, thing: pa.Table) -> pa.Table:
    """The newest alert of an object (its `OBJECT` row) that may be shown: one row, or none."""
    newest = broker.store.alerts(survey, thing.column("last_alert_id"))
    if newest.num_rows and (not broker.public_only or newest.column("is_public")[0].as_py()):
        return newest
    alerts = broker.store.object_alerts(survey, thing.column("object_id")[0].as_py(), public=broker.public_only)
    return alerts.slice(max(alerts.num_rows - 1, 0))


def tags(broker: Broker, survey: str, alerts: pa.Table) -> dict[int, list[JsonRow]]:
    """Tags (`filter`, `version`, `seq`) of alerts that were read before, by alert id."""
    ids = alerts.column("alert_id").slice(0, MAX_TAGGED)
    found = broker.store.tags_of(survey, pa.array(ids.to_pylist(), pa.int64()))
    result: dict[int, list[JsonRow]] = {}
    for row in rows(_seen(broker, found)):
        result.setdefault(int(row.pop("alert_id")), []).append(row)
    return result


def alert_rows(broker: Broker, alerts: pa.Table) -> list[JsonRow]:
    """Rows of alerts for an answer."""
    return rows(shown(broker, alerts))


def shown(broker: Broker, alerts: pa.Table) -> pa.Table:
    """Alerts for an answer: all columns but those of other surveys and those that say where a row lies here."""
    present = set(alerts.column("survey").cast(pa.string()).to_pylist())
    others = tuple(f"{s}_" for s in broker.surveys or surveys(broker) if s not in present)
    kept = [n for n in alerts.column_names if n not in INTERNAL and not n.startswith(others)]
    return alerts.select(kept)


def neighbours(broker: Broker, survey: str, thing: pa.Table, radius: float) -> pa.Table:
    """Objects of *other* surveys within `radius` arcsec of an object, nearest first, with `separation` (arcsec)."""
    ra, dec = thing.column("ra")[0].as_py(), thing.column("dec")[0].as_py()
    near = broker.store.cone(ra, dec, radius, limit=100, public=broker.public_only)
    return near.filter(pc.not_equal(near.column("survey").cast(pa.string()), survey))


def stamps(broker: Broker, survey: str, alert_id: int) -> Mapping[str, Stamp]:
    """The images of an alert that may be shown.

    Raises:
        NotFoundError: no such alert, or one that may not be shown.
        PacketError: an image that cannot be unpacked.
    """
    alert(broker, survey, alert_id)
    return broker.stamps(survey, alert_id)


def matches(broker: Broker) -> dict[tuple[str, int], int]:
    """(filter, version) -> number of alerts that it ever matched."""
    return {(r["filter"], r["version"]): int(r["n"]) for r in rows(broker.store.tag_counts())}


def latest(broker: Broker, name: str | None, limit: int, before: int | None) -> pa.Table:
    """The newest alerts tagged by a filter (None: by any), newest first, that this visitor may see: `Store.latest`."""
    parts: list[pa.Table] = []
    found = broker.store.latest(name, limit, before, public=broker.public_only)
    while True:
        parts.append(_seen(broker, found))
        if found.num_rows < limit or sum(part.num_rows for part in parts) >= limit:
            return parts[0] if len(parts) == 1 else pa.concat_tables(parts, promote_options="default").slice(0, limit)
        found = broker.store.latest(name, limit, int(found.column("seq")[-1].as_py()), public=broker.public_only)


def _seen(broker: Broker, tagged: pa.Table) -> pa.Table:
    """Rows with a `filter`, without those of filters that this visitor does not see."""
    if not broker.hidden or not tagged.num_rows:
        return tagged
    return tagged.filter(pc.invert(pc.is_in(tagged.column("filter"), pa.array(sorted(broker.hidden), pa.string()))))


def known_filter(broker: Broker, name: str) -> None:
    """Check that there is such a filter for this visitor.

    Raises:
        NotFoundError: there is not; one that may not be seen is not told apart.
    """
    if name in broker.hidden or all(f.name != name for f in broker.control.filters()):
        raise NotFoundError(f"no filter {name} here; /api/v1/filters lists them")


def _known(broker: Broker, survey: str) -> str:
    known = surveys(broker)
    if survey in known:
        return ""
    return f"; surveys here: {', '.join(known)}" if known else "; nothing was ingested yet: run linnet ingest"
