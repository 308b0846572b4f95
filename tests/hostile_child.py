"""Reads hostile filters in a process of its own, and tells what each cost and whether it touched anything.

Run as a program: prints one JSON object. Cost is processor time, the least of several turns, and memory that Python and
Arrow took; a machine that does other things beside it changes neither.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from hostile_filters import corpus
from linnet.app import wiring
from linnet.errors import FilterError
from linnet.filters.importers import lasair
from linnet.filters.language import Filter, parse
from linnet.filters.things import Things

COLUMNS = wiring.plan().columns
ROWS = 256
TURNS = 3
SUSPECT_MS, MORE_TURNS = 3, 12
DEEP = {f"deep_{i}": f"tag('deep_{i + 1}') and tag('deep_{i + 1}')" for i in range(9)}
THINGS = Things(
    frozenset({"north", "it's"}),
    frozenset({"mine", "select 1"}),
    {"wide": "mag < 20", "ring_one": "tag('ring_two')", "ring_two": "tag('ring_one')", **DEEP, "deep_9": "mag < 20"},
)
WATCHED = ("open", "exec", "compile", "import", "socket", "subprocess", "os.", "_thread", "ctypes", "shutil", "pty.")

touched: list[str] = []
listening = False


def hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what the interpreter says that it does."""
    if listening and event.startswith(WATCHED):
        touched.append(f"{event} {arguments!r}"[:200])


def batch() -> dict[str, pa.Array]:
    """A column for each name, of zeros, ones and nulls, and light curves of three points."""
    found = {}
    for name, column in COLUMNS.items():
        kind = column.type
        value: Any = 1.0
        if pa.types.is_list(kind):
            inner = kind.value_type
            value = [1.0, 2.0, 3.0] if pa.types.is_floating(inner) else _three(inner)
        elif not pa.types.is_floating(kind):
            value = _one(kind)
        found[name] = pa.array([value if i % 3 else None for i in range(ROWS)], kind)
    return found


def _one(kind: pa.DataType) -> Any:
    if pa.types.is_boolean(kind):
        return True
    return 1 if pa.types.is_integer(kind) else "r"


def _three(kind: pa.DataType) -> list[Any]:
    return [0, 1, 0] if pa.types.is_integer(kind) else [_one(kind)] * 3


def least(work: Callable[[], object]) -> tuple[float, int]:
    """Milliseconds of processor time, and bytes, that a piece of work takes."""
    best = min(_once(work) for _ in range(TURNS))
    if best > SUSPECT_MS:
        best = min(best, *(_once(work) for _ in range(MORE_TURNS)))
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return best, peak + max(pa.total_allocated_bytes() - before, 0)


def _once(work: Callable[[], object]) -> float:
    start = time.process_time_ns()
    work()
    return (time.process_time_ns() - start) / 1e6


def yardstick() -> None:
    """A fixed piece of work in plain Python, 2.5 ms where nothing else runs."""
    found: dict[int, str] = {}
    for each in range(10_000):
        found[each % 997] = str(each)


def looked_at(text: str, columns: dict[str, pa.Array]) -> dict[str, Any]:
    """What became of one text."""
    read: list[Filter] = []

    def check() -> None:
        try:
            read[:] = [parse(text, COLUMNS, THINGS)]
        except FilterError as error:
            read.clear()
            told.update(reason=str(error), position=error.position)

    told: dict[str, Any] = {"text": text[:120], "length": len(text)}
    told["check_ms"], told["check_bytes"] = least(check)
    if read:
        found = read[0]
        members = pa.array([i % 2 == 0 for i in range(ROWS)])

        def run() -> pa.BooleanArray:
            return found.evaluate(lambda name: columns.get(name, members), ROWS)

        told["run_ms"], told["run_bytes"] = least(run)
        told["passed"] = run().to_pylist().count(True)
    return told


def imported(text: str) -> str:
    """What the importers make of a text: a sentence, or nothing where they translate it."""
    try:
        found = lasair.imported(text)
    except FilterError as error:
        return str(error)
    return "; ".join(part.reason for part in found.refused)


def threads() -> int:
    """Threads of this process, those of libraries included; 0 where the system does not say."""
    return sum(1 for _ in Path("/proc/self/task").iterdir()) if Path("/proc/self/task").is_dir() else 0


def main() -> None:
    """Look at the whole corpus."""
    global listening  # noqa: PLW0603 - the hook cannot be taken away again
    columns = batch()
    for text in ("mag < 19 and count(lc where flux > 0) > 1", "case when ra > 1 then sqrt(mag) end > 1", "mag <"):
        looked_at(text, columns)
    looked_at("slope(lc.flux) > 1 or cone(10, 20, 5 arcsec) or in_area('north') or tag('wide') or mgg < 1", columns)
    imported("select 1 from x where a < 1 and b like 'x' order by c")
    before = threads()
    # What was made so far need not be looked through for every text.
    gc.freeze()
    sys.addaudithook(hear)
    listening = True
    told = {sort: [looked_at(text, columns) for text in texts] for sort, texts in corpus().items()}
    translated = {text[:120]: imported(text) for texts in corpus().values() for text in texts}
    quiet = list(touched)
    Path("/dev/null").read_bytes()
    listening = False
    more = threads() - before
    json.dump(
        {
            "told": told,
            "imported": translated,
            "touched": quiet,
            "heard": touched[len(quiet) :],
            "threads": more,
            "yardstick_ms": least(yardstick)[0],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
