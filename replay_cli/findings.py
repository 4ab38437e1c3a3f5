"""Severity, Rule and Finding: what an audit says, before anybody words it.

A finding keeps facts, not prose: renderers make the sentence from ``Rule.message`` and the facts. It points at
the later of two events, so nothing that was told is ever taken back when more of the log is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

Fact = str | int | list[str] | list[dict[str, str]]
"""What a fact may hold: names, ids, numbers, pointers. Never a value out of a payload (DECISIONS, Options)."""


class Severity(StrEnum):
    """How grave a finding is; the three words are SARIF's levels. OFF is for rules that are not asked."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Rule:
    """Something a log can break, declared once (in ``rules.py``) for every reader of it.

    ``message`` is a ``str.format`` template over the facts of a finding; lower case, no full stop, no advice.
    ``explanation`` says what it is, what the runtime and its clients do with it, and what to do about it.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    message: str
    explanation: str
    example: str = ""


class Content(NamedTuple):
    """What stands at the place of a finding, without any of it.

    ``digest`` is of the line (of SSE: of the event from the line on), its first 1,024 bytes. ``column`` is the place
    in the line in characters, from 1; from there to the end of the line are ``length`` bytes, or ``characters``, at
    most 1,024 bytes of them. ``seq`` is that of the event there, or of the next, where 1,024 bytes tell it.
    """

    digest: str
    column: int
    length: int
    characters: int
    seq: int | None = None


class Ends(NamedTuple):
    """How a stream begins and ends: seq of its first event, name and seq of its last; None where there is none."""

    seq: int | None
    event: str | None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken at one place.

    ``offset`` counts bytes from 0 at the start of the source (after decompression); ``line`` counts from 1,
    relative to its block until tallies are added; ``column`` counts bytes from 1 within the line.
    ``excerpt`` is a bounded piece of the line around the place, ``caret`` the 0-based byte in it (-1: none).
    """

    offset: int
    line: int
    code: str
    facts: dict[str, Fact] = field(default_factory=dict)
    column: int = 1
    excerpt: bytes = b""
    caret: int = -1

    def moved(self, lines: int) -> Finding:
        """A copy ``lines`` further down."""
        return replace(self, line=self.line + lines) if lines else self

    @property
    def place(self) -> tuple[int, int, str]:
        """What findings are ordered by: byte offset, column, code."""
        return (self.offset, self.column, self.code)
