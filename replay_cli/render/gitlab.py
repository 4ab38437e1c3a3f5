"""GitLab: a Code Quality report, an array of entries, for ``artifacts: reports: codequality``.

GitLab tells new findings of a merge request from old ones by their fingerprints, of which no two may be the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from replay_cli.errors import one_line
from replay_cli.outcome import Outcome
from replay_cli.render.fingerprints import Fingerprints, digested
from replay_cli.render.json import text
from replay_cli.render.paths import relative
from replay_cli.render.troubles import NAME, troubles
from replay_cli.told import Report

if TYPE_CHECKING:
    from replay_cli.render import Style

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}
"""Of info, minor, major, critical and blocker."""


def render(reports: Iterable[Report], outcome: Outcome, style: Style) -> Iterator[str]:
    """An entry for each finding that is listed, and for what could not be read; of a clean run the array is empty."""
    yield "["
    comma = ""
    for report in reports:
        path = one_line(relative(report.source))
        prints = Fingerprints()
        for one in report.findings:
            entry = {
                "description": f"{one.code} {one.message}",
                "check_name": one.name,
                "fingerprint": digested(relative(report.source), prints.of(one)),
                "severity": _SEVERITIES[one.severity],
                "location": {"path": path, "lines": {"begin": one.line}},
            }
            yield f"{comma}\n{text(entry)}"
            comma = ","
    for trouble in troubles(outcome):
        path = one_line(relative(trouble.path))
        entry = {
            "description": trouble.said,
            "check_name": NAME,
            "fingerprint": digested(path, trouble.said),
            "severity": _SEVERITIES["error"],
            "location": {"path": path, "lines": {"begin": trouble.line}},
        }
        yield f"{comma}\n{text(entry)}"
        comma = ","
    yield "\n]\n"
