"""JUnit XML: a suite for each source, for whatever shows test results (Jenkins, GitLab and others).

A suite has a test that passes if the source could be read to its end, and a test for each rule that was broken, which
fails if its findings make the run fail. Tests are named by rules, not by places: GitLab compares them by their names
from run to run, and drops the second of two that have the same. XML 1.0 has no control characters, not even as
references; all text is shown in one line that prints, so there are none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from replay_cli.errors import one_line
from replay_cli.findings import Severity
from replay_cli.outcome import INTERRUPTED, NOTHING, Outcome
from replay_cli.told import Finding, Report
from replay_cli.wording import count

if TYPE_CHECKING:
    from replay_cli.render import Style

READ = "is read to its end"
"""The name of the test that each source has."""

_LEVELS = ("error", "warning", "note")


def render(reports: Iterable[Report], outcome: Outcome, style: Style) -> Iterator[str]:
    """The document of a run. It is whole whatever the sources held."""
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="{style.command}">\n'
    failures: Counter[str] = Counter()
    for report in reports:
        if report.failure:
            failures[report.failure] += 1
        yield from _suite(report, outcome.fail_level)
    yield from _problems(outcome, failures, style.command)
    yield "</testsuites>\n"


def _suite(report: Report, fail_level: Severity) -> Iterator[str]:
    name = _text(report.source)
    by_rule: dict[str, list[Finding]] = {}
    for one in report.findings:
        by_rule.setdefault(one.name, []).append(one)
    failing = _failing(fail_level)
    left = sum(getattr(report.counts, level) for level in failing) - sum(
        one.severity in failing for one in report.findings
    )
    failures = sum(found[0].severity in failing for found in by_rule.values()) + bool(left)
    tests, errors = 1 + len(by_rule) + bool(left), int(report.failure is not None)
    yield f'<testsuite name="{name}" tests="{tests}" failures="{failures}" errors="{errors}">\n'
    yield f'<testcase classname="{name}" name="{READ}">'
    if report.failure:
        yield f'<error type="unreadable" message="{_text(report.failure)}"/>'
    yield f"<system-out>{_text(report.verdict)}</system-out></testcase>\n"
    for found in by_rule.values():
        yield from _rule(name, found, report.rules[found[0].name], found[0].severity in failing)
    if left:
        # They may be of rules that have no test here.
        said = f"{count(left, 'more finding')} not shown (--max-findings)"
        yield f'<testcase classname="{name}" name="has no further findings">'
        yield f'<failure type="not listed" message="{said}"/></testcase>\n'
    yield "</testsuite>\n"


def _failing(fail_level: Severity) -> tuple[str, ...]:
    """The severities that fail a test: those that fail the run; under --exit-zero errors, which are to be seen."""
    least = Severity.ERROR if fail_level is Severity.OFF else fail_level
    return _LEVELS[: _LEVELS.index(least.value) + 1]


def _rule(source: str, found: list[Finding], number: int, fails: bool) -> Iterator[str]:
    """The test of one rule, with the findings that are listed; ``number`` is how many there are."""
    first = found[0]
    yield f'<testcase classname="{source}" name="{first.code} {first.name}">'
    tag = "failure" if fails else "system-out"
    more = f" ({count(number, 'finding')})" if number > 1 else ""
    message = f' type="{first.severity}" message="{_text(first.message)}{more}"' if fails else ""
    yield f"<{tag}{message}>\n"
    for one in found:
        yield f"{source}:{one.line}:{one.column}: {one.severity}: {_text(one.message)}\n"
    if number > len(found):
        yield f"{count(number - len(found), 'more finding')} not shown (--max-findings)\n"
    yield f"</{tag}></testcase>\n"


def _problems(outcome: Outcome, failures: Counter[str], run: str) -> Iterator[str]:
    """A suite, called as the whole, for what could not be done: to miss something, or all events, is not to pass."""
    rest = Counter(outcome.problems) - failures
    problems = list(rest.elements())
    if outcome.exit_code == INTERRUPTED:
        problems.append("interrupted; the rest was not read")
    elif outcome.exit_code == NOTHING and not outcome.problems:
        problems.append("no source held an event")
    if not problems:
        return
    yield f'<testsuite name="{run}" tests="{len(problems)}" failures="0" errors="{len(problems)}">\n'
    for number, problem in enumerate(problems, 1):
        yield f'<testcase classname="{run}" name="problem {number}">'
        yield f'<error type="problem" message="{_text(problem)}"/></testcase>\n'
    yield "</testsuite>\n"


_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def _text(said: str) -> str:
    """Text in one line, as character data or in an attribute."""
    return one_line(said).translate(_ESCAPED)
