"""JSONL: a finding a line while the audit runs, a line for each source, the summary last.

The lines are versioned and described by ``schemas/findings.schema.json``. All findings are written, whatever
``--max-findings`` says. They come by place, but for those that a second look decides: they come last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, RootModel

from replay_cli.findings import Finding as TallyFinding
from replay_cli.grading import Grading
from replay_cli.outcome import Outcome
from replay_cli.render.json import text
from replay_cli.report import FORMAT_VERSION, Finding, Model, Report, Summary, Tool, told


class FindingLine(Finding):
    """One finding."""

    type: Literal["finding"] = "finding"
    source: str = Field(description="The source as it was named.")


class SourceLine(Report):
    """The end of one source: its report, without the findings that went before."""

    type: Literal["source"] = "source"
    findings: list[Finding] = Field(default=[], max_length=0)


class SummaryLine(Model):
    """The last line: all sources together."""

    type: Literal["summary"] = "summary"
    format_version: Literal[1] = FORMAT_VERSION
    tool: Tool = Tool()
    problems: list[str] = Field(description="What was asked and could not be done, e.g. a missing file.")
    summary: Summary
    exit_code: int


class Line(RootModel[Annotated[FindingLine | SourceLine | SummaryLine, Field(discriminator="type")]]):
    """One line of ``replay validate --format jsonl``."""


def finding_lines(source: str, findings: Iterable[TallyFinding], grading: Grading) -> str:
    """The lines of findings of one source, those that are asked for."""
    lines = []
    for one in findings:
        if grading.asks(one.code):
            line = {"type": "finding", "source": source, **told(one, grading.of(one.code)).model_dump()}
            lines.append(text(line) + "\n")
    return "".join(lines)


def source_line(report: Report) -> str:
    """The line that ends a source."""
    line = {"type": "source", **report.model_dump(exclude_none=True), "findings": [], "not_shown": 0}
    return text(line) + "\n"


def summary_line(outcome: Outcome) -> str:
    """The line that ends the run."""
    line = SummaryLine(problems=outcome.problems, summary=outcome.summary(), exit_code=outcome.exit_code)
    return text(line.model_dump()) + "\n"
