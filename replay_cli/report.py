"""Report: a tally, told. The document model that programs read; ``schemas/report.schema.json`` is made from it.

Selecting and grading happen here, on the way out. Messages and facts carry names, ids, numbers and pointers, never
a value out of a payload; the excerpts that text output shows stay out of the document.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from replay_cli import rules
from replay_cli.findings import Finding as TallyFinding
from replay_cli.findings import Severity
from replay_cli.grading import Grading
from replay_cli.history import History
from replay_cli.tally import Tally
from replay_cli.version import __version__
from replay_cli.wording import instant, message

FORMAT_VERSION: Literal[1] = 1
"""The version of the document; it grows when a field changes its meaning or goes."""


class Model(BaseModel):
    """A part of a document: nothing in it that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Finding(Model):
    """One rule broken at one place."""

    code: str = Field(description="Code of the rule, never reused, e.g. S102.")
    name: str = Field(description="Name of the rule, e.g. seq-step-back.")
    severity: Literal["error", "warning", "note"]
    message: str = Field(description="One line for a person; control characters are escaped.")
    line: int = Field(ge=1, description="Line in the source, from 1. SSE lines end at CR, LF or CRLF.")
    column: int = Field(ge=1, description="Byte in the line, from 1.")
    offset: int = Field(ge=0, description="Byte in the source, from 0, after decompression.")
    facts: dict[str, Any] = Field(description="What the message says, as data.")
    excerpt: bytes = Field(default=b"", exclude=True, repr=False)
    caret: int = Field(default=-1, exclude=True, repr=False)


class Range(Model):
    """Least and greatest of something."""

    first: int | str
    last: int | str


class Counts(Model):
    """How many findings of each severity there are, shown or not."""

    error: int = 0
    warning: int = 0
    note: int = 0


class Order(Model):
    """What a broken order costs, by a second look at the source; lower bounds where it could not be read again."""

    passed_over: int = Field(ge=0, description="Events not newer than one before: dropped, or ignored, by readers.")
    other_thread: int = Field(ge=0, description="Events of another thread than the source's.")
    reloads: int = Field(ge=0, description="Gaps at which a client loads the thread anew.")
    repeated: int = Field(ge=0, description="Events whose seq came before with the same content.")
    conflicting: int = Field(ge=0, description="Events whose seq came before with other content.")
    exact: bool = Field(description="False where the numbers are lower bounds.")


class RuleCount(Model):
    """How often a rule could be asked, and how often it was broken."""

    code: str
    name: str
    looked_at: int = Field(ge=0, description="Places where the rule could be asked: lines, events, pairs of events.")
    findings: int = Field(ge=0)


class Report(Model):
    """What an audit found in one source."""

    source: str = Field(description="The source as it was named.")
    framing: Literal["jsonl", "sse"]
    profile: Literal["envelope", "record", "legacy", "compat", "custom", "foreign"] = Field(
        description="What the source holds: one of the three shapes of event, the compat stream, or another log."
    )
    chosen_by: Literal["content", "path", "option"] = Field(description="What decided the profile.")
    compression: Literal["gzip", "zstd", "bz2", "xz"] | None = None
    bytes: int = Field(ge=0, description="Bytes audited, after decompression.")
    lines: int = Field(ge=0)
    events: int = Field(ge=0, description="Events that could be read.")
    threads: int = Field(ge=0)
    seq: Range | None = Field(default=None, description="Least and greatest seq.")
    time: Range | None = Field(default=None, description="Earliest and latest timestamp, UTC.")
    order: Order | None = Field(default=None, description="Only where the order is broken or threads are mixed.")
    keepalives: int = Field(default=0, ge=0, description="Comment lines of an SSE capture.")
    verdict: str = Field(description="What the runtime, or a client, would do with this source.")
    failure: str | None = Field(default=None, description="Why the source could not be read to its end.")
    counts: Counts
    rules: dict[str, int] = Field(description="Findings per rule name, all of them.")
    findings: list[Finding] = Field(description="The first findings, by place.")
    not_shown: int = Field(default=0, ge=0, description="Findings beyond those that are listed.")
    statistics: list[RuleCount] | None = None
    caveats: list[str] | None = Field(default=None, description="What this source cannot show.")

    @property
    def ok(self) -> bool:
        """Whether the source was read to its end and has no error."""
        return self.failure is None and not self.counts.error


