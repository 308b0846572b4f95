"""`python -m bench [quick|usual|full] [PART ...]`: measure, print, write, compare."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from bench import decoding, filtering, science, starting, storing, whole
from bench.figures import Figure
from bench.machine import machine
from bench.results import committed, fallen, line, write
from bench.scale import SCALES, Scale

PARTS: dict[str, Callable[[Scale], list[Figure]]] = {
    "decoding": decoding.figures,
    "modules": science.figures,
    "filters": filtering.figures,
    "store": storing.figures,
    "whole": whole.figures,
    "start": starting.figures,
}


def main(arguments: Sequence[str]) -> int:
    """Run the parts; gives the exit code."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("scale", nargs="?", default="usual", choices=SCALES)
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=PARTS, help="only these; nothing is written")
    given = parser.parse_args(arguments)
    before = committed()
    result = {"scale": given.scale, "machine": machine(), "figures": _measure(SCALES[given.scale], given.parts, before)}
    if given.scale != "quick" and list(given.parts) == list(PARTS):
        write(result)
    lost = fallen(result, before)
    for sentence in lost:
        sys.stderr.write(f"fell by half: {sentence}\n")
    return 1 if lost and given.scale == "quick" else 0


def _measure(scale: Scale, parts: Sequence[str], before: dict[str, object] | None) -> dict[str, object]:
    figures: dict[str, object] = {}
    for part in parts:
        started = time.perf_counter()
        for figure in PARTS[part](scale):
            figures[figure.id] = found = figure.as_dict()
            sys.stdout.write(line(figure.id, found, before) + "\n")
            sys.stdout.flush()
        sys.stdout.write(f"-- {part}: {time.perf_counter() - started:.0f} s\n")
    return figures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
