"""The last of: which events of a log are the last that are asked for, its blocks taken from its end.

Stretches that are proven clean, and hold nothing that is asked for, are passed over as wholes.
"""

from __future__ import annotations

from typing import NamedTuple

from replay_cli.blocks import Block
from replay_cli.frames import Frame, State
from replay_cli.jsontext import JsonReader
from replay_cli.looking import event_of, selects
from replay_cli.opening import open_frame
from replay_cli.profiles import Plan
from replay_cli.runs import Run
from replay_cli.selection import Selection
from replay_cli.streaming import may_hold
from replay_cli.timestamps import nanoseconds
from replay_cli.walk import FRAMINGS, Walk

PROVEN_FROM = 64 * 1024
"""Bytes of a block from which on it is worth proving; the last events mostly stand in less."""


class Found(NamedTuple):
    """An event that is asked for: its number, time in nanoseconds since 1970 (0 if it has none), and byte."""

    seq: int
    instant: int
    offset: int


class LastOf:
    """Looks for the last ``number`` events that ``selection`` asks for.

    ``found`` are they, the last one first. ``before`` is the byte of the event before the first of them, 0 if there
    is none or it was not reached: from there on it can be said how they fit to what came before. ``latest`` is
    the byte of the very last event, asked for or not; None if there is none.
    """

    def __init__(self, plan: Plan, selection: Selection, number: int) -> None:
        self.found: list[Found] = []
        self.before = 0
        self.latest: int | None = None
        self._plan, self._selection, self._number = plan, selection, number
        self._reader = JsonReader()
        self._walk = Walk(plan)

    def take(self, block: Block) -> bool:
        """Take the block that stands before those taken; whether that was enough."""
        asks = not self._selection.takes_all
        pieces = self._pieces(block) if asks and block.length >= PROVEN_FROM else None
        if pieces is None:
            return any(map(self._frame, reversed(list(FRAMINGS[self._plan.framing].frames(block)))))
        return any(map(self._piece, reversed(pieces)))

    def _pieces(self, block: Block) -> list[Run | Frame]:
        """The block as runs that are proven, and frames; what can be learned of a frame is learned."""
        pieces = []
        for piece in self._walk.pieces(block):
            pieces.append(piece)
            if isinstance(piece, Frame) and self._walk.proves:
                opened = open_frame(piece, self._plan, self._reader)
                if opened.envelope is not None and not opened.findings:
                    self._walk.learn(piece)
        return pieces

    def _piece(self, piece: Run | Frame) -> bool:
        if isinstance(piece, Frame):
            return self._frame(piece)
        if may_hold(piece, self._selection):
            return any(map(self._frame, reversed(list(FRAMINGS[self._plan.framing].frames(piece.block())))))
        offset, _ = piece.bounds(piece.size - 1, piece.size)
        self.latest = offset if self.latest is None else self.latest
        if len(self.found) == self._number:
            self.before = offset
            return True
        return False

    def _frame(self, frame: Frame) -> bool:
        if frame.state is not State.WHOLE:
            return False
        opened = open_frame(frame, self._plan, self._reader)
        event = event_of(frame, opened, self._plan)
        if event is None:
            return False
        self.latest = frame.offset if self.latest is None else self.latest
        if len(self.found) == self._number:
            # One event more, so that the first that is shown has a neighbour to be compared with.
            self.before = frame.offset
            return True
        events = self._selection.events
        if selects(self._selection, event, opened.envelope is not None) and (
            events is None or events.takes(event.event)
        ):
            self.found.append(Found(event.seq, nanoseconds(event.timestamp) or 0, frame.offset))
        return False
