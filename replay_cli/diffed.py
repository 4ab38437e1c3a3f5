"""Diffed: what ``replay diff --format json`` writes, as models; ``schemas/diff.schema.json`` is made from here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from replay_cli.emitted import Tool
from replay_cli.report import Model


class DiffSide(Model):
    """One of the two recordings."""

    source: str
    events: int = Field(ge=0, description="Events that were compared, and what could not be read among them.")
    unreadable: int = Field(ge=0, description="Lines or SSE events that could not be read; compared by their bytes.")
    unexamined: int = Field(ge=0, description="Lines or SSE events over --max-line-bytes, which were not compared.")
    failure: str | None = Field(description="Why it could not be read to its end.")


class DiffCounts(Model):
    """How many events differ, listed or not."""

    changed: int = Field(ge=0, description="Events that say something else.")
    missing: int = Field(ge=0, description="Events of the left recording that the right one lacks.")
    added: int = Field(ge=0, description="Events of the right recording that the left one lacks.")
    reordered: int = Field(ge=0, description="Events of both that stand elsewhere.")


class DiffPlace(Model):
    """An event of one of the recordings."""

    line: int = Field(ge=1, description="Its line, from 1.")
    seq: int | None
    event: str = Field(description="Its name; (unreadable) if it could not be read.")
    text: str = Field(description="What it says, escaped and cut.")


class DiffPair(Model):
    """Two ids that are the same, since the events in these lines."""

    left: str = Field(description="The id, escaped and cut.")
    right: str
    left_line: int = Field(ge=1, description="The line in the left recording, from 1.")
    right_line: int = Field(ge=1)


class DiffValue(Model):
    """A place in an event where the two differ."""

    pointer: str = Field(description="JSON Pointer into the event.")
    left: str | None = Field(
        description="JSON text, escaped and cut around the place; null if it is absent. In an event over 1 MiB large "
        "strings, arrays and objects are told by a digest, marked as such."
    )
    right: str | None
    clashes: list[DiffPair] = Field(description="Pairs of ids that ids in these values contradict, at most 4.")


class DiffFound(Model):
    """An event that differs."""

    kind: Literal["changed", "missing", "added", "reordered"]
    left: DiffPlace | None
    right: DiffPlace | None
    values: list[DiffValue] = Field(description="At most 20.")
    more: int = Field(ge=0, description="How many there are beyond those, up to 10,000.")


class Diffed(Model):
    """What two recordings differ in."""

    format_version: Literal[1]
    tool: Tool
    left: DiffSide
    right: DiffSide
    align: Literal["seq", "shape"]
    equal: bool = Field(description="Whether nothing differs, there are events, and all of both was compared.")
    counts: DiffCounts
    differences: list[DiffFound] = Field(description="In the order of the recordings, up to --max-differences.")
