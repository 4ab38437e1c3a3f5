"""Block: bytes in whole frames, the unit of work.

A block begins and ends where a frame does, so blocks can be audited apart, in any process, and their tallies
added.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes in whole frames; ``offset`` is the first one's place in the source, from 0.

    Of a frame that is longer than the limit only the beginning is kept: then ``dropped`` counts the bytes left
    out and ``lines`` the line ends of the whole frame.
    """

    data: bytes
    offset: int
    dropped: int = 0
    lines: int = 0

    @property
    def length(self) -> int:
        """Bytes the block takes in the source."""
        return len(self.data) + self.dropped

    @property
    def overlong(self) -> bool:
        """Whether this is the beginning of one frame that was too long to keep."""
        return self.dropped > 0
