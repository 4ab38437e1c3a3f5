"""rdjson: reviewdog's DiagnosticResult, one object. ``reviewdog -f=rdjson`` reads it.

reviewdog reads it with protojson, which refuses a field that it does not know, text that is no UTF-8, and a number
beyond 32 bits; its columns count bytes, as ours do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from replay_cli.errors import one_line
from replay_cli.outcome import Outcome
from replay_cli.render.json import text
from replay_cli.render.paths import relative
from replay_cli.render.troubles import NAME, troubles
from replay_cli.told import Finding, Report

if TYPE_CHECKING:
    from replay_cli.render import Style

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "note": "INFO"}

_INT32 = 2**31 - 1


def render(reports: Iterable[Report], outcome: Outcome, style: Style) -> Iterator[str]:
    """A diagnostic for each finding that is listed, and for what could not be read."""
    yield '{"source":{"name":"replay"},"diagnostics":['
    comma = ""
    for report in reports:
        path = one_line(relative(report.source))
        for one in report.findings:
            yield f"{comma}\n{text(_diagnostic(path, one))}"
            comma = ","
    for trouble in troubles(outcome):
        start = {"line": min(trouble.line, _INT32), "column": 1}
        diagnostic = {
            "message": trouble.said,
            "location": {"path": one_line(relative(trouble.path)), "range": {"start": start}},
            "severity": _SEVERITIES["error"],
            "code": {"value": NAME},
        }
        yield f"{comma}\n{text(diagnostic)}"
        comma = ","
    yield "\n]}\n"


def _diagnostic(path: str, one: Finding) -> dict[str, Any]:
    start = {"line": min(one.line, _INT32), "column": min(one.column, _INT32)}
    return {
        "message": f"{one.name}: {one.message}",
        "location": {"path": path, "range": {"start": start}},
        "severity": _SEVERITIES[one.severity],
        "code": {"value": one.code},
    }
