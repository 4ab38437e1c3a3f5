"""Canonical: events that are written as the runtime writes them, taken apart many at a time.

A pattern for each shape and framing cuts the deltas of a proven stretch into columns, and a second one reads any
other event. Neither judges: that an event is one was proven before. What fits neither is read by ``fields``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import orjson

from replay_cli.fields import Fields, compact
from replay_cli.profiles import Shape

_INSIDE = rb'[^"\\]*+'
_STRING = b'"' + _INSIDE + b'"'
_TEXT = _INSIDE + rb"(?:\\.[^\"\\]*+)*+"
_TIME = rb"[0-9T:-]{19}(?:\.[0-9]++(?<!000))?"
"""A time of which chrono would drop no group of zeros; that it is one was proven before."""

_ANY_TIME = rb"[0-9T:.-]++"

_NUMBER = rb"(?:0|[1-9][0-9]*+)"

_SHAPES: dict[Shape, bytes] = {
    Shape.ENVELOPE: (
        rb'\{"schema_version":1,"seq":(?P<seq>N),"event":(?P<event>E),"kind":(?P=event),"thread_id":(?P<thread>S),'
        rb'"turn_id":(?P<turn>O),"item_id":(?P<item>O),"timestamp":"(?P<time>T)\+00:00",'
        rb'"created_at":"(?P=time)\+00:00","payload":(?P<payload>P)(?P<end>(?:,"previous_seq":N)?\})'
    ),
    Shape.RECORD: (
        rb'\{"schema_version":2,"seq":(?P<seq>N),"timestamp":"(?P<time>T)Z","thread_id":(?P<thread>S)'
        rb'(?:,"turn_id":(?P<turn>S))?(?:,"item_id":(?P<item>S))?,"event":(?P<event>E),"payload":(?P<payload>P)(?P<end>\})'
    ),
    Shape.LEGACY: (
        rb'\{"seq":(?P<seq>N),"timestamp":"(?P<time>T)Z","thread_id":(?P<thread>S),"turn_id":(?P<turn>O),'
        rb'"item_id":(?P<item>O),"event":(?P<event>E),"payload":(?P<payload>P)(?P<end>\})'
    ),
}
_COMMON = {b"N": _NUMBER, b"T": _TIME, b"S": _STRING}
_ANY = {b"E": _STRING, b"O": b"(?:" + _STRING + b"|null)", b"P": rb"[^\r\n]*"}
_DELTA_EVENT = rb'"item\.delta"'
_PAYLOAD = rb'\{"delta":")(?P<rest>(?P<text>' + _TEXT + rb')(?P<tail>","kind":"[a-z_]+"\}))'


def _pattern(shape: Shape, values: dict[bytes, bytes]) -> bytes:
    """The pattern of a shape, its capital letters replaced."""
    known = {**_COMMON, **values}
    return re.sub(rb"(?<=[(>:])[NTSEOP](?=\))", lambda found: known[found[0]], _SHAPES[shape])


_FRAMES = {"jsonl": (b"", b"\n"), "sse": (rb"event: item\.delta\ndata: ", b"\n\n")}


class Deltas(NamedTuple):
    """Columns of the deltas of a stretch, and what stands before, between and behind them (one gap more than deltas).

    The whole text of a delta is its head, its rest, and its end, where the link stands; the rest is the inside of
    the string that it adds (``text``), and its tail. The other columns are as in ``Fields``. What was not wanted is
    empty.
    """

    gaps: Sequence[bytes]
    whole: Sequence[bytes] = ()
    head: Sequence[bytes] = ()
    rest: Sequence[bytes] = ()
    text: Sequence[bytes] = ()
    tail: Sequence[bytes] = ()
    end: Sequence[bytes] = ()
    seq: Sequence[bytes] = ()
    thread: Sequence[bytes] = ()
    turn: Sequence[bytes] = ()
    item: Sequence[bytes] = ()
    time: Sequence[bytes] = ()


@cache
def _splitter(shape: Shape, framing: str, wanted: frozenset[str]) -> re.Pattern[bytes]:
    before, behind = _FRAMES[framing]
    deltas = {b"E": _DELTA_EVENT, b"O": _STRING, b"P": b"@"}
    pattern = _pattern(shape, deltas)
    if shape is Shape.RECORD:
        # A delta has both ids.
        pattern = re.sub(rb'\(\?:(,"(?:turn|item)_id":\(\?P<\w+>' + re.escape(_STRING) + rb"\))\)\?", rb"\1", pattern)
    pattern = pattern.replace(b"(?P<payload>@)", _PAYLOAD).replace(b"(?P=event)", _DELTA_EVENT)
    pattern = b"(?P<whole>(?P<head>" + pattern + b")"
    if "time" not in wanted:
        # Proven to be the same time; back-references cost a group.
        pattern = pattern.replace(b"(?P<time>" + _TIME + b")", _ANY_TIME).replace(b"(?P=time)", _ANY_TIME)
    # Each group costs a copy: only what is wanted is one, or what is referred back to.
    kept = "|".join(wanted | ({"time"} if b"(?P=time)" in pattern else set()))
    pattern = re.sub(rb"\(\?P<(?!(?:" + kept.encode() + rb")>)[a-z]+>", b"(?:", pattern)
    return re.compile(before + pattern + behind, re.DOTALL)


def split(data: bytes, shape: Shape, framing: str, wanted: frozenset[str]) -> Deltas | None:
    """The deltas of a proven stretch of whole frames as columns; None if they cannot be told apart surely.

    ``wanted`` are the names of the columns that are asked for, but ``gaps``, which always are.
    """
    if shape not in _SHAPES:
        return None
    pattern = _splitter(shape, framing, wanted)
    flat = pattern.split(data)
    stride, end = pattern.groups + 1, _FRAMES[framing][1]
    gaps = flat[::stride]
    if not all(gap.endswith(end) for gap in filter(None, gaps)):
        return None
    return Deltas(gaps, **{name: flat[at::stride] for name, at in pattern.groupindex.items()})


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
    pattern = _pattern(shape, _ANY)
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
