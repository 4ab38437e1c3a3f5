"""Shortcut: what stands in a log before a number, passed over by its index when the log is written again.

Only where that shows in nothing but the time: all that is passed over are events with smaller numbers, of one thread,
each of which would be read and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from replay_cli import index
from replay_cli.blocks import Block
from replay_cli.index import Entry, Extent
from replay_cli.indexed import Indexed
from replay_cli.planning import Options, Planned
from replay_cli.profiles import Plan, Shape
from replay_cli.sieve import Sieve, Wish
from replay_cli.sources import Source, read_at
from replay_cli.summary import Summary


class Shortcut:
    """The index of one source, used or made on the way. ``passed`` is where to begin, None for the beginning."""

    def __init__(self, source: Source, plan: Plan, since_seq: int) -> None:
        path = str(source.path)
        self._indexed = Indexed(path, plan, partial(read_at, path))
        self.passed: Entry | None = None
        if self._indexed.identity == source.identity:
            self.passed = self._indexed.landing_soundly(since_seq)
        self._sieve: Sieve | None = None

    def begin(self, sieve: Sieve) -> None:
        """From here on ``sieve`` sifts what is read."""
        if self.passed is not None:
            sieve.line = self.passed.lines + 1
        elif self._indexed.wanted:
            self._sieve, sieve.extent = sieve, Extent()
            self._indexed.begin(sieve.extent)

    def watch(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The same blocks; when all were sifted, what was learned is kept."""
        sieve = self._sieve
        for block in blocks:
            yield block
            if sieve is not None and block.overlong:
                # Its bytes are not all there.
                sieve = sieve.extent = None
            elif sieve is not None:
                self._indexed.take(block.data, block.offset + block.length, sieve.met)
        if sieve is not None:
            self._indexed.end()


Watched = Callable[[Iterable[Block]], Iterable[Block]]
"""Gives blocks on as they are, and takes note of them."""


def _unwatched(blocks: Iterable[Block]) -> Iterable[Block]:
    return blocks


def started(
    source: Source, begun: Planned, sieve: Sieve, wish: Wish, options: Options, summary: Summary
) -> tuple[Iterable[bytes], int, Watched]:
    """What is to be read of a source, from which byte on, and what its blocks are to go through."""
    shortcut = _shortcut_of(source, begun.plan, wish, options)
    if shortcut is None:
        return begun.chunks, 0, _unwatched
    shortcut.begin(sieve)
    if shortcut.passed is None:
        return begun.chunks, 0, shortcut.watch
    offset = shortcut.passed.offset
    source.skip_to(offset)
    summary.pass_over(shortcut.passed.events, offset)
    return source.chunks(), offset, shortcut.watch


def _shortcut_of(source: Source, plan: Plan, wish: Wish, options: Options) -> Shortcut | None:
    """The shortcut of a source; None where all is to be accounted for, or where an index is not worth it."""
    since_seq = wish.selection.since_seq
    if since_seq is None or not options.cache or wish.clean or wish.all or wish.ordered:
        return None
    if not source.plain or (source.raw_size or 0) < index.WORTH:
        return None
    if plan.framing != "jsonl" or plan.shape in (Shape.FOREIGN, Shape.CUSTOM):
        return None
    return Shortcut(source, plan, since_seq)
