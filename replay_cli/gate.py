"""The gate: which recordings are to be as expected, and by which entry of the manifest each goes."""

from __future__ import annotations

import errno
import os
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from replay_cli.discovery import NOTHING_IN_IT, STDIN, Discovered, discover
from replay_cli.errors import ReplayError, SourceError, UsageError, one_line
from replay_cli.manifest import Entries, Entry, Manifest, Settings, grading_of, whole, within
from replay_cli.resembling import meant
from replay_cli.sources import reason


class Place(NamedTuple):
    """Where a recording is, as it is shown, and whether this very file was named."""

    path: str
    named: bool


class Recording(NamedTuple):
    """A recording: its path as it is shown, the whole path, and the entry that it goes by; None if there is none.

    ``named`` tells that this very file was named, not a folder or pattern that it was found by.
    """

    path: str
    full: str
    entry: Entry | None
    named: bool = False

    def settings(self, manifest: Manifest) -> Settings:
        """How it is audited."""
        return self.entry.settings.over(manifest.settings) if self.entry is not None else manifest.settings


@dataclass(slots=True)
class Gate:
    """The recordings in their order, and what is wrong with the manifest or with what was asked.

    ``gone`` are entries of recordings that are not there, and patterns that match nothing, ``stale`` patterns whose
    recordings all go by other entries, ``empty`` says which paths hold nothing.
    """

    recordings: list[Recording] = field(default_factory=list)
    problems: list[ReplayError] = field(default_factory=list)
    gone: list[Entry] = field(default_factory=list)
    stale: list[Entry] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


UNSEEN = (errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE)
"""Errors by which it cannot be told whether something is there."""


def gather(manifest: Manifest, paths: Sequence[str]) -> Gate:
    """Find the recordings: those that ``paths`` name, or all that the manifest speaks of."""
    gate = Gate()
    entries = Entries(manifest)
    there = _all(manifest, gate)
    for path in there:
        entries.of(path)
    for entry in entries.patterns:
        if entry.number not in entries.fitted:
            _hold_pattern(manifest, entry, gate)
        elif entry.number not in entries.used:
            gate.stale.append(entry)
    for entry in manifest.entries:
        _hold_settings(manifest, entry, gate)
        if entry.full not in there and os.path.isdir(entry.full):  # noqa: PTH112
            said = f"{entry.path!r} is a folder; {entry.path.rstrip('/') + '/**'!r} is all recordings in it"
            gate.problems.append(manifest.error(("expect", entry.number, "path"), said))
    # What stands in one folder that cannot be read is told once.
    gate.problems = list({str(problem): problem for problem in gate.problems}.values())
    gate.recordings = [Recording(one.path, full, entries.of(full), one.named) for full, one in there.items()]
    if paths:
        gate.recordings = _asked(manifest, paths, entries, there.keys(), gate)
    return gate


def _all(manifest: Manifest, gate: Gate) -> dict[str, Place]:
    """All recordings that the manifest speaks of: whole paths, each with how it is shown."""
    found: dict[str, Place] = {}
    empty: dict[str, ReplayError] = {}
    for number, path in enumerate(manifest.paths):
        there = discover([_shown(manifest, path)], exclude=manifest.exclude, base=manifest.folder, stdin=None)
        for problem in there.problems:
            usage = isinstance(problem, UsageError)
            gate.problems.append(manifest.error(("paths", number), str(problem)) if usage else problem)
        _take(manifest, there, found, gate)
        for name in there.empty:
            empty[name] = manifest.error(("paths", number), f"nothing to read in {one_line(name)}")
    for entry in manifest.entries:
        if entry.full in found:
            continue
        if os.path.exists(entry.full) and not os.path.isdir(entry.full):  # noqa: PTH110, PTH112
            # Each for itself: two links to one recording are two that something is expected of.
            there = discover([_shown(manifest, entry.name)], stdin=None)
            for problem in there.problems:
                usage = isinstance(problem, UsageError)
                way = ("expect", entry.number, "path")
                gate.problems.append(manifest.error(way, str(problem)) if usage else problem)
            _take(manifest, there, found, gate)
        elif not entry.is_pattern and not os.path.isdir(entry.full):  # noqa: PTH112
            _count_gone(manifest, entry, gate)
    # Of a gate that finds nothing at all that is said as a whole.
    if found:
        gate.problems += empty.values()
    else:
        gate.empty += map(str, empty.values())
    return found


def _count_gone(manifest: Manifest, entry: Entry, gate: Gate) -> None:
    """Count an entry as gone, if it can be told that its recording is."""
    try:
        os.stat(entry.full)  # noqa: PTH116
    except OSError as error:
        if error.errno in UNSEEN:
            folder = os.path.dirname(_shown(manifest, entry.name))  # noqa: PTH120
            gate.problems.append(SourceError(folder or os.curdir, reason(error)))
            return
    gate.gone.append(entry)


