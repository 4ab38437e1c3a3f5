"""Preferring: what was typed before what the manifest says, for ``replay validate``.

Of a log that an entry speaks of, the entry's settings go before those at the top of the manifest, as in the gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from replay_cli.configured import find, load
from replay_cli.errors import UsageError
from replay_cli.grading import named
from replay_cli.manifest import Entries, Entry, Manifest, Settings, whole


class Asked(NamedTuple):
    """Profile, rules and bounds as the options of ``replay validate`` take them; None where nothing is said."""

    profile: str | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    severity: tuple[str, ...]
    max_line_bytes: int | None
    schema: str | None


class Preferred:
    """What is asked of each log. ``shown`` is the manifest; ``top`` is asked of what no entry speaks of."""

    def __init__(self, manifest: Manifest, typed: Asked) -> None:
        self.shown = manifest.shown
        self.says_all = any(manifest.settings)
        """Whether it says something of all logs."""
        self._top, self._typed, self._entries = manifest.settings, typed, Entries(manifest)
        self._preferred = cache(_preferred)

    @property
    def top(self) -> Asked:
        """What is asked of a log that no entry speaks of."""
        return self._preferred(self._typed, self._top)

    def entry(self, path: str) -> Entry | None:
        """The entry that speaks of the log at a path."""
        return self._entries.of(whole(path))

    def of(self, path: str) -> Asked:
        """What is asked of the log at a path."""
        entry = self.entry(path)
        return self._preferred(self._typed, entry.settings.over(self._top)) if entry is not None else self.top


def preferred(folder: Path, typed: Asked) -> Preferred | None:
    """What was typed, and what the nearest manifest says where nothing was; None if there is none.

    Grades are taken rule by rule, and with ``select`` only for what it selects. Raises UsageError for a manifest that
    cannot be meant.
    """
    try:
        found = find(folder)
        return None if found is None else Preferred(load(found), typed)
    except UsageError as error:
        raise UsageError(f"{error} (--isolated does without)") from None


def _preferred(typed: Asked, said: Settings) -> Asked:
    graded = {rule.code for item in typed.severity for rule in named("--severity", [item.partition("=")[0]])}
    asked = {rule.code for rule in named("--select", typed.select)} if typed.select else None
    return Asked(
        typed.profile or said.profile,
        typed.select or said.select or (),
        typed.ignore or said.ignore or (),
        (*_grades(said.severity or (), graded, asked), *typed.severity),
        typed.max_line_bytes or said.max_line_bytes,
        typed.schema or said.schema,
    )


def _grades(said: Sequence[str], typed: set[str], asked: set[str] | None) -> Sequence[str]:
    grades = [
        f"{rule.code}={level}"
        for name, _, level in (item.partition("=") for item in said)
        for rule in named("--severity", [name])
        if rule.code not in typed and (asked is None or rule.code in asked)
    ]
    # Of the grades in the file the later wins, as it does on the command line.
    return list({grade.partition("=")[0]: grade for grade in grades}.values())
