"""Streaming: chunks of one log in, what there is to show of it out, from a place in it on.

Stretches that are proven clean, and hold nothing that is asked for, are passed over as wholes; what is told does not
depend on that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from replay_cli.blocks import Block
from replay_cli.cutting import HEAD_KEPT, Cutter
from replay_cli.deltas import EVENT
from replay_cli.frames import Frame, State
from replay_cli.looking import Looker, Seen
from replay_cli.runs import Run
from replay_cli.selection import Globs, Selection
from replay_cli.skimming import Skim
from replay_cli.walk import FRAMINGS, Walk

PROVEN_FROM = 64 * 1024
"""Bytes of a block from which on it is worth proving that all in it can be passed over."""

HELD = 100
"""Findings right before the first event of the range which are held until it comes."""


class Stream:
    """What one log shows from byte ``offset`` on, where a frame begins.

    Events and findings before byte ``opens`` are only looked at, for what comes behind them; with None, those up to
    the last event before the first in the range of numbers and times that was asked for: what cannot be read may be
    what was asked for. What else is asked of events limits no findings. A torn tail is always shown. ``skim`` passes
    over lines without reading them.
    """

    def __init__(
        self,
        looker: Looker,
        selection: Selection,
        offset: int = 0,
        opens: int | None = 0,
        skim: Skim | None = None,
    ) -> None:
        plan = looker.plan
        self._looker, self._selection = looker, selection
        self._limit = max(plan.limit, HEAD_KEPT)
        self._framing = FRAMINGS[plan.framing]
        self._cutter = Cutter(self._framing, self._limit, offset)
        self._walk = Walk(plan)
        self._opens = opens
        # Whether an event of the range was met; nothing stands before a range that has no beginning.
        self._begun = selection.since_seq is None and selection.since is None
        self._held: deque[Seen] = deque(maxlen=HELD)
        self._skim = skim if plan.framing == "jsonl" and plan.fast else None

    def feed(self, data: bytes) -> Iterator[Seen]:
        """Take what comes next in the log; yield what is to be shown of the frames that are whole now."""
        for start in range(0, len(data), self._limit):
            for block in self._cutter.feed(data[start : start + self._limit]):
                yield from self._block(block)

    def finish(self, more: Callable[[], bytes]) -> Iterator[Seen]:
        """Yield what is to be shown of a frame that has no end. ``more`` is asked whether it has come by now."""
        cutter = self._cutter
        while cutter.pending and (chunk := more()):
            end = cutter.end_in(chunk)
            yield from self.feed(chunk if end is None else chunk[:end])
            if end is not None:
                return
        for block in cutter.finish():
            yield from self._block(block)

    def mend(self) -> None:
        """Forget the frame that has no end: its bytes are no longer there."""
        self._cutter = Cutter(self._framing, self._limit, self._cutter.offset)

    def show_all(self) -> Iterator[Seen]:
        """From here on all is shown; yield what was held until it should be known."""
        yield from self._release()
        self._opens = 0

    @property
    def pending(self) -> bool:
        """Whether there is a frame that has not ended."""
        return bool(self._cutter.pending)

    @property
    def settled(self) -> int:
        """Up to which byte of the log all frames were whole."""
        return self._cutter.offset

    def _block(self, block: Block) -> Iterator[Seen]:
        if not self._may_pass(block.offset + block.length) and (
            self._selection.takes_all or block.length < PROVEN_FROM
        ):
            yield from self._frames(block)
            return
        if self._opens is None and not self._begun and self._skim is not None and self._skims(block, self._skim):
            return
        for piece in self._walk.pieces(block):
            if isinstance(piece, Frame):
                seen = self._looker.take(piece, self._walk.raw(piece))
                if self._looker.clean:
                    self._walk.learn(piece)
                yield from self._shown(seen)
            elif self._is_before(piece.offset + piece.length):
                self._looker.pass_over(piece.tally())
            elif not may_hold(piece, self._selection):
                yield from self._pass_over(piece)
            else:
                yield from self._frames(piece.block())

    def _may_pass(self, end: int) -> bool:
        """Whether what ends at byte ``end`` is only shown if it is asked for, or not at all."""
        return self._opens is None or self._is_before(end)

    def _is_before(self, end: int) -> bool:
        return self._opens is not None and end <= self._opens

    def _pass_over(self, run: Run) -> Iterator[Seen]:
        """Look at the first event of each thread of a run: within it all is clean, but it need not fit to before."""
        begins = self._begun or self._reaches_range(run)
        places = [0]
        if run.thread is None and (begins or self._opens is not None):
            firsts: dict[bytes, int] = {}
            for place, thread in enumerate(run.threads()):
                firsts.setdefault(thread, place)
            places = list(firsts.values())
        block = run.block()
        for place in places:
            start, end = run.bounds(place, place + 1)
            data = block.data[start - block.offset : end - block.offset]
            for frame in self._framing.frames(Block(data, start)):
                yield from self._shown(self._looker.take(frame, data[: frame.length]))
        self._looker.pass_over(run.tally(), taken=len(places))
        self._begun = begins
        self._held.clear()

    def _reaches_range(self, run: Run) -> bool:
        """Whether an event of a run is in the range."""
        selection, seqs = self._selection, run.seqs()
        if selection.since_seq is not None and max(seqs) <= selection.since_seq:
            return False
        instants = run.instants() if selection.since is not None else seqs
        return any(map(self._in_range, seqs, instants))

    def _in_range(self, seq: int, instant: int) -> bool:
        selection = self._selection
        return selection.takes_seq(seq) and (selection.since is None or instant >= selection.since)

    def _skims(self, block: Block, skim: Skim) -> bool:
        """Whether a block can be passed over by its looks.

        Its last line has to be an event: that is all that what comes behind it is compared with.
        """
        looker, data = self._looker, block.data
        thread = looker.extent.thread
        if thread is None or not looker.extent.single or block.overlong or not data.endswith(b"\n"):
            return False
        bounds = skim.bounds(data, thread)
        if bounds is None:
            return False
        start = data.rfind(b"\n", 0, -1) + 1
        met = looker.met
        looker.take(Frame(data[start:-1], block.offset + start, 1, len(data) - start), data[start:])
        if looker.met == met or not looker.extent.single:
            return False
        looker.extent.span(thread, *bounds)
        looker.extent.skimmed = True
        self._held.clear()
        return True

    def _frames(self, block: Block) -> Iterator[Seen]:
        data, begin = block.data, block.offset
        for frame in self._framing.frames(block):
            at = frame.offset - begin
            yield from self._shown(self._looker.take(frame, data[at : at + frame.length]))

    def _shown(self, seen: Seen | None) -> Iterator[Seen]:
        if seen is None:
            return
        if self._opens is not None:
            if seen.state is State.TORN or seen.offset >= self._opens:
                yield seen
        elif self._begun or seen.state is State.TORN or (seen.event and self._in_range(seen.seq, seen.instant)):
            yield from self._release()
            self._begun = self._begun or seen.event is not None
            self._opens = seen.offset if seen.shown else None
            yield seen
        elif seen.event is None:
            self._held.append(seen)
        else:
            self._held.clear()

    def _release(self) -> Iterator[Seen]:
        """What stands between the last event before the range and this place."""
        yield from self._held
        self._held.clear()


def may_hold(run: Run, selection: Selection) -> bool:
    """Whether an event of a run may be asked for, by its number, time, thread and name."""
    if selection.since_seq is not None and max(run.seqs()) <= selection.since_seq:
        return False
    if selection.until_seq is not None and min(run.seqs()) > selection.until_seq:
        return False
    if selection.since is not None and max(run.instants()) < selection.since:
        return False
    if selection.threads and not any(thread.decode() in selection.threads for thread in set(run.threads())):
        return False
    return selection.events is None or _may_be_named(run, selection.events)


def _may_be_named(run: Run, events: Globs) -> bool:
    others = run.other_events()
    names = {event for _, event in others} | ({EVENT.decode()} if len(others) < run.size else set())
    return any(events.takes(name) for name in names)
