"""Beginning: the first bytes of what arrives piece by piece, until they tell what it is."""

from __future__ import annotations

from replay_cli.blocks import Block
from replay_cli.errors import UsageError
from replay_cli.frames import State
from replay_cli.planning import Options, plan_for
from replay_cli.profiles import Plan, Shape
from replay_cli.sniffing import HEAD, sniff
from replay_cli.sse import SSE


class ForeignError(UsageError):
    """The source holds something else than events."""


class Beginning:
    """The beginning of what is called ``name``. ``prompt`` tells that it is taken for another stream as soon as it
    looks like one, instead of waiting for events of ours.
    """

    def __init__(self, name: str, options: Options) -> None:
        self.prompt = False
        self.data = b""
        """What has come so far."""
        self._name, self._options = name, options

    def take(self, data: bytes, complete: bool) -> Plan | None:
        """What it is, now that ``data`` has come too, ``complete`` if that was all; None if that is not known yet.

        Raises ForeignError if it holds no events.
        """
        self.data += data
        more = not complete and len(self.data) < HEAD
        if more and b"\n" not in data:
            return None
        sniffed = sniff(self.data[:HEAD], complete, self._options.framing)
        foreign = sniffed.shape is Shape.FOREIGN
        waiting = foreign and not (self.prompt and sniffed.what)
        if more and (waiting or not sniffed.sure or not _has_text(self.data, sniffed.framing)):
            return None
        plan, _ = plan_for(None, sniffed, self._options)
        if plan.shape is Shape.FOREIGN and sniffed.what:
            raise ForeignError(f"{self._name}: {sniffed.what}")
        return plan


def _has_text(head: bytes, framing: str) -> bool:
    """Whether the beginning of a log holds a frame that may tell what it is."""
    if framing == "jsonl":
        return b"\n" in head
    return any(frame.state is State.WHOLE for frame in SSE.frames(Block(head, 0)))
