"""Ends: how a stream begins and ends, read at the places of its first and its last event."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence

from replay_cli.findings import Ends
from replay_cli.members import LARGE, members
from replay_cli.plainjson import read_plain

FIRST = 4 * 1024
"""Bytes of an event that are read at first: seq and event mostly stand before the payload."""

_LINE_END = re.compile(rb"[\r\n]")
_DATA = re.compile(rb"(?:[^{\r\n]*(?:\r\n|\r|\n))*?(?:data:)?[ \t\xef\xbb\xbf]*(?=\{)")
_BEFORE_SEQ = re.compile(rb"[\r\n](?=[^\r\n]*\"seq\")")
_NUMBER = re.compile(rb"[0-9]{1,20}\Z")


def event_at(text: bytes) -> Ends:
    """The seq and the name of the event that a text begins with, as far as the text shows them.

    It is a line of JSONL, or an SSE event from one of its lines on; it may be cut anywhere, and what follows it does
    not matter.
    """
    seq: int | None = None
    event: str | None = None
    begin = _DATA.match(text)
    if begin is None:
        return Ends(None, None)
    end = _LINE_END.search(text, begin.end())
    line = text[begin.end() : end.start() if end else len(text)]
    if (found := _plainly(line)) is not None:
        return found
    for one in members(line):
        value = line[one.start : one.end]
        if one.name == "seq" and seq is None and _NUMBER.match(value):
            seq = int(value)
        elif one.name == "event" and event is None and value[:1] == b'"' and len(value) <= LARGE:
            event = _string(value)
        if seq is not None and event is not None:
            break
    return Ends(seq, event)


def seq_from(text: bytes) -> int | None:
    """The seq of the event that a text begins with, or of the next one in it if that line or event shows none."""
    seq, at = event_at(text).seq, 0
    # Lines that do not hold the word are not looked at: there may be many of them behind each of many findings.
    while seq is None and (begin := _BEFORE_SEQ.search(text, at)) is not None:
        seq = event_at(text[begin.end() :]).seq
        at = begin.end()
    return seq


def _plainly(line: bytes) -> Ends | None:
    """The same of a line that is whole and says both once, as most do; None if it may be another."""
    if len(line) > LARGE or line.count(b'"seq"') != 1 or line.count(b'"event"') != 1:
        return None
    try:
        value = read_plain(line)
    except ValueError:
        return None
    seq, event = (value.get("seq"), value.get("event")) if isinstance(value, dict) else (None, None)
    return Ends(seq, event) if type(seq) is int and seq >= 0 and isinstance(event, str) else None


def read_event(read: Callable[[int], bytes], limit: int) -> Ends:
    """The event at a place from which ``read`` gives so many bytes, of which there are ``limit`` at most."""
    text = read(min(FIRST, limit))
    found = event_at(text)
    if None not in found or len(text) < FIRST or _LINE_END.search(text):
        return found
    return event_at(read(limit))


def lines_at(chunks: Iterable[bytes], offsets: Sequence[int], limit: int) -> list[bytes]:
    """The bytes from each of some ascending offsets of a source to the end of the line, ``limit`` at most."""
    found = [bytearray() for _ in offsets]
    done = [False] * len(found)
    at = 0
    for chunk in chunks:
        for number, offset in enumerate(offsets):
            if done[number] or at + len(chunk) <= offset:
                continue
            piece = chunk[max(offset - at, 0) :][: limit - len(found[number])]
            end = _LINE_END.search(piece)
            found[number] += piece[: end.start()] if end else piece
            done[number] = end is not None or len(found[number]) >= limit
        at += len(chunk)
        if all(done):
            break
    return [bytes(one) for one in found]


def _string(value: bytes) -> str | None:
    try:
        return str(json.loads(value))
    except ValueError:
        return None
