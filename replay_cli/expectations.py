"""Expectations: a report beside what is expected of its recording. What differs is missing, unexpected or changed.

A finding is the same one if its rule, the content of its line and the seq there are, wherever the line stands by now.
The seq is that of the event in the line, or of the next one if there is none in it, so that of blank lines and others
alike each is told from the rest by what follows it. Where several agree in all that, those go together that stand
where they stood, then the first with the first; the number in a fingerprint, which counts lines alike from the top,
is not asked. With a fingerprint but no seq, content and line decide, or the content alone. An expected finding
without a fingerprint is found by its seq, or else by its line. Of what is left over, one that is expected and one
that was found are one that changed if they share rule and line, or rule and seq.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple

from replay_cli.findings import Content, Ends
from replay_cli.manifest import Entry, Expected
from replay_cli.render.fingerprints import Fingerprints
from replay_cli.told import CompressionName, Report

MOST = 10_000
"""Findings of a recording that are compared; one with more is none that can be expected of anything."""


class Seen(NamedTuple):
    """A finding as it is compared."""

    code: str
    name: str
    line: int
    seq: int | None
    fingerprint: str
    message: str
    column: int = 1
    offset: int = 0
    content: Content | None = None


class Looked(NamedTuple):
    """What of a report is compared and told: all that a process of the pool sends of a recording.

    ``uncompared`` are findings beyond those that are compared.
    """

    profile: str
    failure: str | None
    events: int
    lines: int
    size: int
    seen: list[Seen]
    ends: Ends
    uncompared: int
    compression: CompressionName | None = None

    @property
    def is_mute(self) -> bool:
        """Whether nothing is told of it, as if it were clean, though no event was seen: no rule was asked of that."""
        return not (self.events or self.seen or self.failure is not None)


class Difference(NamedTuple):
    """An expected finding that is not there (``found`` is None), one that nobody expects, or one that changed."""

    expected: Expected | None
    found: Seen | None


class Bound(NamedTuple):
    """A key of the manifest that says how a stream begins or ends, what it says, and what is so; None: nothing."""

    key: str
    expected: int | str
    found: int | str | None


class Compared(NamedTuple):
    """A recording beside its entry. ``same`` are expected findings with those that they stand for.

    ``bounds`` are where the stream should begin and end otherwise. ``uncompared`` are findings beyond those that are
    compared. ``empty`` tells that there is no event, and no finding of that or of anything else.
    """

    differences: list[Difference]
    same: list[tuple[Expected, Seen]]
    bounds: list[Bound]
    uncompared: int
    empty: bool = False

    @property
    def differs(self) -> bool:
        """Whether anything is not as expected."""
        return self.changed or self.empty

    @property
    def changed(self) -> bool:
        """Whether anything differs but that there is no event."""
        return bool(self.differences or self.bounds or self.uncompared)

    @property
    def dated(self) -> bool:
        """Whether an expected finding is not told as it is now, though it is the same one."""
        return any(
            one.fingerprint != seen.fingerprint or one.line not in (None, seen.line) or one.seq != seen.seq
            for one, seen in self.same
        )

    @property
    def moved(self) -> int:
        """Expected findings that stand on another line than expected, which is no difference."""
        return sum(one.line not in (None, seen.line) for one, seen in self.same)


def looked_at(report: Report) -> Looked:
    """What is compared of a report."""
    return Looked(
        report.profile,
        report.failure,
        report.events,
        report.lines,
        report.bytes,
        _seen_in(report) if report.findings else [],
        report.ends or Ends(None, None),
        report.not_shown,
        report.compression,
    )


def _seen_in(report: Report) -> list[Seen]:
    """The findings of a report, in their order."""
    fingerprints = Fingerprints()
    return [
        Seen(
            one.code,
            one.name,
            one.line,
            one.content.seq if one.content else None,
            fingerprints.of(one),
            one.message,
            one.column,
            one.offset,
            one.content,
        )
        for one in report.findings
    ]


def compared(looked: Looked, entry: Entry) -> Compared:
    """A recording beside what is expected."""
    same, differences = matched(entry.findings, looked.seen)
    return Compared(differences, same, list(bounds(entry, looked.ends)), looked.uncompared, looked.is_mute)


def bounds(entry: Entry, ends: Ends) -> Iterator[Bound]:
    """Where a stream begins or ends otherwise than is expected."""
    for key, expected, found in (
        ("starts-at-seq", entry.starts_at_seq, ends.seq),
        ("ends-at-seq", entry.ends_at_seq, ends.last),
        ("ends-with", entry.ends_with, ends.event),
    ):
        if expected is not None and expected != found:
            yield Bound(key, expected, found)


_Way = tuple[Callable[[Expected], Hashable], Callable[[Seen], Hashable]]
"""What an expected and a found finding have in common if they are one; None asks nothing."""

_SAME: tuple[_Way, ...] = (
    (
        lambda one: one.fingerprint and one.line and (one.code, _content(one.fingerprint), one.seq, one.line),
        lambda one: (one.code, _content(one.fingerprint), one.seq, one.line),
    ),
    (
        lambda one: one.fingerprint and (one.code, _content(one.fingerprint), one.seq),
        lambda one: (one.code, _content(one.fingerprint), one.seq),
    ),
    (
        lambda one: one.fingerprint and one.seq is None and (one.code, _content(one.fingerprint), one.line),
        lambda one: (one.code, _content(one.fingerprint), one.line),
    ),
    (
        lambda one: None if one.seq or one.line or not one.fingerprint else (one.code, _content(one.fingerprint)),
        lambda one: (one.code, _content(one.fingerprint)),
    ),
    (
        lambda one: None if one.fingerprint or one.seq is None else (one.code, one.seq),
        lambda one: (one.code, one.seq),
    ),
    (
        lambda one: None if one.fingerprint or one.seq is not None or one.line is None else (one.code, one.line),
        lambda one: (one.code, one.line),
    ),
    (
        lambda one: None if one.fingerprint or one.seq is not None or one.line is not None else one.code,
        lambda one: one.code,
    ),
)
_CHANGED: tuple[_Way, ...] = (
    (lambda one: one.line and (one.code, one.line), lambda one: (one.code, one.line)),
    (lambda one: None if one.seq is None else (one.code, one.seq), lambda one: (one.code, one.seq)),
)


def matched(
    expected: Iterable[Expected], found: Iterable[Seen]
) -> tuple[list[tuple[Expected, Seen]], list[Difference]]:
    """The pairs that are the same, and what differs, in the order of lines."""
    missing, unexpected = list(expected), list(found)
    if not missing and not unexpected:
        return [], []
    same: list[tuple[Expected, Seen]] = []
    changed: list[tuple[Expected, Seen]] = []
    for pairs, ways in ((same, _SAME), (changed, _CHANGED)):
        for of_expected, of_found in ways:
            more, missing, unexpected = _paired(missing, unexpected, of_expected, of_found)
            pairs += more
    same.sort(key=lambda pair: pair[0].number)
    differences = [
        *(Difference(one, None) for one in missing),
        *(Difference(one, seen) for one, seen in changed),
        *(Difference(None, seen) for seen in unexpected),
    ]
    return same, sorted(differences, key=_line)


def _paired(
    expected: list[Expected],
    found: list[Seen],
    of_expected: Callable[[Expected], Hashable],
    of_found: Callable[[Seen], Hashable],
) -> tuple[list[tuple[Expected, Seen]], list[Expected], list[Seen]]:
    """The pairs that have something in common, first with first, and what is left over of both."""
    if not expected or not found:
        return [], expected, found
    waiting: dict[Hashable, deque[Seen]] = defaultdict(deque)
    for seen in found:
        waiting[of_found(seen)].append(seen)
    pairs, left, taken = [], [], set()
    for one in expected:
        key = of_expected(one)
        if key and waiting.get(key):
            seen = waiting[key].popleft()
            taken.add(id(seen))
            pairs.append((one, seen))
        else:
            left.append(one)
    return pairs, left, [seen for seen in found if id(seen) not in taken]


def _content(fingerprint: str) -> str:
    """What a fingerprint says of the line, without the number of those alike."""
    return fingerprint.partition(":")[0]


def _line(one: Difference) -> int:
    if one.found is not None:
        return one.found.line
    return (one.expected.line or 0) if one.expected is not None else 0
