"""A count on the terminal while something long runs; silent where the output is not one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from linnet.app.console import err


class Count:
    """What is counted: call it with how many more are done."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar, self._task = bar, task

    def __call__(self, more: int) -> None:
        """Count these."""
        self._bar.advance(self._task, more)

    def reached(self, done: int, total: int) -> None:
        """Set the count, and of how many."""
        self._bar.update(self._task, completed=done, total=total)


@contextmanager
def counting(what: str, total: int | None = None) -> Iterator[Count]:
    """Gives what to call while it runs. The line goes to standard error and is wiped at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        yield Count(bar, bar.add_task(what, total=total))
