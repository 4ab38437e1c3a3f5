"""Listening: the live stream of a thread as what there is to show of it, over all its connections, to its end.

What a server sends that is no event is shown as far as a person wants to see it; a server that sends nothing else is
given up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from replay_cli.compat import DONE
from replay_cli.continuity import Continuity
from replay_cli.errors import SourceError
from replay_cli.looking import Seen
from replay_cli.remote import Broken, From, Remote
from replay_cli.tailed import Tailed
from replay_cli.wording import count

SHOWN, MOST = 20, 1000
"""Findings in a row, without an event between them, that are shown, and with which a server is given up."""

FAILED = "error"
"""The event with which the compat stream ends where it fails, without ``done`` (CONTRACT.md 3.4)."""


class Listening:
    """Listens to ``remote`` for the log ``log``, behind ``since_seq``, to the event ``until_seq``; the first
    connection asks for the last ``limit`` events only, or for all there are (None).
    """

    def __init__(
        self, remote: Remote, log: Tailed, since_seq: int | None, until_seq: int | None, limit: int | None
    ) -> None:
        self.reconnections = 0
        self.withheld = 0
        """Findings that were not shown, as there were too many without an event between them."""
        self.continuity = Continuity(since_seq, whole=limit is None)
        self._remote, self._log = remote, log
        self._since, self._until, self._limit = since_seq, until_seq, limit
        self._unread = 0
        self._last = self._told = ""
        log.accepts, log.beginning.prompt = self.continuity.accepts, True

    def arrivals(self, tick: float) -> Iterator[Iterable[Seen] | str]:
        """What comes, as it comes, and lines on what becomes of the connection; something each ``tick`` seconds.

        Ends where nothing more can come that is asked for. Raises SourceError where the server is given up, and
        UsageError if what it sends are no events.
        """
        log, continuity = self._log, self.continuity
        for one in self._remote.arrivals(self._begin, tick, self._called):
            if isinstance(one, Broken):
                if not log.numbered:
                    self._end(one.reason)
                    return
                log.rejoin()
                self.reconnections += 1
                yield from self._said(one.reason)
            else:
                yield self._bounded(continuity.told(log.arrive(one)))
                if self._last == DONE and not log.numbered:
                    return
            if self._until is not None and (continuity.latest or 0) >= self._until:
                return

    def _begin(self) -> From:
        latest = self.continuity.latest
        return From(latest, self._limit if latest == self._since else None)

    def _called(self, reason: str) -> str:
        """Why a connection ended, in words that tell what it brought."""
        if self._log.has_events or not (self._log.pending or self._unread):
            return reason
        return f"{reason}, and nothing of what it sent can be read as an event"

    def _said(self, reason: str) -> Iterator[str]:
        """A line, unless it has just been said."""
        if reason != self._told:
            yield f"{self._remote.name}: {reason}; connecting again"
        self._told = reason

    def _end(self, reason: str) -> None:
        """The compat stream has ended, which cannot be asked for again: it has no seq to go on from."""
        if self._last not in (DONE, FAILED):
            raise SourceError(self._remote.name, f"{reason} before the compat stream was done, and cannot go on")

    def _bounded(self, row: Iterable[Seen]) -> Iterator[Seen]:
        for seen in row:
            if seen.event is not None:
                self._unread, self._last, self._told = 0, seen.event.event, ""
            elif seen.raw:
                room = max(SHOWN - self._unread, 0)
                self._unread += len(seen.findings)
                self.withheld += len(seen.findings[room:])
                del seen.findings[room:]
            yield seen
            if self._unread > MOST:
                told = count(MOST, "finding")
                raise SourceError(self._remote.name, f"sends nothing that can be read; gave up after {told} in a row")
