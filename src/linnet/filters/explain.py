"""Why a filter passes an alert or does not: every clause with what it saw, and the smallest change that would turn it.

Works on whole batches, and on any node of the tree: what reads more than one value of an alert (a look-up by name, a
function of the light curve) counts as one value of its own, shown under its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from linnet.core.catalogue import FAILED
from linnet.core.column import Column as Declared
from linnet.filters.blocking import Truth, combined, to_turn
from linnet.filters.clauses import Clause, clauses
from linnet.filters.evaluate import Evaluation, Lookup
from linnet.filters.language import Filter
from linnet.filters.margins import margin, unit
from linnet.filters.measured import measured, read
from linnet.filters.ordered_values import Scalar
from linnet.filters.single_changes import Change, smallest_changes
from linnet.filters.tree import Column, Compare, In, Literal, Node, walk
from linnet.filters.turning_points import Worth


@dataclass(frozen=True)
class Heard:
    """What one clause said of one alert.

    Attributes:
        text: the clause, in canonical spelling.
        path: its address in the tree. span: where it stands in the text.
        verdict: true, false, or None where the data cannot say.
        saw: the values that it read, by name.
        threshold: what they were compared with, where that is one value.
        margin: by how much it is met, or with a minus failed, in `unit`; None where nothing was measured.
        why_null: in words, why it is null; "" where it is not.
    """

    text: str
    path: tuple[int, ...]
    span: tuple[int, int]
    verdict: Truth
    saw: Mapping[str, Scalar]
    threshold: Scalar
    margin: float | None
    unit: str
    why_null: str


@dataclass(frozen=True)
class Explanation:
    """Why a filter passes one alert or does not.

    Attributes:
        verdict: of the whole filter; only true passes.
        clauses: in the order of the text.
        change: the smallest change of one value that turns the verdict; None where no single one does.
        clauses_to_turn: the least number of clauses that would have to say something else.
    """

    verdict: Truth
    clauses: tuple[Heard, ...]
    change: Change | None
    clauses_to_turn: int


def explain(condition: Filter, lookup: Lookup, length: int, columns: Mapping[str, Declared]) -> list[Explanation]:
    """Explain the verdicts of a filter on a batch.

    Args:
        condition: the filter.
        lookup: gives the Arrow array of each of its columns; typed nulls where there is nothing.
        length: rows of the batch.
        columns: declarations, for units.

    Returns:
        One explanation for each row. A change is searched where the clauses may turn, between neighbouring values of
        the column's type; the whole filter was asked, so that it turns the verdict. Changes of numbers come before
        all others, by the difference over the value.

    Raises:
        FilterError: a column comes with another type or length than declared.
    """
    whole = measured(condition.tree, lookup, length)
    tree, look_up = whole.tree, whole.lookup
    columns = {**columns, **whole.columns}
    of_tree = clauses(tree)
    evaluation = Evaluation(look_up, length)
    said = [evaluation.condition(c.node).to_pylist() for c in of_tree]
    raw = {column.name: look_up(column.name) for column in read(tree)}
    worth = _worth([c.node for c in of_tree], evaluation, raw)
    states = _states(tree, look_up)
    arrays = {**raw, **{name: look_up(name) for name in states}}
    changes = smallest_changes(tree, [c.node for c in of_tree], worth, arrays)
    found = []
    for row in range(length):
        heard = tuple(
            _heard(c, verdicts[row], row, (worth, states, columns)) for c, verdicts in zip(of_tree, said, strict=True)
        )
        mine = {h.path: h.verdict for h in heard}
        found.append(Explanation(combined(tree, mine), heard, changes.get(row), to_turn(tree, mine)))
    return found


def _worth(of_tree: Sequence[Node], evaluation: Evaluation, raw: Mapping[str, pa.Array]) -> Worth:
    """What every part of every clause is worth. Columns are shown as they came, single precision as such."""
    nodes = {node for clause in of_tree for node in (*walk(clause), *read(clause))}
    return {n: (raw[n.name] if isinstance(n, Column) else evaluation.value(n)).to_pylist() for n in nodes}


def _states(tree: Node, lookup: Lookup) -> dict[str, list[Scalar]]:
    """How the look-ups behind the columns went, by the name of the column that says it."""
    names = {column.look_up for column in read(tree) if column.look_up}
    return {name: lookup(name).to_pylist() for name in sorted(names)}


def _heard(
    clause: Clause,
    verdict: Truth,
    row: int,
    known: tuple[Worth, Mapping[str, list[Scalar]], Mapping[str, Declared]],
) -> Heard:
    worth, states, columns = known
    columns_read = read(clause.node)
    here = {node: worth[node][row] for node in (*walk(clause.node), *columns_read)}
    return Heard(
        text=clause.text,
        path=clause.path,
        span=clause.span,
        verdict=verdict,
        saw={column.name: here[column] for column in columns_read},
        threshold=_threshold(clause.node, here),
        margin=margin(clause.node, here),
        unit=unit(clause.node, columns),
        why_null="" if verdict is not None else _why_null(columns_read, here, {n: s[row] for n, s in states.items()}),
    )


def _threshold(node: Node, here: Mapping[Node, Scalar]) -> Scalar:
    """What was compared with: of a comparison the side that is constant, or else the right one."""
    match node:
        case Compare():
            return here[node.left if isinstance(node.left, Literal) else node.right]
        case In() if len(node.values) == 1:
            return node.values[0].value
        case _:
            return None


def _why_null(columns: Sequence[Column], here: Mapping[Node, Scalar], states: Mapping[str, Scalar]) -> str:
    failed = sorted({node.look_up for node in columns if states.get(node.look_up) == FAILED})
    if failed:
        return f"the look-up failed: {', '.join(f'{name} is {FAILED}' for name in failed)}"
    missing = list(dict.fromkeys(node.name for node in columns if here[node] is None))
    unasked = [name for name in missing if ":" in name]
    if unasked:
        return f"the look-up failed: {', '.join(unasked)}"
    if missing:
        return f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} null"
    return "what is computed here has no finite value"
