"""The gates of all filters, evaluated in layers over packed bits: 64 alerts to a machine word, no Python per filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from linnet.filters.expressions import FROM_POINTS, THERE, Expressions, Values
from linnet.filters.questions import WORD, Group, Words, answer, grouped
from linnet.filters.signals import Gate, Opposite, Question, Signal, Signals
from linnet.filters.vectors import Bools

Places: TypeAlias = npt.NDArray[np.intp]

ALL = ~np.uint64(0)
"""True in every row."""


@dataclass(frozen=True)
class Layer:
    """Gates of one kind that need nothing of each other, those with the most inputs first.

    Attributes:
        every: whether every input must be true, or any.
        first: row of the first gate.
        inputs: rows of the first inputs, of the second ones, and so on: each no longer than the one before.
    """

    every: bool
    first: int
    inputs: tuple[Places, ...]

    def run(self, rows: Words) -> None:
        """Write the gates' rows."""
        function = np.bitwise_and if self.every else np.bitwise_or
        gates = rows[self.first : self.first + len(self.inputs[0])]
        gates[:] = rows[self.inputs[0]]
        for places in self.inputs[1:]:
            part = gates[: len(places)]
            function(part, rows[places], out=part)


class Stage(NamedTuple):
    """Groups that cost alike.

    Attributes:
        cost: `expressions.THERE` and so on.
        first, stop: places of its groups.
        open: row of the first question of later stages.
    """

    cost: int
    first: int
    stop: int
    open: int


