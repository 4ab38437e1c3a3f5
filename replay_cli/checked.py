"""Checked: what ``replay check --format json`` writes, as models; ``schemas/check.schema.json`` is made from here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from replay_cli.emitted import Tool
from replay_cli.report import Model


class CheckExpected(Model):
    """A finding as it is expected; null where the manifest says nothing."""

    line: int | None
    seq: int | None
    fingerprint: str | None


class CheckFound(Model):
    """A finding as it was found."""

    line: int = Field(ge=1)
    column: int = Field(ge=1, description="In bytes, from 1.")
    offset: int = Field(ge=0, description="In bytes, from 0, after decompression.")
    seq: int | None
    fingerprint: str
    message: str


class CheckDifference(Model):
    """A finding that is expected and not there, there and not expected, or on a line that holds something else."""

    kind: Literal["missing", "unexpected", "changed"]
    code: str
    name: str
    expected: CheckExpected | None
    found: CheckFound | None


class CheckBound(Model):
    """Where the stream begins or ends otherwise."""

    key: Literal["starts-at-seq", "ends-at-seq", "ends-with"]
    expected: int | str
    found: int | str | None = Field(description="What is so; null if there is no such event.")


class CheckRecording(Model):
    """A recording beside what is expected of it."""

    path: str
    status: Literal["as expected", "different", "new", "unreadable"] = Field(
        description="new: it has no entry, and so fails. unreadable: as expected up to where it could be read."
    )
    entry: str | None = Field(description="File and line of the entry that it is not as.")
    events: int = Field(
        ge=0, description="0 of one that is different with no difference: nothing tells that none is there."
    )
    failure: str | None = Field(description="Why it could not be read to its end.")
    differences: list[CheckDifference] = Field(description="Of a new one all that was found, as unexpected.")
    bounds: list[CheckBound]
    uncompared: int = Field(ge=0, description="Findings beyond those that can be compared.")


class CheckStale(Model):
    """An entry by which no recording goes."""

    path: str
    entry: str = Field(description="File and line.")


class CheckSummary(Model):
    """All recordings together."""

    recordings: int = Field(ge=0)
    as_expected: int = Field(ge=0)
    different: int = Field(ge=0)
    new: int = Field(ge=0)
    unreadable: int = Field(ge=0)
    skipped: int = Field(ge=0, description="Files ending in .log, found in folders, that are another log.")
    moved: int = Field(ge=0, description="Findings that are on another line than expected, which is no difference.")


class Checked(Model):
    """What became of the recordings of a gate."""

    format_version: Literal[1]
    tool: Tool
    manifest: str | None = Field(description="Its path; null if there is none, or one that cannot be meant.")
    recordings: list[CheckRecording]
    stale: list[CheckStale]
    problems: list[str] = Field(description="What was asked and could not be done, e.g. a missing file.")
    summary: CheckSummary
    exit_code: int = Field(
        description="0 as expected, 1 not, 2 usage, 3 nothing looked at, 4 unreadable, 130 interrupted."
    )
