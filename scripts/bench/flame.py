"""A flame graph as SVG, of stacks counted by a sampling thread (after Gregg 2016, CACM 59, 6, 48)."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from types import FrameType
from xml.sax.saxutils import escape

from bench.looking import Looking

EVERY = 0.002
WIDTH, ROW = 1400, 17
NARROWEST = 0.7
"""Pixels below which a frame is not drawn."""

Stack = tuple[str, ...]


class Sampler(Looking):
    """Counts the stacks of every other thread while the block runs. Waiting threads count as well as busy ones."""

    def __init__(self) -> None:
        super().__init__(self._count, EVERY)
        self.stacks: Counter[Stack] = Counter()

    def _count(self) -> None:
        own = threading.get_ident()
        for thread, frame in sys._current_frames().items():  # the one way to see other threads
            if thread != own:
                self.stacks[_stack(frame)] += 1


@dataclass
class Frame:
    """A function called from a stack of others: samples in it and below it."""

    name: str
    samples: int = 0
    called: dict[str, Frame] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """Rows that it takes."""
        return 1 + max((each.height for each in self.called.values()), default=0)


def tree(stacks: Counter[Stack]) -> Frame:
    """Counted stacks, outermost function first, as one tree."""
    root = Frame("all", sum(stacks.values()))
    for stack, count in stacks.items():
        here = root
        for name in stack:
            here = here.called.setdefault(name, Frame(name))
            here.samples += count
    return root


def svg(root: Frame, title: str) -> str:
    """The tree as an SVG picture: a function above those it calls, as wide as its share of the samples."""
    boxes: list[str] = []
    _draw(root, 0.0, 1, WIDTH / max(1, root.samples), boxes)
    height = (root.height + 2) * ROW
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="monospace">'
    text = f'<text x="4" y="13" font-size="13">{escape(title)}: {root.samples} samples</text>'
    return "\n".join([head, text, *boxes, "</svg>\n"])


def _draw(frame: Frame, left: float, depth: int, scale: float, boxes: list[str]) -> None:
    width = frame.samples * scale
    if width < NARROWEST:
        return
    shade = 200 - sum(frame.name.encode()) % 120
    name = escape(frame.name)
    shown = escape(frame.name[: int(width / 7)]) if width > 20 else ""
    top = depth * ROW + 4
    box = f'x="{left:.1f}" y="{top}" width="{max(width - 0.5, 0.5):.1f}" height="{ROW - 1}" fill="rgb(240,{shade},90)"'
    label = f'<text x="{left + 2:.1f}" y="{top + 12}" font-size="11">{shown}</text>'
    boxes.append(f"<g><title>{name} {width / WIDTH:.1%}</title><rect {box}/>{label}</g>")
    for each in sorted(frame.called.values(), key=lambda f: f.name):
        _draw(each, left, depth + 1, scale, boxes)
        left += each.samples * scale


def _stack(frame: FrameType | None) -> Stack:
    names: list[str] = []
    while frame is not None:
        code = frame.f_code
        names.append(f"{code.co_filename.rpartition('/')[2].removesuffix('.py')}.{code.co_qualname}")
        frame = frame.f_back
    return tuple(reversed(names))
