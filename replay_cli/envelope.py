"""Envelope: the decoded outer object of one event, the fields that checks read."""

from __future__ import annotations

from dataclasses import dataclass


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
