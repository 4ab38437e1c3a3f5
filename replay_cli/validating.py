"""Validating: the command ``replay validate`` from its words to its exit code.

Findings go to stdout or the output file; progress, verdicts beside the concise format, and complaints about what
was asked go to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from replay_cli.api import audit_source
from replay_cli.asked_validate import Request, Wishes, refuse_nonsense
from replay_cli.atomic import append, say
from replay_cli.batches import Answer, answers, whole
from replay_cli.discovery import NOTHING_IN_IT, STDIN, Discovered, Entry, discover, is_log
from replay_cli.errors import PlacedError, ReplayError, SchemaError, UsageError, WorkerDiedError, one_line
from replay_cli.findings import Finding, Severity
from replay_cli.grading import Grading
from replay_cli.inspection import Listen, inspect
from replay_cli.outcome import FINDINGS, INTERRUPTED, NOBODY_READS, PRECEDENCE, Outcome
from replay_cli.outputs import identity, is_stdout, opened
from replay_cli.planning import Options
from replay_cli.progress import Watch, progress
from replay_cli.render import Style
from replay_cli.rules import FOREIGN_LOG
from replay_cli.sources import open_path, open_stream
from replay_cli.terminal import colored, width_of_terminal
from replay_cli.told import Report
from replay_cli.wording import count


def validate(request: Request) -> int:
    """Audit what was asked, write the report, and return the exit code.

    If nobody reads the report to its end, the code says what was found by then; it never says "clean" of logs that
    were not audited.
    """
    refuse_nonsense(request)
    stdin = sys.stdin.buffer if sys.stdin is not None else None
    if stdin is None and STDIN in request.paths:
        raise UsageError("-: there is no standard input")
    found = discover(request.paths, exclude=request.exclude, files_from=request.files_from, stdin=stdin)
    outcome = Outcome(Severity.OFF if request.exit_zero else request.fail_level or Severity.ERROR)
    _refuse_own_input(request, found)
    try:
        wishes = Wishes(request, found.entries)
        _refuse_manifest(request, wishes.manifests)
    except PlacedError as error:
        _refuse_manifest(request, [error.path])
        if request.format in (None, "text", "concise"):
            raise
        # Whoever reads a format sees nothing of stderr.
        found, wishes = Discovered(problems=[error]), Wishes(request._replace(isolated=True), [])
    for problem in found.problems:
        outcome.add_problem(problem)
        _say(str(problem))
    for name in found.empty:
        _say(f"{one_line(name)}: {NOTHING_IN_IT}")
    run = _Run(request, wishes, found.entries, outcome)
    try:
        run.write()
    except BrokenPipeError:
        found_so_far = next((code for code in PRECEDENCE if code in outcome.due), None)
        return found_so_far or (outcome.exit_code if run.audited_all else NOBODY_READS)
    return outcome.exit_code


def _refuse_own_input(request: Request, found: Discovered) -> None:
    """Raise UsageError if the report would take the place of what is read, or the summary of a job go there."""
    inputs = {identity(entry.path) for entry in found.entries if entry.path != STDIN}
    if any(entry.path == STDIN for entry in found.entries):
        inputs.add(identity("/dev/stdin"))
    summary = os.environ.get("GITHUB_STEP_SUMMARY") if request.format == "github" else None
    if summary and identity(summary) in inputs - {None}:
        raise UsageError(f"GITHUB_STEP_SUMMARY: {summary} is one of the logs to read")
    if request.output_file is None or is_stdout(request.output_file):
        return
    output = identity(request.output_file)
    others = {"--files-from": request.files_from, "--schema": request.schema}
    if output is not None and output in inputs:
        raise UsageError(f"--output-file: {request.output_file} is one of the logs to read")
    for option, path in others.items():
        if output is not None and path is not None and output == identity(path):
            raise UsageError(f"--output-file: {request.output_file} is the file of {option}")


def _refuse_manifest(request: Request, manifests: Iterable[str]) -> None:
    """Raise UsageError if the report would take the place of a manifest."""
    if request.output_file is None or is_stdout(request.output_file):
        return
    output = identity(request.output_file)
    if output is not None and output in map(identity, manifests):
        raise UsageError(f"--output-file: {request.output_file} is the manifest")


class _Run:
    """One run over its inputs: audits them one after the other, and writes as it goes."""

    def __init__(self, request: Request, wishes: Wishes, entries: list[Entry], outcome: Outcome) -> None:
        self._request = request
        self._asked = [(entry, wishes.of(entry)) for entry in entries]
        self._entries = entries
        self._outcome = outcome
        self._left = len(entries)
        self._stopped = False
        self._to_stdout = request.output_file is None or is_stdout(request.output_file)
        terminal = self._to_stdout and sys.stdout is not None and sys.stdout.isatty()
        self._format = request.format or ("text" if terminal else "concise")
        color = colored(request.color, terminal)
        self._style = Style(color, width_of_terminal() if terminal else 100, request.quiet, request.content)
        self._aside = self._format == "concise" and not request.quiet

    @property
    def audited_all(self) -> bool:
        """Whether every log was read, though not all of the report may have been written."""
        return not self._left

    def write(self) -> None:
        """Write the report where it was asked for."""
        with opened(self._request.output_file, "--output-file") as file:
            if self._format == "jsonl":
                self._stream(file)
            else:
                self._render(file)
        read = self._outcome.sources or self._outcome.skipped
        # Where nothing could be read all was said by then.
        if self._aside and not self._stopped and (read or not self._outcome.problems):
            _say(_in_all(self._outcome))

    def _render(self, file: BinaryIO) -> None:
        """Write with a renderer, report by report."""
        from replay_cli.render import renderer

        reports, summary = self._reports(), os.environ.get("GITHUB_STEP_SUMMARY")
        if self._format != "github" or not summary:
            _put(file, renderer(self._format)(reports, self._outcome, self._style))
            return
        from replay_cli.render.github import JobSummary

        job = JobSummary()
        _put(file, renderer(self._format)(job.watch(reports), self._outcome, self._style))
        append(Path(summary), job.text(self._outcome), "GITHUB_STEP_SUMMARY")

    def _stream(self, file: BinaryIO) -> None:
        """Write findings as they are found."""
        from replay_cli.render import jsonl

        def listen(name: str, found: list[Finding], grading: Grading) -> None:
            try:
                _put(file, [jsonl.finding_lines(name, found, grading)])
            except BrokenPipeError:
                if any(self._is_grave(grading.of(one.code)) for one in found):
                    self._outcome.due.add(FINDINGS)
                raise

        _put(file, (jsonl.source_line(report) for report in self._reports(listen)))
        _put(file, [jsonl.summary_line(self._outcome)])

    def _is_grave(self, severity: Severity) -> bool:
        """Whether a finding of this severity makes the run fail."""
        least, levels = self._outcome.fail_level, list(Severity)
        return least is not Severity.OFF and levels.index(severity) <= levels.index(least)

    def _reports(self, listen: Tell | None = None) -> Iterator[Report]:
        """The report of each source, counted in; other logs that a folder held are only counted as skipped.

        What would meet every further source as well ends them early, and so does Ctrl-C: what goes to stdout has its
        end. An output file is not written after Ctrl-C.
        """
        with progress(self._entries) as watch:
            try:
                yield from self._each(watch, listen)
            except KeyboardInterrupt:
                if not self._to_stdout:
                    raise
                self._outcome.due.add(INTERRUPTED)
                self._stop(watch, "interrupted; the rest was not read")
            except (SchemaError, WorkerDiedError) as error:
                self._outcome.add_problem(error)
                self._stop(watch, str(error))

    def _stop(self, watch: Watch, why: str) -> None:
        self._stopped = True
        watch.hide()
        _say(why)

    def _each(self, watch: Watch, listen: Tell | None) -> Iterator[Report]:
        for entry, options, answer in self._answers(spread=listen is None):
            name = self._request.stdin_filename or "<stdin>" if entry.path == STDIN else entry.path
            report = None
            try:
                if answer is None:
                    hear = partial(_heard, listen, name, options.grading) if listen else None
                    report = self._audit(entry, options, name, watch, hear)
                else:
                    report = answer.report
                    watch.passed(entry)
                    if answer.error is not None:
                        raise answer.error
            except (SchemaError, WorkerDiedError):
                raise
            except ReplayError as error:
                self._outcome.add_problem(error)
                watch.hide()
                _say(str(error))
            self._left -= 1
            if report is None:
                continue
            if report.profile == "foreign" and not entry.named and is_log(entry.path):
                self._outcome.skipped += 1
                continue
            self._outcome.add(report)
            watch.hide()
            yield report
            self._say_aside(report)

    def _answers(self, spread: bool) -> Iterator[tuple[Entry, Options, Answer[Report] | None]]:
        """The inputs in their order, with what processes found of them already, if it may be ``spread`` over some."""
        for options, group in groupby(self._asked, key=itemgetter(1)):
            entries = [entry for entry, _ in group]
            # Who listens is told findings as they are found, so one source after the other.
            found = answers(entries, options, whole) if spread else ((entry, None) for entry in entries)
            yield from ((entry, options, answer) for entry, answer in found)

    def _audit(self, entry: Entry, options: Options, name: str, watch: Watch, listen: Listen | None) -> Report:
        if listen and not entry.named and is_log(entry.path):
            # It may turn out to be another log, which is skipped: tell nothing before that is known.
            listen = _Held(listen)
        if entry.path != STDIN:
            report = audit_source(partial(open_path, entry.path), options, watch.tell, listen)
        else:
            with open_stream(sys.stdin.buffer, name) as source:
                report = inspect(source, options, None, watch.tell, listen)
        if isinstance(listen, _Held) and report.profile != "foreign":
            listen.release()
        return report

    def _say_aside(self, report: Report) -> None:
        """What the concise format has no line for."""
        if self._aside and (len(self._entries) == 1 or any(report.counts) or report.failure):
            _say(f"{one_line(report.source)}: {one_line(report.verdict)}")
        if report.failure and self._format != "text":
            _say(report.failure)


class _Held:
    """Findings of a source that may be skipped; a foreign log has but one, so holding them back costs nothing."""

    def __init__(self, listen: Listen) -> None:
        self._listen = listen
        self._held: list[Finding] = []

    def __call__(self, found: list[Finding]) -> None:
        """Take findings; another log is told by its first, so anything else is passed on at once."""
        self._held += found
        if any(one.code != FOREIGN_LOG.code for one in found):
            self.release()

    def release(self) -> None:
        """Pass on what is held."""
        self._listen(self._held)
        self._held = []


Tell = Callable[[str, list[Finding], Grading], None]
"""Told the findings of a source by its name, and how they are graded."""


def _heard(tell: Tell, name: str, grading: Grading, found: list[Finding]) -> None:
    tell(name, found, grading)


def _put(file: BinaryIO, pieces: Iterable[str]) -> None:
    """Write pieces of text as they come, so that a reader at the other end of a pipe sees them at once."""
    for piece in pieces:
        if piece:
            file.write(piece.encode(errors="backslashreplace"))
            file.flush()


def _in_all(outcome: Outcome) -> str:
    counts = ", ".join(count(outcome.counts[level], level) for level in ("error", "warning", "note"))
    skipped = f", {count(outcome.skipped, 'other log')} skipped" if outcome.skipped else ""
    return f"{count(outcome.sources, 'source')}{skipped}, {count(outcome.events, 'event')}: {counts}"


def _say(line: str) -> None:
    say(f"replay: {line}")
