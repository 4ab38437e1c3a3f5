"""Marks: what an event leaves behind, made of the event."""

from __future__ import annotations

import json
from hashlib import blake2b

import orjson

from replay_cli.envelope import Envelope, Mark
from replay_cli.frames import Frame
from replay_cli.timestamps import nanoseconds

LONGEST_KEY = 80
"""Characters of a thread's id up to which it stands for itself."""


def mark_of(event: Envelope, value: dict[str, object], frame: Frame) -> Mark:
    """What an event leaves behind. Its place is the line of its data, lines from 1 at the frame's first line."""
    place = frame.place(0)
    offset, line = place.offset - place.column + 1, place.line - frame.line + 1
    return Mark(event.seq, event.previous_seq, offset, line, nanoseconds(event.timestamp), content_digest(value))


def content_digest(value: dict[str, object]) -> bytes:
    """A digest of all that an event says but ``previous_seq``: equal content, however it is laid out."""
    content = {name: member for name, member in value.items() if name != "previous_seq"}
    try:
        text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits
        text = json.dumps(content, sort_keys=True).encode()
    return blake2b(text, digest_size=12).digest()


def thread_key(thread: str) -> str:
    """What stands for a thread: its id, or a digest of an id that is too long to be kept many times."""
    if len(thread) <= LONGEST_KEY:
        return thread
    return "digest:" + blake2b(thread.encode(errors="surrogatepass"), digest_size=16).hexdigest()
