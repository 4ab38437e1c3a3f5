"""Envelope: the decoded outer object of one event, the fields that checks read; and Mark, what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Envelope:
    """One readable event of any of the three shapes, its fields typed (the schema has been satisfied).

    ``kind`` and ``created_at`` are None where the shape has none or the line lacks them; ``previous_seq`` is None
    where it is absent or no unsigned integer. ``payload`` is any JSON value as Python holds it.
    """

    seq: int
    event: str
    thread_id: str
    turn_id: str | None
    item_id: str | None
    timestamp: str
    payload: object
    schema_version: int | None = None
    kind: str | None = None
    created_at: str | None = None
    previous_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What an event leaves behind for the next comparison: a few numbers, never its text.

    ``instant`` is its time in nanoseconds since 1970, None if it cannot be told; ``digest`` stands for all its
    content but ``previous_seq``, which differs from connection to connection.
    """

    seq: int
    previous_seq: int | None
    offset: int
    line: int
    instant: int | None
    digest: bytes

    def place(self) -> Mark:
        """A mark that keeps the place alone."""
        return Mark(0, None, self.offset, self.line, None, b"")

    def moved(self, lines: int) -> Mark:
        """A copy ``lines`` further down."""
        return replace(self, line=self.line + lines) if lines else self
