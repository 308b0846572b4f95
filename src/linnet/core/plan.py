"""The plan: science modules in the order of what they need and give."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

import pyarrow as pa

from linnet.core.column import Column
from linnet.core.module import Module
from linnet.errors import LookUpError, PlanError


class Plan:
    """Modules ordered so that each finds its needs, with outputs nobody asks for pruned.

    Args:
        modules: declarations in any order.
        available: columns that exist before any module runs.
        wanted: columns that someone asks for; None keeps every module.

    Raises:
        PlanError: a need that nobody gives (with the nearest names), a column or a name given twice, or a circle.
    """

    def __init__(
        self,
        modules: Sequence[Module],
        available: Mapping[str, Column],
        wanted: Collection[str] | None = None,
    ) -> None:
        givers = _givers(modules, available)
        self.modules: tuple[Module, ...] = tuple(_order(_asked_for(modules, givers, wanted), available))
        self.gives: dict[str, Column] = {n: c for m in self.modules for n, c in m.gives.items()}
        self.columns: dict[str, Column] = {**available, **self.gives}

    def run(
        self,
        batch: pa.RecordBatch,
        failed: Callable[[Module, Exception], None],
        more: Mapping[str, pa.Array] = MappingProxyType({}),
    ) -> pa.RecordBatch:
        """The batch with further columns and every module's columns added.

        Args:
            batch: columns that exist.
            failed: called for each module that raises.
            more: further columns that exist, which come behind those of the batch.

        A module that raises costs its own columns (null) and one call of `failed`, never the batch; one that could not
        look everything up gives columns that say so, and costs the same call. A need that
        the batch lacks (another survey's column) comes as typed nulls.
        """
        columns = {**dict(zip(batch.schema.names, batch.columns, strict=True)), **more}
        for each in self.modules:
            arguments = [columns[n] if n in columns else self.columns[n].empty(batch.num_rows) for n in each.needs]
            try:
                columns.update(each.run(arguments, batch.num_rows))
            except LookUpError as error:
                failed(each, error)
                columns.update(error.columns)
            except Exception as error:  # noqa: BLE001 - the one guard: any fault of a module costs only its own columns
                failed(each, error)
                columns.update({n: c.empty(batch.num_rows) for n, c in each.gives.items()})
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _givers(modules: Sequence[Module], available: Mapping[str, Column]) -> dict[str, Module]:
    givers: dict[str, Module] = {}
    names: set[str] = set()
    for each in modules:
        if each.name in names:
            raise PlanError(f"two modules are named {each.name}: rename one")
        names.add(each.name)
        for name in each.gives:
            if name in givers or name in available:
                other = givers[name].name if name in givers else "the survey"
                raise PlanError(f"column {name} is given twice: by {other} and by module {each.name}")
            givers[name] = each
    for each in modules:
        for name in each.needs:
            if name not in givers and name not in available:
                near = difflib.get_close_matches(name, [*available, *givers], 3)
                hint = f"; nearest: {', '.join(near)}" if near else ""
                raise PlanError(f"module {each.name} needs column {name}, which nobody gives{hint}")
    return givers


def _asked_for(modules: Sequence[Module], givers: Mapping[str, Module], wanted: Collection[str] | None) -> list[Module]:
    if wanted is None:
        return list(modules)
    keep: set[str] = set()
    queue = [givers[n] for n in wanted if n in givers]
    while queue:
        each = queue.pop()
        if each.name not in keep:
            keep.add(each.name)
            queue.extend(givers[n] for n in each.needs if n in givers)
    return [m for m in modules if m.name in keep]


def _order(modules: Sequence[Module], available: Mapping[str, Column]) -> list[Module]:
    ordered: list[Module] = []
    have = set(available)
    left = sorted(modules, key=lambda m: m.name)
    while left:
        ready = [m for m in left if have.issuperset(m.needs)]
        if not ready:
            raise PlanError(f"modules need each other in a circle: {', '.join(m.name for m in left)}")
        ordered.extend(ready)
        have.update(n for m in ready for n in m.gives)
        left = [m for m in left if m not in ready]
    return ordered
