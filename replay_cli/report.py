"""Report: what an audit found, as models. The Python API returns them, and the published schemas are made from them.

``schemas/report.schema.json`` describes ``Document``, ``schemas/findings.schema.json`` describes ``Line``. The
command line does not load this module: it writes the same fields from ``told.py``, since pydantic would cost it more
than a small audit does (docs/decisions.md).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from replay_cli import told
from replay_cli.findings import Content, Ends
from replay_cli.told import FORMAT_VERSION, ChosenBy, CompressionName, FramingName, Level, ShapeName
from replay_cli.version import __version__


class Model(BaseModel):
    """A part of a document: nothing in it that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Finding(Model):
    """One rule broken at one place."""

    code: str = Field(description="Code of the rule, never reused, e.g. S102.")
    name: str = Field(description="Name of the rule, e.g. seq-step-back.")
    severity: Level
    message: str = Field(description="One line for a person; control characters are escaped.")
    line: int = Field(ge=1, description="Line in the source, from 1. SSE lines end at CR, LF or CRLF.")
    column: int = Field(ge=1, description="Byte in the line, from 1.")
    offset: int = Field(ge=0, description="Byte in the source, from 0, after decompression.")
    facts: dict[str, Any] = Field(description="What the message says, as data.")
    excerpt: bytes = Field(default=b"", exclude=True, repr=False)
    caret: int = Field(default=-1, exclude=True, repr=False)
    content: Content | None = Field(default=None, exclude=True, repr=False)


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
    framing: FramingName
    profile: ShapeName = Field(
        description="What the source holds: one of the three shapes of event, the compat stream, or another log."
    )
    chosen_by: ChosenBy = Field(description="What decided the profile.")
    compression: CompressionName | None = None
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
    proven: int | None = Field(default=None, ge=0, description="Bytes audited the fast way (--statistics).")
    unproven: dict[str, int] | None = Field(default=None, description="Bytes that were not, by the reason.")
    read_again: int | None = Field(
        default=None, ge=0, description="Bytes read a second time, as the order is broken (--statistics)."
    )
    ends: Ends | None = Field(default=None, exclude=True, repr=False)

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


def published(report: told.Report) -> Report:
    """The model of a report. Its values are not looked at again: a type checker holds those of ``told.py``."""
    return Report.model_construct(**_members(report))


_MODELS: dict[type, type[Model]] = {
    told.Finding: Finding,
    told.Range: Range,
    told.Counts: Counts,
    told.Order: Order,
    told.RuleCount: RuleCount,
}


def _members(told_part: Any) -> dict[str, Any]:
    return {name: _published(member) for name, member in told_part._asdict().items()}


def _published(value: Any) -> Any:
    if isinstance(value, list):
        return [_published(one) for one in value]
    model = _MODELS.get(type(value))
    return model.model_construct(**_members(value)) if model else value
