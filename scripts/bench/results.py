"""Results as a file, a table and a page, and what became of them since the last ones."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LATEST = ROOT / "bench" / "latest.json"
PAGE = ROOT / "docs" / "performance.md"

FALLEN = 0.5
"""A ratio below this share of the committed one is a failure: machines differ, and noise does not halve a ratio."""

Result = dict[str, Any]
"""`scale`, `machine`, `figures` of that scale, `quick`: figures of the scale that CI runs, `failed`: part -> why,
`apart`: part -> date, commit and load average, for those that were measured by themselves."""

Figures = Mapping[str, Any]

PERFORMANCE = """# Performance

Written by `make bench` out of `bench/latest.json`; do not edit it by hand.

## In a hurry

{summary}

Absolute figures belong to the machine below and to what else it did. What carries over to yours is the *ratio*: how
many times our CPU fits into that of a yardstick which ran in the same minutes on the same alerts. The yardsticks are
fastavro, Python's usual reader of these packets, and SQLite written to with nothing around it. Measure your own
machine with `make bench`.

## Goals

{met} of {goals} are met.

{aims}

## Everything else

{others}
{failed}
## How to read the tables

* *value*: behind it the least and the most of its rounds. Where it is made of CPU times it is made of the least ones,
  since whatever else a machine does only adds to them.
* *CPU us/alert*: CPU time of all threads of the process, microseconds for one alert.
* *ratio*: CPU of the yardstick over ours; more is better.
* p95 and p98: 95 and 98 of 100 were faster. 1e4 stored means 10,000.
* `P1` is ZTF alerts through the whole corridor, `P2` those of LSST with 350 points of history, `P2b` those of LSST as
  first sent. "Whole corridor" means decoded, enriched by all modules, judged by {filters} filters, synced to disk,
  committed and delivered to files.

## How it was measured

On {date} at commit {commit}: {where}; {versions}. Scale `{scale}`.{apart}

    make bench          # minutes; writes bench/latest.json and this page
    make bench-full     # the same with a million and ten million stored, and twenty minutes of even load
    make bench-quick    # two minutes; fails where a ratio fell by half
    make profile        # a flame graph of the corridor, bench/profile.svg

