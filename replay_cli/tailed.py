"""Tailed: one log of those that are tailed: its last events, what it says from a place on, and what it grows by."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from replay_cli import index
from replay_cli.beginning import Beginning, ForeignError
from replay_cli.cutting import HEAD_KEPT
from replay_cli.ending import blocks_backwards
from replay_cli.envelope import Envelope
from replay_cli.errors import ReplayError, SourceError, UsageError, one_line
from replay_cli.findings import Finding, Severity
from replay_cli.following import OVERTHROWN, Change, Followed, What
from replay_cli.frames import State
from replay_cli.indexed import Indexed
from replay_cli.lastof import LastOf
from replay_cli.looking import Looker, Seen
from replay_cli.planning import Options, Planned, planned
from replay_cli.profiles import Plan, Shape
from replay_cli.rules import COMPAT_STREAM
from replay_cli.selection import Selection
from replay_cli.skimming import Skim
from replay_cli.sniffing import HEAD
from replay_cli.sources import Source, open_path, read_at
from replay_cli.streaming import Stream
from replay_cli.walk import FRAMINGS
from replay_cli.wording import count, size

PIECE, LEAST = 128 * 1024, 8 * 1024
"""Most and least bytes of a log that are read at once."""

TOGETHER = 32 * 1024 * 1024
"""Bytes that are read at once of all logs together; thousands may be read side by side."""

FINDINGS_HELD = 100
"""Findings before an event that are held, where the last events of a stream are looked for."""


class Key(NamedTuple):
    """Where an event stands among others: log, number, time in nanoseconds since 1970, byte in its log."""

    log: int
    seq: int
    instant: int
    offset: int


class Tailed:
    """One log, by its path, or by ``opener`` if that can be read only once; ``number`` is its place among the logs.

    ``read`` counts the events that were looked at.
    """

    def __init__(
        self,
        number: int,
        path: str,
        options: Options,
        selection: Selection,
        opener: Callable[[], Source] | None = None,
    ) -> None:
        self.number, self.path = number, path
        self.followable = False
        self.piece = PIECE
        """Bytes that are read at once."""
        self.held_findings = 0
        """Findings that were not kept, where there were too many."""
        self.accepts: Callable[[Envelope], bool] | None = None
        """Whether an event that arrives is looked at at all."""
        self._options, self._selection = options, selection
        self._open = opener or partial(open_path, path)
        self._source: Source | None = None
        self._planned: Planned | None = None
        self._plan: Plan | None = None
        self._size = 0
        self._identity = (0, 0)
        self._keys: list[Key] = []
        self._before = self._latest = self._wanted = 0
        self._groups: deque[list[Seen]] = deque()
        self._stream: Stream | None = None
        self._followed: Followed | None = None
        self._known: tuple[object, ...] | None = None
        self._told = ""
        self._looker: Looker | None = None
        self._met = self._noted = False
        self._stop: int | None = None
        """The byte from which on nothing can come that is asked for, if that is known."""
        self.beginning = Beginning(path, options)
        """The first bytes of what arrives, until they tell what it is."""

    # -- what there is ---------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look at what it is. Raises UsageError if it is not there, or holds no events; SourceError."""
        source = self._open()
        try:
            begun = planned(source, self._options)
            if begun.plan.shape is Shape.FOREIGN and begun.what:
                raise ForeignError(f"{source.name}: {begun.what}")
        except BaseException:
            source.close()
            raise
        self._plan = begun.plan
        self.followable = source.plain
        self._size, self._identity = source.raw_size or 0, source.identity
        if source.plain:
            source.close()
        else:
            self._source, self._planned = source, begun

    def has_line(self) -> bool:
        """Whether there is a line to tell what it holds. Raises UsageError if it is not there; SourceError."""
        with self._open() as source:
            if not source.rereadable or (source.raw_size or 0) > HEAD:
                return True
            return any(b"\n" in chunk for chunk in source.chunks())

    def find_last(self, number: int) -> list[Key]:
        """The last so many events that are to be shown, in the order of the log. Raises SourceError."""
        if self._source is not None:
            return self._hold_last(number)
        plan = self._its_plan()
        last = LastOf(plan, self._selection, number)
        until = self._selection.until_seq
        if until is not None and self._may_index():
            indexed = Indexed(self.path, plan, self._read)
            self._stop = None if indexed.landing(until) is None else indexed.stop(until)
        end = self._size if self._stop is None else self._stop
        for block in blocks_backwards(self._read, end, FRAMINGS[plan.framing], max(plan.limit, HEAD_KEPT)):
            if last.take(block):
                break
        self._met = last.latest is not None or self._stop is not None
        self._before, self._latest = last.before, last.latest or 0
        self._keys, self._wanted = [Key(self.number, *one) for one in reversed(last.found)], number
        return self._keys

    def _hold_last(self, number: int) -> list[Key]:
        """The same of what can be read only once: what is to be shown is held."""
        groups: deque[list[Seen]] = deque(maxlen=number + 1)
        group: list[Seen] = []
        for seen in self._all():
            group.append(seen)
            if seen.shown:
                groups.append(group)
                group = []
            elif len(group) > FINDINGS_HELD:
                group.pop(0)
                self.held_findings += 1
        if len(groups) > number:
            groups.popleft()
        self._groups, self._wanted = groups, number
        self._keys = [Key(self.number, group[-1].seq, group[-1].instant, group[-1].offset) for group in groups]
        groups.append(group)
        return self._keys

    def backlog(self, last: int | None, follow: bool) -> Iterator[Seen]:
        """What is to be shown of what there is: the ``last`` so many of the events found last, or all (None).

        With ``follow`` an event that has no end yet is left for later. Raises SourceError.
        """
        yield from self._note()
        # Where there are fewer than were wanted, all that is asked for is shown, and all that was found in the range.
        whole = last is None or last == len(self._keys) < self._wanted
        if last is not None and self._source is not None:
            groups = list(self._groups)
            # Before the first one that is shown, what was found belongs to those that are not.
            before = groups[-last - 1] if len(groups) > last and not whole else None
            for group in groups[-last - 1 :]:
                yield from (one for one in group if group is not before or one.shown or one.state is State.TORN)
            return
        offset, opens = 0, None
        if last is not None and not whole:
            missing = len(self._keys) - last
            opens = self._keys[missing].offset if last else self._size
            offset = self._keys[missing - 1].offset if missing > 0 else self._before
            offset = offset if last else max(offset, self._latest)
        yield from self._all(offset, opens, follow)

    def _note(self) -> Iterator[Seen]:
        """What there is to say of the stream as a whole, once."""
        if self.numbered or self._noted:
            return
        self._noted = True
        found = [(Finding(0, 1, COMPAT_STREAM.code, {}), Severity.NOTE)]
        yield Seen(self.number, self.path, None, False, False, 0, 0, b"", 0, found)

    def _all(self, offset: int = 0, opens: int | None = None, follow: bool = False) -> Iterator[Seen]:
        plan, since, until, indexed = self._its_plan(), self._selection.since_seq, self._selection.until_seq, None
        looker = Looker(self.number, self.path, plan, self._selection, self._options.grading)
        if opens is None and since is not None and self._may_index():
            indexed = Indexed(self.path, plan, self._read)
            entry = indexed.landing(since)
            if entry is None:
                indexed.begin(looker.extent)
            else:
                offset, looker.extent, self._met = entry.offset, indexed.extent(entry), True
                self._stop = None if until is None else indexed.stop(until)
        exact = indexed is not None and indexed.builds
        skim = Skim(since, exact) if opens is None and since is not None else None
        stop = None if follow else self._stop
        stream = self._streaming(looker, offset, opens, skim)
        try:
            for chunk in self._chunks(offset, self._size if stop is None else stop):
                yield from stream.feed(chunk)
                if indexed is not None:
                    indexed.take(chunk, stream.settled, looker.met)
            if indexed is not None:
                indexed.end()
            if not follow and stop is None:
                yield from stream.finish(self._more())
            yield from stream.show_all()
        finally:
            if self._source is not None:
                self._source.close()

    def _may_index(self) -> bool:
        """Whether it is so long that where the events asked for begin is worth being kept."""
        return self._options.cache and self._source is None and self._size >= index.WORTH

    def _streaming(self, looker: Looker, offset: int = 0, opens: int | None = 0, skim: Skim | None = None) -> Stream:
        """What is to be shown goes through this from now on."""
        self._looker, looker.accepts = looker, self.accepts
        self._stream = Stream(looker, self._selection, offset, opens, skim)
        return self._stream

    @property
    def opened(self) -> bool:
        """Whether it is known what it holds."""
        return self._plan is not None

    @property
    def numbered(self) -> bool:
        """Whether its events have a seq, as far as is known; those of the compat stream have none."""
        return self._plan is None or self._plan.shape is not Shape.COMPAT

    @property
    def top(self) -> int:
        """The greatest seq that was met, 0 if there is none."""
        return 0 if self._looker is None else self._looker.extent.top

    @property
    def has_events(self) -> bool:
        """Whether any event was met, asked for or not."""
        return self._met or (self._looker is not None and self._looker.met > 0)

    def _chunks(self, offset: int, end: int) -> Iterator[bytes]:
        if self._planned is not None:
            yield from self._planned.chunks
            return
        while offset < end:
            data = self._read(offset, min(self.piece, end - offset))
            if not data:
                raise SourceError(self.path, f"shrank while it was read: {end - offset} bytes are gone")
            yield data
            offset += len(data)

    def _more(self) -> Callable[[], bytes]:
        """What a plain file has grown by since it was opened, piece by piece."""
        at = self._size

        def more() -> bytes:
            nonlocal at
            data = b"" if self._source is not None else self._read(at, PIECE)
            at += len(data)
            return data

        return more

    def _read(self, offset: int, number: int) -> bytes:
        return read_at(self.path, offset, number)

    def _its_plan(self) -> Plan:
        if self._plan is None:
            self.look()
        assert self._plan is not None
        return self._plan

    # -- what comes on a pipe ----------------------------------------------------------------------------------------

    def arrive(self, data: bytes, complete: bool = False) -> Iterator[Seen]:
        """What is to be shown of what arrives, as soon as its first lines tell what it is; ``complete`` at its end.

        Raises UsageError if it holds no events.
        """
        if self._stream is None:
            self._plan = self.beginning.take(data, complete)
            if self._plan is None:
                return
            data, self.beginning.data = self.beginning.data, b""
            self._streaming(Looker(self.number, self.path, self._plan, self._selection, self._options.grading))
            yield from self._note()
        if self._stream is not None:
            yield from self._stream.feed(data)
            if complete:
                yield from self._stream.finish(lambda: b"")

    @property
    def pending(self) -> bool:
        """Whether something has come that has not ended."""
        return bool(self.beginning.data) or (self._stream is not None and self._stream.pending)

    def rejoin(self) -> None:
        """Forget what has come of an event that has not ended: its connection has."""
        self.beginning.data = b""
        if self._stream is not None:
            self._stream.mend()

    # -- what comes ------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """From the end of the backlog on, or from the beginning if there is none: what comes is asked for."""
        if self._stream is None or not self.followable:
            return
        self._followed = Followed(self.path, self._size, self._identity, self.piece)
        self._followed.start(self._size - self._stream.settled)

    @property
    def held(self) -> int:
        """Bytes at its end that have no line end yet."""
        if self._followed is None or self._stream is None:
            return 0
        return self._followed.position - self._stream.settled

    @property
    def behind(self) -> bool:
        """Whether more has come than was read yet."""
        return self._followed is not None and self._followed.behind

    @property
    def is_open(self) -> bool:
        """Whether its file is held open."""
        return self._followed is not None and self._followed.open

    def release(self) -> None:
        """Hold its file open no longer."""
        if self._followed is not None:
            self._followed.release()

    def poll(self) -> Iterator[Seen | str]:
        """What has come since the last time, and lines on what became of the file."""
        if self._followed is None:
            yield from self._begin(0)
            return
        for change in self._followed.changes():
            yield from self._changed(change)

    def _changed(self, change: Change) -> Iterator[Seen | str]:
        followed, stream, name = self._followed, self._stream, one_line(self.path)
        assert followed is not None
        assert stream is not None
        held = self.held - len(change.data)
        match change.what:
            case What.GREW:
                yield from stream.feed(change.data)
                followed.settle(self.held)
            case What.MENDED:
                stream.mend()
                yield f"{name}: a torn tail of {count(held, 'byte')} was cut off, as the runtime does it"
            case What.GONE:
                yield f"{name}: was removed; waiting for it to come back"
            case What.UNREADABLE:
                yield f"{name}: {change.reason}; trying on"
            case _:
                self._give_up()
                lost = f"; {count(held, 'byte')} at its end had no line end" if held else ""
                yield f"{name}: {OVERTHROWN[change.what].format(size=size(change.offset))}{lost}"
                yield from self._begin(change.offset if change.what is What.CUT else 0)

    def _give_up(self) -> None:
        self.release()
        self._followed = self._stream = None
        self._known = None

    def _begin(self, offset: int) -> Iterator[Seen | str]:
        """Begin to read from byte ``offset`` on, if there is something that can be read."""
        try:
            # A new file is looked at once it has a line; then again whenever it has changed, until it holds events.
            known = self._known
            with open_path(self.path) as source:
                self._known = (source.identity, source.raw_size)
            if self._known == known or not self.has_line():
                return
            self.look()
            if not self.followable:
                raise SourceError(self.path, "cannot be followed; only plain files can")
        except ReplayError as error:
            if isinstance(error, UsageError) and not isinstance(error, ForeignError):
                error = UsageError(f"{one_line(self.path)}: is not there yet; waiting for it")
            if str(error) != self._told:
                self._told = str(error)
                yield self._told
            return
        self._told = ""
        yield from self._note()
        yield from self._all(offset, 0, follow=True)
        self.follow()
