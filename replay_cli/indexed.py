"""Indexed: one pass through a log with its index: begun where that leads, and kept up on the way."""

from __future__ import annotations

from replay_cli.index import Builder, Index, Read, load, plan_told, save, state_of
from replay_cli.looking import Extent, Looker
from replay_cli.profiles import Plan


class Indexed:
    """A pass through the log at ``path``, which ``read`` reads. Without an index it is a pass like any other."""

    def __init__(self, path: str, plan: Plan, read: Read) -> None:
        self._path, self._read = path, read
        self._plan = plan_told([plan.shape, plan.framing, plan.strict, plan.thread, plan.limit])
        self._state = state_of(path)
        self._index: Index | None = None
        self._builder = Builder()
        self._begun = Extent()
        self._looker: Looker | None = None

    def landing(self, since_seq: int) -> int:
        """The byte from which on the log is to be read for all events behind this seq."""
        index = load(self._path, self._plan)
        if index is None or self._state is None or not index.entries:
            return 0
        landing = index.landing(since_seq)
        if not index.holds(self._state, landing, self._read):
            return 0
        self._index = index
        entry = index.entries[landing]
        self._builder = Builder(index.entries[:landing], entry.offset, entry.seq)
        if landing:
            self._begun = Extent(index.thread, entry.seq)
        return entry.offset

    def begin(self, looker: Looker) -> None:
        """From here on ``looker`` sees what is read."""
        looker.extent = self._begun
        self._looker = looker

    def take(self, data: bytes, settled: int) -> None:
        """What was read; up to byte ``settled`` it has been looked at."""
        looker = self._looker
        if looker is not None and looker.extent.single:
            self._builder.take(data, settled, looker.extent.top, looker.met)

    def end(self) -> None:
        """All was read: keep what was learned, if it is anything new and there is one thread only."""
        if self._looker is None or self._state is None or not self._looker.extent.single:
            return
        extent = self._looker.extent
        if extent.thread is None:
            return
        made = self._builder.index(self._path, self._plan, self._state, extent.thread, extent.top)
        if made != self._index:
            save(made)
