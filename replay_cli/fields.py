"""Fields: an event's members as they are spelled in its text, taken apart to be written in another shape.

Values are bytes of the text, so that what is written again is what was read: only white space between the tokens
goes, as it must to fit one line.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from replay_cli.members import STRING, elements, members
from replay_cli.profiles import RECORD_ORDER
from replay_cli.timestamps import nanoseconds
from replay_cli.wire import time_text

_OUTSIDE = rb"[^\" \t\r\n]*+"
_COMPACT = re.compile(b"(?:" + _OUTSIDE + STRING + b")*+" + _OUTSIDE, re.DOTALL).fullmatch
_LOOSE = re.compile(b"(" + STRING + rb")|[ \t\r\n]+", re.DOTALL).sub

CARRIED = frozenset((*RECORD_ORDER, "previous_seq"))
"""Members that are carried over, or that the other shape has its own for."""


class Fields(NamedTuple):
    """An event, member by member. Strings are as they stand in JSON, with their quotes; ``turn`` and ``item`` are
    None where they are null or absent; ``time`` is in UTC, without quotes and offset. ``lost`` names the members that
    another shape has no place for.
    """

    seq: bytes
    event: bytes
    thread: bytes
    turn: bytes | None
    item: bytes | None
    time: bytes
    payload: bytes
    lost: tuple[str, ...] = ()


def compact(text: bytes) -> bytes:
    """A JSON text without white space between its tokens; the very same object if there is none."""
    if _COMPACT(text):
        return text
    return _LOOSE(lambda found: found[1] or b"", text)


def fields_of(text: bytes) -> Fields | None:
    """The fields of a readable event of any shape; None if its time is none that the runtime can read."""
    if text.lstrip(b" \t\r\n")[:1] == b"[":
        # The runtime reads a record without names as well, by place (CONTRACT.md 2.1).
        spans = dict(zip(RECORD_ORDER, elements(text), strict=False))
    else:
        # Of an unknown name that stands twice the last holds (CONTRACT.md 1); known ones stand once.
        spans = {member.name: (member.start, member.end) for member in members(text)}
    values = {name: text[start:end] for name, (start, end) in spans.items()}
    time = _time(values["timestamp"])
    if time is None:
        return None
    # A mirror says nothing that is not said elsewhere; one that disagrees does.
    mirrors = {("kind", values["event"]), ("created_at", values["timestamp"]), ("created_at", b"null")}
    lost = tuple(name for name, value in values.items() if name not in CARRIED and (name, value) not in mirrors)
    return Fields(
        values["seq"],
        _string(values["event"]),
        _string(values["thread_id"]),
        _optional(values.get("turn_id")),
        _optional(values.get("item_id")),
        time,
        compact(values["payload"]),
        lost,
    )


def name_of(event: bytes) -> str:
    """An event's name as it is read, of what stands in JSON."""
    return event[1:-1].decode() if b"\\" not in event else str(json.loads(event))


def _time(text: bytes) -> bytes | None:
    written = str(json.loads(text))
    instant = nanoseconds(written)
    return None if instant is None else time_text(instant, leap=_LEAP(written) is not None)


_LEAP = re.compile(r"[Tt ]\s*[0-9]{1,2}\s*:\s*[0-9]{1,2}\s*:\s*60").search


def _string(text: bytes) -> bytes:
    """A string as serde_json writes it: what needs no escape has none."""
    if b"\\" not in text:
        return text
    return json.dumps(json.loads(text), ensure_ascii=False).encode()


def _optional(text: bytes | None) -> bytes | None:
    return None if text is None or text == b"null" else _string(text)
