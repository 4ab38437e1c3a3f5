"""The manifest: what ``replay.toml``, or ``[tool.replay]`` in ``pyproject.toml``, says.

Its paths go from its own folder. ``schemas/config.schema.json`` says for editors what it may hold.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from replay_cli.errors import PlacedError, UsageError
from replay_cli.grading import Grading, grade
from replay_cli.patterns import fits, is_pattern, name_of
from replay_cli.tomlplaces import Path as Way
from replay_cli.tomlplaces import Span, places


class Settings(NamedTuple):
    """How recordings are audited: as the options of ``replay validate`` by the same names. None: not said.

    ``max_line_bytes`` and ``schema``, a whole path, are said in entries only.
    """

    profile: str | None = None
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    severity: tuple[str, ...] | None = None
    max_line_bytes: int | None = None
    schema: str | None = None

    def over(self, other: Settings) -> Settings:
        """These, and those of ``other`` where nothing is said here."""
        return Settings(
            other.profile if self.profile is None else self.profile,
            other.select if self.select is None else self.select,
            other.ignore if self.ignore is None else self.ignore,
            other.severity if self.severity is None else self.severity,
            self.max_line_bytes,
            self.schema,
        )


class Expected(NamedTuple):
    """A finding that a recording is known for: the code of its rule, where it is, and what stands there.

    ``line`` counts from 1, ``seq`` is that of the event there, ``fingerprint`` as ``render.fingerprints`` makes it;
    each is None where nothing is said. ``number`` is its place in the entry, from 0.
    """

    code: str
    line: int | None = None
    seq: int | None = None
    fingerprint: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """What is expected of one recording, or of all that fit a pattern.

    ``path`` is as it was written, ``full`` the whole path or pattern. ``number`` is its place in the manifest, from
    0.
    """

    path: str
    full: str
    number: int
    settings: Settings
    findings: tuple[Expected, ...] = ()
    starts_at_seq: int | None = None
    ends_with: str | None = None
    ends_at_seq: int | None = None

    @property
    def is_pattern(self) -> bool:
        """Whether it speaks of all that fit a pattern."""
        return is_pattern(self.path) and name_of(self.path) is None

    @property
    def name(self) -> str:
        """The path as it was written, or what that names if it is of one file, with characters of patterns in it."""
        return name_of(self.path) or self.path


@dataclass(frozen=True)
class Manifest:
    """A manifest that was read. ``shown`` is its path as it is told, ``folder`` what its paths go from."""

    file: Path
    shown: str
    folder: str
    root: str
    text: str
    prefix: Way
    settings: Settings
    paths: tuple[str, ...]
    exclude: tuple[str, ...]
    entries: tuple[Entry, ...]

    @cached_property
    def spans(self) -> Mapping[Way, Span]:
        """Where all of it stands; looked for when a line is to be told, or the text to be changed."""
        return spans_of(self.text)

    def line(self, *way: str | int) -> int:
        """The line of what stands at a way from the top of the manifest."""
        return line_of(self.spans, (*self.prefix, *way))

    def place(self, entry: Entry) -> str:
        """File and line of an entry."""
        return f"{self.shown}:{self.line('expect', entry.number)}"

    def error(self, way: Way, said: str) -> PlacedError:
        """What is wrong at a place."""
        return PlacedError(self.shown, self.line(*way), said)

    def schema_error(self, entry: Entry, error: UsageError) -> PlacedError:
        """What is wrong with the schema of an entry, told as what is wrong at its place."""
        schema = entry.settings.schema or ""
        return self.error(
            ("expect", entry.number, "schema"),
            str(error).removeprefix("--").replace(schema, os.path.relpath(schema)),
        )

    def holds(self, path: str) -> bool:
        """Whether a path stays inside the repository, also when links are followed."""
        return within(real(path), real_folder(self.root))


class Entries:
    """The entries of a manifest: that of a path is its own, or the first pattern that it fits."""

    def __init__(self, manifest: Manifest) -> None:
        self._own = {one.full: one for one in manifest.entries}
        self.patterns = [one for one in manifest.entries if one.is_pattern and not os.path.lexists(one.full)]
        self.fitted: set[int] = set()
        self.used: set[int] = set()

    def of(self, full: str) -> Entry | None:
        """The entry of a recording; takes note of the patterns that it fits."""
        fitting = [one for one in self.patterns if fits(one.full, full)]
        self.fitted.update(one.number for one in fitting)
        own = self._own.get(full)
        if own is None and fitting:
            own = fitting[0]
            self.used.add(own.number)
        return own


@cache
def grading_of(settings: Settings) -> Grading:
    """The grading that settings ask for. Raises UsageError if they leave no rule to ask."""
    return grade(settings.select or (), settings.ignore or (), settings.severity or ())


def real(path: str) -> str:
    """A path without links in it. Of many in one folder, that folder is looked at once."""
    folder, name = os.path.split(path)
    if not name or os.path.islink(path):  # noqa: PTH114
        return os.path.realpath(path)
    return os.path.join(real_folder(folder), name)  # noqa: PTH118


@cache
def real_folder(path: str) -> str:
    """A folder without links in it."""
    return os.path.realpath(path)


def whole(path: str) -> str:
    """The whole path of what is named from the current folder; links in it stay."""
    return os.path.normpath(os.path.abspath(path))  # noqa: PTH100


def within(path: str, root: str) -> bool:
    """Whether a path is a folder or stands in it; both are whole and normal."""
    return path == root or path.startswith(root.rstrip("/") + "/")


def spans_of(text: str) -> Mapping[Way, Span]:
    """Where what stands in a manifest stands; nothing if that cannot be told."""
    try:
        return places(text)
    except (ValueError, IndexError, RecursionError):
        # What follows the text there is simpler than tomllib; without it, line 1 is told.
        return {}


def line_of(spans: Mapping[Way, Span], way: Way) -> int:
    """The line of what stands at a way; where that is not told, of what holds it."""
    while way and way not in spans:
        way = way[:-1]
    return spans[way].line if way else 1