class Summary(Model):
    """All sources together."""

    sources: int = 0
    skipped: int = Field(default=0, description="Files ending in .log, found in folders, that are another log.")
    events: int = 0
    bytes: int = 0
    counts: Counts = Counts()


class Tool(Model):
    """What wrote the document."""

    name: str = "replay"
    version: str = __version__


class Document(Model):
    """The JSON document of ``replay validate --format json``."""

    format_version: Literal[1] = FORMAT_VERSION
    tool: Tool = Tool()
    summary: Summary
    problems: list[str] = Field(description="What was asked and could not be done, e.g. a missing file.")
    exit_code: int = Field(
        description="0 clean, 1 findings, 2 usage, 3 nothing to read, 4 unreadable, 130 interrupted."
    )
    sources: list[Report]


def told(finding: TallyFinding, severity: Severity) -> Finding:
    """A finding as programs and people get it."""
    rule = rules.BY_CODE[finding.code]
    return Finding.model_construct(
        code=rule.code,
        name=rule.name,
        severity=cast("Literal['error', 'warning', 'note']", severity.value),
        message=message(finding.code, finding.facts),
        line=finding.line,
        column=finding.column,
        offset=finding.offset,
        facts=finding.facts,
        excerpt=finding.excerpt,
        caret=finding.caret,
    )


def first_findings(tally: Tally, grading: Grading, most: int) -> list[TallyFinding]:
    """The first ``most`` findings of a tally that are asked for, by place."""
    asked = [one for code, found in tally.findings.items() if grading.asks(code) for one in found]
    return sorted(asked, key=lambda one: one.place)[:most]


def counts(tally: Tally, grading: Grading) -> Counts:
    """The number of findings of each severity."""
    numbers = dict.fromkeys(("error", "warning", "note"), 0)
    for code, number in tally.broken.items():
        if grading.asks(code):
            numbers[grading.of(code).value] += number
    return Counts(**numbers)


def per_rule(tally: Tally, grading: Grading) -> dict[str, int]:
    """Findings per rule name, in the order of the catalogue."""
    asked = ((rule.name, tally.broken[rule.code]) for rule in rules.RULES if grading.asks(rule.code))
    return {name: number for name, number in asked if number}


def order_numbers(tally: Tally, history: History | None) -> Order | None:
    """What a broken order costs; None where the order holds."""
    if history is not None:
        return Order(
            passed_over=history.passed_over,
            other_thread=history.other_thread,
            reloads=history.reloads,
            repeated=history.repeated,
            conflicting=history.conflicting,
            exact=history.exact,
        )
    repeated, conflicting = tally.broken[rules.SEQ_DUPLICATE.code], tally.broken[rules.SEQ_CONFLICT.code]
    passed_over = repeated + conflicting + tally.broken[rules.SEQ_STEP_BACK.code]
    reloads = tally.broken[rules.BROKEN_LINK.code]
    if not passed_over and not reloads:
        return None
    return Order(
        passed_over=passed_over,
        other_thread=tally.broken[rules.WRONG_THREAD.code],
        reloads=reloads,
        repeated=repeated,
        conflicting=conflicting,
        exact=False,
    )


def seq_range(tally: Tally) -> Range | None:
    """Least and greatest seq of a tally."""
    return Range(first=tally.seqs[0], last=tally.seqs[1]) if tally.seqs else None


def time_range(tally: Tally) -> Range | None:
    """Earliest and latest time of a tally."""
    if tally.instants is None:
        return None
    first, last = instant(tally.instants[0]), instant(tally.instants[1])
    return Range(first=first, last=last) if first and last else None
