"""Runs: proven frames in a row, the order among them proven too, and what their columns say."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from replay_cli.blocks import Block
from replay_cli.columns import Row
from replay_cli.envelope import Mark
from replay_cli.pieces import Pieces
from replay_cli.profiles import Plan
from replay_cli.sections import Section
from replay_cli.slots import Slots
from replay_cli.stretches import Rows
from replay_cli.tally import Tally


@dataclass(frozen=True, slots=True)
class Run:
    """Proven frames in a row, the order among them proven too: those of a section from ``start`` to ``end``."""

    section: Section
    start: int
    end: int
    pieces: Pieces
    plan: Plan

    @property
    def length(self) -> int:
        """Bytes that it takes."""
        at, to = self.pieces.bounds(self.section.first + self.start, self.section.first + self.end)
        return to - at

    @property
    def size(self) -> int:
        """How many frames it has, each of them an event."""
        return self.end - self.start

    @property
    def offset(self) -> int:
        """The first byte's place in the source, from 0."""
        return self.bounds(0, self.size)[0]

    def tally(self) -> Tally:
        """The tally of these frames."""
        return self.section.tally(self.start, self.end, self.pieces, self.plan)

    def seqs(self) -> array[int]:
        """The number of each frame."""
        return self.section.seqs(self.start, self.end)

    def seq(self, index: int) -> int:
        """The number of one frame, counted from 0."""
        return self.section.seq(self.start + index)

    def link(self, index: int) -> int | None:
        """The link of one frame, counted from 0; None if it has none."""
        return self.section.link(self.start + index)

    def mark(self, index: int) -> Mark:
        """What one event leaves behind, counted from 0; its line counts from 1 at the first of the run."""
        return self.section.mark(self.start + index, self.start, self.pieces)

    def places(self) -> dict[bytes, Sequence[int]]:
        """The numbers of the frames of each thread, from 0, in order."""
        return self.section.places(self.start, self.end)

    def threads(self) -> list[bytes]:
        """The thread of each frame."""
        return self.section.threads(self.start, self.end)

    @property
    def thread(self) -> bytes | None:
        """The thread of all frames; None if there are several."""
        return self.section.thread_of(self.start, self.end)

    def instants(self) -> list[int]:
        """The time of each frame, in nanoseconds since 1970."""
        return self.section.instants(self.start, self.end)

    def other_events(self) -> list[tuple[int, str]]:
        """The frames that are no deltas, by number from 0, with the names of their events."""
        return [(index, row.asked.event) for index, row in self.rows_apart()]

    def rows_apart(self) -> list[tuple[int, Row]]:
        """The frames that are no deltas of the pattern, by number from 0."""
        return [(index - self.start, row) for index, row in self.section.others(self.start, self.end)]

    def deltas(self) -> Slots | None:
        """The slots of all others; None if there are none, or if they were not wanted."""
        return self.section.deltas(self.start, self.end)

    def part(self, start: int, end: int) -> Run:
        """The frames from ``start`` to ``end`` (exclusive), as a run of their own."""
        if start == 0 and end == self.size:
            return self
        return Run(self.section, self.start + start, self.start + end, self.pieces, self.plan)

    def texts(self) -> Iterator[bytes]:
        """The JSON text of each frame."""
        return map(self.pieces.text, range(self.section.first + self.start, self.section.first + self.end))

    def rows(self, start: int, end: int) -> Rows:
        """The frames from ``start`` to ``end`` (exclusive) of the run as columns."""
        section, first, at, to = self.section, self.section.first + self.start, self.start + start, self.start + end
        only = section.thread_of(at, to)
        threads = only.decode() if only is not None else [thread.decode() for thread in section.threads(at, to)]
        ends = self.pieces.ends_of(first + start, first + end)
        return Rows(section.seqs(at, to), section.links(at, to), threads, ends)

    def bounds(self, start: int, end: int) -> tuple[int, int]:
        """Where the frames from ``start`` to ``end`` (exclusive) of the run stand in the source, 0-based bytes."""
        first = self.section.first + self.start
        at, to = self.pieces.bounds(first + start, first + end)
        return self.pieces.offset + at, self.pieces.offset + to

    def lines(self, start: int, end: int) -> int:
        """The line ends of the frames from ``start`` to ``end`` (exclusive) of the run."""
        first = self.section.first + self.start
        return self.pieces.lines(first + start, first + end)

    def block(self) -> Block:
        """The frames as a block of their own."""
        return self.pieces.slice(self.section.first + self.start, self.section.first + self.end)
