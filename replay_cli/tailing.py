"""Tailing: the command ``replay tail`` from its words to its exit code.

What is shown goes to stdout; what became of the logs, the summary, and complaints go to stderr.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO

from replay_cli.asked_tail import USUAL, TailRequest, refuse_untailable, tail_selection, timeout_of, with_url
from replay_cli.atomic import say, standard_output
from replay_cli.beginning import ForeignError
from replay_cli.cursor import read_cursor, write_cursor
from replay_cli.discovery import STDIN
from replay_cli.envelope import Envelope
from replay_cli.errors import ReplayError, SourceError, UsageError, one_line
from replay_cli.findings import Severity
from replay_cli.following import arrivals, somebody_reads
from replay_cli.gathering import Logs
from replay_cli.grading import grade
from replay_cli.looking import Seen
from replay_cli.outcome import FINDINGS, INTERRUPTED, NOBODY_READS, NOTHING, PRECEDENCE, UNREADABLE, USAGE
from replay_cli.planning import Options
from replay_cli.profiles import Shape
from replay_cli.selection import Globs, Ids
from replay_cli.showing import Json, Lines, Look, Raw, Show, prefixes
from replay_cli.stores import this_machines
from replay_cli.terminal import colored, width_of_output
from replay_cli.wording import count
from replay_cli.words import listed

if TYPE_CHECKING:
    from replay_cli.listening import Listening
    from replay_cli.remote import Remote

POLL = 0.04
"""Seconds between two looks at the logs."""

KEEP = 1.0
"""Seconds between two writings of the cursor."""


def tail(request: TailRequest) -> int:
    """Show the end of logs as was asked, follow them if that was asked, and return the exit code."""
    request = with_url(request)
    refuse_untailable(request)
    return _Tail(request).run()


class _EndError(Exception):
    """It is over; ``code`` is the exit code, None if that depends on what was met."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(code)
        self.code = code


