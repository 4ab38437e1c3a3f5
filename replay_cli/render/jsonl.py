"""JSONL: a finding a line while the audit runs, a line for each source, the summary last.

The lines are versioned and described by ``schemas/findings.schema.json``. All findings are written, whatever
``--max-findings`` says. They come by place, but for those that a second look decides: they come last.
"""

from __future__ import annotations

from collections.abc import Iterable

from replay_cli.findings import Finding as TallyFinding
from replay_cli.grading import Grading
from replay_cli.outcome import Outcome
from replay_cli.render.json import plain, text
from replay_cli.told import FORMAT_VERSION, TOOL, Report, tell


def finding_lines(source: str, findings: Iterable[TallyFinding], grading: Grading) -> str:
    """The lines of findings of one source, those that are asked for."""
    lines = []
    for one in findings:
        if grading.asks(one.code):
            line = {"type": "finding", "source": source, **plain(tell(one, grading.of(one.code)))}
            lines.append(text(line) + "\n")
    return "".join(lines)


def source_line(report: Report) -> str:
    """The line that ends a source."""
    line = {"type": "source", **plain(report), "findings": [], "not_shown": 0}
    return text(line) + "\n"


def summary_line(outcome: Outcome) -> str:
    """The line that ends the run."""
    line = {
        "type": "summary",
        "format_version": FORMAT_VERSION,
        "tool": TOOL,
        "problems": outcome.problems,
        "summary": plain(outcome.summary()),
        "exit_code": outcome.exit_code,
    }
    return text(line) + "\n"
