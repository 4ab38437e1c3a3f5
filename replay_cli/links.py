"""Links: which links lead nowhere in what is written, and whether that comes of what was left out.

A client that meets an event whose ``previous_seq`` is not the event before it loads the thread anew
(CONTRACT.md 3.3), so whoever leaves events out is told where that will happen.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

LISTED = 1000
"""Broken links that are listed; all are counted."""


class Broken(NamedTuple):
    """An event that is written with a link to another than the one before it in its thread."""

    source: str
    line: int
    thread: str
    seq: int
    previous_seq: int
    caused: bool


class _Latest(NamedTuple):
    """Of a thread: the last number read and the last written, and how much damage and how many heads came before."""

    read: int
    written: int | None
    damage: int
    heads: int


@dataclass(slots=True)
class Links:
    """What was read and written, thread by thread.

    ``damage`` counts unreadable pieces that were left out, ``heads`` the HTTP heads that were written: behind one a
    link names where its connection began. ``caused`` are the broken links that come of leaving something out,
    ``before`` those that were broken already. With ``latest`` the last of them are listed, else the first.
    """

    damage: int = 0
    heads: int = 0
    caused: int = 0
    before: int = 0
    listed: deque[Broken] = field(default_factory=lambda: deque(maxlen=LISTED))
    latest: bool = False
    _latest: dict[str, _Latest] = field(default_factory=dict)

    def left_out(self, thread: str, seq: int) -> None:
        """An event was read and is not written."""
        known = self._latest.get(thread)
        self._latest[thread] = known._replace(read=seq) if known else _Latest(seq, None, self.damage, self.heads)

    def is_whole(self, thread: str, seq: int, link: int | None) -> bool:
        """Whether an event with this number and link may be written next without breaking it."""
        known = self._latest.get(thread)
        if link is not None and link >= seq:
            return False
        return link is None or known is None or known.written in (None, link) or known.heads != self.heads

    def written(self, thread: str, seq: int) -> None:
        """An event was read and is written, and its link holds, or was told."""
        self._latest[thread] = _Latest(seq, seq, self.damage, self.heads)

    def tell(self, source: str, line: int, thread: str, seq: int, link: int) -> None:
        """Take note of a link that does not hold, before the event counts as written."""
        known = self._latest.get(thread) or _Latest(0, 0, self.damage, self.heads)
        caused = known.read != known.written or known.damage != self.damage
        self.caused += caused
        self.before += not caused
        if self.latest or len(self.listed) < LISTED:
            self.listed.append(Broken(source, line, thread, seq, link, caused))

    def forget(self, caused: int, before: int) -> None:
        """Of the events whose links were told, the first ones are not written after all."""
        self.caused -= caused
        self.before -= before
        while len(self.listed) > self.caused + self.before:
            self.listed.popleft()

    def restart(self) -> None:
        """What follows goes into another output: no event in it comes behind one of those before."""
        self._latest.clear()

    def last_written(self, thread: str) -> int | None:
        """The number of the last event of a thread that was written."""
        known = self._latest.get(thread)
        return known.written if known else None
