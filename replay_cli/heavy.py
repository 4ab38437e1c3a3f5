"""Heavy texts: a line of megabytes that would become hundreds of megabytes of Python objects.

An array of a million empty objects takes thirty times its length in memory, and one emoji makes a string take four
bytes for each of its characters. So a text longer than ``HEAVY`` is never built as it is: it is first read without
building anything (msgspec skips values at its own speed, and checks their grammar), and its large strings, arrays and
objects are then replaced by stand-ins that hold a digest. No rule looks into those: ids and statuses are short and
stand in small objects. The differential test runs all vectors and recordings through here with no threshold.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from hashlib import blake2b

from replay_cli.members import LARGE, LONG_STRING, Member, members, shortened

HEAVY = 1 << 20
"""Bytes from which on a text is looked at before it is built."""

MANY = 20_000
"""Members from which on an object is replaced as a whole; a record in positional form has far fewer values."""

FIRST = 1000
"""Members of a heavy text's outermost object that are kept, beside those that could be ours."""

LEVELS = 4
"""How deep the objects that rules look into may stand: payload, item, and what is in them (CONTRACT.md 5.3)."""

OURS = frozenset(
    [
        *("schema_version", "seq", "event", "kind", "thread_id", "turn_id", "item_id", "timestamp", "created_at"),
        *("payload", "previous_seq"),
    ]
)

_STEP = 64 * 1024
_DIGEST = re.compile(r"[0-9a-f]{32}\Z")
_SHORTENED = re.compile(r"…(?=[0-9a-f]{32} *\Z)")
_PLACE = re.compile(r"\(byte ([0-9]+)\)")
_MAYBE_HUGE = re.compile(rb"[eE]\+?0*[0-9]{3}|[0-9]{300}")


def invalid_utf8(data: bytes) -> tuple[int, str] | None:
    """Where a text is not UTF-8 (0-based byte) and why, None if it is; decodes a piece at a time."""
    if len(data) <= _STEP:
        try:
            data.decode()
        except UnicodeDecodeError as error:
            return error.start, error.reason
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, len(data), _STEP):
        begun = len(decoder.getstate()[0])
        try:
            decoder.decode(data[at : at + _STEP], final=at + _STEP >= len(data))
        except UnicodeDecodeError as error:
            return at - begun + error.start, error.reason
    return None


def malformed(data: bytes) -> tuple[int, str] | None:
    """Where valid UTF-8 is not JSON by grammar (0-based byte) and why, None if it is; builds nothing.

    Nesting must have been bounded before. Numbers out of range and lone surrogates are for the caller to look for:
    skipping does not see the first, and takes the second for a syntax error, so they are put out of its sight.
    """
    import msgspec

    # Of the same length, and by two copies at most: a million matches would be a million objects.
    for half in (b"\\ud", b"\\uD"):
        data = data.replace(half, b"\\uA") if half in data else data
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (ValueError, RecursionError) as error:
        found = _PLACE.search(str(error))
        words = str(error).partition(" (byte")[0].removeprefix("JSON is malformed: ")
        return int(found[1]) if found else max(len(data) - 1, 0), words[:1].lower() + words[1:]
    return None


def maybe_huge(data: bytes) -> bool:
    """Whether a text may hold a number beyond a double: a long exponent, or hundreds of digits."""
    return _MAYBE_HUGE.search(data) is not None


def lightened(data: bytes) -> bytes:
    """A well-formed text with stand-ins for what is large in it; equal where the texts are equal."""
    import msgspec

    text = data.strip(b" \t\r\n")
    if text[:1] != b"[":
        return _lightened(text, 0)
    # The outermost array may be a record in positional form; any other is looked into by no rule.
    if text.count(b",") > MANY:
        return _stand_in(text)
    values = msgspec.json.decode(text, type=list[msgspec.Raw])
    return b"[" + b",".join(_lightened(bytes(value), 1) for value in values) + b"]"


def _lightened(text: bytes, level: int) -> bytes:
    if len(text) <= LARGE:
        return text
    match text[:1]:
        case b'"':
            return json.dumps(shortened(text)).encode()
        case b"[":
            return _stand_in(text)
        case b"{":
            return _light_object(text, level)
    return text


def _light_object(text: bytes, level: int) -> bytes:
    if level == LEVELS:
        return _stand_in(text)
    kept = []
    ours: Counter[str] = Counter()
    for number, member in enumerate(members(text)):
        if level and number == MANY:
            return _stand_in(text)
        # Twice shows that a name stands more than once.
        if level or number < FIRST or (member.name in OURS and ours[member.name] < 2):
            ours[member.name] += member.name in OURS
            kept.append(_light_member(text, member, level))
    return b"{" + b",".join(kept) + b"}"


def _light_member(text: bytes, member: Member, level: int) -> bytes:
    return json.dumps(member.name).encode() + b":" + _lightened(text[member.start : member.end], level + 1)


def marked(value: object) -> object:
    """A value of a lightened text, with texts for people in the place of what stands for large values."""
    if isinstance(value, str):
        found = _SHORTENED.search(value, LONG_STRING // 2) if len(value) > LONG_STRING else None
        return f"{value[: found.start()]}…(digest of the string: {value[found.end() :].rstrip()})" if found else value
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], str) and _DIGEST.match(value[0]):
            return f"…(digest of the array: {value[0]})"
        return [marked(one) for one in value]
    if isinstance(value, dict):
        digest = value.get("digest") if len(value) == 1 else None
        if isinstance(digest, str) and _DIGEST.match(digest):
            return f"…(digest of the object: {digest})"
        return {name: marked(one) for name, one in value.items()}
    return value


def _stand_in(text: bytes) -> bytes:
    """A small array or object that stands for a large one: equal for equal text."""
    digest = b'"' + blake2b(text, digest_size=16).hexdigest().encode() + b'"'
    return b"[" + digest + b"]" if text[:1] == b"[" else b'{"digest":' + digest + b"}"
