"""text/event-stream: blocks into SSE messages, by the letter of the standard (WHATWG HTML, 9.2.5 and 9.2.6).

A frame runs from behind one blank line through the next, comments included. Where frames begin and end depends on
the bytes of the source alone, never on how it was cut into blocks. Every step looks at a byte a fixed number of
times, so long lines and long runs of blank lines, comments or CRs cost what their length costs and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from replay_cli.blocks import Block
from replay_cli.frames import Fault, Frame, Framing, Piece, State

BOM = b"\xef\xbb\xbf"
"""Taken off the very start of a source; anywhere else U+FEFF is an ordinary character."""

FAULTS_KEPT = 20
"""How many faults of one frame are kept, the others are counted: a binary file read as SSE has one for every line."""

NAME_KEPT = 40
"""How many characters of a field's name a fault keeps."""

RETRY_DIGITS = 18
"""How long a retry time may be, leading zeros aside: no clock counts further, and ``int`` is slow from there on."""

STATUS_LINE = re.compile(rb"HTTP/[0-9]+(?:\.[0-9]+)? [0-9]{3}(?![0-9])")
"""How the head of an HTTP response begins, as ``curl -i`` writes it."""

PIECES_KEPT = 1000
"""How many data lines of one event have their place kept."""

SPLIT_AT_ONCE = 1 << 20
"""Bytes of a block that are split into lines all at once."""

_LINES = re.compile(rb"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]++")
_NULS = re.compile(rb"\0+")


def line_ends(data: bytes) -> int:
    """Count the line ends: CR LF is one, and so is either alone."""
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


# A line end right behind a line end makes a blank line. Since CR LF is one line end, the two bytes where the blank
# line begins are one of these; LF LF and LF CR are also what CR LF LF and CR LF CR end in.
_BLANK_LINES = (b"\n\n", b"\n\r", b"\r\r")


def boundary(data: bytes, fresh: bool) -> int:
    """The end of the last blank line that surely ended in ``data``, 0 when there is none.

    A CR that is the last byte may be half of CR LF, so it ends nothing yet. A byte-order mark is not looked for:
    a blank line right behind it at the start of a source is cut off together with the frame after it.
    """
    if b"\r" not in data:
        at = data.rfind(b"\n\n")
    else:
        # Up to the last byte: a CR there is unsure, and a LF there is found by the first search.
        at = max(data.rfind(b"\n\n"), data.rfind(b"\n\r", 0, -1), data.rfind(b"\r\r", 0, -1))
    return _blank_line_end(data, at + 1) if at >= 0 else _start(data, fresh)


def first(data: bytes, fresh: bool) -> int:
    """The end of the first blank line that surely ended in ``data``, 0 when there is none."""
    if end := _start(data, fresh):
        return end
    ends = (data.find(pair, 0, None if pair == b"\n\n" else -1) for pair in _BLANK_LINES)
    at = min((at for at in ends if at >= 0), default=-1)
    return _blank_line_end(data, at + 1) if at >= 0 else 0


def _start(data: bytes, fresh: bool) -> int:
    """The end of a blank line at the very start, where a frame begins; 0 when there is none for sure."""
    if not fresh or data[:1] not in (b"\n", b"\r") or data == b"\r":
        return 0
    return _blank_line_end(data, 0)


def _blank_line_end(data: bytes, at: int) -> int:
    return at + (2 if data[at : at + 2] == b"\r\n" else 1)


def frames(block: Block) -> Iterator[Frame]:
    """Cut a block behind each blank line; what stands unended at its end is torn, or silent if only comments.

    A CR at the very end of the block ends a line: the cutter leaves it there only at the end of the input.
    """
    bom = block.offset == 0 and block.data.startswith(BOM)
    if block.overlong:
        yield Frame(block.data, block.offset, 1, block.length, block.lines, State.OVERLONG, bom=bom)
        return
    message = _Message(block.offset, 1, bom)
    for line in _lines(block, bom):
        message.take(line)
        if line.blank:
            yield message.frame(line.end, ended=True)
            message = _Message(line.end, line.number + 1)
    end = block.offset + block.length
    if end > message.offset:
        yield message.frame(end, ended=False)


@dataclass(slots=True)
class _Line:
    """One line: ``start`` and ``end`` are its bounds in the source, line end and byte-order mark included."""

    text: bytes
    number: int
    start: int
    end: int
    ended: bool
    offset: int
    """Where ``text`` begins: at ``start``, or behind the byte-order mark."""

    @property
    def blank(self) -> bool:
        return self.ended and not self.text


def _lines(block: Block, bom: bool) -> Iterator[_Line]:
    start = block.offset
    # Of bytes, unlike of str, splitlines knows just the line ends of the standard: CR LF, LF and CR.
    # One event of a million lines would make a list of a million pieces; those are taken one by one, more slowly.
    lines = (found[0] for found in _LINES.finditer(block.data))
    small = len(block.data) <= SPLIT_AT_ONCE
    for number, raw in enumerate(block.data.splitlines(keepends=True) if small else lines, start=1):
        text = raw.rstrip(b"\r\n")
        end, ended = start + len(raw), len(text) < len(raw)
        mark = len(BOM) if bom and number == 1 else 0
        yield _Line(text[mark:], number, start, end, ended, start + mark)
        start = end


