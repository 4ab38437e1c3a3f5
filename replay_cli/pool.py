"""The pool: work spread over processes, results in the order of the tasks.

Nothing outlives the run. Workers take no notice of Ctrl-C, which the terminal sends to all of them: the parent ends
them. And each of them waits for the end of its parent, so a parent that is killed leaves no orphan.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from replay_cli.errors import WorkerDiedError
from replay_cli.memory import be_worker
from replay_cli.turns import in_turn, share

Task = TypeVar("Task")
Result = TypeVar("Result")


def cores() -> int:
    """How many processes this one may keep busy at once."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def ordered(work: Callable[[Task], Result], tasks: Iterable[Task], jobs: int) -> Iterator[Result]:
    """Do ``work`` on each task in ``jobs`` processes (1: in this one), and yield the results in the order of tasks.

    At most twice as many tasks as jobs are taken ahead of the results. ``work``, tasks and results must be picklable.
    What ``work`` raises is raised in its place. Raises WorkerDiedError if a process is killed. Closing the iterator
    ends the processes at once.
    """
    if jobs == 1:
        yield from map(work, tasks)
        return
    # Only here: a run that needs one process is not to load these.
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = _context()
    executor = ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(context.Lock(),))
    waiting: deque[Future[Result]] = deque()
    left, done = iter(tasks), False
    try:
        while True:
            for task in islice(left, 2 * jobs - len(waiting)):
                with _no_interrupts():
                    waiting.append(executor.submit(_in_turn, (work, task)))
            if not waiting:
                done = True
                return
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise WorkerDiedError from None
    finally:
        if not done:
            _kill(executor)
        executor.shutdown(wait=True, cancel_futures=True)


def _context() -> Any:
    """How processes are started: by fork where that is sound, as it costs milliseconds instead of a new start-up."""
    import multiprocessing

    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _kill(executor: Any) -> None:
    """End the workers in the middle of what they do. They write nothing, so nothing is left half done."""
    # The public way, kill_workers, came with Python 3.14.
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.kill()


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Hold back Ctrl-C while processes start: a new one would die of it with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@in_turn
def _in_turn(given: tuple[Callable[[Any], Any], Any]) -> Any:
    work, task = given
    return work(task)


def _begin(lock: Any) -> None:
    """What a worker does first; ``lock`` is for whose turn it is to hold a long frame."""
    import threading

    be_worker()
    share(lock)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
