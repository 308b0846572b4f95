"""The account of a home, and of one run, as people read it."""

from __future__ import annotations

from linnet.app.console import out, show_pairs
from linnet.app.ingest import Taken
from linnet.operations.audit import Audit


def show_run(taken: Taken) -> None:
    """Print what one run did: what was received, and what became of all of it."""
    sum_of = f"{taken.archived} archived + {taken.duplicates} duplicates + {taken.dead} dead letters"
    out.print(f"this run: {taken.received} received = {sum_of}", highlight=False, soft_wrap=True)
    if taken.received and taken.received == taken.duplicates:
        out.print("nothing changed: all of it had been received before", highlight=False)
    out.print("the home now:", highlight=False)


def show_account(found: Audit) -> None:
    """Print an audit: totals, dead letters by reason, matches by filter, and the verdict in the last line."""
    pairs: dict[str, object] = {
        "received": found.received,
        "decoded": found.decoded,
        "duplicates": found.duplicates,
        "archived": found.archived,
        "objects": found.objects,
        "dead letters": sum(found.dead.values()),
    }
    pairs.update({f"  {reason}": n for reason, n in found.dead.items()})
    if found.released:
        pairs["released dead letters"] = found.released
    pairs["matched"] = sum(found.matched.values())
    pairs.update({f"  {name}": n for name, n in found.matched.items()})
    pairs["delivered"] = sum(found.delivered.values())
    if found.gone:
        pairs["gone before they were read"] = found.gone
    if found.withheld:
        pairs["withheld (not public)"] = found.withheld
    if found.held:
        pairs["held back by policies"] = found.held
    if found.waiting:
        pairs["waiting for delivery"] = found.waiting
    pairs.update({f"module {name} failed in batches": n for name, n in found.modules_failed.items()})
    pairs.update({f"filter {name} failed in batches": n for name, n in found.filters_failed.items()})
    show_pairs(pairs)
    for problem in found.problems:
        out.print(f"problem: {problem}", style="red", highlight=False, soft_wrap=True, markup=False)
    out.print("audit: OK" if found.ok else "audit: NOT OK", style="green" if found.ok else "bold red", highlight=False)
