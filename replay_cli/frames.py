"""Frame and Framing: one JSONL line or one SSE message, still bytes; and the JSONL framing.

The law: the frames of a block tile it. ``sum(frame.length) == len(block.data)``, in order, without overlap, so
no byte of a source is out of sight and whatever is re-emitted can be the bytes that came in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from replay_cli.blocks import Block


class State(Enum):
    """What became of a frame."""

    WHOLE = "whole"
    """Carries a text to be read as JSON."""
    TORN = "torn"
    """Its end never came: an unterminated last line, or an SSE event without its blank line."""
    OVERLONG = "overlong"
    """Longer than the limit; ``data`` is only its beginning."""
    BLANK = "blank"
    """A JSONL line of Unicode white space only (CONTRACT.md 2.4)."""
    DATALESS = "dataless"
    """An SSE event with fields but no data line; the standard does not dispatch it."""
    HEAD = "head"
    """Status line and header fields of an HTTP response, as ``curl -i`` writes them before the stream."""
    SILENT = "silent"
    """SSE comments and blank lines: nothing to dispatch and nothing lost."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something inside an SSE frame that the standard ignores (WHATWG HTML, 9.2.6).

    ``line`` counts from 1 within the frame's block, ``offset`` from the start of the source, ``column`` bytes from 1.
    ``nuls`` is the length in bytes of a run of NULs (reason "nul-run").
    """

    line: int
    offset: int
    reason: str
    field: str
    nuls: int = 0
    column: int = 1


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a stretch of a frame's data stands in the source: ``start`` is its 0-based place in ``Frame.data``,
    ``line`` counts from 1 within the block, ``column`` bytes from 1 in that line, ``offset`` from the source's
    start.
    """

    start: int
    line: int
    column: int
    offset: int


class Frame(NamedTuple):
    """One JSONL line or one SSE message.

    ``data`` is the text to be read as JSON: the line without its LF, or the data lines joined by LF.
    ``offset`` is the first byte of the frame in the source, ``line`` its first line, from 1 within its block.
    ``length`` and ``lines`` say how many bytes and line ends it takes, all terminators and comments included.
    ``event``, ``id``, ``retry`` are what the SSE fields of this very frame said, None where absent.
    ``pieces`` maps data back to the source (empty: data begins at ``offset``, column 1), up to ``mapped`` bytes of
    it if that is not None: an event of a million data lines keeps the places of the first only. ``beyond`` counts
    the faults that are not kept, by reason.
    """

    data: bytes
    offset: int
    line: int
    length: int
    lines: int = 1
    state: State = State.WHOLE
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    comments: int = 0
    faults: tuple[Fault, ...] = ()
    pieces: tuple[Piece, ...] = ()
    bom: bool = False
    mapped: int | None = None
    beyond: tuple[tuple[str, int], ...] = ()

    def place(self, index: int) -> Piece:
        """Where byte ``index`` (0-based) of ``data`` stands in the source; the frame's start if that is not kept."""
        if self.mapped is not None and index >= self.mapped:
            return Piece(index, self.line, 1, self.offset)
        at = Piece(0, self.line, 1, self.offset)
        for piece in self.pieces:
            if piece.start > index:
                break
            at = piece
        ahead = index - at.start
        return Piece(index, at.line, at.column + ahead, at.offset + ahead)


@dataclass(frozen=True, slots=True)
class Framing:
    """How bytes are cut into frames: a few functions and a name.

    ``boundary(data, fresh)`` gives the end (exclusive, 0-based) of the last frame that surely ended in ``data``,
    0 when there is none; ``first(data, fresh)`` the end of the first such frame. ``fresh`` tells that ``data``
    begins where a frame begins, so that a line end at its very start is a blank line. ``frames`` cuts a block;
    what stands unended at its end is torn. ``line_ends`` counts the line ends in a piece of a frame that does not
    end in the middle of one.
    """

    name: str
    boundary: Callable[[bytes, bool], int]
    first: Callable[[bytes, bool], int]
    frames: Callable[[Block], Iterator[Frame]]
    line_ends: Callable[[bytes], int]


# Rust's str::trim, which the store's reader uses (RT, CONTRACT.md 2.4), goes by White_Space, which lacks the
# U+001C..U+001F that Python's str.isspace has.
BLANKS = "".join(map(chr, (*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)))) + (
    "\u2028\u2029\u202f\u205f\u3000"
)


def is_blank(line: bytes) -> bool:
    """Whether a line is empty or Unicode white space only, which the store's reader skips (CONTRACT.md 2.4)."""
    if line[:1] in (b"{", b"["):
        return False
    try:
        return not line.decode().strip(BLANKS)
    except UnicodeDecodeError:
        return False


def _boundary(data: bytes, fresh: bool) -> int:
    return data.rfind(b"\n") + 1


def _first(data: bytes, fresh: bool) -> int:
    return data.find(b"\n") + 1


def jsonl_frames(block: Block) -> Iterator[Frame]:
    """Cut a block on byte 0x0A only; text after the last LF is torn: the LF is the commit (CONTRACT.md 2.4)."""
    if block.overlong:
        state = State.OVERLONG if block.lines else State.TORN
        yield Frame(block.data, block.offset, 1, block.length, block.lines, state)
        return
    offset = block.offset
    lines = block.data.split(b"\n")
    tail = lines.pop()
    for number, line in enumerate(lines, start=1):
        length = len(line) + 1
        yield Frame(line, offset, number, length, 1, State.BLANK if is_blank(line) else State.WHOLE)
        offset += length
    if tail:
        yield Frame(tail, offset, len(lines) + 1, len(tail), 0, State.TORN)


def _line_ends(data: bytes) -> int:
    return data.count(b"\n")


JSONL = Framing("jsonl", _boundary, _first, jsonl_frames, _line_ends)
