"""`python -m bench [quick|usual|full] [--parts PART ...]`: measure, print, write, compare."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from bench import (
    bursts,
    decoding,
    filtering,
    growth,
    history_filters,
    science,
    setting_up,
    starting,
    steady,
    storing,
    whole,
)
from bench.figures import Figure
from bench.machine import machine
from bench.results import Measured, Result, better, committed, fallen, figures_of, latest, line, put_into, write
from bench.scale import SCALES, Scale

PARTS: dict[str, Callable[[Scale], list[Figure]]] = {
    "decoding": decoding.figures,
    "modules": science.figures,
    "filters": filtering.figures,
    "histories": history_filters.figures,
    "store": storing.figures,
    "whole": whole.figures,
    "bursts": bursts.figures,
    "growth": growth.figures,
    "start": starting.figures,
    "setup": setting_up.figures,
    "memory": steady.figures,
}


def main(arguments: Sequence[str]) -> int:
    """Run the parts; gives the exit code."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("scale", nargs="?", default="usual", choices=SCALES)
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="only these; nothing is written without --write")
    parser.add_argument("--write", action="store_true", help="put what is measured in its place in bench/latest.json")
    given = parser.parse_args(arguments)
    scale = SCALES[given.scale]
    before = committed()
    if scale.is_quick and not given.write:
        return _quick(scale, given.parts or scale.parts, before)
    result: Result = {"scale": scale.name, "machine": machine()}
    quick = SCALES["quick"]
    # First: while nothing else has warmed or filled the machine, as in a run of its own.
    first = measure(quick, quick.parts, before, PARTS) if scale.is_quick or not given.parts else Measured({}, {})
    found = Measured({}, {}) if scale.is_quick else measure(scale, given.parts or scale.parts, before, PARTS)
    failed = first.failed | found.failed
    result |= {"figures": found.figures, "quick": first.figures, "failed": failed}
    if given.write:
        write(put_into(latest(), result, given.parts or ()) if given.parts or scale.is_quick else result)
    elif not given.parts:
        write(result)
    return 1 if failed else 0


def _quick(scale: Scale, parts: Sequence[str], before: Result | None) -> int:
    """Compare ratios with the committed ones; what fell is measured once more before it counts."""
    found = measure(scale, parts, before, PARTS)
    lost = fallen(found.figures, before)
    if lost:
        again = [part for part in parts if any(found.figures[name]["part"] == part for name in lost)]
        sys.stdout.write(f"-- once more, since ratios fell by half: {', '.join(lost)}\n")
        second = measure(scale, again, before, PARTS)
        found = Measured(better(found.figures, second.figures), found.failed | second.failed)
        lost = fallen(found.figures, before)
    for sentence in lost.values():
        sys.stderr.write(f"fell by half: {sentence}\n")
    if before is None or not before.get("quick"):
        sys.stdout.write("nothing to compare with: no bench/latest.json with quick figures is committed\n")
    return 1 if lost or found.failed else 0


def measure(
    scale: Scale, parts: Sequence[str], before: Result | None, known: Mapping[str, Callable[[Scale], list[Figure]]]
) -> Measured:
    """Run parts one after another and print what they find; one that fails says why and costs only itself."""
    measured = Measured({}, {})
    for part in parts:
        started = time.perf_counter()
        try:
            found = known[part](scale)
        except Exception as error:  # noqa: BLE001  # whatever it is, the other parts are still worth their minutes
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            measured.failed[part] = reason
            sys.stderr.write(f"{part} failed: {reason}\n")
            continue
        for figure in found:
            if figure.ratio is None and scale.is_quick:
                continue
            measured.figures[figure.id] = {"part": part, **figure.as_dict()}
            text = line(figure.id, measured.figures[figure.id], figures_of(before, scale.name))
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        sys.stdout.write(f"-- {part}: {time.perf_counter() - started:.0f} s\n")
    return measured


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
