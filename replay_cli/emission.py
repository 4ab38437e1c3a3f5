"""Emission: sources in, one stream out; every byte is either written as it came or left out and counted.

Where the pieces meet: a source is planned and sifted, and its bytes, held until it is known what becomes of them,
go to the output or to the quarantine.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from replay_cli import rules
from replay_cli.admission import refuse
from replay_cli.arranging import Arrangement
from replay_cli.cleaning import Cleaner
from replay_cli.cutting import cut
from replay_cli.errors import SourceError, UsageError
from replay_cli.held import Held
from replay_cli.links import Links
from replay_cli.merging import Merged
from replay_cli.pacing import Pacer
from replay_cli.planning import Options, Planned, planned
from replay_cli.profiles import Plan, Shape
from replay_cli.quarantine import Quarantine
from replay_cli.remaking import Remake, Remaker
from replay_cli.ring import Ring
from replay_cli.seen import Seen
from replay_cli.shortcut import Watched, started
from replay_cli.sieve import Head, Sieve, Wish
from replay_cli.sources import Source
from replay_cli.sse import BOM
from replay_cli.stretches import BEFORE_LAST, CUT_SHORT, MERGED, NO_EVENT, Stretch
from replay_cli.summary import UNREADABLE, Left, Summary
from replay_cli.survey import Recurring
from replay_cli.walk import FRAMINGS

if TYPE_CHECKING:
    from replay_cli.redacting import Redactor

BATCH = 256 * 1024
"""Bytes that are gathered before they are written."""

Progress = Callable[[Source, int], None]


class Writable(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes."""

    def flush(self) -> object:
        """Give on what was taken."""


