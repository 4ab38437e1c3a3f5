"""Validating: the command ``replay validate`` from its words to its exit code.

Findings go to stdout or the output file; progress, verdicts beside the concise format, and complaints about what
was asked go to stderr.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from replay_cli.api import audit_source, make_options
from replay_cli.discovery import Discovered, Entry, discover
from replay_cli.errors import ReplayError, UsageError, one_line
from replay_cli.findings import Severity
from replay_cli.grading import grade
from replay_cli.inspection import Options, Progress, inspect
from replay_cli.outcome import Outcome
from replay_cli.render import Style, renderer
from replay_cli.report import Report
from replay_cli.sources import open_path, open_stream
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
    statistics: bool
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
    )
    if not request.paths and request.files_from is None:
        raise UsageError("validate: no log named; name files or folders, or - for stdin")
    found = discover(request.paths, exclude=request.exclude, files_from=request.files_from, stdin=sys.stdin.buffer)
    _refuse_own_input(request.output_file, found)
    outcome = Outcome(request.fail_level)
    for problem in found.problems:
        outcome.add_problem(problem)
        _say(str(problem))
    for name in found.empty:
        _say(f"{one_line(name)}: nothing to read in it (.jsonl .ndjson .sse .log)")
    _write(request, _reports(request, found, options, outcome), outcome)
    return outcome.exit_code


def _refuse_own_input(output: Path | None, found: Discovered) -> None:
    if output is None or not output.exists():
        return
    for entry in found.entries:
        path = Path(entry.path)
        if entry.path != "-" and path.exists() and path.samefile(output):
            raise UsageError(f"--output-file: {output} is one of the logs to read")


def _reports(request: Request, found: Discovered, options: Options, outcome: Outcome) -> Iterator[Report]:
    """The report of each source, counted in; other logs that a folder held are only counted as skipped."""
    from replay_cli.progress import progress

    with progress(found.entries) as tell:
        for entry in found.entries:
            try:
                report = _audit(entry, request, options, tell)
            except ReplayError as error:
                outcome.add_problem(error)
                _say(str(error))
                continue
            if report.profile == "foreign" and not entry.named and _is_log(entry.path):
                outcome.skipped += 1
                continue
            outcome.add(report)
            yield report


def _audit(entry: Entry, request: Request, options: Options, tell: Progress | None) -> Report:
    if entry.path != "-":
        return audit_source(partial(open_path, entry.path), options, tell)
    with open_stream(sys.stdin.buffer, request.stdin_filename or "<stdin>") as source:
        return inspect(source, options, None, tell)


def _is_log(path: str) -> bool:
    """Whether a name ends in .log, as logs of every kind do (DECISIONS, Sources)."""
    return re.search(r"\.log(\.(gz|zst|bz2|xz))?\Z", path, re.IGNORECASE) is not None


def _write(request: Request, reports: Iterator[Report], outcome: Outcome) -> None:
    terminal = request.output_file is None and sys.stdout.isatty()
    name = request.format or ("text" if terminal else "concise")
    style = Style(_colored(request.color, terminal), _width() if terminal else 100, request.quiet)
    aside = name == "concise" and not request.quiet
    with _output(request.output_file) as file:
        for piece in renderer(name)(_said(reports, aside), outcome, style):
            file.write(piece.encode(errors="backslashreplace"))
            file.flush()
    if aside:
        counts = ", ".join(count(outcome.counts[level], level) for level in ("error", "warning", "note"))
        skipped = f", {count(outcome.skipped, 'other log')} skipped" if outcome.skipped else ""
        _say(f"{count(outcome.sources, 'source')}{skipped}, {count(outcome.events, 'event')}: {counts}")


def _said(reports: Iterator[Report], aside: bool) -> Iterator[Report]:
    """The reports; what the concise format has no line for is said beside it."""
    for report in reports:
        yield report
        if aside and (report.findings or report.failure):
            _say(f"{one_line(report.source)}: {one_line(report.verdict)}")
        if report.failure:
            _say(report.failure)


def _output(path: Path | None) -> AbstractContextManager[BinaryIO]:
    if path is None:
        sys.stdout.flush()
        return nullcontext(sys.stdout.buffer)
    from replay_cli.atomic import replacing

    return replacing(path)


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