Packets are real ones: as they were sent, or (loads) samples of them repeated with fresh ids, positions, times and
histories at their real sizes. Stores that are filled beforehand are made once and kept in `bench/cache`.
"""

HEAD = "| id | what | value (min to max) | goal | CPU us/alert | ratio | |\n|---|---|---|---|---|---|---|"

FILTERS = "1,000"

LSST_MEAN = 10_000 / 37
"""Alerts per second: a visit's 10,000 every 37 s (the survey's own estimate)."""


@dataclass(frozen=True)
class Measured:
    """Figures by id, and why parts failed."""

    figures: dict[str, Any]
    failed: dict[str, str]


def write(result: Result) -> None:
    """Write `bench/latest.json`, and `docs/performance.md` out of it."""
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(result), encoding="utf-8")


def latest() -> Result | None:
    """The result as the file has it now, or None."""
    return json.loads(LATEST.read_text(encoding="utf-8")) if LATEST.exists() else None


def put_into(before: Result | None, now: Result, parts: Sequence[str]) -> Result:
    """The result with these parts measured anew; where and when that was stands beside it.

    Raises:
        ValueError: the figures before are of another scale.
    """
    if before is None:
        return now
    if not parts:
        return {**before, "quick": now["quick"]}
    if before["scale"] != now["scale"]:
        raise ValueError(
            f"bench/latest.json is of scale {before['scale']}: parts of {now['scale']} do not belong there"
        )
    kept = {name: figure for name, figure in before["figures"].items() if figure["part"] not in parts}
    failed = {part: why for part, why in before["failed"].items() if part not in parts} | now["failed"]
    of = now["machine"]
    apart = before.get("apart", {}) | {
        part: {name: of[name] for name in ("date", "commit", "load_average")} for part in parts
    }
    return {**before, "figures": kept | now["figures"], "failed": failed, "apart": apart}


def committed() -> Result | None:
    """The last committed result, or None."""
    line = ["git", "show", "HEAD:bench/latest.json"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)
    return None if done.returncode else json.loads(done.stdout)


def figures_of(result: Result | None, scale: str) -> Figures:
    """The figures that a result has of a scale; none where it was measured at another."""
    if result is None:
        return {}
    found: Figures = result.get("quick", {}) if scale == "quick" else result["figures"]
    return found if scale in {"quick", result.get("scale")} else {}


def fallen(now: Figures, before: Result | None) -> dict[str, str]:
    """One sentence for each quick figure whose ratio to its yardstick fell by half."""
    found = {}
    old_ones = figures_of(before, "quick")
    for name, figure in now.items():
        then = old_ones.get(name, {})
        ratio, old = figure["ratio"], then.get("ratio")
        if ratio and old and then.get("yardstick") == figure["yardstick"] and ratio < FALLEN * old:
            what = f"{name} ({figure['name']})"
            found[name] = f"{what}: {ratio:g} times as fast as {figure['yardstick']}, it was {old:g}"
    return found


def better(first: Figures, second: Figures) -> dict[str, Any]:
    """Of each figure the measurement with the better ratio."""
    found = dict(first)
    for name, figure in second.items():
        if name not in found or (figure["ratio"] or 0) > (found[name]["ratio"] or 0):
            found[name] = figure
    return found


def line(name: str, figure: dict[str, Any], before: Figures) -> str:
    """One row of the table on the terminal."""
    met = {True: "met", False: "NOT MET", None: ""}[figure["met"]]
    value = f"{figure['value']:g} {figure['unit']}"
    goal = f"{figure['goal'] or ''} {met}".strip()
    ratio = f"{figure['ratio']:g}x {figure['yardstick']}" if figure["ratio"] else ""
    change = _change(name, figure, before)
    row = f"{name:<28} {value:<24} {goal:<20} {ratio:<34} {change}".rstrip()
    return f"{row}  ({figure['note']})" if figure["note"] else row


def page(result: Result) -> str:
    """`docs/performance.md`."""
    of, figures = result["machine"], result["figures"]
    libraries = ", ".join(f"{name} {version}" for name, version in of["libraries"].items())
    goals = [figure["met"] for figure in figures.values() if figure["met"] is not None]
    aims = [_row(name, figure) for name, figure in figures.items() if figure["goal"]]
    others = [_row(name, figure) for name, figure in figures.items() if not figure["goal"]]
    failed = [f"* {part}: {reason}" for part, reason in result.get("failed", {}).items()]
    apart = [
        f"{part} (on {m['date']} at {m['commit']}, load average {m['load_average']})"
        for part, m in result.get("apart", {}).items()
    ]
    return PERFORMANCE.format(
        apart=f"\nMeasured by themselves: {', '.join(apart)}." if apart else "",
        summary=summary(figures),
        met=sum(goals),
        goals=len(goals),
        aims="\n".join([HEAD, *aims]),
        others="\n".join([HEAD, *others]),
        failed="\n".join(["", "Not measured:", "", *failed, ""]) if failed else "",
        filters=FILTERS,
        date=of["date"],
        commit=of["commit"],
        where=f"{of['cores']} cores ({of['cpu']}), {of['system']}, load average {of['load_average']} at the start",
        versions=f"Python {of['python']}, SQLite {of['sqlite']}, {libraries}",
        scale=result["scale"],
    )


def summary(figures: Figures) -> str:
    """What the figures mean for somebody who wants to run a broker, as a list; one line for each that is there."""

    def of(name: str) -> float:
        return float(figures[name]["value"])

    told: list[str] = []
    for name, what in (("P1", "ZTF"), ("P2b", "LSST, as first sent,"), ("P2", "LSST, with 350 points of history,")):
        if name in figures:
            times = of(name) / LSST_MEAN
            told.append(
                f"* **{of(name):,.0f} alerts a second** of {what} on this machine, everything done and safe on disk: "
                f"{times:.1f} times the mean of 10,000 alerts every 37 s that LSST sends."
            )
    if "P4_p98" in figures:
        told.append(
            f"* **A burst**, {figures['P4_p98']['name'].partition(',')[0]}: half are delivered {of('P4_p50'):.1f} s "
            f"after they arrived, 98 of 100 within {of('P4_p98'):.1f} s."
        )
    if "P1_cpu" in figures:
        told.append(
            f"* **All of it costs {of('P1_cpu'):.2f} times the CPU** that fastavro needs just to read the same packets."
        )
    if "P1_memory" in figures:
        told.append(f"* **Memory**: {of('P1_memory'):,.0f} MB at most while it does so.")
    if "P1_bytes_raw" in figures:
        rest = of("P1_bytes_science") + of("P1_bytes_store")
        told.append(
            f"* **Disk**: {of('P1_bytes_raw') / 1000:.0f} kB of untouched packets for a ZTF alert (they weigh "
            f"{of('P1_bytes_raw') / of('P1_raw_share') / 1000:.0f} kB as sent) and {rest / 1000:.1f} kB for all else."
        )
    if "P9_demo" in figures:
        told.append(f"* **The demo** runs in {of('P9_demo'):.0f} s; an installation weighs {of('P9_install'):.0f} MB.")
    return "\n".join(told) or "The parts that tell most were not measured."


def _row(name: str, figure: dict[str, Any]) -> str:
    spread = f" ({figure['min']:g} to {figure['max']:g})" if figure["rounds"] > 1 else ""
    goal = f"{figure['goal']} {'met' if figure['met'] else '**not met**'}" if figure["goal"] else ""
    cpu = f"{figure['cpu_us_per_alert']:g}" if figure["cpu_us_per_alert"] else ""
    ratio = f"{figure['ratio']:g} x {figure['yardstick']}" if figure["ratio"] else ""
    value = f"{figure['value']:g} {figure['unit']}{spread}"
    return f"| {name} | {figure['name']} | {value} | {goal} | {cpu} | {ratio} | {figure['note']} |"


def _change(name: str, figure: dict[str, Any], before: Figures) -> str:
    then = before.get(name)
    if then is None or not then["value"]:
        return ""
    key = "ratio" if figure["ratio"] and then.get("ratio") else "value"
    return f"{key} {figure[key] / then[key]:.2f} of the last one"
