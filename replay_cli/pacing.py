"""Pacing: events at the tempo at which they were recorded.

When each event is due is reckoned from the beginning, not from the one before: so it does not drift, however long
the writing of each takes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast: ``speed`` 2 is twice as fast as recorded; no pause is longer than ``max_idle`` seconds."""

    speed: float = 1.0
    max_idle: float | None = None


class Pacer:
    """Waits until an event is due. The clock starts with the first event."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._before: int | None = None
        self._due = 0.0

    def wait(self, instant: int | None) -> None:
        """Wait until the event of this time (nanoseconds since 1970; None if it cannot be told) is due.

        A step back in time is no pause, and the next pause counts from there.
        """
        if instant is None:
            return
        if self._before is None:
            self._due = time.monotonic()
        else:
            pause = max(instant - self._before, 0) / _SECOND / self._pace.speed
            self._due += pause if self._pace.max_idle is None else min(pause, self._pace.max_idle)
        self._before = instant
        left = self._due - time.monotonic()
        if left > 0:
            time.sleep(left)
