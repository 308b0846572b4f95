"""Results as a file, a table and a page, and what became of them since the last ones."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LATEST = ROOT / "bench" / "latest.json"
PAGE = ROOT / "docs" / "performance.md"

FALLEN = 0.5
"""A ratio below this share of the committed one is a failure: machines differ, and noise does not halve a ratio."""

Result = dict[str, Any]

PERFORMANCE = """# Performance

Written by `make bench` out of `bench/latest.json`; do not edit it by hand.

Measured on {date} at commit {commit}: {where}; {versions}.

Absolute figures belong to that machine and to what else it did. The ratio says how many times the CPU of a yardstick
fits: of fastavro decoding the same packets in the same run, or of a bare SQLite replay of the same rows. {met} of
{goals} goals are met.

| id | what | value (min to max) | goal | CPU us/alert | ratio | |
|---|---|---|---|---|---|---|
{rows}
"""


def write(result: Result) -> None:
    """Write `bench/latest.json`, and `docs/performance.md` out of it."""
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(result), encoding="utf-8")


def committed() -> Result | None:
    """The last committed result, or None."""
    line = ["git", "show", "HEAD:bench/latest.json"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)
    return None if done.returncode else json.loads(done.stdout)


def fallen(now: Result, before: Result | None) -> list[str]:
    """One sentence for each figure whose ratio to its yardstick fell by half."""
    found = []
    for name, figure in now["figures"].items():
        then = (before or {"figures": {}})["figures"].get(name, {})
        ratio, old = figure["ratio"], then.get("ratio")
        if ratio and old and then.get("yardstick") == figure["yardstick"] and ratio < FALLEN * old:
            found.append(f"{name} ({figure['name']}): {ratio:g} times as fast as {figure['yardstick']}, it was {old:g}")
    return found


def line(name: str, figure: dict[str, Any], before: Result | None) -> str:
    """One row of the table on the terminal."""
    met = {True: "met", False: "NOT MET", None: ""}[figure["met"]]
    value = f"{figure['value']:g} {figure['unit']}"
    goal = f"{figure['goal'] or ''} {met}".strip()
    ratio = f"{figure['ratio']:g}x {figure['yardstick']}" if figure["ratio"] else ""
    return f"{name:<28} {value:<24} {goal:<20} {ratio:<34} {_change(name, figure, before)}".rstrip()


def page(result: Result) -> str:
    """`docs/performance.md`."""
    of = result["machine"]
    rows = [_row(name, figure) for name, figure in result["figures"].items()]
    libraries = ", ".join(f"{name} {version}" for name, version in of["libraries"].items())
    goals = [figure["met"] for figure in result["figures"].values() if figure["met"] is not None]
    where = f"{of['cores']} cores ({of['cpu']}), {of['system']}, load average {of['load_average']} at the start"
    return PERFORMANCE.format(
        date=of["date"],
        commit=of["commit"],
        where=where,
        versions=f"Python {of['python']}, SQLite {of['sqlite']}, {libraries}",
        met=sum(goals),
        goals=len(goals),
        rows="\n".join(rows),
    )


def _row(name: str, figure: dict[str, Any]) -> str:
    spread = f" ({figure['min']:g} to {figure['max']:g})" if figure["rounds"] > 1 else ""
    goal = f"{figure['goal']} {'met' if figure['met'] else '**not met**'}" if figure["goal"] else ""
    cpu = f"{figure['cpu_us_per_alert']:g}" if figure["cpu_us_per_alert"] else ""
    ratio = f"{figure['ratio']:g} x {figure['yardstick']}" if figure["ratio"] else ""
    value = f"{figure['value']:g} {figure['unit']}{spread}"
    return f"| {name} | {figure['name']} | {value} | {goal} | {cpu} | {ratio} | {figure['note']} |"


def _change(name: str, figure: dict[str, Any], before: Result | None) -> str:
    then = (before or {"figures": {}})["figures"].get(name)
    if then is None or not then["value"]:
        return ""
    key = "ratio" if figure["ratio"] and then.get("ratio") else "value"
    return f"{key} {figure[key] / then[key]:.2f} of the last one"