class _Tail:
    """One run of the command."""

    def __init__(self, request: TailRequest) -> None:
        self._request = request
        self._cursor = None if request.cursor is None else read_cursor(request.cursor)
        self._selection = tail_selection(request, self._cursor)
        self._awaited = Globs(listed(request.exit_on)) if request.exit_on else None
        timeout = timeout_of(request)
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._due: set[int] = set()
        self._shown = 0
        self._seqs: tuple[int, int] | None = None
        self._counts: Counter[str] = Counter()
        # Whether what is shown is new: the last events of before are none that is waited for.
        self._live = False
        self._kept_at = 0.0
        self._told: set[str] = set()
        self._remote: Remote | None = None
        self._listening: Listening | None = None
        self._show: Show | None = None
        self._names: dict[int, str] = {}
        self._logs = Logs(
            self._paths(), request.exclude, self._options(), self._selection, self._notice, self._complain
        )

    def _paths(self) -> list[str]:
        """What to tail: what was named, or the store of this machine."""
        if self._request.paths:
            return list(self._request.paths)
        try:
            folder = this_machines()
        except RuntimeError:
            raise UsageError("tail: no log named, and there is no home folder to look in") from None
        if not folder.is_dir() and not self._request.follow:
            raise UsageError(f"tail: no log named, and there is no store in {folder}")
        return [str(folder)]

    def _options(self) -> Options:
        request = self._request
        if request.max_line_bytes < 1:
            raise UsageError(f"--max-line-bytes: {request.max_line_bytes} is less than 1")
        return Options(
            profile=None if request.profile == "auto" else Shape(request.profile),
            framing="sse" if request.url else None if request.framing == "auto" else request.framing,
            max_line_bytes=request.max_line_bytes,
            grading=grade([], [], []),
            cache=request.cache,
        )

    def run(self) -> int:
        """Do it, and return the exit code."""
        request = self._request
        try:
            with standard_output() as out:
                code = self._run(out)
        except BrokenPipeError:
            return NOBODY_READS
        if not request.quiet and (code != USAGE or self._shown):
            say(f"replay: {self._summary()}")
        return code

    def _run(self, out: BinaryIO) -> int:
        """Find the logs and show them. However it ends, what was begun is ended, and the cursor kept."""
        self._out = out
        code: int | None = None
        try:
            if self._request.url is None:
                self._logs.find(self._request.follow)
            if USAGE in self._due:
                # Half of what was asked would look like all of it.
                return USAGE
            self._meet_logs()
            self._show = self._renderer()
            self._show_all(self._show)
        except _EndError as end:
            code = end.code
        except SourceError as error:
            self._complain(error)
            code = UNREADABLE
        except ForeignError as error:
            self._say(str(error))
            code = NOTHING if self._request.url is None else UNREADABLE
        except UsageError as error:
            self._complain(error)
            code = USAGE
        except KeyboardInterrupt:
            code = INTERRUPTED
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        if self._show is not None:
            self._show.close()
        out.flush()
        try:
            self._keep(0.0)
        except UsageError as error:
            if code != USAGE:
                self._complain(error)
            code = USAGE
        if code in (None, INTERRUPTED):
            self._tell_unused()
        return self._exit_code() if code is None else code

    def _show_all(self, show: Show) -> None:
        request = self._request
        if request.url is not None:
            self._follow_url(show, request.url)
            return
        if request.follow and STDIN in request.paths:
            self._follow_stdin(show)
            return
        last = request.number
        if last is None and request.since_seq is None and request.since is None and self._cursor is None:
            last = USUAL
        self._live = last is None
        self._take(show, self._logs.backlog(last, request.follow))
        if request.follow:
            if last != 0 and self._logs.all:
                self._tell_unused()
            self._live = True
            self._follow(show)

    def _follow(self, show: Show) -> None:
        """Show what comes, until something ends it."""
        for log in self._logs.all:
            if not log.followable and log.opened:
                self._notice(f"{one_line(log.path)}: cannot be followed; only plain files can")
        until_seq = self._selection.until_seq
        while until_seq is None or not self._logs.past(until_seq):
            if self._logs.look_again():
                self._meet_logs()
            self._take(show, self._logs.news())
            self._settle()
            if not self._logs.behind:
                left = POLL if self._deadline is None else self._deadline - time.monotonic()
                time.sleep(max(min(POLL, left), 0))
        self._end()

    def _follow_stdin(self, show: Show) -> None:
        """Show what comes on standard input, as it comes, to its end."""
        self._live = True
        log = self._logs.all[0]
        for data in arrivals(sys.stdin.buffer, POLL):
            self._take(show, log.arrive(data))
            self._settle()
        self._take(show, log.arrive(b"", complete=True))
        self._end()

    def _follow_url(self, show: Show, url: str) -> None:
        """Show what the runtime sends, connecting again as often as needed, as its own client would."""
        from replay_cli.listening import Listening
        from replay_cli.remote import Remote
        from replay_cli.tokens import token_from

        self._remote = remote = Remote(url, token_from(self._request.token_file))
        log, selection = self._logs.take_stream(remote.name), self._selection
        self._live = True
        limit = self._replay_limit()
        self._listening = Listening(remote, log, selection.since_seq, selection.until_seq, limit)
        for one in self._listening.arrivals(POLL):
            if isinstance(one, str):
                self._notice(one)
            else:
                self._take(show, one)
            self._settle()
        self._end()

    def _replay_limit(self) -> int | None:
        """How many of its last events the runtime is to send first; None: all behind where it begins."""
        request, selection = self._request, self._selection
        if request.number is not None:
            return request.number
        if (selection.since_seq, selection.until_seq, selection.since) != (None, None, None):
            return None
        # Of events of before it could not be told whether they are what is waited for.
        return 0 if self._awaited is not None else USUAL

    def _settle(self) -> None:
        """Let what was shown be seen, and keep its number; end if there is nobody to see it, or the time is up."""
        self._out.flush()
        self._keep(KEEP)
        if not somebody_reads(self._out):
            raise BrokenPipeError
        if self._deadline is not None and time.monotonic() >= self._deadline:
            remote = self._remote
            if remote is not None:
                remote.refuse_vain(f"within --timeout {self._request.timeout}")
            self._end()

    def _end(self) -> None:
        """The time is up, or nothing more can come: what is waited for, if something is, has not."""
        if self._awaited is not None:
            self._due.add(FINDINGS)
        raise _EndError

    # -- what is shown ---------------------------------------------------------------------------------------------

    def _renderer(self) -> Show:
        request, write = self._request, self._out.write
        if request.raw:
            return Raw(write, self._say)

        def text(piece: str) -> int:
            return write(piece.encode(errors="backslashreplace"))

        if request.format is not None:
            return Json(text, self._say, request.format == "json", request.payload)
        terminal = sys.stdout.isatty()
        look = Look(
            color=colored(request.color, terminal),
            width=None if request.wrap else width_of_output(terminal),
            flow=request.flow,
            payload=request.payload,
            utc=request.utc,
            names=self._names,
        )
        return Lines(look, text)

    def _take(self, show: Show, row: Iterable[Seen]) -> None:
        for seen in row:
            self._find(show, seen)
            if seen.event is None:
                continue
            if seen.shown:
                show.show(seen)
                self._shown += 1
                if seen.numbered:
                    self._note(seen.event)
            if self._live and seen.selected and self._awaited and self._awaited.takes(seen.event.event):
                raise _EndError(0)

    def _note(self, event: Envelope) -> None:
        """Take note of the number of an event that was shown."""
        first, last = self._seqs or (event.seq, event.seq)
        self._seqs = (min(first, event.seq), max(last, event.seq))

    def _find(self, show: Show, seen: Seen) -> None:
        """Show the findings of a frame, unless it belongs to a thread that was not asked for."""
        threads = self._selection.threads
        if threads and seen.event is not None and seen.event.thread_id not in threads:
            return
        for one, severity in seen.findings:
            self._counts[severity.value] += 1
            show.find(seen, one, severity)
            if self._request.strict and severity is Severity.ERROR:
                raise _EndError(FINDINGS)

    # -- what it says ----------------------------------------------------------------------------------------------

    def _notice(self, line: str) -> None:
        if not self._request.quiet:
            self._say(line)

    def _notice_once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._notice(line)

    def _say(self, line: str) -> None:
        # What was shown before it is to be seen before it.
        if self._show is not None:
            self._show.pause()
        self._out.flush()
        say(f"replay: {line}")

    def _complain(self, problem: ReplayError) -> None:
        self._due.add(USAGE if isinstance(problem, UsageError) else UNREADABLE)
        self._say(str(problem))

    def _summary(self) -> str:
        logs, seqs = self._logs.all, self._seqs
        told = f"{count(self._shown, 'event')} of {count(len(logs), 'log')}"
        if seqs is not None:
            told += f", seq {seqs[0]}" + (f" to {seqs[1]}" if seqs[1] > seqs[0] else "")
        found = ", ".join(count(self._counts[level], level) for level in ("error", "warning", "note"))
        held = sum(log.held for log in logs)
        torn = f"; {count(held, 'byte')} without a line end held back" if held else ""
        more = sum(log.held_findings for log in logs)
        untold = f"; {count(more, 'finding')} before them not kept" if more else ""
        return f"showed {told}: {found}{torn}{untold}{self._of_listening()}"

    def _of_listening(self) -> str:
        """What the summary says of a live stream."""
        one = self._listening
        if one is None:
            return ""
        unended = 0 if self._remote is None else self._remote.unended
        told = {
            f"{count(unended, 'byte')} of an event without an end held back": unended,
            f"{count(one.withheld, 'finding')} more, not shown": one.withheld,
            count(one.reconnections, "reconnection"): one.reconnections,
            f"{count(one.continuity.ignored, 'event')} ignored, as not newer": one.continuity.ignored,
            f"{count(one.continuity.strange, 'event')} ignored, as of another thread": one.continuity.strange,
        }
        return "".join(f"; {words}" for words, number in told.items() if number)

    def _tell_unused(self) -> None:
        """Say which patterns and ids fitted nothing, where nothing was shown: that is most likely why."""
        if self._shown:
            return
        selection = self._selection
        if (selection.since_seq, selection.until_seq) != (None, None):
            for log in self._logs.all:
                if not log.numbered:
                    told = "the events of this stream have no seq, so none is in a range of it"
                    self._notice_once(f"{one_line(log.path)}: {told}")
        for option, one in (("event", selection.events), ("thread", selection.threads), ("turn", selection.turns)):
            for word in one.unused if isinstance(one, Globs | Ids) else ():
                self._notice_once(f"--{option}: {one_line(word)} matched no event")

    def _exit_code(self) -> int:
        due = set(self._due)
        # A live stream may be silent for long.
        if self._request.url is None and not any(log.has_events for log in self._logs.all):
            due.add(NOTHING)
        return next((code for code in PRECEDENCE if code in due), 0)

    # -- the cursor ------------------------------------------------------------------------------------------------

    def _meet_logs(self) -> None:
        """Take note of which logs there are now."""
        if len(set(self._logs.groups)) < 2:
            return
        self._names.update(prefixes([log.path for log in self._logs.all]))
        if self._request.cursor is not None:
            raise UsageError("--cursor: holds one number, but these logs are of several stores, which count apart")

    def _keep(self, patience: float) -> None:
        """Keep the number of the last event shown, if the last time is long enough ago (in seconds)."""
        now = time.monotonic()
        if self._request.cursor is None or self._seqs is None or now < self._kept_at + patience:
            return
        self._kept_at = now
        if self._cursor is None or self._seqs[1] > self._cursor:
            self._cursor = self._seqs[1]
            write_cursor(self._request.cursor, self._cursor)
