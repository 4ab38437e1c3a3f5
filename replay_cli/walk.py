"""Walk: a source's blocks as runs that are proven and frames that are not, in order.

The prover goes first. What it cannot tell is given out frame by frame, for the reference to look at; and from a frame
that turns out clean the prover may learn, so that the rest of its block is proven after all.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from replay_cli.blocks import Block
from replay_cli.frames import JSONL, Frame, Framing
from replay_cli.profiles import Plan
from replay_cli.prover import WORTH, Prover, is_offered
from replay_cli.runs import Run
from replay_cli.sse import SSE

FRAMINGS: dict[str, Framing] = {"jsonl": JSONL, "sse": SSE}


class Walk:
    """The way through one source. ``proves`` tells whether the prover can say anything of it.

    With ``slots`` what is proven has the slots of its deltas.
    """

    def __init__(self, plan: Plan, slots: bool = False) -> None:
        self.proves = is_offered(plan)
        self._prover = Prover(plan, slots)
        self._framing = FRAMINGS[plan.framing]
        self._worth_learning = False
        # The block that the last frame was cut from, and whether something was learned from that frame.
        self._block = Block(b"", 0)
        self._learned = False

    def pieces(self, block: Block) -> Iterator[Run | Frame]:
        """The block in order: its parts tile it. Lines of a frame count from where the prover stopped last."""
        waiting: list[Run | Block] = [block]
        self._worth_learning = self.proves and block.length >= WORTH
        while waiting:
            part = waiting.pop(0)
            if isinstance(part, Run):
                yield part
                continue
            parts = self._prover.parts(part) if self.proves else [part]
            for number, one in enumerate(parts):
                if isinstance(one, Run):
                    yield one
                    continue
                rest = yield from self._frames(one)
                if rest.data:
                    waiting = [rest, *parts[number + 1 :], *waiting]
                    break

    def _frames(self, block: Block) -> Generator[Frame, None, Block]:
        """The frames of a block, up to one that was learned from; returns what is left then."""
        self._block = block
        for frame in self._framing.frames(block):
            self._learned = False
            yield frame
            if self._learned:
                end = frame.offset + frame.length - block.offset
                return Block(block.data[end:], block.offset + end)
        return Block(b"", block.offset + block.length)

    def learn(self, frame: Frame) -> bool:
        """Learn from the frame that was given out last, which is clean; whether that may prove more."""
        if self._worth_learning:
            self._learned = self._prover.learn(frame, self.raw(frame))
        return self._learned

    def raw(self, frame: Frame) -> bytes:
        """The bytes of the frame that was given out last, as far as its block holds them."""
        start = frame.offset - self._block.offset
        return self._block.data[start : start + frame.length]
