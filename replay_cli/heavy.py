"""Heavy texts: a line of megabytes that would become hundreds of megabytes of Python objects.

An array of a million empty objects takes thirty times its length in memory. So a text longer than ``HEAVY`` is first
read without building anything (msgspec skips values at its own speed, and checks their grammar), and its large
arrays and objects are then replaced by stand-ins that hold a digest. No rule looks into those: ids and statuses are
members of small objects. The differential test runs all vectors and recordings through here with no threshold.
"""

from __future__ import annotations

import re
from hashlib import blake2b

HEAVY = 1 << 20
"""Bytes from which on a text is looked at before it is built."""

LARGE = 64 * 1024
"""Bytes from which on an array or object inside a heavy text is replaced."""

MANY = 20_000
"""Members from which on an object is replaced as a whole."""

LEVELS = 4
"""How deep the objects that rules look into may stand: payload, item, and what is in them (CONTRACT.md 5.3)."""

_PLACE = re.compile(r"\(byte ([0-9]+)\)")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_MAYBE_HUGE = re.compile(rb"[eE]\+?0*[0-9]{3}|[0-9]{300}")


def malformed(data: bytes) -> tuple[int, str] | None:
    """Where valid UTF-8 is not JSON by grammar (0-based byte) and why, None if it is; builds nothing.

    Nesting must have been bounded before. Numbers out of range and lone surrogates are for the caller to look for:
    skipping does not see the first, and takes the second for a syntax error, so they are put out of its sight.
    """
    import msgspec

    try:
        msgspec.json.decode(_SURROGATE.sub(rb"\\u0041", data), type=msgspec.Raw)
    except (ValueError, RecursionError) as error:
        found = _PLACE.search(str(error))
        words = str(error).partition(" (byte")[0].removeprefix("JSON is malformed: ")
        return int(found[1]) if found else max(len(data) - 1, 0), words[:1].lower() + words[1:]
    return None


def maybe_huge(data: bytes) -> bool:
    """Whether a text may hold a number beyond a double: a long exponent, or hundreds of digits."""
    return _MAYBE_HUGE.search(data) is not None


def lightened(data: bytes, level: int = 0) -> bytes:
    """A well-formed text with stand-ins for its large arrays and objects; as it is where it is small."""
    import msgspec

    text = data.strip(b" \t\r\n")
    if len(text) <= LARGE or text[:1] not in (b"[", b"{"):
        return data
    listed = text[:1] == b"["
    # The outermost array may be a record in positional form; any other is looked into by no rule.
    if (listed and (level or text.count(b",") > MANY)) or level == LEVELS or (level and text.count(b'":') > MANY):
        return _stand_in(text)
    members: dict[str, msgspec.Raw] = {} if listed else msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    values = msgspec.json.decode(text, type=list[msgspec.Raw]) if listed else members.values()
    for raw in [bytes(value) for value in values if len(value) > LARGE]:
        text = text.replace(raw, lightened(raw, level + 1), 1)
    return text


def _stand_in(text: bytes) -> bytes:
    """A small value of the same type that stands for a large one: equal for equal text."""
    digest = b'"' + blake2b(text, digest_size=16).hexdigest().encode() + b'"'
    return b"[" + digest + b"]" if text[:1] == b"[" else b'{"digest":' + digest + b"}"
