"""Spans: one large file, cut into byte ranges of whole frames that are audited in several processes.

A span begins where a frame does, and ends where the next begins, so the tallies of spans add up to that of the file
as those of blocks do. Where frames begin is looked for by one process, in order and forwards only: a line of a
gigabyte is passed over once.

All processes open the file anew, as each reads at a place of its own: by the descriptor of the one who opened it
first, where that can be done, so that it is the same file even if another has taken its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from replay_cli.auditor import audit_blocks
from replay_cli.cutting import OVERLAP, cut
from replay_cli.errors import SchemaError, SourceError
from replay_cli.frames import Framing
from replay_cli.pool import ordered
from replay_cli.profiles import Plan
from replay_cli.sources import Source, open_path, read_at
from replay_cli.tally import Tally
from replay_cli.walk import FRAMINGS

if TYPE_CHECKING:
    from replay_cli.prover import Lesson

SPAN = 2 * 1024 * 1024
"""Bytes of a span, about: some hundredths of a second of work. Tallies that wait for their turn are held in memory,
and in a log of a hundred thousand threads they are as large as their spans."""

LARGE = 12 * SPAN
"""Bytes of a file from which on it is cut up: starting processes takes as long as auditing some megabytes."""

THREADS, DENSE = 20_000, 2_000
"""Threads, in all and in one span, from which on a log is audited by one process: what is kept of each takes most of
the memory that there is."""

_STEP = 64 * 1024


class Span(NamedTuple):
    """A range of a file to be audited: 0-based bytes, end exclusive; frames begin at both.

    ``path`` holds as long as the source that is cut stays open. ``first`` is the first span of the file, if the
    prover is to know what that teaches, and nothing else: then the share that is proven does not depend on which
    process audits what. ``before`` is how often each rule was broken before it, as far as that was known when it was
    given out.
    """

    path: str
    name: str
    identity: tuple[int, int]
    start: int
    end: int
    plan: Plan
    before: Counter[str]
    first: Span | None = None


def is_large(source: Source) -> bool:
    """Whether a source is a plain file, and large enough to be cut up."""
    return source.plain and (source.raw_size or 0) >= LARGE


def audit_spans(source: Source, plan: Plan, jobs: int, span: int = SPAN, steady: bool = False) -> Iterator[Tally]:
    """Tallies that add up to that of a plain file, in order. Raises SourceError, SchemaError and WorkerDiedError.

    Of a log of very many threads what follows is audited here, so that not all processes hold them. So is the last
    stretch: whether its last frame has an end, and by how much the file has grown, is for the one who opened it to
    say. With ``steady`` the share that is proven is the same for any number of ``jobs``.
    """
    cuts = _Cuts(source, plan, span, steady)
    done, threads, spans = 0, set[str](), iter(cuts)
    # The first one here: it tells how many threads there are before any other process holds some.
    first = map(_audit_span, islice(spans, 1))
    for tally in chain(first, ordered(_audit_span, spans, jobs), map(_audit_span, cuts.rest())):
        done += tally.size
        threads.update(tally.heads)
        cuts.broken += tally.broken
        cuts.closed = len(threads) > THREADS or len(tally.heads) > DENSE
        # So that the source tells how far its reading has come.
        source.skip_to(done)
        yield tally
    source.skip_to(cuts.reached)
    if cuts.first is not None:
        _know_only(cuts.first)
    framing = FRAMINGS[plan.framing]
    blocks = cut(source.chunks(), framing, plan.limit, source.more, cuts.reached)
    yield from audit_blocks(blocks, plan, before=cuts.broken)


class _Cuts:
    """The spans of a file but the last; ``reached`` is where the last one that was taken ends."""

    def __init__(self, source: Source, plan: Plan, span: int, steady: bool) -> None:
        self._source = source
        self._plan = plan
        self._span = span
        self._steady = steady
        self._path = str(source.held_path)
        self.reached = 0
        self.broken: Counter[str] = Counter()
        """How often each rule was broken in the spans whose tallies are there."""
        self.first: Span | None = None
        """The first span, if the prover is to know what that teaches, and nothing else."""
        self.closed = False
        """Whether no further span is to be given out to other processes."""

    def __iter__(self) -> Iterator[Span]:
        while not self.closed and (span := self._next()) is not None:
            yield span

    def rest(self) -> Iterator[Span]:
        """What is left of them when no more are given out to others; nothing if their share need not be steady."""
        while self._steady and (span := self._next()) is not None:
            yield span

    def _next(self) -> Span | None:
        source, plan = self._source, self._plan
        size = source.raw_size or 0
        wanted = self.reached + self._span
        end = _next_frame(self._path, FRAMINGS[plan.framing], wanted, size) if wanted < size else None
        if end is None:
            return None
        start, self.reached = self.reached, end
        span = Span(self._path, source.name, source.identity, start, end, plan, Counter(self.broken), self.first)
        if self._steady and self.first is None:
            self.first = span
        return span


def _next_frame(path: str, framing: Framing, wanted: int, size: int) -> int | None:
    """Where the first frame begins at or behind byte ``wanted`` of a file; None if none does before its end."""
    # What ends right at the wanted byte began before it.
    at = wanted - OVERLAP
    while at < size and (data := read_at(path, at, _STEP)):
        skipped = 0
        while end := framing.first(data[skipped:], False):
            skipped += end
            if at + skipped >= wanted:
                return at + skipped if at + skipped < size else None
        if at + len(data) >= size or len(data) <= OVERLAP:
            return None
        at += len(data) - OVERLAP
    return None


def _audit_span(span: Span) -> Tally:
    """The tally of one span; runs in a worker. Raises SourceError if the file is not what it was, and SchemaError."""
    if span.first is not None:
        _know_only(span.first)
    total = Tally(span.plan.kept, span.plan.gaps)
    with open_path(span.path, span.name, raw=True) as source:
        if source.identity != span.identity:
            raise SourceError(span.name, "was replaced by another file while it was read")
        source.skip_to(span.start, span.end)
        blocks = cut(source.chunks(), FRAMINGS[span.plan.framing], span.plan.limit, None, span.start)
        try:
            for part in audit_blocks(blocks, span.plan, before=span.before):
                total += part
        except SchemaError as error:
            raise error.met(span.name, total.lines) from None
    if total.size != span.end - span.start:
        raise SourceError(span.name, "shrank while it was read")
    return total


class _Taught:
    """What the first span of a file teaches, as far as this process has looked: the last one asked for."""

    by: Span | None = None
    lesson: Lesson


def _know_only(first: Span) -> None:
    """Let the prover know what a file's first span teaches, and nothing else."""
    from replay_cli import prover

    if _Taught.by != first:
        prover.forget()
        # Some of it is learned of what was met often.
        for _ in range(2):
            _audit_span(first)
        _Taught.by, _Taught.lesson = first, prover.lesson()
    prover.take_up(_Taught.lesson)
