"""A few threads for many jobs that may hang: one that takes long is not counted, and another thread does the rest."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread, current_thread

MOST = 8
"""Threads at work, those that take long not counted."""

LONG = 1.0
"""Seconds after which a job counts as one that takes long."""

IDLE = 5.0
"""Seconds without a job after which a thread ends."""

Job = Callable[[], None]


class Workers:
    """Runs jobs in threads, first come first served.

    Args:
        guard: is called with each job, and answers for its errors.
    """

    def __init__(self, guard: Callable[[Job], None]) -> None:
        self._guard = guard
        self._changed = Condition()
        self._ready: deque[Job] = deque()
        self._later: list[tuple[float, Job]] = []
        self._busy: dict[Thread, float] = {}
        self._idle = 0
        self._ended = False
        self._threads: set[Thread] = set()

    def submit(self, job: Job, after: float = 0.0) -> None:
        """Run a job soon, or after so many seconds."""
        with self._changed:
            if after:
                self._later.append((time.monotonic() + after, job))
            else:
                self._ready.append(job)
            self._hire()
            self._changed.notify()

    def look(self) -> None:
        """Take on another thread where jobs wait behind those that take long. To be called every second or so."""
        with self._changed:
            self._hire()

    def hurry(self) -> None:
        """Run at once what was to be run later."""
        with self._changed:
            self._ready.extend(job for _, job in self._later)
            self._later.clear()
            self._hire()
            self._changed.notify_all()

    def join(self) -> None:
        """Return when there is no job any more, and no thread."""
        while True:
            with self._changed:
                self._hire()
                self._changed.notify_all()
                if not (self._ready or self._later or self._busy):
                    threads, self._ended = list(self._threads), True
                    self._changed.notify_all()
                    break
                self._changed.wait(LONG)
        for thread in threads:
            thread.join()

    def _hire(self) -> None:
        """One more thread for jobs that nobody is free to run."""
        wanted = len(self._ready) + len(self._later) - self._idle
        now = time.monotonic()
        quick = self._idle + sum(now - since < LONG for since in self._busy.values())
        if wanted > 0 and quick < MOST:
            thread = Thread(target=self._run, name="linnet-route")
            self._threads.add(thread)
            self._busy[thread] = now
            thread.start()

    def _run(self) -> None:
        thread = current_thread()
        while (job := self._next(thread)) is not None:
            self._guard(job)

    def _next(self, thread: Thread) -> Job | None:
        """The next job; None where there was none for a while."""
        with self._changed:
            self._busy.pop(thread, None)
            self._idle += 1
            self._changed.notify_all()
            end = time.monotonic() + IDLE
            try:
                while not self._ready:
                    now = time.monotonic()
                    self._ready.extend(job for due, job in self._later if due <= now)
                    self._later = [each for each in self._later if each[0] > now]
                    if self._ready:
                        break
                    if self._ended or (now >= end and not self._later):
                        self._threads.discard(thread)
                        return None
                    due = min((due for due, _ in self._later), default=end)
                    self._changed.wait(max(0.0, due - now))
                self._busy[thread] = time.monotonic()
                return self._ready.popleft()
            finally:
                self._idle -= 1