class Emission:
    """One run: sources are given one after the other, then it is closed. It is its own context manager.

    ``output`` is where the stream goes, None to write nothing; ``quarantine`` gets what is left out. ``arranged``
    puts all that is kept in order; the wish must be for that. With a pacer each event is written when it is due, and
    at once; the wish must be for single ones then.
    """

    def __init__(
        self,
        wish: Wish,
        options: Options,
        output: Writable | None,
        quarantine: Quarantine | None = None,
        recurring: Recurring | None = None,
        progress: Progress | None = None,
        remake: Remake | None = None,
        pacer: Pacer | None = None,
        arranged: str | None = None,
    ) -> None:
        self._pacer = pacer
        self.remake = remake or Remake()
        self.wish = replace(wish, slots=self.remake.changes)
        self.summary = Summary(links=Links(latest=wish.last is not None))
        self._options = options
        self._output = output
        self._quarantine = quarantine
        self._recurring = recurring
        self._progress = progress
        self._head = Head(wish.head)
        self._stack = ExitStack()
        self._seen = self._stack.enter_context(Seen()) if wish.clean else None
        self._ring = self._stack.enter_context(Ring(wish.last)) if wish.last is not None else None
        self._waiting: list[bytes | memoryview] = []
        self._size = 0
        # The last bytes that were written, which tell whether the stream stands at the end of a frame.
        self._edge = b""
        self._remaker: Remaker | None = None
        self._arrangement: Arrangement | None = None
        if arranged is not None:
            merged = self.summary.merged = Merged() if arranged == MERGED else None
            self._arrangement = self._stack.enter_context(
                Arrangement(merged, lambda *told: self.summary.flaw(*told), self.remake.shape is not None)
            )
        self._redactor: Redactor | None = None
        if self.remake.redaction is not None:
            # Only here: what it may leave and must take is a lot to load.
            from replay_cli.redacting import Redactor

            self._redactor = Redactor(self.remake.redaction)

    @property
    def done(self) -> bool:
        """Whether nothing more would be written, and nobody wants to know what is left out."""
        return self._head.reached and not self.wish.all

    def take(self, source: Source) -> None:
        """Sift a source. Raises UsageError for another log that cannot be cleaned, and what writing raises."""
        begun = planned(source, self._options)
        refuse(source, begun, self.wish.clean, self.remake, self.wish.ordered)
        self.summary.sources += 1
        if self._arrangement is not None:
            self._arrangement.begin(source.name, begun.plan)
        elif self.remake.changes:
            self._remaker = self._made_remaker(begun.plan)
        if self._quarantine:
            self._quarantine.begin(source.name)
        _OneSource(self, source, begun).run()
        if self._quarantine:
            self._quarantine.end()

    def _made_remaker(self, plan: Plan) -> Remaker:
        return Remaker(plan, self.remake, self.summary.remade, self._redactor)

    def stand_beside(self, source: Source) -> None:
        """Hold what is merged against a log. Raises SourceError if it cannot be read, UsageError for another one."""
        assert self._arrangement is not None
        begun = planned(source, self._options)
        if begun.plan.shape not in (Shape.ENVELOPE, Shape.RECORD, Shape.LEGACY):
            raise UsageError(f"--against: {source.name} is no log of our events")
        self._arrangement.stand_beside(source, begun, self.wish)

    def _write_arranged(self, arrangement: Arrangement) -> None:
        remakers: dict[int, Remaker] = {}
        for number, origin, piece in arrangement.stream():
            if self.remake.changes:
                if number not in remakers:
                    remakers[number] = self._made_remaker(origin.plan)
                self._remaker = remakers[number]
            if self._quarantine:
                self._quarantine.begin(origin.name)
            put = self.leave if piece.stretch.reason else self.keep
            put(origin.name, piece.stretch, [piece.data])

    def close(self) -> None:
        """Write what is still to be written, and count it."""
        if self._arrangement is not None:
            self._write_arranged(self._arrangement)
        if self._ring is not None:
            self._close_ring(self._ring)
        self.flush()
        if self._redactor is not None:
            self.summary.redacted = self._redactor.counts()
        if self.remake.relink or self.remake.shape is Shape.RECORD or self._arrangement is not None:
            # The links that were read are not those that are written.
            self.summary.links = Links()

    def __enter__(self) -> Emission:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # -- for each source ---------------------------------------------------------------------------------------------

    def sieve(self, name: str, begun: Planned) -> Sieve:
        """What sifts a source."""
        wish, summary, cleaner = self.wish, self.summary, None
        sieve: Sieve

        def first(thread: str, seq: int, digest: bytes) -> bytes | None:
            recurring = self._recurring
            if self._seen is None or not (recurring is None or recurring.may(thread, seq, seq)):
                return None
            return self._seen.first(thread, seq, digest)

        def flawed(rule: str) -> None:
            if self._arrangement is None or rule != rules.SEQ_STEP_BACK.name:
                summary.flaw(name, sieve.line, rule)

        if wish.clean:
            cleaner = Cleaner(begun.plan, first, flawed)
        recurring = self._recurring or Recurring(None)
        sieve = Sieve(name, begun.plan, wish, summary.links, self._head, cleaner, recurring)
        return sieve

    def start(self, source: Source, begun: Planned, sieve: Sieve) -> tuple[Iterable[bytes], int, Watched]:
        """What is to be read of a source, and how (``started``)."""
        return started(source, begun, sieve, self.wish, self._options, self.summary)

    def put(self, source: str, stretch: Stretch, pieces: Iterable[bytes | memoryview]) -> None:
        """Write a stretch, or keep it until it is known what comes before it."""
        if self._arrangement is None:
            self.keep(source, stretch, pieces)
        else:
            self._arrangement.put(stretch, b"".join(pieces))

    @property
    def arranges(self) -> bool:
        """Whether what is kept is put in order first."""
        return self._arrangement is not None

    def keep(self, source: str, stretch: Stretch, pieces: Iterable[bytes | memoryview]) -> None:
        """Write a stretch, as it came or remade, and when it is due."""
        if self._pacer is not None and stretch.events:
            # What stood before it is not to wait for it.
            self.flush()
            self._pacer.wait(stretch.instant)
        if self._remaker is None:
            self._keep(source, stretch, pieces)
        else:
            self._keep_remade(source, stretch, b"".join(pieces) + stretch.added)
        if self._pacer is not None:
            self.flush()

    def _keep_remade(self, source: str, stretch: Stretch, data: bytes) -> None:
        assert self._remaker is not None
        self.summary.line_ends += bool(stretch.added)
        for part, made in self._remaker.parts(stretch, data):
            if part.reason:
                # The sieve took it for kept.
                self.summary.unreadable -= part.reason in UNREADABLE
                start = part.offset - stretch.offset
                self.leave(source, part, [data[start : start + part.length]])
                continue
            self.summary.keep(part)
            if self._ring is not None:
                self._ring.put(source, made, part, 0, 0)
            else:
                self._write(made)

    def _keep(self, source: str, stretch: Stretch, pieces: Iterable[bytes | memoryview]) -> None:
        self.summary.keep(stretch)
        if self._ring is not None:
            links = self.summary.links
            self._ring.put(source, b"".join(pieces) + stretch.added, stretch, links.caused, links.before)
            return
        for piece in pieces:
            if self._quarantine:
                self._quarantine.kept(piece)
            self._write(piece)
        if stretch.added:
            self.add(stretch.added, stretch.offset + stretch.length, stretch.line)

    def add(self, data: bytes, offset: int, line: int) -> None:
        """Write line ends that the source lacks before its byte ``offset``."""
        self.summary.line_ends += 1
        if self._quarantine:
            self._quarantine.added(offset, line, data)
        self._write(data)

    def leave(self, source: str, stretch: Stretch, pieces: Iterable[bytes | memoryview]) -> None:
        """Leave a stretch out."""
        self.summary.leave(source, stretch)
        if self._quarantine:
            self._quarantine.leave(stretch, pieces)
            return
        for _ in pieces:
            pass

    def missing_end(self, framing: str) -> bytes:
        """What must come before the next source, so that its first frame is not a part of the last one."""
        edge = self._edge
        if not edge:
            return b""
        if framing == "jsonl":
            return b"" if edge.endswith(b"\n") else b"\n"
        if edge.endswith((b"\n\n", b"\r\r", b"\n\r", b"\r\n\r\n")):
            return b""
        return b"\n" if edge.endswith((b"\n", b"\r")) else b"\n\n"

    def _write(self, data: bytes | memoryview) -> None:
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Give what was gathered to the output."""
        if not self._size:
            return
        data = b"".join(self._waiting)
        self._waiting, self._size = [], 0
        self._edge = (self._edge + data[-4:])[-4:]
        self.summary.written_bytes += len(data)
        if self._output is not None:
            self._output.write(data)
            self._output.flush()

    def progress(self, source: Source) -> None:
        """Tell how far a source was read."""
        if self._progress:
            self._progress(source, self.summary.bytes)

    def _close_ring(self, ring: Ring) -> None:
        """Only the last events are written; what came before them is left out after all."""
        summary, dropped = self.summary, ring.dropped
        if dropped.pieces:
            summary.left[BEFORE_LAST] = Left(
                dropped.pieces, dropped.events, dropped.bytes, dropped.source, dropped.line, dropped.offset
            )
            summary.kept -= dropped.events
            summary.kept_bytes -= dropped.bytes
        summary.links.forget(*ring.links_before)
        for piece in ring.pieces():
            self._write(piece)


class _OneSource:
    """The way of one source through an emission."""

    def __init__(self, emission: Emission, source: Source, begun: Planned) -> None:
        self._emission = emission
        self._source = source
        self._begun = begun
        self._sieve = emission.sieve(source.name, begun)
        self._held = Held()
        # Whether a byte of this source has gone to the output.
        self._begun_writing = False

    def run(self) -> None:
        """Read it to its end, or as far as is needed."""
        emission, plan, source = self._emission, self._begun.plan, self._source
        with self._held as held:
            failure = None
            try:
                if plan.shape is Shape.FOREIGN:
                    self._pass_through(held.watch(self._begun.chunks))
                else:
                    chunks, offset, watched = emission.start(source, self._begun, self._sieve)
                    framing, more = FRAMINGS[plan.framing], lambda: held.put(source.more())
                    for block in watched(cut(held.watch(chunks), framing, plan.limit, more, offset)):
                        for stretch in self._sieve.stretches(block):
                            self._place(stretch)
                        emission.flush()
                        emission.progress(source)
                        if emission.done:
                            emission.summary.stopped = True
                            return
            except SourceError as error:
                failure = error
            emission.summary.unreadable += self._sieve.unreadable
            if held.size:
                self._place_rest(held.size)
            if failure is not None:
                emission.summary.failures.append(str(failure))

    def _pass_through(self, chunks: Iterable[bytes]) -> None:
        """Another log holds no events: it is written as it is, or, where events are selected, not at all."""
        offset = 0
        takes_all = self._emission.wish.takes_all
        for chunk in chunks:
            self._place(Stretch(len(chunk), offset, 1, 0, "" if takes_all else NO_EVENT))
            offset += len(chunk)

    def _place_rest(self, size: int) -> None:
        """What stands before the place where reading failed is no whole frame."""
        wish = self._emission.wish
        kept = wish.takes_all and not wish.clean
        offset = self._emission.summary.bytes + self._emission.summary.passed_bytes
        self._place(Stretch(size, offset, self._sieve.line, 0, "" if kept else CUT_SHORT))

    def _place(self, stretch: Stretch) -> None:
        """Give the bytes of a stretch on."""
        emission = self._emission
        if stretch.reason:
            emission.leave(self._source.name, stretch, self._held.take(stretch.length))
            return
        if not self._begun_writing:
            self._begun_writing = True
            stretch = self._join(stretch)
        emission.put(self._source.name, stretch, self._held.take(stretch.length))

    def _join(self, stretch: Stretch) -> Stretch:
        """The first bytes of a source go behind those of another: see to it that both stay what they are."""
        emission = self._emission
        framing = emission.remake.framing or self._begun.plan.framing
        emission.flush()
        if emission.summary.written_bytes == 0 and not emission.arranges:
            if framing == "sse" and stretch.offset and self._held.begins_with(BOM):
                # Where it stood it was a part of a name; as the first bytes of all it would not be.
                emission.add(b"\n", stretch.offset, stretch.line)
            return stretch
        if end := emission.missing_end(framing):
            emission.add(end, stretch.offset, stretch.line)
        if framing == "sse" and stretch.offset == 0 and self._held.begins_with(BOM):
            # Only at the very beginning of a stream is it no part of the first field's name.
            mark = Stretch(len(BOM), 0, 1, 0, rules.SSE_BYTE_ORDER_MARK.name)
            emission.leave(self._source.name, mark, self._held.take(len(BOM)))
            rows = stretch.rows and stretch.rows._replace(ends=array("Q", [n - len(BOM) for n in stretch.rows.ends]))
            return stretch._replace(length=stretch.length - len(BOM), offset=len(BOM), rows=rows)
        return stretch
