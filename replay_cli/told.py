"""Told: a tally as programs and people get it, in plain values.

What an audit returns and the renderers write. Selecting and grading happen here, on the way out. Messages and facts
carry names, ids, numbers and pointers, never a value out of a payload; the excerpts that text output shows stay out
of the documents.

The command line makes these in every run, and they go from process to process: so they are tuples with names, whose
declaration costs a fifth of a dataclass's. The models that the Python API returns and that the published schemas are
made from stand in ``report.py``, field by field the same (a test holds them to it). What the fields mean is written
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from replay_cli import rules
from replay_cli.findings import Content, Ends, Fact, Severity
from replay_cli.findings import Finding as TallyFinding
from replay_cli.grading import Grading
from replay_cli.tally import Tally
from replay_cli.version import __version__
from replay_cli.wording import instant, message

if TYPE_CHECKING:
    from replay_cli.history import History

FORMAT_VERSION: Literal[1] = 1
"""The version of the documents; it grows when a field changes its meaning or goes."""

TOOL = {"name": "replay", "version": __version__}
"""What wrote the documents."""

Level = Literal["error", "warning", "note"]
FramingName = Literal["jsonl", "sse"]
ShapeName = Literal["envelope", "record", "legacy", "compat", "custom", "foreign"]
ChosenBy = Literal["content", "path", "option"]
CompressionName = Literal["gzip", "zstd", "bz2", "xz"]


class Finding(NamedTuple):
    """One rule broken at one place. ``excerpt``, ``caret`` and ``content`` are for renderers, and in no document."""

    code: str
    name: str
    severity: Level
    message: str
    line: int
    column: int
    offset: int
    facts: dict[str, Fact]
    excerpt: bytes = b""
    caret: int = -1
    content: Content | None = None


class Range(NamedTuple):
    """Least and greatest of something."""

    first: int | str
    last: int | str


class Counts(NamedTuple):
    """How many findings of each severity there are, shown or not."""

    error: int = 0
    warning: int = 0
    note: int = 0


class Order(NamedTuple):
    """What a broken order costs, by a second look at the source; lower bounds where it could not be read again."""

    passed_over: int
    other_thread: int
    reloads: int
    repeated: int
    conflicting: int
    exact: bool


class RuleCount(NamedTuple):
    """How often a rule could be asked, and how often it was broken."""

    code: str
    name: str
    looked_at: int
    findings: int


class Report(NamedTuple):
    """What an audit found in one source. ``ends`` is for `replay check`, and in no document."""

    source: str
    framing: FramingName
    profile: ShapeName
    chosen_by: ChosenBy
    compression: CompressionName | None
    bytes: int
    lines: int
    events: int
    threads: int
    seq: Range | None
    time: Range | None
    order: Order | None
    keepalives: int
    verdict: str
    failure: str | None
    counts: Counts
    rules: dict[str, int]
    findings: list[Finding]
    not_shown: int
    statistics: list[RuleCount] | None = None
    caveats: list[str] | None = None
    proven: int | None = None
    unproven: dict[str, int] | None = None
    read_again: int | None = None
    ends: Ends | None = None


class Summary(NamedTuple):
    """All sources together."""

    sources: int = 0
    skipped: int = 0
    events: int = 0
    bytes: int = 0
    counts: Counts = Counts()


def tell(finding: TallyFinding, severity: Severity, content: Content | None = None) -> Finding:
    """A finding as programs and people get it; ``content`` is what stands there, if somebody asks for it."""
    rule = rules.BY_CODE[finding.code]
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=cast("Level", severity.value),
        message=message(finding.code, finding.facts),
        line=finding.line,
        column=finding.column,
        offset=finding.offset,
        facts=finding.facts,
        excerpt=finding.excerpt,
        caret=finding.caret,
        content=content,
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
    # By what was broken, not by the catalogue: of a clean source there is nothing, and sources may be thousands.
    broken = sorted(
        (code for code, number in tally.broken.items() if number and grading.asks(code)),
        key=lambda code: _PLACES[code],
    )
    return {rules.BY_CODE[code].name: tally.broken[code] for code in broken}


_PLACES = {rule.code: place for place, rule in enumerate(rules.RULES)}


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
