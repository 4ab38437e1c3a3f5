"""Validating: the command ``replay validate`` from its words to its exit code.

Findings go to stdout or the output file; progress, verdicts beside the concise format, and complaints about what
was asked go to stderr.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from replay_cli.api import audit_source, make_options
from replay_cli.atomic import append, replacing, standard_output
from replay_cli.discovery import STDIN, Discovered, Entry, discover
from replay_cli.errors import ReplayError, UsageError, one_line
from replay_cli.findings import Finding, Severity
from replay_cli.grading import grade
from replay_cli.inspection import Listen, Options, inspect
from replay_cli.outcome import Outcome
from replay_cli.progress import Watch, progress
from replay_cli.render import Style
from replay_cli.report import Report
from replay_cli.rules import FOREIGN_LOG
from replay_cli.sources import open_path, open_stream
from replay_cli.userschema import SchemaError
from replay_cli.wording import count


@dataclass(frozen=True, slots=True)
class Request:
    """What was typed."""

    paths: list[str]
    exclude: list[str]
    files_from: str | None
    stdin_filename: str | None
    profile: str
    framing: str
    select: list[str]
    ignore: list[str]
    severity: list[str]
    max_line_bytes: int
    max_findings: int
    fail_level: Severity
    format: str | None
    output_file: Path | None
    max_bytes: int | None
    schema: Path | None
    statistics: bool
    content: bool
    show_values: bool
    quiet: bool
    color: str


def validate(request: Request) -> int:
    """Audit what was asked, write the report, and return the exit code."""
    options = make_options(
        request.profile,
        request.framing,
        grade(request.select, request.ignore, request.severity),
        max_line_bytes=request.max_line_bytes,
        max_findings=request.max_findings,
        statistics=request.statistics,
        schema=request.schema,
        show_values=request.show_values,
        max_bytes=request.max_bytes,
    )
    if not request.paths and request.files_from is None:
        raise UsageError("validate: no log named; name files or folders, or - for stdin")
    if not request.content and request.show_values:
        raise UsageError("--no-content: contradicts --show-values")
    found = discover(request.paths, exclude=request.exclude, files_from=request.files_from, stdin=sys.stdin.buffer)
    _refuse_own_input(request.output_file, found)
    outcome = Outcome(request.fail_level)
    for problem in found.problems:
        outcome.add_problem(problem)
        _say(str(problem))
    for name in found.empty:
        _say(f"{one_line(name)}: nothing to read in it (.jsonl .ndjson .sse .log)")
    _Run(request, options, found.entries, outcome).write()
    return outcome.exit_code


def _refuse_own_input(output: Path | None, found: Discovered) -> None:
    if output is None or not output.exists():
        return
    for entry in found.entries:
        path = Path(entry.path)
        if entry.path != "-" and path.exists() and path.samefile(output):
            raise UsageError(f"--output-file: {output} is one of the logs to read")


class _Run:
    """One run over its inputs: audits them one after the other, and writes as it goes."""

    def __init__(self, request: Request, options: Options, entries: list[Entry], outcome: Outcome) -> None:
        self._request = request
        self._options = options
        self._entries = entries
        self._outcome = outcome
        terminal = request.output_file is None and sys.stdout.isatty()
        self._format = request.format or ("text" if terminal else "concise")
        color = _colored(request.color, terminal)
        self._style = Style(color, _width() if terminal else 100, request.quiet, request.content)
        self._aside = self._format == "concise" and not request.quiet

    def write(self) -> None:
        """Write the report where it was asked for."""
        with _output(self._request.output_file) as file:
            if self._format == "jsonl":
                self._stream(file)
            else:
                self._render(file)
        if self._aside:
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

        grading = self._options.grading

        def listen(name: str, found: list[Finding]) -> None:
            _put(file, [jsonl.finding_lines(name, found, grading)])

        _put(file, (jsonl.source_line(report) for report in self._reports(listen)))
        _put(file, [jsonl.summary_line(self._outcome)])

    def _reports(self, listen: Callable[[str, list[Finding]], None] | None = None) -> Iterator[Report]:
        """The report of each source, counted in; other logs that a folder held are only counted as skipped."""
        with progress(self._entries) as watch:
            for entry in self._entries:
                name = self._request.stdin_filename or "<stdin>" if entry.path == STDIN else entry.path
                try:
                    report = self._audit(entry, name, watch, partial(listen, name) if listen else None)
                except SchemaError:
                    raise
                except ReplayError as error:
                    self._outcome.add_problem(error)
                    watch.hide()
                    _say(str(error))
                    continue
                if report.profile == "foreign" and not entry.named and _is_log(entry.path):
                    self._outcome.skipped += 1
                    continue
                self._outcome.add(report)
                watch.hide()
                yield report
                self._say_aside(report)

    def _audit(self, entry: Entry, name: str, watch: Watch, listen: Listen | None) -> Report:
        if listen and not entry.named and _is_log(entry.path):
            # It may turn out to be another log, which is skipped: tell nothing before that is known.
            listen = _Held(listen)
        if entry.path != STDIN:
            report = audit_source(partial(open_path, entry.path), self._options, watch.tell, listen)
        else:
            with open_stream(sys.stdin.buffer, name) as source:
                report = inspect(source, self._options, None, watch.tell, listen)
        if isinstance(listen, _Held) and report.profile != "foreign":
            listen.release()
        return report

    def _say_aside(self, report: Report) -> None:
        """What the concise format has no line for."""
        if self._aside and (report.findings or report.failure):
            _say(f"{one_line(report.source)}: {one_line(report.verdict)}")
        if report.failure:
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


def _is_log(path: str) -> bool:
    """Whether a name ends in .log, as logs of every kind do (DECISIONS, Sources)."""
    return re.search(r"\.log(\.(gz|zst|bz2|xz))?\Z", path, re.IGNORECASE) is not None


def _output(path: Path | None) -> AbstractContextManager[BinaryIO]:
    if path is None:
        return standard_output()
    return replacing(path, "--output-file")


def _colored(wanted: str, terminal: bool) -> bool:
    """Whether to use colour: the option, then NO_COLOR, then FORCE_COLOR, then whether a terminal shows it."""
    if wanted != "auto":
        return wanted == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


def _say(line: str) -> None:
    sys.stderr.write(f"replay: {line}\n")
