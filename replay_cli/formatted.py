"""Formatted: a run of ``replay check`` in the formats of findings, and as a document.

In those the ways in which recordings differ are the findings. What could not be done at all is told in them, too:
whoever reads a format sees nothing of stderr.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from replay_cli.atomic import append
from replay_cli.judged import CATALOGUE, Judged, head_of, report_of, report_of_stale, stale, told
from replay_cli.manifest import Entry, Manifest
from replay_cli.outcome import NOTHING, PRECEDENCE, Outcome
from replay_cli.render import Style, renderer
from replay_cli.render.json import text

COMMAND = "replay check"
"""What formats call the run."""


class Told(NamedTuple):
    """A run: its manifest (None if it cannot be meant), its recordings, stale entries, and what could not be done.

    ``outcome`` holds what is due and what was skipped; its counts grow as it is told.
    """

    manifest: Manifest | None
    checked: Sequence[Judged]
    stale: Sequence[Entry]
    outcome: Outcome


def pieces(form: str, run: Told) -> Iterator[str]:
    """A run in a format, piece by piece; of ``github`` the summary of the job is written, too."""
    return _document(run) if form == "json" else _rendered(form, run)


def _rendered(form: str, run: Told) -> Iterator[str]:
    outcome = run.outcome
    outcome.may_be_empty = NOTHING not in outcome.due
    style = Style(command=COMMAND, rules=CATALOGUE)
    reports = [report_of(one, run.manifest) for one in run.checked if run.manifest is not None]
    for report in reports:
        outcome.add(report)
    if run.stale and run.manifest is not None:
        reports.append(report_of_stale(run.stale, run.manifest))
        outcome.counts["warning"] += reports[-1].counts.warning
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if form == "github" and summary:
        from replay_cli.render.github import JobSummary

        job = JobSummary(COMMAND)
        yield from renderer("github")(job.watch(reports), outcome, style)
        append(Path(summary), job.text(outcome), "GITHUB_STEP_SUMMARY")
    else:
        yield from renderer(form)(reports, outcome, style)


def _document(run: Told) -> Iterator[str]:
    """The JSON document of a run (``schemas/check.schema.json``), recording by recording."""
    manifest, checked = run.manifest, run.checked
    yield text(head_of(manifest))[:-1] + ',"recordings":['
    for number, one in enumerate(told(one, manifest) for one in checked if manifest is not None):
        yield f"{',' if number else ''}\n{text(one)}"
    numbers = Counter(one.status for one in checked)
    rest = {
        "stale": [*stale(run.stale, manifest)] if manifest is not None else [],
        "problems": run.outcome.problems + [one.looked.failure for one in checked if one.looked.failure is not None],
        "summary": {
            "recordings": len(checked),
            "as_expected": numbers["as expected"],
            "different": numbers["different"],
            "new": numbers["new"],
            "unreadable": numbers["unreadable"],
            "skipped": run.outcome.skipped,
            "moved": sum(one.moved for one in checked),
        },
        "exit_code": next((code for code in PRECEDENCE if code in run.outcome.due), 0),
    }
    yield "\n]," + text(rest)[1:] + "\n"
