"""Continuity: what a client of the live stream makes of the next event (CONTRACT.md 3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from replay_cli import rules
from replay_cli.envelope import Envelope
from replay_cli.findings import Fact, Finding, Severity
from replay_cli.looking import Seen


class Continuity:
    """Goes by the rule of the runtime's own client. ``latest`` is the seq that was accepted last.

    At first it is the seq behind which the stream was asked for; ``whole`` tells that all behind it was asked for, so
    that the first event must name it.
    """

    def __init__(self, latest: int | None, whole: bool) -> None:
        self.latest = latest
        self.ignored = self.strange = 0
        """Events that were not newer than the one before, as after a reconnect; those of another thread."""
        self._whole = whole
        self._thread: str | None = None
        self._gap: tuple[int, int] | None = None

    def accepts(self, event: Envelope) -> bool:
        """Whether a client takes this event, and goes on behind it."""
        latest, link = self.latest, event.previous_seq
        if self._thread not in (None, event.thread_id):
            self.strange += 1
            return False
        if latest is not None and event.seq <= latest:
            self.ignored += 1
            return False
        if self._thread is None and self._whole and link is not None and link != (latest or 0):
            self._gap = (latest or 0, link)
        self._thread, self.latest = event.thread_id, event.seq
        return True

    def told(self, row: Iterable[Seen]) -> Iterator[Seen]:
        """What is seen, with the gap before the first event, which no event before it can show."""
        for seen in row:
            event = seen.event
            if self._gap is not None and event is not None and seen.numbered:
                expected, link = self._gap
                problem = f"previous_seq {link} after seq {expected}: the events between are missing"
                facts: dict[str, Fact] = {
                    "problem": problem,
                    "thread": event.thread_id[:80],
                    "seq": event.seq,
                    "link": link,
                }
                seen.findings.insert(0, (Finding(seen.offset, 1, rules.BROKEN_LINK.code, facts), Severity.ERROR))
                self._gap = None
            yield seen
