"""Emitted: what became of a stream that was written again, and the records of a quarantine, as models.

``replay_cli.emit`` returns ``Emitted``; ``schemas/emitted.schema.json`` and ``schemas/quarantine.schema.json`` are
made from here. The command line writes the same fields from ``summary.py`` and ``quarantine.py`` without this module.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, RootModel

from replay_cli.report import Model


class Tool(Model):
    """What wrote the document."""

    name: str
    version: str


class EventCounts(Model):
    """Readable events."""

    read: int = Field(ge=0)
    kept: int = Field(ge=0)


class ByteCounts(Model):
    """Bytes, after decompression; ``written`` before compression."""

    read: int = Field(ge=0)
    kept: int = Field(ge=0, description="Bytes that are in the output as they came.")
    written: int = Field(ge=0, description="All bytes of the output, line ends that were added included.")


class Place(Model):
    """Where something stands."""

    source: str
    line: int = Field(ge=0, description="Line in the source, from 1; that of a piece's first byte.")
    offset: int = Field(ge=0, description="Byte in the source, from 0, after decompression.")


class NotRead(Model):
    """What an index of an earlier call tells not to be asked for, so that it was not read."""

    events: int = Field(ge=0)
    bytes: int = Field(ge=0)


class LinePlace(Model):
    """The line where something stands."""

    source: str
    line: int = Field(ge=1)


class LeftOut(Model):
    """What was left out for one reason."""

    reason: str = Field(
        description="Name of the rule that it breaks, or not-selected, no-event, cut-short, beyond-head, "
        "before-last, not-held, not-newer, no-time, name-breaks, not-redacted."
    )
    pieces: int = Field(ge=0, description="Stretches of bytes in a row.")
    events: int = Field(ge=0, description="Readable events in them.")
    bytes: int = Field(ge=0)
    first: Place


class ErrorKept(Model):
    """Events that break a rule of error severity and were kept by a cleaning, since they can be read."""

    rule: str
    events: int = Field(ge=1)
    first: LinePlace


class BrokenLink(Model):
    """An event that is written with a previous_seq that is not the event before it in its thread."""

    source: str
    line: int = Field(ge=1)
    thread_id: str
    seq: int
    previous_seq: int
    caused: bool = Field(description="Whether it comes of what was left out.")


class BrokenLinks(Model):
    """All links in the output that lead to other events than they should."""

    caused: int = Field(ge=0)
    before: int = Field(ge=0, description="Those that were broken in the source already.")
    listed: list[BrokenLink] = Field(description="At most 1,000 of them.")


class Lost(Model):
    """A member or field that what is written has no place for."""

    name: str
    events: int = Field(ge=1)


class Converted(Model):
    """Events that are written in another shape or framing."""

    events: int = Field(ge=0)
    compacted: int = Field(ge=0, description="Those that lost white space between their tokens.")
    lost: list[Lost] = Field(description="At most 1,000 of them.")


class Redacted(Model):
    """What was taken out by one redaction."""

    rule: str = Field(description="As it was asked: /pointer, key:name, re:pattern or @preset.")
    values: int = Field(ge=0, description="Strings, names and numbers that were replaced.")


class Missing(Model):
    """Events that no capture holds: they came behind ``after``, up to ``link``, which the event ``seq`` names."""

    after: int
    link: int
    seq: int


class Conflict(Model):
    """Events of one number that say two things: the source that is kept, and the other."""

    seq: int
    kept: str
    other: str


class Lacking(Model):
    """Events of a log, from number ``first`` to ``last``, that the captures lack."""

    first: int
    last: int
    events: int = Field(ge=1)


class Against(Model):
    """What was merged, held against a log."""

    source: str
    lacking: int = Field(ge=0, description="Events of the log that the captures lack.")
    lacking_ranges: list[Lacking] = Field(description="At most 1,000 of them.")
    beyond: int = Field(ge=0, description="Events that only the captures hold.")
    different: int = Field(ge=0, description="Events of which the log says something else.")


class Merged(Model):
    """What a merge came to."""

    begins_behind: int | None = Field(description="The link of the first event; null if it has none.")
    gaps: int = Field(ge=0, description="How many ranges of missing events the links show.")
    conflicts: list[Conflict] = Field(description="At most 1,000 of them.")
    missing: list[Missing] = Field(description="At most 1,000 of them.")
    against: Against | None


class Emitted(Model):
    """What became of a stream that was written again."""

    format_version: Literal[1]
    tool: Tool
    sources: int = Field(ge=0)
    events: EventCounts
    bytes: ByteCounts
    not_read: NotRead
    left_out: list[LeftOut] = Field(description="Of what was read.")
    unreadable_kept: int = Field(ge=0, description="Pieces that cannot be read and were written as they are.")
    line_ends_added: int = Field(ge=0)
    converted: Converted
    redacted: list[Redacted] = Field(description="What was taken out, by redaction, in the order of the options.")
    merged: Merged | None = Field(description="There if captures were merged.")
    errors_kept: list[ErrorKept]
    broken_links: BrokenLinks
    complete: bool = Field(description="Whether all sources were read to their ends.")
    failures: list[str] = Field(description="Why a source could not be read to its end.")


class Head(Model):
    """The first line of a quarantine."""

    replay_quarantine: Literal[1]
    tool: Tool
    changed: Literal[True] | None = Field(
        default=None, description="There if what was kept was converted, so that the input cannot be had back."
    )


class Piece(Model):
    """Bytes that were left out."""

    source: str
    line: int = Field(ge=1, description="Line in the source, from 1.")
    offset: int = Field(ge=0, description="Byte in the source, from 0, after decompression.")
    length: int = Field(ge=1)
    rule: str = Field(description="Name of the rule that it breaks, or why else it was left out.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: str = Field(description="The bytes, in base64.")


class Added(Model):
    """Bytes of the output that the source lacks, before its byte ``offset``."""

    source: str
    line: int = Field(ge=1)
    offset: int = Field(ge=0)
    length: Literal[0]
    added: str = Field(description="The bytes, in base64.")


class End(Model):
    """The end of a source."""

    source: str
    end: int = Field(ge=0, description="Bytes of the source.")
    sha256: str = Field(description="Of the source.")
    written: int = Field(ge=0, description="Bytes of its part of the output.")
    written_sha256: str = Field(description="Of its part of the output.")


class QuarantineLine(RootModel[Head | Piece | Added | End]):
    """One line of a quarantine."""
