"""Tally: the result of auditing some bytes; tallies add.

``left + right`` is the tally of the bytes of both, in this order; it is associative, and ``Tally()`` is zero. So
streaming, spans and processes are one code: neighbours are compared in exactly one place, the seam inside ``+``,
and a seam between two machines is the same as a step between two lines. Line numbers are relative to a tally's
own beginning until it is added; byte offsets are absolute from birth.

``+=`` is the same sum in place: what it costs goes by the right side, so a running total over a hundred thousand
threads is not copied at each line.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from replay_cli import rules
from replay_cli.checks import beside
from replay_cli.envelope import Mark
from replay_cli.findings import Finding
from replay_cli.frames import Frame


@dataclass(frozen=True, slots=True)
class Place:
    """A line worth remembering: its line, its byte offset, how many events stand before it, and a rule's code."""

    line: int
    offset: int
    events: int
    code: str

    def moved(self, lines: int, events: int) -> Place:
        """A copy behind so many more lines and events."""
        return Place(self.line + lines, self.offset, self.events + events, self.code)


def nothing_counted() -> Counter[str]:
    """What ``Counter()`` makes, without what that does with its arguments: each block has a tally, with four."""
    return Counter.__new__(Counter)


@dataclass(slots=True)
class Tally:
    """What is known of some bytes in whole frames.

    ``events`` counts readable events, ``broken`` findings per code, ``findings`` keeps the first ``kept`` of each
    code, by place. ``looked`` counts, per code, how often a rule could be asked at all. ``heads`` and ``tails``
    are the first and last mark of each thread; ``bad`` and ``joints`` the first and last byte offset of frames
    that could not be read and of HTTP heads. ``opening`` is an HTTP head with nothing before it, ``headed`` tells
    that one is all that came last. ``refused`` is the first line that no reader gets past, ``unexamined`` the first
    over-long one, ``torn`` offset and length of a tail. ``done`` and ``first_frame`` serve the compat stream.
    ``leads`` says that nothing will be put before it, so that of heads their places will do. ``proven`` are the bytes
    that the prover decided, ``unproven`` those that it did not, by the reason: they tell how the audit went, not what
    the log says.
    """

    kept: int = 1000
    gaps: bool = False
    lines: int = 0
    size: int = 0
    frames: int = 0
    events: int = 0
    comments: int = 0
    names: Counter[str] = field(default_factory=nothing_counted)
    broken: Counter[str] = field(default_factory=nothing_counted)
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    looked: Counter[str] = field(default_factory=nothing_counted)
    heads: dict[str, Mark] = field(default_factory=dict)
    tails: dict[str, Mark] = field(default_factory=dict)
    bad: tuple[int, int] | None = None
    joints: tuple[int, int] | None = None
    headed: bool = False
    opening: Place | None = None
    refused: Place | None = None
    unexamined: Place | None = None
    torn: tuple[int, int] | None = None
    completed: bool = False
    seqs: tuple[int, int] | None = None
    instants: tuple[int, int] | None = None
    first_frame: Finding | None = None
    done: bool = False
    leads: bool = field(default=False, compare=False)
    proven: int = field(default=0, compare=False)
    unproven: Counter[str] = field(default_factory=nothing_counted, compare=False)

    def __add__(self, right: Tally) -> Tally:
        """The tally of the bytes of both."""
        total = Tally(self.kept, self.gaps)
        total += self
        total += right
        return total

    def __iadd__(self, right: Tally) -> Tally:
        """Add the tally of the bytes that follow, in place."""
        self.absorb(right)
        return self

    def absorb(self, right: Tally) -> list[Finding]:
        """Add the tally of the bytes that follow, in place, and return the findings that this brings, by place.

        They are final: nothing that follows changes them. Those that ``right`` did not keep are not among them.
        """
        lines, events = self.lines, self.events
        seam = [found.moved(lines) for found in self._seam(right)]
        brought = list(seam)
        for code, found in right.findings.items():
            moved = [finding.moved(lines) for finding in found]
            self._keep(code, moved)
            brought += moved
        for finding in seam:
            self.broken[finding.code] += 1
            self._keep(finding.code, [finding])
        self._join_marks(right, lines)
        self._join_places(right, lines, events)
        _add(self.broken, right.broken)
        _add(self.names, right.names)
        _add(self.looked, right.looked)
        self.bad = _span(self.bad, right.bad)
        self.joints = _span(self.joints, right.joints)
        self.seqs = _range(self.seqs, right.seqs)
        self.instants = _range(self.instants, right.instants)
        self.torn = right.torn or self.torn
        self.completed = self.completed or right.completed
        self.headed = right.headed if right.occupied else self.headed
        self.done = right.done if right.first_frame else self.done
        if not self.first_frame and right.first_frame:
            self.first_frame = right.first_frame.moved(lines)
        self.lines += right.lines
        self.size += right.size
        self.frames += right.frames
        self.events += right.events
        self.comments += right.comments
        self.proven += right.proven
        _add(self.unproven, right.unproven)
        return sorted(brought, key=lambda finding: finding.place) if len(brought) > 1 else brought

    def count_refused(self, frames: list[Frame], code: str, completed: bool) -> None:
        """Add the tally of frames that are refused for one reason, findings that are only counted, in place.

        There must be a ``refused`` line already; else its place would have to be known. ``completed`` tells whether
        one of them seems to end a turn.
        """
        self.broken[code] += len(frames)
        self._keep(code, [])
        self.bad = _span(self.bad, (frames[0].offset, frames[-1].offset))
        self.completed = self.completed or completed
        self.lines += sum([frame.lines for frame in frames])
        self.size += sum([frame.length for frame in frames])
        self.frames += len(frames)
        self.comments += sum([frame.comments for frame in frames])

    def count_blank(self, frame: Frame, code: str) -> None:
        """Add the tally of a blank line, a finding that is only counted, in place."""
        self.broken[code] += 1
        self._keep(code, [])
        self.lines += frame.lines
        self.size += frame.length

    def _keep(self, code: str, found: list[Finding]) -> None:
        mine = self.findings.setdefault(code, [])
        for finding in found:
            if not mine or mine[-1].place <= finding.place:
                if len(mine) < self.kept:
                    mine.append(finding)
            else:
                insort(mine, finding, key=lambda kept: kept.place)
                del mine[self.kept :]

    def _join_marks(self, right: Tally, lines: int) -> None:
        for thread, mark in right.heads.items():
            if thread not in self.heads:
                self.heads[thread] = mark.moved(lines)
        for thread, mark in right.tails.items():
            head = self.heads[thread]
            # One event makes one mark, kept once: a hundred thousand threads are a lot of marks.
            self.tails[thread] = head if head.offset == mark.offset else mark.moved(lines)
            if self.leads and head.digest and head.offset != mark.offset:
                self.heads[thread] = head.place()

    def _join_places(self, right: Tally, lines: int, events: int) -> None:
        if not self.occupied and right.opening:
            self.opening = right.opening.moved(lines, events)
        if not self.refused and right.refused:
            self.refused = right.refused.moved(lines, events)
        if not self.unexamined and right.unexamined:
            self.unexamined = right.unexamined.moved(lines, events)

    @property
    def occupied(self) -> bool:
        """Whether anything but white space and comments stands in the bytes."""
        return bool(self.frames or self.joints)

    def _seam(self, right: Tally) -> Iterator[Finding]:
        """What the meeting of the two sides shows; lines are still those of ``right``."""
        for thread, head in right.heads.items():
            tail = self.tails.get(thread)
            if tail is not None:
                damaged = _between(tail, head, self.bad, right.bad)
                joined = _between(tail, head, self.joints, right.joints)
                yield from beside(thread, tail, head, damaged, joined, self.looked, self.gaps)
        # The heads of interim answers, and of proxies, stand before the one of the stream.
        if self.occupied and right.opening and not self.headed:
            place = right.opening
            problem = "another HTTP response begins here: a new connection"
            yield Finding(place.offset, place.line, rules.NEW_CONNECTION.code, {"problem": problem})
        if self.done and right.first_frame:
            yield right.first_frame


def _add(counts: Counter[str], more: Counter[str]) -> None:
    """What ``Counter.update`` does, which takes ten times as long for the few names that there are."""
    for name, number in more.items():
        counts[name] += number


def _between(tail: Mark, head: Mark, left: tuple[int, int] | None, right: tuple[int, int] | None) -> bool:
    """Whether the last of the left places or the first of the right ones lies between two marks."""
    return (left is not None and left[1] > tail.offset) or (right is not None and right[0] < head.offset)


def _span(left: tuple[int, int] | None, right: tuple[int, int] | None) -> tuple[int, int] | None:
    """First and last of two runs of places, in order."""
    return (left[0], right[1]) if left and right else left or right


def _range(left: tuple[int, int] | None, right: tuple[int, int] | None) -> tuple[int, int] | None:
    """Least and greatest of two ranges of numbers."""
    return (min(left[0], right[0]), max(left[1], right[1])) if left and right else left or right


def total(tallies: Iterable[Tally], kept: int = 1000, gaps: bool = False) -> Tally:
    """The sum of tallies, in order, in one pass."""
    result = Tally(kept, gaps)
    for tally in tallies:
        result += tally
    return result
