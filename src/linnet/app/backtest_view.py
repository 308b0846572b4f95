"""A back-test as people read it."""

from __future__ import annotations

from linnet.app.console import out, show_pairs, show_table
from linnet.operations.backtest_report import Report
from linnet.operations.scoring_page import as_text

SHOWN = 20
"""Most nights, objects and filters that a line or table names."""


def show(found: Report) -> None:
    """The report as tables."""
    title = f"{found.name} version {found.version}" if found.version else found.text
    headings = {n: n.replace("_", " ") for n in ("night", "survey", "alerts", "passed", "objects", "first_passes")}
    show_table(title, headings, found.nights[-SHOWN:])
    pairs: dict[str, object] = {
        "alerts": found.alerts,
        "judged": f"{found.judged}, a sample of {found.share:g}" if found.share < 1 else found.judged,
        "passed": found.passed,
        "objects": found.objects,
    }
    if found.latency is not None:
        late = found.latency
        pairs["first detection to first pass"] = f"median {late.median:.2f} d, 90 % within {late.p90:.2f} d"
    pairs["also caught by"] = ", ".join(f"{name} {n}" for name, n in list(found.overlap.items())[:SHOWN])
    if found.live["live"]:
        live = found.live
        pairs["while it was active"] = (
            f"{live['live_tagged']} tagged of {live['live']}; {live['live_differs']} come out otherwise now"
        )
    pairs |= {f"after the fact: {name}": by for name, by in found.after_the_fact.items()}
    pairs |= {f"module {name} failed in batches": n for name, n in found.failed.items()}
    show_pairs(pairs)
    _show_classes(found)
    _show_versus(found)
    keys = {n: n for n in ("alert_id", "object_id", "night", "band", "mag", "link")}
    if found.gallery:
        show_table("some of the catches, by lot", keys, found.gallery)
    if not found.complete:
        out.print("stopped; what is done is kept, and the same command goes on", style="yellow", highlight=False)


def _show_classes(found: Report) -> None:
    if not found.classes:
        return
    headings = {n: n for n in ("class", "sources", "passed", "efficiency", "purity")}
    rows = [
        {
            "class": each.name,
            "sources": each.sources,
            "passed": each.passed,
            "efficiency": as_text(each.efficiency),
            "purity": as_text(each.purity),
        }
        for each in found.classes
        if each.sources
    ]
    show_table(f"classes (intervals: {found.interval})", headings, rows)


def _show_versus(found: Report) -> None:
    if found.versus is None:
        return
    told = found.versus
    pairs = {f"version {told['version']}": f"{told['passed']} alerts of {told['objects']} objects"}
    for what in ("gained", "lost"):
        objects = told[what]
        more = f" and {len(objects) - SHOWN} more" if len(objects) > SHOWN else ""
        pairs[what] = f"{len(objects)}: {', '.join(objects[:SHOWN])}{more}" if objects else "none"
    show_pairs(pairs)
