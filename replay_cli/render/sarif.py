"""SARIF 2.1.0: a log of one run, for GitHub code scanning and other readers of static analysis results.

Section numbers are those of the OASIS standard. The rules come first, so that results can name them by their place;
what only the whole run shows comes last. So nothing is held back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from replay_cli.errors import one_line
from replay_cli.findings import Rule, Severity
from replay_cli.outcome import CLEAN, FINDINGS, Outcome
from replay_cli.render.fingerprints import Fingerprints
from replay_cli.render.json import text
from replay_cli.render.markup import prose
from replay_cli.render.paths import relative, uri
from replay_cli.told import Finding, Report
from replay_cli.version import __version__
from replay_cli.wording import count

if TYPE_CHECKING:
    from replay_cli.render import Style

MOST = {"error": 15_000, "warning": 5_000, "note": 5_000}
"""Results of each level that are written. GitHub refuses a run of more than 25,000 results altogether."""

PROBLEMS = 100
"""Problems that are told one by one."""

LINE_HASH = "replayLine/v1"
"""The name of our partial fingerprint; ``primaryLocationLineHash`` is GitHub's own, which its upload action computes
from the file, and complains of if somebody else has put another value there."""


def render(reports: Iterable[Report], outcome: Outcome, style: Style) -> Iterator[str]:
    """A result for each finding that is listed, up to the most of its level; the rest is counted at the end."""
    yield f'{{"version":"2.1.0","runs":[{{"tool":{{"driver":{text(_driver(style.rules))}}}'
    yield ',"defaultEncoding":"utf-8","columnKind":"unicodeCodePoints","results":['
    written: Counter[str] = Counter()
    places = {rule.code: place for place, rule in enumerate(style.rules)}
    for report in reports:
        prints = Fingerprints()
        place, packed = _artifact(report.source), report.compression is not None
        for one in report.findings:
            fingerprint = prints.of(one)
            if written[one.severity] < MOST[one.severity]:
                location = {"artifactLocation": place, "region": _region(one, packed)}
                result = _result(one, places[one.code], location, fingerprint)
                yield f"{',' if written.total() else ''}\n{text(result)}"
                written[one.severity] += 1
    yield f'\n],"invocations":[{text(_invocation(outcome, written))}]}}]}}\n'


def _driver(rules: Sequence[Rule]) -> dict[str, Any]:
    return {
        "name": "replay",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": list(map(_rule, rules)),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    """A rule of the catalogue. Its level is the one that it has if nothing else is asked for."""
    off = rule.severity is Severity.OFF
    example = f"\n\nExample:\n\n```text\n{rule.example.rstrip()}\n```" if rule.example else ""
    summary = f"{rule.summary[:1].upper()}{rule.summary[1:]}."
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": rule.explanation.strip(), "markdown": prose(rule.explanation).strip() + example},
        "defaultConfiguration": {"enabled": not off, "level": "warning" if off else rule.severity.value},
    }


def _artifact(source: str) -> dict[str, Any]:
    """Where a source is; said in words too if its name is not its URI."""
    reference, shown = uri(source), one_line(relative(source))
    return {"uri": reference} if reference == shown else {"uri": reference, "description": {"text": _plain(shown)}}


def _result(one: Finding, number: int, location: dict[str, Any], fingerprint: str) -> dict[str, Any]:
    return {
        "ruleId": one.code,
        "ruleIndex": number,
        "level": one.severity,
        "message": {"text": _plain(one.message)},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {LINE_HASH: fingerprint},
    }


def _region(one: Finding, packed: bool) -> dict[str, int]:
    """From the place of a finding to the end of its line, in characters and in bytes: the same range (3.30.1).

    Bytes are those of the artifact, and our offsets those after decompression, so of a ``packed`` one there are none.
    """
    content = one.content
    if content is None:
        return {"startLine": one.line}
    end = content.column + content.characters
    region = {"startLine": one.line, "startColumn": content.column, "endColumn": end}
    return region if packed else {**region, "byteOffset": one.offset, "byteLength": content.length}


def _plain(said: str) -> str:
    """Text as a plain text message: nothing in it is a placeholder (3.11.5) or a link (3.11.6)."""
    literal = said.replace("{", "{{").replace("}", "}}")
    return literal.replace("[", "\\[").replace("]", "\\]") if "](" in literal else literal


def _invocation(outcome: Outcome, written: Counter[str]) -> dict[str, Any]:
    """How the run went: what could not be done, and how many findings are not listed."""
    problems = outcome.problems[:PROBLEMS]
    left = len(outcome.problems) - len(problems)
    problems += [count(left, "further problem")] if left else []
    notes = [{"level": "error", "message": {"text": _plain(problem)}} for problem in problems]
    for level in MOST:
        if rest := outcome.counts[level] - written[level]:
            notes.append({"level": "note", "message": {"text": f"{count(rest, f'more {level}')} not listed"}})
    code = outcome.exit_code
    return {
        "executionSuccessful": code in (CLEAN, FINDINGS),
        "exitCode": code,
        "toolExecutionNotifications": notes,
    }
