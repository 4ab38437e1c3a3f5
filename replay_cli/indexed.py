"""Indexed: one pass through a log with its index: begun where that leads, or such that there is one the next time."""

from __future__ import annotations

from dataclasses import replace

from replay_cli.grading import grade
from replay_cli.index import NO_SEQ, Builder, Entry, Extent, Index, Read, drop, load, plan_told, save, state_of
from replay_cli.looking import Looker
from replay_cli.profiles import Plan
from replay_cli.selection import Selection
from replay_cli.streaming import Stream

PIECE = 256 * 1024
"""Bytes of what a log has grown by that are read at once."""


class Indexed:
    """A pass through the log at ``path``, which ``read`` reads. Without an index it is a pass like any other."""

    def __init__(self, path: str, plan: Plan, read: Read) -> None:
        self._path, self._plan, self._read = path, plan, read
        self._told = plan_told([plan.shape, plan.framing, plan.strict, plan.thread, plan.limit])
        self._state = state_of(path)
        self._index: Index | None = None
        self._builder: Builder | None = None
        self.wanted = True
        """Whether there is none that would do."""

    def landing(self, since_seq: int) -> Entry | None:
        """Where the log is to be read from for all events behind this seq; None: from its beginning.

        What is kept is verified first, and brought to the end of the log.
        """
        state, index = self._state, load(self._path, self._told)
        if index is None or state is None or not index.entries:
            return None
        if not index.holds(state, index.landing(since_seq), self._read):
            return None
        if not index.unchanged(state):
            grown = self._grown(index)
            if grown is None:
                drop(self._path)
                return None
            save(grown)
            index = grown
        self._index = index
        return index.entries[index.landing(since_seq)]

    @property
    def identity(self) -> tuple[int, int] | None:
        """Device and number of the file."""
        return (self._state.device, self._state.inode) if self._state is not None else None

    def landing_soundly(self, since_seq: int) -> Entry | None:
        """The same as ``landing``, but before it stand events only, which were counted."""
        entry = self.landing(since_seq)
        if entry is None or self._index is None:
            return None
        self.wanted = False
        entries = self._index.entries
        for number in range(entries.index(entry), 0, -1):
            before = entries[number - 1]
            if before.sound == 1:
                return entries[number]
            self.wanted = self.wanted or before.sound == 0
        return None

    def stop(self, until_seq: int) -> int | None:
        """The byte behind which no event has a seq up to this one, if there is such a place before the log's end."""
        stop = None if self._index is None else self._index.stop(until_seq)
        return stop if self._index is not None and stop != self._index.end else None

    def extent(self, entry: Entry) -> Extent:
        """What is known of the log before the place where it is begun."""
        return Extent(self._index.thread if self._index and entry.offset else None, entry.top)

    def _grown(self, index: Index) -> Index | None:
        """The index with what the log has grown by; None if that makes it one that has none."""
        state = self._state
        assert state is not None
        if state.size == index.end:
            return replace(index, state=state)
        last = index.entries[-1]
        looker = Looker(0, self._path, self._plan, Selection(), grade([], [], []))
        looker.extent = Extent(index.thread, last.top)
        builder = Builder(looker.extent, index.entries)
        stream = Stream(looker, Selection(since_seq=NO_SEQ), last.offset, None)
        at = last.offset
        while at < state.size and looker.extent.single:
            data = self._read(at, min(PIECE, state.size - at))
            if not data:
                return None
            for _ in stream.feed(data):
                pass
            builder.take(data, stream.settled, looker.met)
            at += len(data)
        return builder.index(self._path, self._told, state)

    # -- the first pass --------------------------------------------------------------------------------------------

    def begin(self, extent: Extent) -> None:
        """The log is read from its beginning; ``extent`` will tell what is met."""
        if self._state is not None:
            self._builder = Builder(extent)

    @property
    def builds(self) -> bool:
        """Whether an index is being made."""
        return self._builder is not None

    def take(self, data: bytes, settled: int, met: int) -> None:
        """What was read; up to byte ``settled`` it has been looked at, with ``met`` events so far."""
        if self._builder is None:
            return
        if self._builder.extent.single:
            self._builder.take(data, settled, met)
        else:
            self._builder = None

    def end(self) -> None:
        """All was read: keep what was learned, if there is one thread only."""
        if self._builder is None or self._state is None:
            return
        made = self._builder.index(self._path, self._told, self._state)
        if made is not None:
            save(made)
