"""The gates of all filters, evaluated in layers over packed bits: 64 alerts to a machine word, no Python per filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from linnet.filters.expressions import Expressions, Values
from linnet.filters.questions import WORD, Group, Words, answer, grouped
from linnet.filters.signals import Gate, Opposite, Question, Signal, Signals

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
        self._cheap = tuple(g for g in groups if not g.is_costly)
        self._costly = tuple(g for g in groups if g.is_costly)
        self._open = min((g.first for g in self._costly), default=len(ordered))
        self._turned = np.array([rows[of] for _, of in turned], dtype=np.intp)
        self._turned_at = slice(len(ordered), len(rows))
        self._layers = _layers(signals.all, rows)
        self._height = len(rows)
        self._outputs = np.array([rows[place] for place in outputs], dtype=np.intp)
        self._asking = _asking(signals.all, rows, outputs, self._costly)

    def run(self, values: Values, length: int) -> Words:
        """One row of bits for each output, false beyond the last row of the batch.

        No gate turns anything round, so what is not known yet can be taken as true for a bound from above: an output
        that is false everywhere even so needs nothing more, and what only such outputs ask is never computed.
        """
        bits = np.empty((self._height, -(-length // WORD)), dtype=np.uint64)
        for group in self._cheap:
            bits[group.first : group.first + group.size] = answer(group, values, length)
        bits[self._open : self._turned_at.start] = ALL
        turned = ~bits[self._turned]
        turned[self._turned >= self._open] = ALL
        bits[self._turned_at] = turned
        found = self._gates(bits, length)
        needed = self._needed(found)
        if needed:
            for group in needed:
                bits[group.first : group.first + group.size] = answer(group, values, length)
            bits[self._turned_at] = ~bits[self._turned]
            found = self._gates(bits, length)
        return found

    def _gates(self, bits: Words, length: int) -> Words:
        for layer in self._layers:
            layer.run(bits)
        found: Words = bits[self._outputs]
        if length % WORD:
            found[:, -1] &= ALL >> np.uint64(WORD - length % WORD)
        return found

    def _needed(self, bound: Words) -> list[Group]:
        output, group = self._asking
        left = np.flatnonzero(np.bitwise_or.reduce(bound, axis=1))
        asked = np.unique(group[np.isin(output, left)])
        return [self._costly[place] for place in asked.tolist()]


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
    signals: Sequence[Signal], rows: dict[int, int], outputs: Sequence[int], costly: Sequence[Group]
) -> tuple[Places, Places]:
    """Pairs of an output and a costly group on which it depends."""
    group_of = {g.first + k: number for number, g in enumerate(costly) for k in range(g.size)}
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
