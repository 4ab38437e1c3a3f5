"""Emitting: the command ``replay emit`` from its words to its exit code.

The stream goes to stdout or the output file; the summary, progress, and complaints about what was asked go to stderr.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from replay_cli.admission import refuse, survey_all
from replay_cli.api import make_options
from replay_cli.asked import Request, arranged_of, pace_of, refuse_nonsense, remake_of, selection_of
from replay_cli.atomic import keep_beside, replacing, say, settle
from replay_cli.discovery import NOTHING_IN_IT, STDIN, Discovered, Entry, discover
from replay_cli.emission import Emission
from replay_cli.errors import ReplayError, UsageError, one_line
from replay_cli.grading import grade
from replay_cli.outcome import FINDINGS, INTERRUPTED, NOBODY_READS, NOTHING, PRECEDENCE, UNREADABLE, USAGE
from replay_cli.outputs import compressed, identity, is_stdout, kind_of, opened, refuse_overwriting
from replay_cli.pacing import Pacer
from replay_cli.planning import planned
from replay_cli.progress import Watch, progress
from replay_cli.quarantine import Quarantine
from replay_cli.restoring import restored
from replay_cli.sieve import Wish
from replay_cli.sources import Source, open_path, open_stream
from replay_cli.store_lock import unlocked
from replay_cli.summary import Summary
from replay_cli.wording import size


def emit(request: Request) -> int:
    """Write the stream again as was asked, and return the exit code."""
    refuse_nonsense(request)
    if request.restore is not None:
        return restored(request)
    return _Emit(request).run()


class _Emit:
    """One run of the command."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._selection = selection_of(request)
        self._wish = Wish(
            self._selection,
            request.head,
            request.last,
            request.clean,
            all=request.quarantine is not None or request.in_place,
            singly=request.pace is not None,
            ordered=arranged_of(request) is not None,
        )
        options = make_options(
            request.profile,
            request.framing,
            grade([], [], []),
            max_line_bytes=request.max_line_bytes,
            max_findings=1000,
            statistics=False,
            schema=None,
            show_values=False,
            max_bytes=None,
            fast=True,
            jobs=1,
        )
        self._options = replace(options, cache=request.cache)
        self._remake = remake_of(request)
        self._arranged = arranged_of(request)
        pace = pace_of(request)
        self._pacer = None if pace is None else Pacer(pace)
        self._due: set[int] = set()
        self._summary = Summary()
        self._to_stdout = not request.in_place and (request.output is None or is_stdout(request.output))

    def run(self) -> int:
        """Do it, and return the exit code."""
        request = self._request
        stdin = sys.stdin.buffer if sys.stdin is not None else None
        if stdin is None and STDIN in request.paths:
            raise UsageError("-: there is no standard input")
        found = discover(request.paths, exclude=request.exclude, files_from=request.files_from, stdin=stdin)
        self._refuse_outputs(found)
        for problem in found.problems:
            self._complain(problem)
        for name in found.empty:
            _say(f"{one_line(name)}: {NOTHING_IN_IT}")
        if USAGE in self._due or not found.entries:
            # Half of what was asked would look like all of it.
            return self._exit_code()
        try:
            with ExitStack() as stack:
                entries = self._rereadable(found.entries, stack)
                self._write(entries)
        except BrokenPipeError:
            return NOBODY_READS
        except KeyboardInterrupt:
            _say("interrupted" + ("" if self._to_stdout else "; nothing was written"))
            return INTERRUPTED
        self._tell()
        return self._exit_code()

    # -- what it reads -----------------------------------------------------------------------------------------------

    def _rereadable(self, entries: list[Entry], stack: ExitStack) -> list[tuple[Entry, Callable[[], Source]]]:
        """How each input is opened. What must be read twice and cannot is put into a temporary file first."""
        opens: list[tuple[Entry, Callable[[], Source]]] = []
        for entry in entries:
            name = self._request.stdin_filename or "<stdin>" if entry.path == STDIN else entry.path
            once = partial(open_stream, sys.stdin.buffer, name) if entry.path == STDIN else partial(open_path, name)
            if self._wish.clean and (entry.path == STDIN or not Path(entry.path).is_file()):
                once = partial(open_path, self._copied(once, name, stack), name)
            opens.append((entry, once))
        return opens

    def _copied(self, once: Callable[..., Source], name: str, stack: ExitStack) -> str:
        """The name of a temporary file with what an input holds. Raises UsageError if there is no room for it."""
        try:
            copy = stack.enter_context(tempfile.NamedTemporaryFile(prefix="replay-"))  # noqa: SIM115
            with once(raw=True) as raw:
                for chunk in raw.chunks():
                    copy.write(chunk)
            copy.flush()
        except OSError as error:
            raise UsageError(f"{name}: no room for a copy in {tempfile.gettempdir()}: {error.strerror}") from None
        return copy.name

    def _checked(self, entries: list[tuple[Entry, Callable[[], Source]]]) -> list[tuple[Entry, Callable[[], Source]]]:
        """The inputs without other logs that a folder held.

        Raises UsageError if their framings differ, or if one holds nothing to convert, before anything is written.
        """
        if len(entries) < 2:
            return entries
        kept, framings = [], dict[str, str]()
        for entry, again in entries:
            if entry.path == STDIN and not self._wish.clean:
                kept.append((entry, again))
                continue
            try:
                with again() as source:
                    begun = planned(source, self._options)
            except ReplayError:
                kept.append((entry, again))
                continue
            plan = begun.plan
            if plan.shape == "foreign" and not entry.named and entry.path.lower().endswith(".log"):
                _say(f"{one_line(entry.path)}: another log, skipped")
                continue
            refuse(source, begun, clean=False, remake=self._remake, ordered=self._arranged is not None)
            if not _is_empty(entry.path):
                framings.setdefault(plan.framing, entry.path)
            kept.append((entry, again))
        if len(framings) > 1 and not self._request.in_place and self._remake.framing is None:
            names = " and ".join(f"{one_line(path)} ({framing})" for framing, path in framings.items())
            raise UsageError(f"emit: one stream cannot be JSONL and SSE: {names}; --as makes one of both")
        return kept

    # -- what it writes ----------------------------------------------------------------------------------------------

    def _refuse_outputs(self, found: Discovered) -> None:
        """Raise UsageError if something would take the place of what is read, or of what is there."""
        request = self._request
        inputs = {identity(entry.path): entry.path for entry in found.entries if entry.path != STDIN}
        if any(entry.path == STDIN for entry in found.entries):
            inputs[identity("/dev/stdin")] = "stdin"
        outputs = {"--output": request.output, "--quarantine": request.quarantine}
        outputs |= {"--summary-json": request.summary_json}
        taken: dict[str, str] = {}
        for option, path in outputs.items():
            if path is None or is_stdout(path):
                continue
            if (same := identity(path)) is not None and same in inputs:
                hint = "; --in-place --backup replaces a log" if option == "--output" else ""
                raise UsageError(f"{option}: {path} is one of the logs to read{hint}")
            place = str(Path(path).resolve())
            if place in taken:
                raise UsageError(f"{option}: {path} is the file of {taken[place]}")
            taken[place] = option
            if option != "--summary-json" and not request.force and not request.dry_run:
                refuse_overwriting(path, option)
        for option in ("--quarantine", "--summary-json"):
            path = outputs[option]
            if path is not None and is_stdout(path) and (self._to_stdout or option == "--quarantine"):
                raise UsageError(f"{option}: stdout is for the stream; name a file")

    def _write(self, entries: list[tuple[Entry, Callable[[], Source]]]) -> None:
        request = self._request
        entries = self._checked(entries)
        with progress([entry for entry, _ in entries]) as watch:
            recurring = survey_all([again for _, again in entries], self._options) if self._wish.clean else None
            if request.in_place:
                self._write_in_place(entries, watch)
                return
            with ExitStack() as stack:
                # Renamed in the order in which they are left: what was left out is safe before the output is there.
                output = self._output(stack)
                quarantine = self._quarantine(stack)
                emission = stack.enter_context(
                    Emission(
                        self._wish,
                        self._options,
                        output,
                        quarantine,
                        recurring,
                        watch.tell,
                        self._remake,
                        self._pacer,
                        self._arranged,
                    )
                )
                self._summary = emission.summary
                for _, again in entries:
                    self._take(emission, again, watch)
                    if emission.done:
                        break
                if request.against is not None:
                    with open_path(request.against) as log:
                        emission.stand_beside(log)
                emission.close()
                watch.hide()

    def _take(self, emission: Emission, again: Callable[[], Source], watch: Watch) -> None:
        try:
            with again() as source:
                emission.take(source)
        except UsageError:
            raise
        except ReplayError as error:
            watch.hide()
            self._complain(error)

    def _output(self, stack: ExitStack) -> BinaryIO | None:
        request = self._request
        if request.dry_run:
            return None
        file = stack.enter_context(opened(request.output, "--output"))
        kind = None if self._to_stdout else kind_of(request.output or "")
        return stack.enter_context(compressed(file, kind))

    def _quarantine(self, stack: ExitStack) -> Quarantine | None:
        request, path = self._request, self._request.quarantine
        if path is None or request.dry_run:
            return None
        file = stack.enter_context(opened(path, "--quarantine"))
        changed = self._remake.changes or self._arranged is not None
        return Quarantine(stack.enter_context(compressed(file, kind_of(path))), changed, request.in_place)

    def _write_in_place(self, entries: list[tuple[Entry, Callable[[], Source]]], watch: Watch) -> None:
        """Replace each log by what is kept of it, the old one under another name beside it.

        First everything is written; then the quarantine gets its name, and only then do the logs.
        """
        with ExitStack() as logs, ExitStack() as stack:
            quarantine = self._quarantine(stack)
            for entry, again in entries:
                self._replace(Path(entry.path), again, quarantine, watch, logs)
        watch.hide()

    def _replace(
        self, path: Path, again: Callable[[], Source], quarantine: Quarantine | None, watch: Watch, logs: ExitStack
    ) -> None:
        """Write what is kept of a log; it is put in the log's place when ``logs`` is left."""
        request, target = self._request, path.resolve()
        backup = target.with_name(target.name + request.suffix)
        if not target.is_file():
            raise UsageError(f"--in-place: {path} is no regular file")
        if backup.exists() and not request.force and not request.dry_run:
            raise UsageError(f"--backup: {backup} exists; --force overwrites it")
        with unlocked(target):
            before = target.stat()
        unchanged = False
        recurring = survey_all([again], self._options) if self._wish.clean else None
        with again() as source, ExitStack() as stack:
            output: BinaryIO | None = None
            if not request.dry_run:
                known = (before.st_ino, before.st_size, before.st_mtime_ns)
                guard = _guarded(target, backup, known, lambda: unchanged)
                file = logs.enter_context(replacing(target, "--in-place", guard))
                stack.callback(settle, file)
                output = stack.enter_context(compressed(file, source.compression))
            emission = stack.enter_context(
                Emission(
                    self._wish,
                    self._options,
                    output,
                    quarantine,
                    recurring,
                    watch.tell,
                    self._remake,
                    arranged=self._arranged,
                )
            )
            emission.summary = self._summary
            self._summary.links.restart()
            counts = self._summary.counts
            emission.take(source)
            if self._summary.failures:
                raise UsageError(f"--in-place: {path} could not be read to its end; it stays as it is")
            emission.close()
            if not self._remake.changes and self._arranged is None:
                unchanged = self._summary.counts.is_copy_since(counts)

    # -- what it says ------------------------------------------------------------------------------------------------

    def _complain(self, problem: ReplayError) -> None:
        self._due.add(USAGE if isinstance(problem, UsageError) else UNREADABLE)
        _say(str(problem))

    def _tell(self) -> None:
        request, summary = self._request, self._summary
        for failure in summary.failures:
            _say(failure)
        for pattern in self._selection.events.unused if self._selection.events else ():
            if not summary.stopped:
                _say(f"--event: {one_line(pattern)} matched no event")
        for spec, number in summary.redacted.items():
            if not number and spec[0] != "@" and summary.events and not summary.stopped:
                _say(f"--redact: {one_line(spec)} matched nothing, or only what was taken out before")
        if request.summary_json is not None:
            with opened(request.summary_json, "--summary-json") as file:
                file.write(summary.as_json().encode())
        told: list[str] = []
        if not request.quiet:
            for line in summary.lines(self._wrote(), bool(request.quarantine or request.redact)):
                if request.dry_run and self._to_stdout:
                    told.append(line)
                else:
                    _say(line)
        if told:
            with opened(None, "--dry-run") as file:
                file.write("".join(f"{line}\n" for line in told).encode(errors="backslashreplace"))
                file.flush()

    def _wrote(self) -> str:
        request, written = self._request, size(self._summary.written_bytes)
        if request.dry_run:
            return f"would write {written}"
        where = "in place" if request.in_place else "stdout" if self._to_stdout else one_line(str(request.output))
        beside = f"; what was left out is in {one_line(request.quarantine)}" if request.quarantine else ""
        return f"wrote {written} " + (where if request.in_place else f"to {where}") + beside

    def _exit_code(self) -> int:
        summary, due = self._summary, set(self._due)
        if summary.failures:
            due.add(UNREADABLE)
        if summary.merged is not None and summary.merged.flawed:
            due.add(FINDINGS)
        if summary.conflicts or (summary.lost and self._request.quarantine is None):
            due.add(FINDINGS)
        if not summary.events:
            due.add(NOTHING)
        return next((code for code in PRECEDENCE if code in due), 0)


@contextmanager
def _guarded(
    target: Path, backup: Path, before: tuple[int, int, int], unchanged: Callable[[], bool]
) -> Iterator[bool]:
    """Around the renaming: the store is not locked, the log is as it was when it was read, the old one is kept.

    Says whether there is anything to rename: a log that stays what it is needs no backup.
    """
    if unchanged():
        yield False
        return
    with unlocked(target):
        found = target.stat()
        if (found.st_ino, found.st_size, found.st_mtime_ns) != before:
            raise UsageError(f"--in-place: {target} was changed while it was read; it stays as it is")
        backup.unlink(missing_ok=True)
        keep_beside(target, backup)
        try:
            yield True
        except BaseException:
            # The log is what it was.
            backup.unlink(missing_ok=True)
            raise


def _is_empty(path: str) -> bool:
    """Whether a file holds nothing, so that its framing is nobody's concern."""
    try:
        return Path(path).stat().st_size == 0
    except (OSError, ValueError):
        return False


def _say(line: str) -> None:
    say(f"replay: {line}")
