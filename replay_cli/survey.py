"""Survey: which numbers can occur more than once, so that only their events need be remembered.

Cleaning looks at each source twice. The first look is the audit, which is fast; it tells where a thread went back,
and so which of its numbers can recur. In a log that is in order there are none, and nothing has to be remembered.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from replay_cli import rules
from replay_cli.auditor import audit_blocks
from replay_cli.cleaning import MIXED, record_at, records
from replay_cli.cutting import cut
from replay_cli.errors import SourceError
from replay_cli.findings import Finding
from replay_cli.frames import Frame
from replay_cli.jsontext import JsonReader
from replay_cli.marks import thread_key
from replay_cli.opening import open_frame
from replay_cli.planning import Planned
from replay_cli.sources import Source
from replay_cli.tally import Tally
from replay_cli.walk import FRAMINGS

RANGES = 10_000
"""Ranges kept in all; beyond that every event is remembered."""

BACK = (rules.SEQ_DUPLICATE.code, rules.SEQ_STEP_BACK.code, rules.SEQ_CONFLICT.code)

Range = tuple[int, int]


def surveyed(source: Source, begun: Planned, progress: Callable[[Source, int], None] | None = None) -> Survey:
    """Look at a source for the first time. What cuts its reading short ends the look."""
    survey, plan, reader = Survey(), begun.plan, JsonReader()
    tally = Tally(plan.kept, plan.gaps)

    def meet(frame: Frame, found: Tally) -> None:
        """Records that stand on one line, or beside damage, will be read as well."""
        for code in MIXED & found.broken.keys():
            for start, end in records(frame, code, plan):
                opened = open_frame(record_at(frame, start, end), plan, reader)
                if opened.envelope is not None:
                    survey.add(thread_key(opened.envelope.thread_id), opened.envelope.seq, opened.envelope.seq)

    # All findings of a block are told, also those that the sum does not keep.
    telling = replace(plan, kept=sys.maxsize)
    blocks = cut(begun.chunks, FRAMINGS[plan.framing], plan.limit, source.more)
    with suppress(SourceError):
        for part in audit_blocks(blocks, telling, meet):
            survey.note(tally.absorb(part))
            if progress:
                progress(source, tally.size)
    survey.close(tally)
    return survey


@dataclass(slots=True)
class Survey:
    """What the first look at one source found. ``extents`` is the least and greatest number of each thread.

    ``size`` is what was audited, in bytes; ``broken`` how often each rule was broken.
    """

    extents: dict[str, Range] = field(default_factory=dict)
    ranges: dict[str, list[Range]] = field(default_factory=dict)
    size: int = 0
    broken: dict[str, int] = field(default_factory=dict)
    number: int = 0

    def note(self, found: Iterable[Finding]) -> None:
        """Take in findings: where a thread went back."""
        for one in found:
            if one.code in BACK:
                low = int(str(one.facts["seq"]))
                self.add(str(one.facts["thread"]), low, int(str(one.facts.get("previous", low))))

    def add(self, thread: str, low: int, high: int) -> None:
        """Numbers of a thread, from ``low`` to ``high``, both included, can recur."""
        ranges = self.ranges.setdefault(thread, [])
        # Replayed stretches mostly follow each other: then one range grows.
        if ranges and ranges[-1][0] <= low <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], high))
            return
        ranges.append((low, high))
        self.number += 1

    def close(self, tally: Tally) -> None:
        """The source was read; ``tally`` is all that was found."""
        self.size, self.broken = tally.size, dict(tally.broken)
        for thread in {*tally.heads, *self.ranges}:
            ends = [marks[thread].seq for marks in (tally.heads, tally.tails) if thread in marks]
            numbers = [*ends, *(number for one in self.ranges.get(thread, ()) for number in one)]
            self.extents[thread] = (min(numbers), max(numbers))


class Recurring:
    """The numbers that can occur more than once in some sources that are read one after the other."""

    def __init__(self, surveys: Iterable[Survey] | None) -> None:
        """Of sources that were surveyed; None: of any, so all numbers."""
        self.all = surveys is None
        self._ranges: dict[str, list[Range]] = {}
        extents: dict[str, list[Range]] = {}
        number = 0
        for survey in surveys or ():
            number += survey.number
            for thread, ranges in survey.ranges.items():
                self._ranges.setdefault(thread, []).extend(ranges)
            for thread, extent in survey.extents.items():
                extents.setdefault(thread, []).append(extent)
        for thread, found in extents.items():
            shared = list(_shared(sorted(found)))
            if shared:
                number += len(shared)
                self._ranges.setdefault(thread, []).extend(shared)
        self.all = self.all or number > RANGES
        self._ranges = {thread: _merged(ranges) for thread, ranges in self._ranges.items()}

    @property
    def none(self) -> bool:
        """Whether no number can."""
        return not self.all and not self._ranges

    def may(self, thread: str, low: int, high: int) -> bool:
        """Whether a number of this thread from ``low`` to ``high``, both included, can."""
        if self.all:
            return True
        ranges = self._ranges.get(thread)
        if not ranges:
            return False
        # The ranges are apart and in order: the first that ends at or behind ``low`` decides.
        at = bisect_left(ranges, low, key=lambda one: one[1])
        return at < len(ranges) and ranges[at][0] <= high


def _shared(extents: list[Range]) -> Iterable[Range]:
    """What two or more of some ranges, in order, have in common."""
    reached = -1
    for low, high in extents:
        if low <= reached:
            yield low, min(high, reached)
        reached = max(reached, high)


def _merged(ranges: list[Range]) -> list[Range]:
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged
