"""History: the second look, when the order of a source is broken.

Neighbours show that an order is broken, not how much of it: how many events a client or the runtime would pass
over, which repeated events are the same and which conflict. That needs the past. So when, and only when, a tally
holds a finding of order, its source is read once more; only the numbers that can recur are remembered, by the
overlaps that the findings tell, up to a bound (DECISIONS, Order). Event by event is the reference; of stretches that
the prover shows to be in order only a few events are looked at.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from replay_cli import rules
from replay_cli.blocks import Block
from replay_cli.checks import MAX_SAFE_SEQ
from replay_cli.envelope import Mark
from replay_cli.findings import Fact, Finding
from replay_cli.frames import Frame
from replay_cli.jsontext import JsonReader
from replay_cli.marks import mark_of, thread_key
from replay_cli.opening import open_frame
from replay_cli.profiles import Plan, Shape
from replay_cli.tally import Tally
from replay_cli.walk import Walk

if TYPE_CHECKING:
    from replay_cli.runs import Run

REMEMBERED = 200_000
"""Events whose content is remembered at most; past it the numbers are lower bounds."""


@dataclass(slots=True)
class History:
    """What the second look found.

    ``passed_over`` counts events that are not newer than what was delivered before: the runtime drops them when it
    streams, a client ignores them. ``other_thread`` counts those of a thread that the file is not the log of.
    ``reloads`` counts the times a client meets a gap, ``first_reload`` is the seq of the first. ``repeated``
    and ``conflicting`` count events whose seq came before with the same, or other, content. ``exact`` is False
    when the bound was met. A client stops at the first line that it cannot read, so of events behind it only
    ``repeated``, ``conflicting`` and what explains a link are told. ``distant`` are the conflicts that were no
    neighbours, the first of them as findings in ``conflicts``.
    """

    passed_over: int = 0
    other_thread: int = 0
    reloads: int = 0
    first_reload: int | None = None
    repeated: int = 0
    conflicting: int = 0
    exact: bool = True
    distant: int = 0
    conflicts: list[Finding] = field(default_factory=list)
    explained: list[Finding] = field(default_factory=list)
    regraded: list[Finding] = field(default_factory=list)


def look_again(
    blocks: Iterable[Block], plan: Plan, tally: Tally, listen: Callable[[list[Finding]], None] | None = None
) -> History:
    """Read a source once more, for the numbers that neighbours cannot show.

    ``listen`` is told each conflict that was found far from the event it conflicts with, also those not kept.
    """
    look = _SecondLook(plan, tally, listen)
    look.history.exact = all(tally.broken[code] == len(tally.findings.get(code, ())) for code in rules.ORDER_CODES)
    reader, lines = JsonReader(whole=plan.schema is not None), 0
    walk = Walk(plan)
    for block in blocks:
        for frame in walk.pieces(block):
            if not isinstance(frame, Frame):
                look.meet_run(frame, lines)
                lines += frame.lines(0, frame.size)
                continue
            opened = open_frame(frame, plan, reader)
            if any(found.code == rules.OVERLONG_LINE.code for found in opened.findings):
                look.unexamined = frame.offset
            if opened.envelope is not None and opened.value is not None:
                look.meet(opened.envelope.thread_id, mark_of(opened.envelope, opened.value, frame), lines)
            lines += frame.lines
    return look.history


@dataclass(slots=True)
class _Strand:
    """The events of one thread in a run, by their ``numbers`` there, which ascend as their seqs do.

    ``done`` tells how many of them were met, or passed.
    """

    thread: str
    numbers: Sequence[int]
    run: Run
    done: int = 0

    def seq(self, place: int) -> int:
        """The seq of one of them."""
        return self.run.seq(self.numbers[place])

    def behind(self, seq: int) -> int:
        """The place of the first that is greater than a seq."""
        return bisect_right(self.numbers, seq, key=self.run.seq)


class _SecondLook:
    """The state of a client, or of the runtime's own streaming, along a source."""

    def __init__(self, plan: Plan, tally: Tally, listen: Callable[[list[Finding]], None] | None) -> None:
        self.history = History()
        self._listen = listen
        self._plan = plan
        # The server streams one thread at a time; a client ignores all others (CONTRACT.md 3.2, 3.3).
        first = min(tally.heads, key=lambda thread: tally.heads[thread].offset, default=None)
        self._thread = first if plan.framing == "sse" else plan.thread
        self._refused = tally.refused.offset if tally.refused else None
        self._latest: dict[str, int] = {}
        self._behind: dict[str, int] = {}
        # Where the last frame stands that was too long to examine; a client got it, so its link hides no gap.
        self.unexamined = -1
        self._overlaps = _overlaps(tally)
        self._seen: dict[tuple[str, int], tuple[bytes, int]] = {}
        self._neighbours = {
            finding.offset
            for code in (rules.SEQ_DUPLICATE.code, rules.SEQ_CONFLICT.code)
            for finding in tally.findings.get(code, ())
        }
        self._links: dict[tuple[str, int], list[Finding]] = {}
        for finding in tally.findings.get(rules.BROKEN_LINK.code, ()):
            key = (str(finding.facts["thread"]), int(str(finding.facts["link"])))
            if "previous" in finding.facts:
                self._links.setdefault(key, []).append(finding)

    def meet(self, thread: str, mark: Mark, lines: int) -> None:
        """One event, in order; ``lines`` are those before its frame."""
        history, key = self.history, thread_key(thread)
        self._compare(key, mark, lines)
        self._explain(key, mark)
        if self._refused is not None and mark.offset > self._refused:
            return
        if self._thread is not None and key != self._thread:
            history.other_thread += 1
            return
        # The first link of a thread names where its connection began.
        latest = self._latest.get(key, mark.previous_seq)
        unusable = mark.seq == 0 or (self._plan.shape is not Shape.RECORD and mark.seq > MAX_SAFE_SEQ)
        if unusable or (latest is not None and mark.seq <= latest):
            history.passed_over += 1
            if latest is not None:
                # The connection began there, whether or not its first event is of use.
                self._latest.setdefault(key, latest)
            return
        examined = self.unexamined < self._behind.get(key, 0)
        self._behind[key] = mark.offset
        if latest is not None and examined and mark.previous_seq is not None and mark.previous_seq != latest:
            history.reloads += 1
            if history.first_reload is None:
                history.first_reload = mark.seq
        self._latest[key] = mark.seq

    def meet_run(self, run: Run, lines: int) -> None:
        """Proven events in a row, with what comes of it if each of them is met; ``lines`` are those before them.

        In each thread they ascend, and links name the event before. So but for a few of them nothing comes of it but
        that they are newer than what was delivered before, or are not.
        """
        strands = [_Strand(thread.decode(), numbers, run) for thread, numbers in run.places().items()]
        notable = [(strand.numbers[place], place, strand) for strand in strands for place in self._notable(strand)]
        for number, place, strand in sorted(notable, key=itemgetter(0)):
            self._pass(strand, place)
            self.meet(strand.thread, run.mark(number), lines)
            strand.done = place + 1
        for strand in strands:
            self._pass(strand, len(strand.numbers))

    def _notable(self, strand: _Strand) -> set[int]:
        """The places of the events in a strand that have to be met: the first, the first that is newer than what was
        delivered, those whose number comes again, those that a link elsewhere names.
        """
        thread, first, last = strand.thread, strand.seq(0), strand.seq(-1)
        places = {0}
        latest = self._latest.get(thread)
        if latest is not None and first <= latest < last:
            places.add(strand.behind(latest))
        for low, high in self._overlaps.get(thread, ()):
            if low <= last and first <= high:
                places.update(range(strand.behind(low - 1), strand.behind(high)))
        for name, seq in self._links:
            if name == thread and first <= seq <= last:
                # If it is not there, another is looked at in vain.
                places.add(strand.behind(seq - 1))
        return places

    def _pass(self, strand: _Strand, end: int) -> None:
        """The events of a strand up to a place (exclusive), all newer than what was delivered before, or none."""
        count = end - strand.done
        if not count or (self._refused is not None and strand.run.offset > self._refused):
            return
        if self._thread is not None and strand.thread != self._thread:
            self.history.other_thread += count
        elif strand.seq(strand.done) <= self._latest[strand.thread]:
            self.history.passed_over += count
        else:
            self._latest[strand.thread] = strand.seq(end - 1)

    def _compare(self, key: str, mark: Mark, lines: int) -> None:
        """Is this number new, a repetition, or a conflict?"""
        if not any(low <= mark.seq <= high for low, high in self._overlaps.get(key, ())):
            return
        place = (key, mark.seq)
        first = self._seen.get(place)
        if first is None:
            if len(self._seen) < REMEMBERED:
                self._seen[place] = (mark.digest, mark.offset)
            else:
                self.history.exact = False
        elif first[0] == mark.digest:
            self.history.repeated += 1
        else:
            self.history.conflicting += 1
            if mark.offset in self._neighbours:
                return
            self.history.distant += 1
            facts: dict[str, Fact] = {"thread": key, "seq": mark.seq, "first_offset": first[1]}
            found = Finding(mark.offset, mark.line + lines, rules.SEQ_CONFLICT.code, facts)
            if len(self.history.conflicts) < self._plan.kept:
                self.history.conflicts.append(found)
            if self._listen:
                self._listen([found])

    def _explain(self, thread: str, mark: Mark) -> None:
        """A link to an event that came earlier is a new connection, not loss (DECISIONS, Severities)."""
        for finding in self._links.pop((thread, mark.seq), ()):
            if finding.offset > mark.offset:
                self.history.explained.append(finding)


def _overlaps(tally: Tally) -> dict[str, list[tuple[int, int]]]:
    """By thread, the ranges of seq that occur more than once, as the findings of order tell them, merged."""
    ranges: dict[str, list[tuple[int, int]]] = {}
    for code in (rules.SEQ_DUPLICATE.code, rules.SEQ_STEP_BACK.code, rules.SEQ_CONFLICT.code):
        for finding in tally.findings.get(code, ()):
            seq = int(str(finding.facts["seq"]))
            high = int(str(finding.facts.get("previous", seq)))
            ranges.setdefault(str(finding.facts["thread"]), []).append((seq, high))
    return {thread: _merged(found) for thread, found in ranges.items()}


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def apply(tally: Tally, history: History) -> None:
    """Put what the second look found into the tally: conflicts that were no neighbours, links that are explained."""
    if history.distant:
        tally.broken[rules.SEQ_CONFLICT.code] += history.distant
        tally.findings.setdefault(rules.SEQ_CONFLICT.code, []).extend(history.conflicts)
    for finding in history.explained:
        tally.findings[finding.code].remove(finding)
        tally.broken[finding.code] -= 1
        code = rules.NEW_CONNECTION.code
        link, previous = finding.facts["link"], finding.facts["previous"]
        problem = f"previous_seq {link} after seq {previous}: a link to an earlier event, so a new connection"
        moved = Finding(finding.offset, finding.line, code, {**finding.facts, "problem": problem}, finding.column)
        tally.broken[code] += 1
        tally.findings.setdefault(code, []).append(moved)
        history.regraded.append(moved)
    for code in (rules.SEQ_CONFLICT.code, rules.NEW_CONNECTION.code):
        if code in tally.findings:
            tally.findings[code] = sorted(tally.findings[code], key=lambda found: found.place)[: tally.kept]
    tally.broken = Counter({code: count for code, count in tally.broken.items() if count})
