"""Markdown: a report for a comment on a change, or for the summary of a job. It always fits into one comment.

What goes in is chosen when all reports are through: sources with findings before clean ones, errors before warnings
before notes. As much of each is held as there is room for, so memory stays flat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from replay_cli.outcome import CLEAN, FINDINGS, INTERRUPTED, NOTHING, UNREADABLE, USAGE, Outcome
from replay_cli.render.markup import cell
from replay_cli.told import Finding, Report
from replay_cli.wording import count

if TYPE_CHECKING:
    from replay_cli.render import Style

ROOM = 20_000
"""Characters of each of the three parts (sources, findings, problems); a comment on GitHub takes 65,536."""

_ENDS = {
    CLEAN: "passed",
    FINDINGS: "failed",
    USAGE: "failed: what was asked could not be done",
    NOTHING: "failed: nothing to read",
    UNREADABLE: "failed: an input could not be read",
    INTERRUPTED: "interrupted",
}
_LEVELS = ("error", "warning", "note")
_SOURCES = "| source | events | errors | warnings | notes | verdict |\n|---|---:|---:|---:|---:|---|\n"
_FINDINGS = "| place | severity | rule | finding |\n|---|---|---|---|\n"


class _Part:
    """Lines of a few ranks, those of the first rank before all others, as many as there is room for."""

    def __init__(self, ranks: int) -> None:
        self._lines: list[list[str]] = [[] for _ in range(ranks)]
        self._sizes = [0] * ranks

    def add(self, rank: int, line: str) -> None:
        """Hold a line if it can have a place."""
        if self._sizes[rank] + len(line) <= ROOM:
            self._lines[rank].append(line)
        self._sizes[rank] += len(line)

    def chosen(self) -> list[str]:
        """The lines that there is room for."""
        chosen, size = [], 0
        for line in (line for rank in self._lines for line in rank):
            size += len(line)
            if size > ROOM:
                break
            chosen.append(line)
        return chosen


def render(reports: Iterable[Report], outcome: Outcome, style: Style) -> Iterator[str]:
    """What came of the run, a table of the sources, one of the findings, and what could not be done."""
    sources, findings = _Part(2), _Part(len(_LEVELS))
    for report in reports:
        sources.add(int(not report.findings and not report.not_shown and report.failure is None), _source(report))
        for one in report.findings:
            findings.add(_LEVELS.index(one.severity), _finding(report.source, one))
    counts = ", ".join(count(outcome.counts[level], level) for level in _LEVELS)
    what = f"{count(outcome.sources, 'source')}, {count(outcome.events, 'event')}: {counts}"
    yield f"### {style.command}\n\n**{_ENDS[outcome.exit_code]}** · {what}\n"
    yield from _part(_SOURCES, sources.chosen(), outcome.sources, "source")
    yield from _part(_FINDINGS, findings.chosen(), sum(outcome.counts.values()), "finding")
    problems = _Part(1)
    for problem in outcome.problems:
        problems.add(0, f"- {_said(problem)}\n")
    yield from _part("", problems.chosen(), len(outcome.problems), "problem")


def _part(head: str, lines: list[str], number: int, noun: str) -> Iterator[str]:
    """A table or a list, and how many of its ``number`` lines had no room."""
    if lines:
        yield f"\n{head}"
        yield from lines
    if number > len(lines):
        yield f"\n{count(number - len(lines), f'more {noun}')} not listed.\n"


def _source(report: Report) -> str:
    counts = report.counts
    numbers = f"{report.events:,} | {counts.error:,} | {counts.warning:,} | {counts.note:,}"
    said = report.verdict + (f"; {report.failure}" if report.failure else "")
    return f"| {_code(report.source)} | {numbers} | {_said(said)} |\n"


def _finding(source: str, one: Finding) -> str:
    rule = f"{one.code} {one.name}"
    return f"| {_code(f'{source}:{one.line}:{one.column}')} | {one.severity} | {rule} | {_said(one.message)} |\n"


def _said(text: str) -> str:
    """A sentence. Where it could call somebody, or name an issue, it is code, in which nothing is looked for."""
    return _code(text) if "@" in text or "#" in text else cell(text)


def _code(text: str) -> str:
    return f"<code>{cell(text)}</code>"
