"""Terms of pytest: what a recording is held to in a run of tests, by the ini options of pytest and by the manifest.

Where a manifest is near, its profile and its rules hold, and what it expects of a recording is expected here too. The
ini options go before it, as those of the command line do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from replay_cli.asserting import failed, level, options_of
from replay_cli.configured import find, load
from replay_cli.contrast import contrast
from replay_cli.errors import ReplayError, one_line, renamed
from replay_cli.expectations import MOST, compared, looked_at
from replay_cli.grading import grade
from replay_cli.manifest import Entry, Manifest
from replay_cli.planning import MAX_LINE_BYTES, Options
from replay_cli.preferring import Asked, Preferred
from replay_cli.told import Report

OFF = "off"
"""What ``replay_manifest`` says to do without."""


_RULES = ("select", "ignore", "severity")


class Terms:
    """What the recordings of a run are held to. Raises pytest.UsageError for what cannot be meant."""

    def __init__(self, config: pytest.Config) -> None:
        select, ignore, severity = (tuple(config.getini(f"replay_{name}")) for name in _RULES)
        self._typed = Asked(None, select, ignore, severity, None, None)
        self._made = cache(_options)
        try:
            with renamed("replay_"):
                self._made(self._typed, False)
        except ReplayError as error:
            raise pytest.UsageError(str(error)) from None
        try:
            self._least = level(config.getini("replay_fail_level"))
        except ReplayError as error:
            raise pytest.UsageError(f"replay_fail_level: {error}") from None
        try:
            self._manifest = _manifest(config)
            self._preferred = None if self._manifest is None else Preferred(self._manifest, self._typed)
            if self._preferred is not None:
                self._made(self._preferred.top, False)
        except ReplayError as error:
            raise pytest.UsageError(f"{error} (replay_manifest = {OFF} does without)") from None

    def options(self, path: Path) -> Options:
        """How the recording at a path is audited. Raises UsageError if that leaves no rule to ask."""
        asked = self._typed if self._preferred is None else self._preferred.of(str(path))
        return self._made(asked, self.entry(path) is not None)

    def broken(self, report: Report, path: Path) -> Iterator[str]:
        """Why a recording does not pass, in lines; nothing if it does."""
        entry = self.entry(path)
        if entry is None or self._manifest is None:
            yield from failed(report, self._least)
            return
        result = compared(looked_at(report), entry)
        if result.differs:
            yield from contrast(report.source, self._manifest.place(entry), result)
        if report.failure:
            yield one_line(f"not read to its end: {report.failure}")

    def entry(self, path: Path) -> Entry | None:
        """What the manifest expects of the recording at a path; None if nothing."""
        return None if self._preferred is None else self._preferred.entry(str(path))


def _options(asked: Asked, exactly: bool) -> Options:
    """How a recording is audited; ``exactly`` if its findings are to be compared."""
    made = options_of(
        asked.profile or "auto",
        "auto",
        grade(asked.select, asked.ignore, asked.severity),
        max_line_bytes=asked.max_line_bytes or MAX_LINE_BYTES,
        schema=asked.schema,
    )
    return replace(made, max_findings=MOST, contents=True, ends=True) if exactly else made


def _manifest(config: pytest.Config) -> Manifest | None:
    """The manifest that ``replay_manifest`` names, or the nearest to the root folder. Raises UsageError."""
    named = str(config.getini("replay_manifest")).strip()
    if named == OFF:
        return None
    if named:
        return load(config.rootpath / named)
    found = find(config.rootpath)
    return None if found is None else load(found)