class Circuit:
    """Everything that some outputs depend on, in the order in which it is evaluated.

    Args:
        signals: the signals.
        expressions: what the questions are about.
        outputs: numbers of the signals that are asked for.
    """

    def __init__(self, signals: Signals, expressions: Expressions, outputs: Sequence[int]) -> None:
        questions = {s: place for place, s in enumerate(signals.all) if isinstance(s, Question)}
        turned = [(place, s.of) for place, s in enumerate(signals.all) if isinstance(s, Opposite)]
        groups, ordered = grouped(list(questions), expressions)
        rows = {place: row for row, place in enumerate([*(questions[q] for q in ordered), *(p for p, _ in turned)])}
        self._groups = groups
        self._stages = _stages(groups)
        self._turned = np.array([rows[of] for _, of in turned], dtype=np.intp)
        self._turned_at = slice(len(ordered), len(rows))
        self._layers = _layers(signals.all, rows)
        self._height = len(rows)
        self._outputs = np.array([rows[place] for place in outputs], dtype=np.intp)
        self._asking = _asking(signals.all, rows, outputs, groups)
        self._reading = _reading(self._asking, groups, expressions)

    def run(self, values: Values, length: int) -> Words:
        """One row of bits for each output, false beyond the last row of the batch.

        No gate turns anything round, so what is not known yet can be taken as true for a bound from above: an output
        that is false everywhere even so needs nothing more, and what only such outputs ask is never computed. Of light
        curves only those are read that belong to a row in which an output is left.
        """
        bits = np.full((self._height, -(-length // WORD)), ALL, dtype=np.uint64)
        found = bits[:0]
        for stage in self._stages:
            needed = self._needed(stage, found) if stage.cost else self._groups[: stage.stop]
            if stage.cost and not needed:
                continue
            if stage.cost == FROM_POINTS:
                values.read_light_curves(self._wanted(found, length))
            for group in needed:
                bits[group.first : group.first + group.size] = answer(group, values, length)
            turned = ~bits[self._turned]
            turned[self._turned >= stage.open] = ALL
            bits[self._turned_at] = turned
            found = self._gates(bits, length)
        return found

    def _gates(self, bits: Words, length: int) -> Words:
        for layer in self._layers:
            layer.run(bits)
        found: Words = bits[self._outputs]
        if length % WORD:
            found[:, -1] &= ALL >> np.uint64(WORD - length % WORD)
        return found

    def _needed(self, stage: Stage, bound: Words) -> list[Group]:
        output, group = self._asking
        left = np.flatnonzero(np.bitwise_or.reduce(bound, axis=1))
        asked = np.unique(group[np.isin(output, left)])
        return [self._groups[place] for place in asked.tolist() if stage.first <= place < stage.stop]

    def _wanted(self, bound: Words, length: int) -> dict[int, Bools]:
        """Rows of each function of the light curve in which an output is left that asks for it."""
        wanted = {}
        for place, outputs in self._reading:
            left = np.bitwise_or.reduce(bound[outputs], axis=0)
            if left.any():
                bits = np.unpackbits(left.view(np.uint8), count=length, bitorder="little")
                wanted[place] = bits.view(np.bool_)
        return wanted


def _stages(groups: Sequence[Group]) -> tuple[Stage, ...]:
    """The stages in their order. The first one is there even if it is empty: some gates ask nothing."""
    stages = []
    for cost in sorted({THERE, *(g.cost for g in groups)}):
        mine = [place for place, g in enumerate(groups) if g.cost == cost]
        first, stop = (mine[0], mine[-1] + 1) if mine else (0, 0)
        last = groups[stop - 1] if stop else None
        stages.append(Stage(cost, first, stop, last.first + last.size if last else 0))
    return tuple(stages)


def _layers(signals: Sequence[Signal], rows: dict[int, int]) -> tuple[Layer, ...]:
    """The gates by depth and kind; gives each its row."""
    depth = dict.fromkeys(rows, 0)
    by_layer: dict[tuple[int, bool], list[tuple[int, Gate]]] = {}
    for place, signal in enumerate(signals):
        if isinstance(signal, Gate):
            depth[place] = 1 + max(depth[i] for i in signal.inputs)
            by_layer.setdefault((depth[place], signal.every), []).append((place, signal))
    layers = []
    for (_, every), gates in sorted(by_layer.items()):
        gates.sort(key=lambda gate: -len(gate[1].inputs))
        first = len(rows)
        columns = [
            np.array([rows[g.inputs[k]] for _, g in gates if len(g.inputs) > k], dtype=np.intp)
            for k in range(len(gates[0][1].inputs))
        ]
        rows.update({place: first + i for i, (place, _) in enumerate(gates)})
        layers.append(Layer(every, first, tuple(columns)))
    return tuple(layers)


def _asking(
    signals: Sequence[Signal], rows: dict[int, int], outputs: Sequence[int], groups: Sequence[Group]
) -> tuple[Places, Places]:
    """Pairs of an output and a group on which it depends, of those whose values are not there."""
    group_of = {g.first + k: number for number, g in enumerate(groups) if g.cost > THERE for k in range(g.size)}
    below: list[frozenset[int]] = []
    for place, signal in enumerate(signals):
        match signal:
            case Question():
                below.append(frozenset({group_of[rows[place]]} if rows[place] in group_of else ()))
            case Opposite(of):
                below.append(below[of])
            case Gate(_, inputs):
                below.append(frozenset().union(*(below[i] for i in inputs)))
    pairs = [(output, group) for output, place in enumerate(outputs) for group in sorted(below[place])]
    found = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _reading(
    asking: tuple[Places, Places], groups: Sequence[Group], expressions: Expressions
) -> tuple[tuple[int, Places], ...]:
    """Every function of the light curve with the outputs that depend on it."""
    outputs: dict[int, set[int]] = {}
    for output, group in zip(*(each.tolist() for each in asking), strict=True):
        asked = (groups[group].item, groups[group].other[1] if groups[group].other else groups[group].item)
        for place in expressions.histories[asked[0]] | expressions.histories[asked[1]]:
            outputs.setdefault(place, set()).add(output)
    return tuple((place, np.array(sorted(mine), dtype=np.intp)) for place, mine in sorted(outputs.items()))
