"""Members: where the members of an object stand in its text, found without building a value.

All places are 0-based bytes, ends exclusive: what gives JSON its structure is ASCII, so the text need not be decoded.
Every step is linear in the length of the text and uses no recursion, whatever the text.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

# An unterminated string ends with the text: otherwise each quote after it would be tried again, in square time.
STRING = rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
"""A string, as a pattern; to be compiled with ``re.DOTALL``."""

_TOKENS = re.compile(STRING + rb"|[\[{]|[\]}]|[:,]", re.DOTALL)
TO_BRACKET = re.compile(
    # Arrays and objects that hold no string and no other container are passed over at once.
    rb'(?:[^"\[\]{}]++|' + STRING + rb'|\{[^"\[\]{}]*+\}|\[[^"\[\]{}]*+\])*+[\[\]{}]',
    re.DOTALL,
)


_PLAIN_NAME = re.compile(rb'"[ !#-\[\]-~]{0,100}"').fullmatch

LARGE = 64 * 1024
"""Bytes from which on a string, array or object inside a heavy text is replaced, and a name shortened."""

LONG_STRING = 1000
"""Characters of a string up to which its length is told; a shortened one has more."""

# A piece of a string between its quotes that breaks no escape and no character in two.
_PIECES = re.compile(rb"(?:[^\\]|\\u.{4}|\\.){1,65536}+[\x80-\xbf]*+", re.DOTALL)


class Member(NamedTuple):
    """One ``name: value`` of the outermost object: where its name begins, and where its value stands."""

    name: str
    key: int
    start: int
    end: int


def members(data: bytes) -> Iterator[Member]:
    """The members of the outermost object of a text, as far as it can be followed; nothing for other texts."""
    token = _TOKENS.search(data)
    if token is None or token[0] != b"{" or data[: token.start()].strip(b" \t\r\n"):
        return
    key, colon = token, -1
    while (token := _TOKENS.search(data, token.end())) is not None:
        kind = token[0][:1]
        if kind in (b"[", b"{"):
            token = _closing(data, token.end())
            if token is None:
                return
        elif kind == b'"' and colon < 0:
            key = token
        elif kind == b":" and colon < 0:
            colon = token.end()
        elif kind != b'"' and kind != b":":
            if colon >= 0:
                yield _member(data, key, colon, token.start())
                colon = -1
            if kind != b",":
                return


def elements(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the elements of the outermost array of a text stand, white space around them left out."""
    token = _TOKENS.search(data)
    if token is None or token[0] != b"[" or data[: token.start()].strip(b" \t\r\n"):
        return
    start = token.end()
    while (token := _TOKENS.search(data, token.end())) is not None:
        kind = token[0][:1]
        if kind in (b"[", b"{"):
            token = _closing(data, token.end())
            if token is None:
                return
        elif kind in (b",", b"]"):
            text = data[start : token.start()]
            yield start + len(text) - len(text.lstrip()), start + len(text.rstrip())
            start = token.end()
            if kind == b"]":
                return


def _closing(data: bytes, at: int) -> re.Match[bytes] | None:
    """A match that ends with the bracket by which the container closes that was opened right before ``at``."""
    depth = 1
    while (found := TO_BRACKET.match(data, at)) is not None:
        at = found.end()
        depth += 1 if data[at - 1] in b"[{" else -1
        if not depth:
            return found
    return None


def _member(data: bytes, key: re.Match[bytes], start: int, end: int) -> Member:
    text = key[0]
    try:
        name = (
            text[1:-1].decode()
            if _PLAIN_NAME(text)
            else str(json.loads(text.decode()))
            if len(text) <= LARGE
            else shortened(text)
        )
    except ValueError:
        name = text[:LARGE].decode(errors="replace")
    while start < end and data[start] in b" \t\r\n":
        start += 1
    while end > start and data[end - 1] in b" \t\r\n":
        end -= 1
    return Member(name, key.start(), start, end)


def shortened(text: bytes) -> str:
    """What stands for a long string, given with its quotes: its beginning and a digest.

    Equal for equal strings, however they are escaped, and never long in memory. Raises ValueError for what is no
    string of JSON in UTF-8.
    """
    digest, beginning = blake2b(digest_size=16), ""
    for found in _PIECES.finditer(text, 1, len(text) - 1):
        piece = json.loads('"' + found[0].decode() + '"')
        beginning = beginning or piece[:LONG_STRING]
        # In units of UTF-16 a pair of surrogate escapes may be cut in two.
        digest.update(piece.encode("utf-16-le", "surrogatepass"))
    whole = beginning.encode(errors="ignore").decode()
    return f"{whole}…{digest.hexdigest()}".ljust(LONG_STRING + 1)


def string_length(text: str) -> str:
    """A string by its length alone; how long a long one is cannot be told, as it may be a stand-in."""
    if len(text) > LONG_STRING:
        return f"string of more than {LONG_STRING:,} characters"
    return f"string of {len(text)} characters" if len(text) != 1 else "string of 1 character"


def place_of(data: bytes, name: str, occurrence: int = 0) -> int | None:
    """The 0-based byte where the value of a top-level member stands (its ``occurrence``-th, from 0; -1: the last)."""
    found = (member.start for member in members(data) if member.name == name)
    if occurrence >= 0:
        return next(islice(found, occurrence, None), None)
    last = deque(found, maxlen=-occurrence)
    return last[0] if len(last) == -occurrence else None
