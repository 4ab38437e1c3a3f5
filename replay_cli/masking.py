"""Masking: what stands in the place of what was redacted.

A fixed mark, or one with a keyed hash, so that equal values stay equal and nobody without the key can try out
guesses. A mark is never masked again, so what was redacted can be redacted once more.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from replay_cli.telltale import Form, is_token

MARK = "[redacted]"
"""What stands for a value."""

EVENT = "redacted.event"
"""What stands for the name of an event that nobody gave to events."""

_IS_MARK = re.compile(r"\[redacted(?::[0-9a-f]{16})?\]\**").fullmatch
_IS_HASHED = re.compile(r"\[redacted:[0-9a-f]{16}\]").fullmatch
_MARKS = re.compile(r"\[redacted(?::[0-9a-f]{16}| [0-9]{1,8})?\]\**").finditer
_IS_ID = re.compile(r"[A-Za-z0-9_:.-]{1,80}").fullmatch
_IS_EVENT = re.compile(r"[a-z0-9_.-]{1,64}").fullmatch


@dataclass(frozen=True, slots=True)
class Masks:
    """How values are masked: with the HMAC of ``key`` unless it is None; to their own length with ``keep_length``."""

    key: bytes | None = None
    keep_length: bool = False

    def of(self, text: str) -> str:
        """What stands for a string; itself if it is empty, or a mark."""
        if not text or _IS_MARK(text):
            return text
        mark = self._mark(text)
        if not self.keep_length:
            return mark
        length = len(text)
        return mark.ljust(length, "*") if length >= len(mark) else "*" * length

    def name(self, text: str) -> str:
        """What stands for the name of a member; its length is not kept, so that names stay apart."""
        return text if _IS_HASHED(text) else self._mark(text)

    def numbered(self, name: str, number: int) -> str:
        """The masked name of the ``number``-th member of an object (from 1) that has one, unlike those before."""
        return name if number == 1 else name.replace(MARK, f"[redacted {number}]", 1)

    def identifier(self, text: str) -> str:
        """An id: as it is if it looks like one (CONTRACT.md 2.2; 5.3, 6), else one that is equal for equal texts."""
        if not text or (len(text) <= 80 and _looks_like_id(text)):
            return text
        return "redacted_" + self._hash(text)

    def event(self, text: str) -> str:
        """The name of an event: as it is if it looks like one (CONTRACT.md 5.1)."""
        return text if not text or (_IS_EVENT(text) and not is_token(text)) else EVENT

    def replaced(self, text: str, forms: Iterable[Form], named: bool = False) -> str:
        """``text`` with every match of the forms masked, each form after the other; itself if there is none.

        What is a mark already stays. ``named`` tells that it is a member's name.
        """
        lowered: str | None = None
        for pattern, group, hints in forms:
            if hints:
                lowered = text.lower() if lowered is None else lowered
                if not any(hint in lowered for hint in hints):
                    continue
            found = [span for match in pattern.finditer(text) if (span := match.span(group or 0))[0] < span[1]]
            if not found:
                continue
            marks = [mark.span() for mark in _MARKS(text)] if MARK[:-1] in text else []
            pieces, at = [], 0
            for start, end in found:
                while marks and marks[0][1] < end:
                    marks.pop(0)
                if not (marks and marks[0][0] <= start):
                    value = text[start:end]
                    pieces += [text[at:start], self.name(value) if named else self.of(value)]
                    at = end
            text = "".join((*pieces, text[at:])) if pieces else text
        return text

    def _mark(self, text: str) -> str:
        return MARK if self.key is None else f"[redacted:{self._hash(text)}]"

    def _hash(self, text: str) -> str:
        value = text.encode(errors="surrogatepass")
        if self.key is None:
            return blake2b(value, digest_size=8, person=b"replay redaction").hexdigest()
        return hmac.digest(self.key, value, "sha256").hex()[:16]


@lru_cache(maxsize=4096)
def _looks_like_id(text: str) -> bool:
    return _IS_ID(text) is not None and not is_token(text)
