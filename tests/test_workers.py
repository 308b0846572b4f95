"""A few threads for many routes: none of them is held up by those that hang."""

from __future__ import annotations

import threading
import time
from collections import Counter

from linnet.engines.workers import MOST, Job, Workers
from live_feed import until


def call(job: Job) -> None:
    """A guard that does nothing."""
    job()


def names() -> int:
    """Threads of workers now."""
    return sum(thread.name == "linnet-route" for thread in threading.enumerate())


def test_a_thousand_jobs_take_a_few_threads_and_each_is_run_once() -> None:
    workers, done, most, lock = Workers(call), Counter[int](), [0], threading.Lock()

    def job(number: int) -> Job:
        def run() -> None:
            time.sleep(0.001)
            with lock:
                done[number] += 1
                most[0] = max(most[0], names())

        return run

    for number in range(1000):
        workers.submit(job(number))
    workers.join()
    assert done == Counter(range(1000))
    assert 1 < most[0] <= MOST
    assert names() == 0


def test_jobs_that_hang_hold_up_nobody_beyond_their_own_threads() -> None:
    workers, let_go, done = Workers(call), threading.Event(), threading.Event()

    def hangs() -> None:
        let_go.wait(60)

    for _ in range(3 * MOST):
        workers.submit(hangs)
    workers.submit(done.set)

    def looked() -> bool:
        workers.look()
        return done.is_set()

    until(looked)
    assert names() > MOST
    let_go.set()
    workers.join()
    assert names() == 0


def test_what_is_to_be_run_later_is_run_then_or_when_hurried() -> None:
    workers, ran = Workers(call), list[str]()
    begun = time.monotonic()
    workers.submit(lambda: ran.append("later"), 0.3)
    workers.submit(lambda: ran.append("now"))
    until(lambda: len(ran) == 2)
    assert ran == ["now", "later"]
    assert time.monotonic() - begun >= 0.3
    workers.submit(lambda: ran.append("much later"), 1000.0)
    workers.hurry()
    workers.join()
    assert ran[2:] == ["much later"]