@dataclass(slots=True)
class _Message:
    """What the lines since the last blank line said."""

    offset: int
    line: int
    bom: bool = False
    lines: int = 0
    comments: int = 0
    fields: int = 0
    head: _Line | None = None
    data: bytes | bytearray | None = None
    pieces: list[Piece] = field(default_factory=list)
    mapped: int | None = None
    event: bytes | None = None
    id: bytes | None = None
    retry: int | None = None
    faults: list[Fault] = field(default_factory=list)
    beyond: dict[str, int] = field(default_factory=dict)

    def take(self, line: _Line) -> None:
        """Take the next line in."""
        self.lines += line.ended
        if not line.text:
            return
        if line.text.startswith(b":"):
            self.comments += 1
            return
        self.fields += 1
        if line.number == self.line and STATUS_LINE.match(line.text):
            self.head = line
            return
        name, start = _field(line.text)
        self._take_field(line, name, line.text[start:])

    def _take_field(self, line: _Line, name: bytes, value: bytes) -> None:
        if name == b"data":
            self._take_data(line, value)
        elif name not in (b"event", b"id", b"retry"):
            self._take_unknown(line, name)
        elif not line.ended:
            # Nothing but data is worth showing from a line that was cut short: its value may be a beginning only.
            pass
        elif name == b"event":
            self._note_change(line, name, self.event, value)
            self.event = value
        elif name == b"retry":
            self._take_retry(line, value)
        elif b"\0" in value:
            self._note(line, "nul-in-id", name)
        else:
            self._note_change(line, name, self.id, value)
            self.id = value

    def _take_data(self, line: _Line, value: bytes) -> None:
        offset = line.offset + len(line.text) - len(value)
        start = 0 if self.data is None else len(self.data) + 1
        if len(self.pieces) < PIECES_KEPT:
            self.pieces.append(Piece(start, line.number, offset - line.start + 1, offset))
        elif self.mapped is None:
            self.mapped = start
        if self.data is None:
            # Mostly there is no second data line, and then a long one need not be copied.
            self.data = value
            return
        if isinstance(self.data, bytes):
            self.data = bytearray(self.data)
        self.data += b"\n"
        self.data += value

    def _take_unknown(self, line: _Line, name: bytes) -> None:
        if b"\0\0" in line.text:
            # What a file system leaves of bytes that never reached the disk, so the line end may be missing too.
            self._note(line, "nul-run", name)
        elif line.ended and not self.head:
            self._note(line, "unknown", name)

    def _take_retry(self, line: _Line, value: bytes) -> None:
        # On bytes isdigit is true of ASCII digits only; int alone would also read b" +1_0 ".
        if value.isdigit() and len(value.lstrip(b"0")) <= RETRY_DIGITS:
            self.retry = int(value.lstrip(b"0") or b"0")
        else:
            self._note(line, "bad-retry", b"retry")

    def _note_change(self, line: _Line, name: bytes, old: bytes | None, new: bytes) -> None:
        if old is not None and old != new:
            self._note(line, "overwritten", name)

    def _note(self, line: _Line, reason: str, name: bytes) -> None:
        if len(self.faults) < FAULTS_KEPT:
            # A character takes four bytes at most, so the name may be cut before it is decoded.
            shown = name[: 4 * NAME_KEPT].decode(errors="replace")[:NAME_KEPT]
            nuls = max(map(len, _NULS.findall(line.text)), default=0)
            column = line.offset - line.start + 1
            self.faults.append(Fault(line.number, line.offset, reason, shown, nuls, column))
        else:
            self.beyond[reason] = self.beyond.get(reason, 0) + 1

    def frame(self, end: int, ended: bool) -> Frame:
        """The frame of these lines, which goes up to ``end`` in the source."""
        state = self._state(ended)
        data, pieces = bytes(self.data or b""), tuple(self.pieces)
        self.data = None if self.data is None else data
        if state is State.HEAD and self.head:
            start = self.head.offset
            data = self.head.text
            pieces = (Piece(0, self.line, start - self.head.start + 1, start),)
        return Frame(
            data,
            self.offset,
            self.line,
            end - self.offset,
            self.lines,
            state,
            _text(self.event),
            _text(self.id),
            self.retry,
            self.comments,
            tuple(self.faults),
            pieces,
            self.bom,
            self.mapped,
            tuple(self.beyond.items()),
        )

    def _state(self, ended: bool) -> State:
        if not ended:
            return State.TORN if self.fields else State.SILENT
        if self.data is not None:
            return State.WHOLE
        if self.head:
            return State.HEAD
        # The standard takes up an id or a retry without data; only an event is lost by not being dispatched.
        return State.SILENT if self.event is None else State.DATALESS


def _field(text: bytes) -> tuple[bytes, int]:
    """The name of a line's field, and where in the line its value begins; a long value is not copied for that."""
    colon = text.find(b":")
    if colon < 0:
        return text, len(text)
    return text[:colon], colon + (2 if text[colon + 1 : colon + 2] == b" " else 1)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


SSE = Framing("sse", boundary, first, frames, line_ends)
