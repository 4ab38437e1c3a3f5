"""Outcome: what all sources of a run come to, and the exit code that says it (DECISIONS, Sources)."""

from __future__ import annotations

from dataclasses import dataclass, field

from replay_cli.errors import PlacedError, ReplayError, SourceError, UsageError, WorkerDiedError
from replay_cli.findings import Severity
from replay_cli.told import Counts, Report, Summary

CLEAN, FINDINGS, USAGE, NOTHING, UNREADABLE, INTERRUPTED = 0, 1, 2, 3, 4, 130
PRECEDENCE = (INTERRUPTED, USAGE, UNREADABLE, FINDINGS, NOTHING)
"""Which exit code wins when several are due."""

NOBODY_READS = 141
"""The exit code that shells know of programs whose reader has gone: 128 and the number of SIGPIPE."""

_LEVELS = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(slots=True)
class Outcome:
    """Grows as reports come in; findings at or above ``fail_level`` make the run fail (OFF: none do).

    ``places`` are path and line of problems that have one, by what is said. ``may_be_empty`` tells that sources
    without an event may be what is wanted.
    """

    fail_level: Severity = Severity.ERROR
    sources: int = 0
    skipped: int = 0
    events: int = 0
    size: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("error", "warning", "note"), 0))
    problems: list[str] = field(default_factory=list)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    due: set[int] = field(default_factory=set)
    may_be_empty: bool = False

    def add(self, report: Report) -> None:
        """Count one report in."""
        self.sources += 1
        self.events += report.events
        self.size += report.bytes
        for level in self.counts:
            self.counts[level] += getattr(report.counts, level)
        if report.failure:
            self.problems.append(report.failure)
            self.places[report.failure] = report.source, report.lines
            self.due.add(UNREADABLE)
        if self._fails(report.counts):
            self.due.add(FINDINGS)

    def add_problem(self, problem: ReplayError) -> None:
        """Count in something that was asked and could not be done."""
        self.problems.append(str(problem))
        if isinstance(problem, SourceError):
            self.places[str(problem)] = problem.name, 1
        elif isinstance(problem, PlacedError):
            self.places[str(problem)] = problem.path, problem.line
        elif isinstance(problem, WorkerDiedError) and problem.source:
            self.places[str(problem)] = problem.source, 1
        self.due.add(USAGE if isinstance(problem, UsageError) else UNREADABLE)

    def _fails(self, counts: Counts) -> bool:
        if self.fail_level is Severity.OFF:
            return False
        graver = _LEVELS[: _LEVELS.index(self.fail_level) + 1]
        return any(getattr(counts, level.value) for level in graver)

    @property
    def exit_code(self) -> int:
        """The code that the run ends with."""
        due = self.due if self.events or (self.may_be_empty and self.sources) else self.due | {NOTHING}
        return next((code for code in PRECEDENCE if code in due), CLEAN)

    def summary(self) -> Summary:
        """The outcome as the document holds it."""
        return Summary(
            sources=self.sources,
            skipped=self.skipped,
            events=self.events,
            bytes=self.size,
            counts=Counts(**self.counts),
        )
