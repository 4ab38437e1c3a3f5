"""Walk: a source's blocks as runs that are proven and frames that are not, in order.

The prover goes first. What it cannot tell is given out frame by frame, for the reference to look at; and from a frame
that turns out clean the prover may learn, so that the rest of its block is proven after all.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from replay_cli.blocks import Block
from replay_cli.frames import JSONL, Frame, Framing, State
from replay_cli.heavy import HEAVY
from replay_cli.profiles import Plan, Shape

if TYPE_CHECKING:
    from replay_cli.prover import Prover
    from replay_cli.runs import Run


class _Framings(dict[str, Framing]):
    """The framings by their names; that of SSE, which most logs do not have, is loaded when it is asked for."""

    def __missing__(self, name: str) -> Framing:
        if name != "sse":
            raise KeyError(name)
        from replay_cli.sse import SSE

        return self.setdefault(name, SSE)


FRAMINGS: dict[str, Framing] = _Framings(jsonl=JSONL)

WORTH = 8 * 1024
"""Bytes still to be read from which on it is worth while to learn."""

TOO_SHORT = f"frames in less than {WORTH} bytes, too few to learn a layout from"
"""Why nothing is learned from a short block."""

SHAPES = frozenset({Shape.ENVELOPE, Shape.RECORD, Shape.LEGACY})


def not_offered(plan: Plan) -> str | None:
    """Why the prover cannot say anything of a source with this plan; None if it can.

    A schema of the user's own may forbid anything, and below ``HEAVY`` frames could be longer than the limit.
    """
    if not plan.fast:
        return "not asked for (--no-fast)"
    if plan.shape not in SHAPES:
        return "a stream of another kind than the prover knows"
    if plan.schema is not None:
        return "a schema of your own, of which the prover knows nothing (--schema)"
    if plan.limit < HEAVY:
        return f"lines that may be too long (--max-line-bytes below {HEAVY})"
    return None


class Walk:
    """The way through one source. ``proves`` tells whether the prover can say anything of it.

    With ``slots`` what is proven has the slots of its deltas.
    """

    # Whether anything may have been learned in this process.
    _has_learned = False

    def __init__(self, plan: Plan, slots: bool = False) -> None:
        self.proves = not_offered(plan) is None
        self._plan, self._slots = plan, slots
        self._prover: Prover | None = None
        self._framing = FRAMINGS[plan.framing]
        self._worth_learning = False
        # The block that the last frame was cut from, and whether something was learned from that frame.
        self._block = Block(b"", 0)
        self._learned = False

    def pieces(self, block: Block) -> Iterator[Run | Frame]:
        """The block in order: its parts tile it. Lines of a frame count from where the prover stopped last."""
        waiting: list[Run | Block] = [block]
        self._worth_learning = self.proves and block.length >= WORTH
        prover = self._prover = self._prover or self._made()
        while waiting:
            part = waiting.pop(0)
            if not isinstance(part, Block):
                yield part
                continue
            parts = prover.parts(part) if prover is not None else [part]
            for number, one in enumerate(parts):
                if not isinstance(one, Block):
                    yield one
                    continue
                rest = yield from self._frames(one)
                if rest.data:
                    waiting = [rest, *parts[number + 1 :], *waiting]
                    break

    def _made(self) -> Prover | None:
        """The prover; None where it has nothing to say, or can have learned nothing: it is a lot to load."""
        if not self._worth_learning and not (self.proves and Walk._has_learned):
            return None
        from replay_cli.prover import Prover

        Walk._has_learned = True
        return Prover(self._plan, self._slots)

    def _frames(self, block: Block) -> Generator[Frame, None, Block]:
        """The frames of a block, up to one behind which more may be proven; returns what is left then."""
        self._block = block
        for frame in self._framing.frames(block):
            self._learned = False
            yield frame
            # The line ends of an HTTP head are not those of what follows it, which may be known already.
            if self._learned or (self.proves and frame.state is State.HEAD):
                end = frame.offset + frame.length - block.offset
                return Block(block.data[end:], block.offset + end)
        return Block(b"", block.offset + block.length)

    def learn(self, frame: Frame) -> str | None:
        """Learn from the frame that was given out last, which is clean; None if that may prove more, else why not."""
        if not self._worth_learning or self._prover is None:
            return TOO_SHORT
        refused = self._prover.learn(frame, self.raw(frame))
        self._learned = refused is None
        return refused

    def raw(self, frame: Frame) -> bytes:
        """The bytes of the frame that was given out last, as far as its block holds them."""
        start = frame.offset - self._block.offset
        return self._block.data[start : start + frame.length]
