"""GitHub: workflow commands that GitHub shows as annotations on the lines of a pull request.

GitHub keeps ten annotations of a level per step and drops the rest without a word, so ten are written and the rest
are counted. When GITHUB_STEP_SUMMARY names a file, a table of the sources goes there too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from replay_cli.errors import one_line
from replay_cli.outcome import Outcome
from replay_cli.render.markup import cell
from replay_cli.render.troubles import NAME, Trouble, troubles
from replay_cli.told import Finding, Report
from replay_cli.wording import count

if TYPE_CHECKING:
    from replay_cli.render import Style

MOST = 10
"""Annotations of one level that GitHub keeps per step."""

ROWS = 500
"""Sources listed in a job summary."""

PROBLEMS = 100
"""Problems listed in a job summary."""

ROOM = 800_000
"""Bytes that the rows of a job summary take at most; GitHub drops a summary of more than 1 MiB."""

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def render(reports: Iterable[Report], outcome: Outcome, style: Style) -> Iterator[str]:
    """An annotation for the first findings of each level and for what could not be read, then what is left, then one
    line for all.
    """
    written: Counter[str] = Counter()
    for report in reports:
        for one in report.findings:
            written[one.severity] += 1
            if written[one.severity] <= MOST:
                yield _annotation(report.source, one)
    found, room = [*troubles(outcome)], max(MOST - written["error"], 0)
    yield from map(_problem, found[:room])
    if found[room:]:
        yield f"{count(len(found[room:]), f'more {NAME}')} not annotated: GitHub keeps {MOST} of a level per step\n"
    for level in _LEVELS:
        left = outcome.counts[level] - min(written[level], MOST)
        if left:
            yield f"{count(left, f'more {level}')} not annotated: GitHub keeps {MOST} of a level per step\n"
    counts = ", ".join(count(outcome.counts[level], level) for level in _LEVELS)
    yield f"{count(outcome.sources, 'source')}, {count(outcome.events, 'event')}: {counts}\n"


def _annotation(source: str, one: Finding) -> str:
    place = f"file={_property(one_line(source))},line={one.line},col={one.column}"
    title = _property(f"{one.code} {one.name}")
    return f"::{_LEVELS[one.severity]} {place},title={title}::{_data(one.message)}\n"


def _problem(one: Trouble) -> str:
    place = f"file={_property(one_line(one.path))},line={one.line}," if one.path else ""
    return f"::error {place}title={NAME}::{_data(one.said)}\n"


def _data(text: str) -> str:
    """Text as the data of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Text as a property of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _row(report: Report) -> str:
    counts = report.counts
    numbers = f"{report.events:,} | {counts.error:,} | {counts.warning:,} | {counts.note:,}"
    said = report.verdict + (f"; {report.failure}" if report.failure else "")
    return f"| {cell(report.source)} | {numbers} | {cell(said)} |\n"


class JobSummary:
    """A table of the sources in Markdown, for the file that GITHUB_STEP_SUMMARY names."""

    def __init__(self, command: str = "replay validate") -> None:
        self._command = command
        self._rows: list[str] = []
        self._size = 0

    def watch(self, reports: Iterable[Report]) -> Iterator[Report]:
        """Pass reports on, and take note of them."""
        for report in reports:
            row = _row(report)
            self._size += len(row.encode())
            if len(self._rows) < ROWS and self._size <= ROOM:
                self._rows.append(row)
            yield report

    def text(self, outcome: Outcome) -> str:
        """The summary, once all reports are through."""
        more = outcome.sources - len(self._rows)
        told = f"\n{more:,} more sources not listed.\n" if more else ""
        problems = "".join(f"\n- {cell(problem)}" for problem in outcome.problems[:PROBLEMS])
        left = len(outcome.problems) - PROBLEMS
        problems += f"\n- {left:,} more" if left > 0 else ""
        return f"### {self._command}\n\n{_HEAD}{''.join(self._rows)}{told}{problems}\n"


_HEAD = "| source | events | errors | warnings | notes | verdict |\n|---|---:|---:|---:|---:|---|\n"
