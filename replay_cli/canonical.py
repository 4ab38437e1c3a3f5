"""Canonical: single events that are written as the runtime writes them, taken apart by one look.

A pattern for each shape reads them. It does not judge: that an event is one was proven before. What it does not fit
is read by ``fields``.
"""

from __future__ import annotations

import re
from functools import cache

import orjson

from replay_cli.fields import Fields, compact
from replay_cli.profiles import Shape

_STRING = rb'"[^"\\]*+"'
_TIME = rb"[0-9T:-]{19}(?:\.[0-9]++(?<!000))?"
"""A time of which chrono would drop no group of zeros; that it is one was proven before."""

_NUMBER = rb"(?:0|[1-9][0-9]*+)"

_SHAPES: dict[Shape, bytes] = {
    Shape.ENVELOPE: (
        rb'\{"schema_version":1,"seq":(?P<seq>N),"event":(?P<event>E),"kind":(?P=event),"thread_id":(?P<thread>S),'
        rb'"turn_id":(?P<turn>O),"item_id":(?P<item>O),"timestamp":"(?P<time>T)\+00:00",'
        rb'"created_at":"(?P=time)\+00:00","payload":(?P<payload>P)(?:,"previous_seq":N)?\}'
    ),
    Shape.RECORD: (
        rb'\{"schema_version":2,"seq":(?P<seq>N),"timestamp":"(?P<time>T)Z","thread_id":(?P<thread>S)'
        rb'(?:,"turn_id":(?P<turn>S))?(?:,"item_id":(?P<item>S))?,"event":(?P<event>E),"payload":(?P<payload>P)\}'
    ),
    Shape.LEGACY: (
        rb'\{"seq":(?P<seq>N),"timestamp":"(?P<time>T)Z","thread_id":(?P<thread>S),"turn_id":(?P<turn>O),'
        rb'"item_id":(?P<item>O),"event":(?P<event>E),"payload":(?P<payload>P)\}'
    ),
}
_VALUES = {
    b"N": _NUMBER,
    b"T": _TIME,
    b"S": _STRING,
    b"E": _STRING,
    b"O": b"(?:" + _STRING + b"|null)",
    b"P": rb"[^\r\n]*",
}
"""What the capital letters of a shape stand for."""


def texts(data: bytes, framing: str) -> list[bytes] | None:
    """The texts of events in whole frames, if those are written as the runtime writes them; None if not."""
    if framing == "jsonl":
        lines = data.split(b"\n")
        return lines[:-1] if not lines[-1] else None
    *frames, rest = data.split(b"\n\n")
    if rest or b"\r" in data:
        return None
    found = []
    for frame in frames:
        name, between, text = frame.partition(b"\ndata: ")
        if not (between and name.startswith(b"event: ")) or b"\n" in name or b"\n" in text:
            return None
        found.append(text)
    return found


@cache
def _readers(shape: Shape) -> list[re.Pattern[bytes]]:
    """A pattern for texts with a link, and one for those without: each finds the end of the payload from behind."""
    pattern = re.sub(rb"(?<=[(>:])[NTSEOP](?=\))", lambda found: _VALUES[found[0]], _SHAPES[shape])
    linked = pattern.replace(b'(?:,"previous_seq":' + _NUMBER + b")?", b',"previous_seq":' + _NUMBER)
    return [re.compile(one, re.DOTALL) for one in dict.fromkeys((linked, pattern))]


def read(text: bytes, shape: Shape) -> Fields | None:
    """The fields of an event that is written so, without white space; None if it is written otherwise."""
    for reader in _readers(shape) if shape in _SHAPES else ():
        found = reader.fullmatch(text)
        if found is not None and _is_payload(found["payload"]):
            return _fields(found)
    return None


def _is_payload(text: bytes) -> bool:
    """Whether this is one value without white space: the patterns may have taken in a member behind it."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return False
    # Texts that the one library writes as the other did are compact; of the rest this is rarely true.
    return orjson.dumps(value) == text or compact(text) is text


def compacted(text: bytes) -> bytes:
    """As ``fields.compact``, but quicker on what was written as serde_json writes it."""
    return text if _is_payload(text) else compact(text)


def _fields(found: re.Match[bytes]) -> Fields:
    turn, item = found["turn"], found["item"]
    return Fields(
        found["seq"],
        found["event"],
        found["thread"],
        None if turn == b"null" else turn,
        None if item == b"null" else item,
        found["time"],
        found["payload"],
    )
