"""The pool: work spread over processes, results in the order of the tasks.

Nothing outlives the run. Workers take no notice of Ctrl-C, which the terminal sends to all of them: the parent ends
them. And each of them waits for the end of its parent, so a parent that is killed leaves no orphan. A worker that is
killed, by whatever signal, ends all: also one that had said half of its result, for the rest of which
``concurrent.futures`` waits for ever.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from replay_cli.errors import WorkerDiedError
from replay_cli.turns import in_turn, share

if TYPE_CHECKING:
    from concurrent.futures import Future

Task = TypeVar("Task")
Result = TypeVar("Result")

GLANCE = 0.05
"""Seconds of waiting for a result after which it is looked whether all workers are still there."""


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
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = _context()
    executor = ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(context.Lock(),))
    waiting: deque[Future[Result]] = deque()
    left = iter(tasks)
    try:
        while True:
            for task in islice(left, 2 * jobs - len(waiting)):
                with _no_interrupts():
                    waiting.append(executor.submit(_in_turn, (work, task)))
            if not waiting:
                return
            yield _result(waiting.popleft(), executor)
    except BrokenProcessPool:
        raise WorkerDiedError from None
    finally:
        # Also when all is done: of two that wait for tasks a killed one keeps the other from hearing that none come.
        _kill(executor)
        executor.shutdown(wait=True, cancel_futures=True)


def _result(future: Future[Result], executor: Any) -> Result:
    """What a task came to, or what it raised. Raises WorkerDiedError if a process was killed over its result."""
    from concurrent.futures import wait
    from multiprocessing import connection

    while wait([future], GLANCE).not_done:
        if connection.wait([process.sentinel for process in _workers(executor)], 0):
            raise WorkerDiedError
    return future.result()


def _context() -> Any:
    """How processes are started: by fork where that is sound, as it costs milliseconds instead of a new start-up."""
    import multiprocessing

    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _kill(executor: Any) -> None:
    """End the workers, in the middle of what they do. They write nothing, so nothing is left half done."""
    # The public way, kill_workers, came with Python 3.14.
    for process in _workers(executor):
        process.kill()
    # Who reads a result that was only half said gets no end of it while this process could go on with it.
    writer = getattr(getattr(executor, "_result_queue", None), "_writer", None)
    if writer is not None:
        writer.close()


def _workers(executor: Any) -> list[Any]:
    return list((getattr(executor, "_processes", None) or {}).values())


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Hold signals back while processes start: a new one would heed them as this one does, or with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *_ending()})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ending() -> set[signal.Signals]:
    """What ends a worker as it would end any process, though its parent has its own way with it."""
    return {getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)}


@in_turn
def _in_turn(given: tuple[Callable[[Any], Any], Any]) -> Any:
    work, task = given
    return work(task)


class Beside(NamedTuple):
    """A process at work beside this one: the connection by which it is heard, and itself."""

    said: Any
    process: Any

    @property
    def was_killed(self) -> bool:
        """Whether it has come to another end than its own."""
        return self.process.exitcode not in (None, 0)


@contextmanager
def beside(work: Callable[..., None], *given: object) -> Iterator[Beside | None]:
    """A process, forked from this one, that does ``work`` with a connection to send by and with what is given.

    Yields None where no process can be forked. Behind it the process is ended, and so it is when this one ends.
    """
    context = _context()
    if context.get_start_method() != "fork":
        yield None
        return
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_beside, args=(work, receiver, sender, *given), daemon=True)
    with receiver:
        with sender, _no_interrupts():
            process.start()
        try:
            yield Beside(receiver, process)
        finally:
            process.kill()
            process.join()
            process.close()


def _beside(work: Callable[..., None], receiver: Any, sender: Any, *given: object) -> None:
    _be_worker()
    # Else it would not be noticed when nobody receives any more.
    receiver.close()
    work(sender, *given)


def _begin(lock: Any) -> None:
    """What a worker of the pool does first; ``lock`` is for whose turn it is to hold a long frame."""
    share(lock)
    _be_worker()


def _be_worker() -> None:
    """End with the parent, and as it says, whatever the terminal sends."""
    import threading

    from replay_cli.memory import be_worker

    be_worker()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in _ending():
        # As under ``nohup``, what is ignored stays so.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ending())
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
