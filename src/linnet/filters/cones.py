"""Cones on the sky: whether the alert lies within a radius of a position."""

from __future__ import annotations

import numpy as np

from linnet.core.sky import separation
from linnet.filters.tree import Cone
from linnet.filters.vectors import Numbers, Truth

_MARGIN_DEG = 1e-6


def within(node: Cone, ra: Numbers, dec: Numbers) -> Truth:
    """Where the alert lies in the cone, its rim included; null where it has no position.

    Only alerts in the cone's belt of declination are computed in full: for a small cone, few.
    """
    valid = np.asarray(ra.valid & dec.valid)
    radius = float(node.radius.value)
    belt = np.abs(dec.values - float(node.dec.value)) <= radius + _MARGIN_DEG
    near = np.flatnonzero(valid & belt)
    true = np.zeros(len(valid), dtype=np.bool_)
    apart = separation(float(node.ra.value), float(node.dec.value), ra.values[near], dec.values[near])
    true[near] = apart <= radius * 3600.0
    return Truth(true, valid)
