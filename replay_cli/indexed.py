"""Indexed: one pass through a log with its index: begun where that leads, and kept up on the way."""

from __future__ import annotations

from replay_cli.index import Builder, Index, Read, load, plan_told, save, state_of
from replay_cli.looking import Looker, Order
from replay_cli.profiles import Plan


class Indexed:
    """A pass through the log at ``path``, which ``read`` reads. Without an index it is a pass like any other."""

    def __init__(self, path: str, plan: Plan, read: Read) -> None:
        self._path, self._read = path, read
        self._plan = plan_told([plan.shape, plan.framing, plan.strict, plan.thread, plan.limit])
        self._state = state_of(path)
        self._index: Index | None = None
        self._builder = Builder()
        self._begun = Order()
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
            self._begun = Order(index.thread, entry.seq)
        return entry.offset

    def begin(self, looker: Looker) -> None:
        """From here on ``looker`` sees what is read."""
        looker.order = self._begun
        self._looker = looker

    def take(self, data: bytes, settled: int) -> None:
        """What was read; up to byte ``settled`` it has been looked at."""
        if self._looker is not None and self._looker.order.holds:
            self._builder.take(data, settled, self._looker.order.seq)

    def end(self) -> None:
        """All was read: keep what was learned, if it is anything new and the order held."""
        if self._looker is None or self._state is None or not self._looker.order.holds:
            return
        order = self._looker.order
        if order.thread is None:
            return
        made = self._builder.index(self._path, self._plan, self._state, order.thread, order.seq)
        if made != self._index:
            save(made)
