"""Turns: of several processes at work only one at a time holds frames that are very long.

Each of them would keep within its bound, but all together would not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

LONG = 1024 * 1024
"""Bytes of a frame from which on a process waits for its turn."""

Task = TypeVar("Task")
Result = TypeVar("Result")


class _Turn:
    """Whose turn it is, as this process sees it: the lock that it shares with the others, and whether it holds it."""

    def __init__(self) -> None:
        self.lock: Any = None
        self.held = False


_TURN = _Turn()


def share(lock: Any) -> None:
    """From now on this process takes turns with all others that have the same lock."""
    _TURN.lock = lock


def want(size: int) -> None:
    """Wait for the turn if a frame of so many bytes is long; it is had until the task is done."""
    if size > LONG and _TURN.lock is not None and not _TURN.held:
        _TURN.lock.acquire()
        _TURN.held = True


def in_turn(work: Callable[[Task], Result]) -> Callable[[Task], Result]:
    """The task, after which the turn is given up: then nothing that it held is left."""

    @wraps(work)
    def done(task: Task) -> Result:
        try:
            return work(task)
        finally:
            if _TURN.held:
                from replay_cli.memory import give_back

                give_back()
                _TURN.held = False
                _TURN.lock.release()

    return done