def _take(manifest: Manifest, there: Discovered, found: dict[str, Place], gate: Gate) -> None:
    """Put what was discovered to the rest, but for what links lead out of the repository."""
    for entry in there.entries:
        full = whole(entry.path)
        if full in found:
            continue
        if not manifest.holds(full):
            gate.problems.append(UsageError(f"{entry.path} is a link that leads out of the repository"))
            continue
        found[full] = Place(_from_here(manifest, entry.path, full), entry.named)


def _from_here(manifest: Manifest, path: str, full: str) -> str:
    """How a recording is shown: by its path from the folder that the command is called in."""
    return _plain(path) if _folder(manifest) == os.curdir else os.path.relpath(full)


def _plain(path: str) -> str:
    """A path without ``./`` before it, but where it would be another without."""
    rest = path.removeprefix("./")
    return path if rest == STDIN else rest


def _asked(
    manifest: Manifest, paths: Sequence[str], entries: Entries, known: Container[str], gate: Gate
) -> list[Recording]:
    """The recordings that were named; ``known`` are all that the manifest speaks of."""
    if STDIN in paths:
        raise UsageError("check: stdin cannot have an entry in a manifest; name files or folders")
    there = discover(paths, exclude=manifest.exclude, base=manifest.folder, stdin=None)
    gate.problems += there.problems
    gate.empty = [f"{name}: {NOTHING_IN_IT}" for name in there.empty]
    found: dict[str, Place] = {}
    for entry in there.entries:
        full = whole(entry.path)
        if not manifest.holds(full):
            said = f"{entry.path} stands outside the repository that {manifest.shown} belongs to"
            gate.problems.append(UsageError(said))
        elif full not in known and not within(full, manifest.folder):
            said = f"{entry.path} stands outside the folder of {manifest.shown}, which does not speak of it"
            gate.problems.append(UsageError(said))
        else:
            found[full] = Place(entry.path, entry.named)
    # Those that are gone may not be what was asked about; in a whole run they are told, and patterns as well.
    folders = [whole(path) for path in paths]
    gate.gone = [one for one in gate.gone if any(one.full.startswith(f"{folder}/") for folder in folders)]
    gate.stale = []
    return [Recording(one.path, full, entries.of(full), one.named) for full, one in found.items()]


def _shown(manifest: Manifest, path: str) -> str:
    """A path of the manifest as it is from the folder that the command is called in."""
    folder = _folder(manifest)
    return path if folder == os.curdir else f"{folder}/{path}"


def _folder(manifest: Manifest) -> str:
    return os.path.relpath(manifest.folder)


def _hold_pattern(manifest: Manifest, entry: Entry, gate: Gate) -> None:
    """A pattern that no recording fits is gone, unless it fits what the manifest does not take for one."""
    there = discover([_shown(manifest, entry.path)], stdin=None)
    unseen = [one for one in there.problems if isinstance(one, SourceError)]
    if unseen:
        gate.problems += unseen
    elif there.entries:
        hidden = all(_is_hidden(one.path) for one in there.entries)
        why = "; what is hidden is taken only where paths names it" if hidden else ""
        said = f"nothing matches {entry.path!r} of what paths and exclude take{why}"
        gate.problems.append(manifest.error(("expect", entry.number, "path"), said))
    else:
        gate.gone.append(entry)


def _is_hidden(path: str) -> bool:
    return any(name.startswith(".") and name not in (os.curdir, os.pardir) for name in path.split("/"))


def _hold_settings(manifest: Manifest, entry: Entry, gate: Gate) -> None:
    """Each alone may leave rules to ask, and both together none."""
    try:
        grading_of(entry.settings.over(manifest.settings))
    except UsageError:
        said = "with what stands at the top, this leaves no rule to ask"
        gate.problems.append(manifest.error(("expect", entry.number), said))


def may_be_elsewhere(path: str) -> bool:
    """Whether a path leads to a link to nothing, or into a folder without files: what was there may come back."""
    there = _there_of(path)
    return (os.path.islink(there) and not os.path.exists(there)) or _is_bare(there)  # noqa: PTH110, PTH114


def _there_of(path: str) -> str:
    """As much of a path as is there."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)  # noqa: PTH120
    return path


def _is_bare(path: str) -> bool:
    """Whether it is a folder without any file: git keeps none, so that something is mounted or checked out there."""
    return os.path.isdir(path) and not any(files for _, _, files in os.walk(path))  # noqa: PTH112


def missing(manifest: Manifest, entry: Entry) -> UsageError:
    """What is to be said of an entry whose recording is not there, or of a pattern that matches nothing."""
    empty = "; its folder is there, and empty" if _is_bare(_there_of(entry.full)) else ""
    if entry.is_pattern:
        return manifest.error(("expect", entry.number, "path"), f"nothing matches {entry.path!r}{empty}")
    shown = _shown(manifest, entry.name)
    return manifest.error(("expect", entry.number, "path"), f"no such file: {shown}{empty or meant(shown)}")
