"""Nights of whole runs, of any size over the same fields, so that filters pass the same share of any of them."""

from __future__ import annotations

from linnet.simulation.load_schedule import Schedule

FIELDS, SEED = 40, 2
"""Fields of the sky that a night shows, and what decides where they are."""


def nights(alerts: int, objects: int, number: int = 1) -> Schedule:
    """Alerts of objects in `FIELDS` fields, over so many nights; other objects of those fields for another number."""
    return Schedule(alerts, objects, nights=number, per_visit=max(1, objects // FIELDS), seed=SEED)
