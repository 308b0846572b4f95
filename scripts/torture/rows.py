"""The rows of the table: what was done how often, and what became of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from torture.ways import Outcome

ROOT = Path(__file__).parent.parent.parent
RESULT = ROOT / "bench" / "torture.json"


@dataclass
class Row:
    """One way to kill.

    Attributes:
        cases: homes that were checked. sent_again: deliveries that a reader drops by their dedup-id.
    """

    way: str
    kills: int = 0
    cases: int = 0
    lost: int = 0
    doubled: int = 0
    sent_again: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """One more case."""
        self.kills += outcome.kills
        self.cases += 1
        self.lost += outcome.verdict.lost
        self.doubled += outcome.verdict.doubled
        self.sent_again += outcome.verdict.sent_again
        self.problems += outcome.verdict.problems


def row_of(way: str, outcomes: Iterable[Outcome]) -> Row:
    """All cases of one way, told as soon as they are done."""
    row = Row(way)
    for outcome in outcomes:
        row.add(outcome)
    tell(row)
    return row


def tell(row: Row) -> None:
    """One line of the table."""
    say(f"{row.way:<28}{row.kills:>7}{row.cases:>7}{row.lost:>7}{row.doubled:>9}{row.sent_again:>12}")
    for problem in row.problems[:5]:
        say(f"    {problem}")


def heading() -> None:
    """The first line of the table."""
    say(f"{'way':<28}{'kills':>7}{'cases':>7}{'lost':>7}{'doubled':>9}{'sent again':>12}")


def say(line: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def result(rows: list[Row], controls: dict[str, bool], commit: str) -> dict[str, object]:
    """Everything as plain values; `commit` is that of the code which ran."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "kills": sum(row.kills for row in rows),
        "cases": sum(row.cases for row in rows),
        "lost": sum(row.lost for row in rows),
        "doubled": sum(row.doubled for row in rows),
        "sent_again": sum(row.sent_again for row in rows),
        "problems": sum(len(row.problems) for row in rows),
        "upper_bound": _bound(rows),
        "controls": len(controls),
        "controls_caught": sum(controls.values()),
        "controls_by_name": controls,
        "rows": [asdict(row) for row in rows],
    }


def write(found: dict[str, object], path: Path = RESULT) -> None:
    """Keep a result."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _bound(rows: list[Row]) -> float | None:
    """The largest share of kills that may fail without this many kills having shown it, at 95 %: 3/N."""
    kills = sum(row.kills for row in rows)
    return round(3 / kills, 4) if kills and not any(row.problems for row in rows) else None


def commit_now() -> str:
    """The commit of this checkout."""
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"
