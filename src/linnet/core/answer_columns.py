"""Declarations of the rows that a store answers beside alerts: what each column of an object or a point means."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from linnet.core.answers import CONE
from linnet.core.column import Column, integer, real, text
from linnet.core.unit import POINT
from linnet.core.vocabulary import COMMON, COUNTED, RECORD

_DECLARED: Mapping[str, Column] = {
    **COMMON,
    **COUNTED,
    **RECORD,
    "first_alert_id": integer("Alert that first brought the object.", ucd="meta.id"),
    "last_alert_id": integer("Newest alert of the object by mjd.", ucd="meta.id"),
    "last_alert_mjd": real("When the newest alert was exposed, TAI.", unit="d", ucd="time.epoch", bits=64),
    "n_alerts": integer("Alerts of the object that are stored here.", bits=32, ucd="meta.number"),
    "separation": real("Angle from the position that was asked for.", unit="arcsec", ucd="pos.angDistance", bits=64),
    "kind": integer("What the point is: 0 detection, 1 forced photometry, 2 upper limit.", bits=8, ucd="meta.code"),
    "key": integer("Identity of the point within its object and kind.", ucd="meta.id"),
    "source_id": integer("The survey's own id of the source behind the point; null where it has none.", ucd="meta.id"),
    "public": Column(pa.bool_(), "False for a point that may not be published.", ucd="meta.code"),
    "alert_mjd": real("When the alert was exposed that brought the point, TAI.", unit="d", ucd="time.epoch", bits=64),
    "seq": integer("Number in the tag log.", ucd="meta.record"),
    "filter": text("Filter that the alert passed.", ucd="meta.id"),
    "version": integer("Version of the filter.", bits=32, ucd="meta.version"),
    "tags": text("Filters that the alert passed, each once, with spaces between.", ucd="meta.id"),
}


def declared(schema: pa.Schema) -> dict[str, Column]:
    """A declaration for each field of an answer's schema: type and nulls as the field has them.

    A field that nobody declared has no unit, UCD or sentence.
    """
    found = {}
    for field in schema:
        known = _DECLARED.get(field.name, Column(field.type, ""))
        found[field.name] = Column(field.type, known.doc, known.unit, known.ucd, field.nullable)
    return found


OBJECT_COLUMNS = declared(CONE)
"""An object as `Store.cone` gives it; `Store.object` gives the same without `separation`."""

POINT_COLUMNS = declared(POINT)
"""A point as `Store.light_curve` gives it."""

TAGGED_COLUMNS = {name: _DECLARED[name] for name in ("seq", "filter", "version", "tags")}
"""What stands beside an alert's own columns in answers about tags."""
