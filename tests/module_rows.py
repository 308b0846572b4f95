"""Run a science module on a few Python rows: columns by name, what is left out is null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

import real_alerts
from alert_batches import Alert, batch
from linnet.core.module import Module
from linnet.core.plan import Plan
from linnet.science.registry import modules

COLUMNS = Plan(modules(), real_alerts.AVAILABLE).columns
"""Every column that a module may need."""

Row = dict[str, Any]


def said(module: Module, *rows: Mapping[str, Any]) -> list[Row]:
    """What the module says of each row, without its prefix."""
    arrays = []
    for name in module.needs:
        kind = COLUMNS[name].type
        values = [row.get(name) for row in rows]
        of_text = pa.types.is_dictionary(kind)
        arrays.append(pa.array(values, pa.string()).cast(kind) if of_text else pa.array(values, kind))
    return _rows(module, arrays, len(rows))


def said_of(module: Module, *alerts: Alert) -> list[Row]:
    """What the module says of alerts with their light curves, without its prefix."""
    rows = batch(*alerts)
    return _rows(module, [rows.column(n) for n in module.needs], rows.num_rows)


def _rows(module: Module, arrays: list[pa.Array], length: int) -> list[Row]:
    found = {n.removeprefix(f"{module.name}_"): a.to_pylist() for n, a in module.run(arrays, length).items()}
    return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
