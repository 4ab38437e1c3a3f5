"""Concise: a finding a line, ``path:line:col: CODE name message``, as editors and reviewdog read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from replay_cli.errors import one_line
from replay_cli.outcome import Outcome
from replay_cli.told import Report
from replay_cli.wording import count

if TYPE_CHECKING:
    from replay_cli.render import Style


def render(reports: Iterable[Report], outcome: Outcome, style: Style) -> Iterator[str]:
    """A line for each finding; verdicts and the summary are messages, not findings, and go elsewhere."""
    for report in reports:
        name = one_line(report.source)
        for one in report.findings:
            yield f"{name}:{one.line}:{one.column}: {one.code} {one.name} {one.message}\n"
        if report.not_shown:
            yield f"{name}: {count(report.not_shown, 'more finding')} not shown (--max-findings)\n"
        yield from statistics(report)


def statistics(report: Report) -> Iterator[str]:
    """The statistics of a report as lines, if there are any."""
    if report.statistics is None:
        return
    yield f"{one_line(report.source)}: rules asked and broken\n"
    for row in report.statistics:
        yield f"  {row.code} {row.name:<24} looked at {row.looked_at:>10,}  findings {row.findings:>8,}\n"
    for caveat in report.caveats or ():
        yield f"  not shown by this source: {caveat}\n"
    if report.proven is not None and report.bytes:
        # Never rounded up: "all" must mean all.
        yield f"  audited the fast way: {1000 * report.proven // report.bytes / 10} % of the bytes\n"
    for reason, size in (report.unproven or {}).items():
        yield f"  audited line by line: {count(size, 'byte')}: {reason}\n"
    if report.read_again:
        yield f"  read a second time, as the order is broken: {count(report.read_again, 'byte')}\n"
