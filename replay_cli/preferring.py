"""Preferring: what was typed before what the manifest says, for ``replay validate``.

Of a log that an entry speaks of, the entry's settings go before those at the top of the manifest, as in the gate.
A rule that was typed is asked for, whatever the manifest leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from replay_cli.configured import find, load
from replay_cli.errors import UsageError
from replay_cli.findings import Severity
from replay_cli.grading import grade, named
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
        self._manifest, self._typed, self._entries = manifest, typed, Entries(manifest)
        self._asked = cache(self._fresh)

    @property
    def top(self) -> Asked:
        """What is asked of a log that no entry speaks of. Raises UsageError if that is no rule at all."""
        return self._asked(self._manifest.settings, None)

    def entry(self, path: str) -> Entry | None:
        """The entry that speaks of the log at a path."""
        return self._entries.of(whole(path))

    def of(self, path: str) -> Asked:
        """What is asked of the log at a path. Raises UsageError if that is no rule at all."""
        entry = self.entry(path)
        return self.top if entry is None else self._asked(entry.settings.over(self._manifest.settings), entry)

    def meant(self, path: str, error: UsageError) -> UsageError:
        """An error of what is asked of the log at a path, told of the schema of its entry if it is of that."""
        entry = self.entry(path)
        if entry is None or entry.settings.schema is None or self._typed.schema is not None:
            return error
        return self._manifest.schema_error(entry, error)

    def _fresh(self, said: Settings, entry: Entry | None) -> Asked:
        asked = _preferred(self._typed, said)
        try:
            grade(asked.select, asked.ignore, asked.severity)
        except UsageError:
            place = self.shown if entry is None else self._manifest.place(entry)
            raise UsageError(f"{place}: with the options that are given, this leaves no rule to ask") from None
        return asked


class Manifests:
    """The manifests that logs go by: each log by the one nearest to the path that it was named by, and by no other.

    ``folders`` are those of the paths; None stands for this folder, by whose manifest the standard input goes. Raises
    UsageError for a manifest that cannot be meant.
    """

    def __init__(self, folders: Iterable[Path | None], typed: Asked) -> None:
        made = cache(lambda path: Preferred(load(path), typed))
        near = {folder: _nearest(folder) for folder in folders}
        self._near = {folder: made(path) for folder, path in near.items() if path is not None}
        self._named = near.keys()

    @property
    def all(self) -> Iterator[Preferred]:
        """Each of them once."""
        yield from dict.fromkeys(self._near.values())

    def of(self, path: str | None) -> Preferred | None:
        """The one that decides on the log at a path, None for the standard input; None if there is none."""
        if path is None:
            return self._near.get(None)
        place = Path(whole(path))
        folder = next((one for one in (place, *place.parents) if one in self._named), None)
        return None if folder is None else self._near.get(folder)


def _nearest(folder: Path | None) -> Path | None:
    here = Path.cwd()
    found = None if folder is None else find(folder)
    # Outside a repository nothing is looked for above a folder, so that this one is not come by.
    return found or (find(here) if folder is None or folder.is_relative_to(here) else None)


def _preferred(typed: Asked, said: Settings) -> Asked:
    graded = {rule.code for item in typed.severity for rule in named("--severity", [item.partition("=")[0]])}
    asked = {rule.code for rule in named("--select", typed.select)} if typed.select else None
    return Asked(
        typed.profile or said.profile,
        typed.select or said.select or (),
        typed.ignore or _ignored(said.ignore or (), graded | (asked or set())),
        (*_grades(said.severity or (), graded, asked), *typed.severity),
        typed.max_line_bytes or said.max_line_bytes,
        typed.schema or said.schema,
    )


def _ignored(said: Sequence[str], typed: set[str]) -> tuple[str, ...]:
    """What the file ignores, but for the rules that were typed."""
    if not typed:
        return tuple(said)
    return tuple(rule.code for rule in named("--ignore", said) if rule.code not in typed)


def _grades(said: Sequence[str], typed: set[str], asked: set[str] | None) -> Sequence[str]:
    """What the file grades, but for what was typed; with ``--select`` it turns no rule on and none off."""
    grades = [
        f"{rule.code}={level}"
        for name, _, level in (item.partition("=") for item in said)
        for rule in named("--severity", [name])
        if rule.code not in typed and (asked is None or (rule.code in asked and level != Severity.OFF))
    ]
    # Of the grades in the file the later wins, as it does on the command line.
    return list({grade.partition("=")[0]: grade for grade in grades}.values())
