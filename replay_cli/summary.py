"""Summary: what became of what was read, in counts, and with the first of each kind; for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from replay_cli import rules
from replay_cli.errors import one_line
from replay_cli.links import Links
from replay_cli.merging import Lacking, Merged
from replay_cli.remaking import Remade
from replay_cli.stretches import NAME_BREAKS, UNTIMED, WORDS, Stretch
from replay_cli.told import TOOL
from replay_cli.wording import count, size

FORMAT_VERSION = 1
"""The version of the document; it grows when a field changes its meaning or goes."""


@dataclass(slots=True)
class Left:
    """What was left out for one reason: pieces, the events in them, bytes, and where the first one stands."""

    pieces: int = 0
    events: int = 0
    bytes: int = 0
    source: str = ""
    line: int = 0
    offset: int = 0


@dataclass(slots=True)
class Flaw:
    """Events that were kept although they break a rule: they can be read."""

    events: int = 0
    source: str = ""
    line: int = 0


class Counts(NamedTuple):
    """Bytes read and written, line ends that were added, pieces that were left out."""

    read: int
    written: int
    added: int
    left: int

    def is_copy_since(self, before: Counts) -> bool:
        """Whether since then all that was read was written, and nothing else."""
        return (self.read - before.read, self.added, self.left) == (
            self.written - before.written,
            before.added,
            before.left,
        )


@dataclass(slots=True)
class Summary:
    """Grows as sources are written. Sizes are in bytes, those of what was read after decompression."""

    sources: int = 0
    events: int = 0
    bytes: int = 0
    kept: int = 0
    kept_bytes: int = 0
    written_bytes: int = 0
    unreadable: int = 0
    line_ends: int = 0
    left: dict[str, Left] = field(default_factory=dict)
    flaws: dict[str, Flaw] = field(default_factory=dict)
    links: Links = field(default_factory=Links)
    stopped: bool = False
    failures: list[str] = field(default_factory=list)
    remade: Remade = field(default_factory=Remade)
    redacted: dict[str, int] = field(default_factory=dict)
    merged: Merged | None = None
    passed_events: int = 0
    passed_bytes: int = 0

    def pass_over(self, events: int, size: int) -> None:
        """Count what an index tells, and what therefore is not read: events, and bytes."""
        self.passed_events += events
        self.passed_bytes += size

    def keep(self, stretch: Stretch) -> None:
        """Count a stretch that is kept."""
        self.events += stretch.events
        self.bytes += stretch.length
        self.kept += stretch.events
        self.kept_bytes += stretch.length

    def leave(self, source: str, stretch: Stretch) -> None:
        """Count a stretch that is left out."""
        self.events += stretch.events
        self.bytes += stretch.length
        left = self.left.get(stretch.reason)
        if left is None:
            left = self.left[stretch.reason] = Left(source=source, line=stretch.line, offset=stretch.offset)
        left.pieces += 1
        left.events += stretch.events
        left.bytes += stretch.length

    def flaw(self, source: str, line: int, rule: str) -> None:
        """Count an event that is kept with an error."""
        flaw = self.flaws.setdefault(rule, Flaw(0, source, line))
        flaw.events += 1

    @property
    def counts(self) -> Counts:
        """What was read and written so far, to be compared with later."""
        return Counts(self.bytes, self.written_bytes, self.line_ends, sum(left.pieces for left in self.left.values()))

    @property
    def lost(self) -> int:
        """Pieces that could not be read and are left out."""
        return sum(left.pieces for reason, left in self.left.items() if reason in UNREADABLE | UNPLACED)

    @property
    def conflicts(self) -> int:
        """Events left out for another one with their number and other content."""
        left = self.left.get(rules.SEQ_CONFLICT.name)
        return left.pieces if left else 0

    def document(self) -> dict[str, object]:
        """The summary for programs, as ``schemas/emitted.schema.json`` describes it."""
        return {
            "format_version": FORMAT_VERSION,
            "tool": TOOL,
            "sources": self.sources,
            "events": {"read": self.events, "kept": self.kept},
            "bytes": {"read": self.bytes, "kept": self.kept_bytes, "written": self.written_bytes},
            "not_read": {"events": self.passed_events, "bytes": self.passed_bytes},
            "left_out": [
                {
                    "reason": reason,
                    "pieces": left.pieces,
                    "events": left.events,
                    "bytes": left.bytes,
                    "first": {"source": one_line(left.source), "line": left.line, "offset": left.offset},
                }
                for reason, left in self.left.items()
            ],
            "unreadable_kept": self.unreadable,
            "line_ends_added": self.line_ends,
            "converted": {
                "events": self.remade.converted,
                "compacted": self.remade.compacted,
                "lost": [
                    {"name": one_line(name)[:NAME_SHOWN], "events": number}
                    for name, number in self.remade.lost.most_common(LOST_LISTED)
                ],
            },
            "redacted": [{"rule": one_line(spec), "values": number} for spec, number in self.redacted.items()],
            "merged": None if self.merged is None else _merged_document(self.merged),
            "errors_kept": [
                {"rule": rule, "events": flaw.events, "first": {"source": one_line(flaw.source), "line": flaw.line}}
                for rule, flaw in self.flaws.items()
            ],
            "broken_links": {
                "caused": self.links.caused,
                "before": self.links.before,
                "listed": [
                    {
                        "source": one_line(one.source),
                        "line": one.line,
                        "thread_id": one_line(one.thread),
                        "seq": one.seq,
                        "previous_seq": one.previous_seq,
                        "caused": one.caused,
                    }
                    for one in self.links.listed
                ],
            },
            "complete": not self.stopped and not self.failures,
            "failures": self.failures,
        }

    def as_json(self) -> str:
        """The document as text, one line end at its end."""
        return json.dumps(self.document(), indent=2) + "\n"

    def lines(self, wrote: str, kept_beside: bool) -> Iterator[str]:
        """The summary for people; ``wrote`` tells what was written, ``kept_beside`` that there is a quarantine."""
        read = f"read {count(self.events, 'event')} ({size(self.bytes)}) from {count(self.sources, 'source')}"
        rest = "; the rest was not read" if self.stopped else ""
        yield f"{read}, kept {self.kept:,}{rest}"
        if self.passed_bytes:
            passed = f"{count(self.passed_events, 'event')} ({size(self.passed_bytes)})"
            yield f"did not read {passed} before these, which by the index are not asked for; --no-cache reads all"
        for reason, left in sorted(self.left.items(), key=lambda one: (one[1].source, one[1].offset)):
            where = f"{one_line(left.source)}:{left.line}"
            yield f"left out {_pieces(left)}: {WORDS.get(reason, reason)}, first at {where}"
        if self.unreadable:
            yield f"kept {count(self.unreadable, 'piece')} that cannot be read, as they are; --clean leaves them out"
        for rule, flaw in self.flaws.items():
            where = f"{one_line(flaw.source)}:{flaw.line}"
            yield f"kept {count(flaw.events, 'event')} with an error: {rule}, first at {where}"
        yield from self._remade()
        for spec, number in self.redacted.items():
            yield f"--redact {one_line(spec)}: took out {count(number, 'value')}"
        if self.merged is not None:
            yield from _merged_lines(self.merged)
        yield from self._broken_links()
        if self.line_ends:
            yield f"added {count(self.line_ends, 'line end')} between what stood on one line"
        yield wrote
        if not kept_beside and (self.lost or self.conflicts):
            yield "what is left out can be kept: --quarantine FILE"

    def _remade(self) -> Iterator[str]:
        remade = self.remade
        if remade.converted:
            tight = (
                f", {remade.compacted:,} of them without the white space that they had" if remade.compacted else ""
            )
            yield f"converted {count(remade.converted, 'event')}{tight}"
        for name, number in remade.lost.most_common(LOST_SHOWN):
            yield f"lost {one_line(name)[:NAME_SHOWN]} in {count(number, 'event')}: there is no place for it"
        if len(remade.lost) > LOST_SHOWN:
            yield f"lost {len(remade.lost) - LOST_SHOWN:,} other members, for which there is no place either"

    def _broken_links(self) -> Iterator[str]:
        links = self.links
        if not links.caused and not links.before:
            return
        named = "; ".join(
            f"seq {one.seq} names {one.previous_seq} ({one_line(one.source)}:{one.line})"
            for one in islice(links.listed, 3)
        )
        more = links.caused + links.before - min(len(links.listed), 3)
        total, rest = count(links.caused + links.before, "link"), f"; and {more:,} more" if more else ""
        names = "names" if links.caused + links.before == 1 else "name"
        before = f" ({links.before:,} did so before)" if links.before else ""
        yield f"{total} {names} an event that does not come just before{before}: {named}{rest}"


def _merged_lines(merged: Merged) -> Iterator[str]:
    if merged.begins:
        yield f"the stream begins behind seq {merged.begins}"
    if merged.gaps:
        told = "; ".join(
            f"between seq {one.after} and {one.seq}, which names {one.link}" for one in merged.missing[:RANGES_SHOWN]
        )
        more = f"; and {merged.gaps - RANGES_SHOWN:,} more" if merged.gaps > RANGES_SHOWN else ""
        yield f"events are missing in {count(merged.gaps, 'place')}: {told}{more}"
    if merged.conflicts:
        told = "; ".join(f"seq {one.seq} of {_source(merged, one.other)}" for one in merged.conflicts[:RANGES_SHOWN])
        more = ", and more" if len(merged.conflicts) > RANGES_SHOWN else ""
        yield f"said otherwise by {_source(merged, merged.conflicts[0].kept)}, which is kept: {told}{more}"
    if not merged.against:
        return
    name = one_line(merged.against)
    if not merged.flawed:
        yield f"{name} holds the same events"
    if merged.lacked:
        told = "; ".join(_range(one) for one in merged.lacking[:RANGES_SHOWN])
        more = f"; and {merged.ranges - RANGES_SHOWN:,} more ranges" if merged.ranges > RANGES_SHOWN else ""
        yield f"{count(merged.lacked, 'event')} of {name} {_is_or_are(merged.lacked)} missing: {told}{more}"
    if merged.beyond:
        yield f"{count(merged.beyond, 'event')} {_is_or_are(merged.beyond)} not in {name}"
    if merged.different:
        yield f"{count(merged.different, 'event')} {_is_or_are(merged.different)} another one in {name}"


def _source(merged: Merged, number: int) -> str:
    return one_line(merged.sources[number])


def _range(lacking: Lacking) -> str:
    if lacking.first == lacking.last:
        return f"seq {lacking.first}"
    return f"seq {lacking.first} to {lacking.last} ({count(lacking.events, 'event')})"


def _is_or_are(number: int) -> str:
    return "is" if number == 1 else "are"


def _merged_document(merged: Merged) -> dict[str, object]:
    beside = None
    if merged.against:
        beside = {
            "source": one_line(merged.against),
            "lacking": merged.lacked,
            "lacking_ranges": [one._asdict() for one in merged.lacking],
            "beyond": merged.beyond,
            "different": merged.different,
        }
    return {
        "begins_behind": merged.begins,
        "gaps": merged.gaps,
        "conflicts": [
            {"seq": one.seq, "kept": _source(merged, one.kept), "other": _source(merged, one.other)}
            for one in merged.conflicts
        ],
        "missing": [{"after": one.after, "link": one.link, "seq": one.seq} for one in merged.missing],
        "against": beside,
    }


def _pieces(left: Left) -> str:
    if left.events == left.pieces or not left.events:
        noun = "event" if left.events else "piece"
        return f"{count(left.pieces, noun)} ({size(left.bytes)})"
    return f"{count(left.events, 'event')} in {count(left.pieces, 'piece')} ({size(left.bytes)})"


RANGES_SHOWN = 5
"""Ranges of missing events that the summary shows."""

LOST_SHOWN, LOST_LISTED, NAME_SHOWN = 5, 1000, 100
"""Members without a place that the summary shows, that the document lists, and characters of a name."""

UNPLACED = frozenset([UNTIMED, NAME_BREAKS])
"""The reasons that mean that an event could be read, but not be written as was asked."""

UNREADABLE = frozenset(
    rule.name
    for rule in rules.RULES
    if rule.code[0] in "FJ" or rule is rules.SCHEMA_VIOLATION
    if rule not in (rules.BLANK_LINE, rules.SSE_BYTE_ORDER_MARK, rules.UNKNOWN_SSE_FIELD)
)
"""The reasons that mean that something could not be read."""
