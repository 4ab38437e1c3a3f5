"""Arranging: what is kept of several sources, put in order of seq or merged, before it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from replay_cli.cutting import cut
from replay_cli.errors import UsageError, one_line
from replay_cli.held import Held
from replay_cli.links import Links
from replay_cli.merging import Merge, Merged, joined
from replay_cli.ordering import Order, Piece
from replay_cli.planning import Planned
from replay_cli.profiles import Plan, Shape
from replay_cli.sieve import Head, Sieve, Wish
from replay_cli.sources import Source
from replay_cli.stretches import Stretch
from replay_cli.walk import FRAMINGS


class Origin(NamedTuple):
    """A source: its name, and what it was taken for."""

    name: str
    plan: Plan


class Arrangement:
    """Takes what is kept, source by source, and gives it out in order. It is its own context manager.

    ``merged`` is there if the sources are to become one stream, and is counted on; else they are only sorted.
    ``flawed`` is told of each event that is given out behind another with its number: the source, line and rule.
    ``converts`` tells that all get one shape afterwards.
    """

    def __init__(
        self, merged: Merged | None, flawed: Callable[[str, int, str], None], converts: bool = False
    ) -> None:
        self._merged = merged
        self._converts = converts
        self._first: Origin | None = None
        self._flawed = flawed
        self._order = Order()
        self._origins: list[Origin] = []
        self._beside: int | None = None
        self._thread: tuple[str, str] | None = None

    def __enter__(self) -> Arrangement:
        return self

    def __exit__(self, *_: object) -> None:
        self._order.__exit__()

    def begin(self, name: str, plan: Plan) -> None:
        """What follows comes from this source."""
        self._origins.append(Origin(name, plan))
        if self._merged is not None:
            self._merged.sources.append(name)

    def put(self, stretch: Stretch, data: bytes) -> None:
        """Take a stretch of the source that was begun last. Raises UsageError if it cannot be merged with others."""
        if self._merged is not None and stretch.rows is not None:
            self._check_shape(self._origins[-1])
            threads = stretch.rows.threads
            for thread in {threads} if isinstance(threads, str) else dict.fromkeys(threads):
                self._check_thread(thread)
        self._order.put(len(self._origins) - 1, stretch, data)

    def _check_shape(self, origin: Origin) -> None:
        first = self._first = self._first or origin
        if not self._converts and self._beside is None and first.plan.shape is not origin.plan.shape:
            one, other = (f"{each.name} ({_SHAPES[each.plan.shape]})" for each in (first, origin))
            raise UsageError(f"--merge: events of two shapes: {one} and {other}; --to makes one of both")

    def _check_thread(self, thread: str) -> None:
        name = self._origins[-1].name
        if self._thread is None:
            self._thread = (thread, name)
        known, where = self._thread
        if thread != known:
            one, other = f"{one_line(known)[:80]} in {where}", f"{one_line(thread)[:80]} in {name}"
            raise UsageError(f"--merge: events of several threads: {one} and {other}; --thread takes one of them")

    def stand_beside(self, source: Source, begun: Planned, wish: Wish) -> None:
        """Read the log that the captures are held against. Raises SourceError, and UsageError as ``put`` does."""
        self._beside = len(self._origins)
        self._origins.append(Origin(source.name, begun.plan))
        if self._merged is not None:
            self._merged.against = source.name
        sieve = Sieve(source.name, begun.plan, replace(wish, clean=False), Links(), Head())
        framing = FRAMINGS[begun.plan.framing]
        with Held() as held:
            for block in cut(held.watch(begun.chunks), framing, begun.plan.limit, lambda: held.put(source.more())):
                for stretch in sieve.stretches(block):
                    pieces = held.take(stretch.length)
                    if stretch.reason:
                        for _ in pieces:
                            pass
                    else:
                        self.put(stretch, b"".join(pieces))

    def stream(self) -> Iterator[tuple[int, Origin, Piece]]:
        """All that was taken, in order, with the number of its source; what is to be left out has the reason."""
        plans = [origin.plan for origin in self._origins]
        merge = Merge(plans, self._merged or Merged(), self._beside)
        merged = self._merged is not None
        for piece in joined(merge.stream(self._order.pieces(alike=True)) if merged else self._sorted(merge)):
            yield piece.source, self._origins[piece.source], piece
        if merged and (strangers := merge.strangers) is not None:
            one, other = (self._origins[number].name for number in strangers)
            raise UsageError(
                f"--merge: no number in both {one} and {other} is the same event: they are of two stores"
            )

    def _sorted(self, merge: Merge) -> Iterator[Piece]:
        last: dict[str, Piece] = {}
        seq = -1
        for piece in self._order.pieces(alike=False):
            rows = piece.stretch.rows
            assert rows is not None
            thread = rows.threads if isinstance(rows.threads, str) else rows.threads[0]
            if rows.seqs[0] != seq:
                last = {}
            elif thread in last:
                rule = merge.rule_of(last[thread], piece)
                self._flawed(self._origins[piece.source].name, piece.stretch.line, rule)
            seq = rows.seqs[-1]
            last.setdefault(rows.threads if isinstance(rows.threads, str) else rows.threads[-1], piece)
            yield piece


_SHAPES = {Shape.ENVELOPE: "envelopes", Shape.RECORD: "store records", Shape.LEGACY: "events from before v0.8.48"}
