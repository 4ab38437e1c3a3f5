"""Discovery: from what the user named to the inputs to read, each once, in an order that is always the same.

A file that was named is taken whatever it is called. Folders are walked for names that look like a log, and glob
patterns that the shell left alone are expanded; only what these two find can be excluded.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, NamedTuple

from replay_cli.errors import ReplayError, SourceError, UsageError, in_quotes
from replay_cli.patterns import Excludes, is_known, is_pattern
from replay_cli.sources import Source, open_path, open_stream, reason

STDIN = "-"
"""How standard input is named."""

SHOWN = 200
"""Characters that are shown of a name in a list: a log may have been given for one."""

LARGEST = 64 * 1024 * 1024
"""Bytes of a list of paths at most; half a million paths fit in."""

GUESSED = 10
"""Paths that lead nowhere for which it is looked for what was meant."""

_LOG = re.compile(r"\.(jsonl|ndjson|sse|log)(\.(gz|zst|bz2|xz))?\Z", re.IGNORECASE)
NOTHING_IN_IT = "nothing to read in it (.jsonl .ndjson .sse .log)"
"""What is said of a folder without logs."""


class Entry(NamedTuple):
    """An input: its path as it is to be shown, or "-" for standard input.

    ``named`` tells that the user named this very file, not a folder or a pattern that it was found by.
    """

    path: str
    named: bool


@dataclass
class Discovered:
    """What was found: the inputs in the order named, what went wrong, and the folders and patterns (as they were
    named) that held nothing to read.
    """

    entries: list[Entry] = field(default_factory=list)
    problems: list[ReplayError] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def discover(
    paths: Sequence[str],
    *,
    exclude: Sequence[str] = (),
    base: str | None = None,
    files_from: str | None = None,
    stdin: BinaryIO | None,
) -> Discovered:
    """Find the inputs that ``paths`` and the list ``files_from`` name: files, folders, patterns, "-".

    ``exclude`` are patterns of files and folders to pass over, as in a .gitignore in the folder ``base``; without
    that, one with a slash goes from each folder that is named, or matches the path as it is shown. ``files_from`` is
    a file that holds a path a line, or "-" for ``stdin``; if it contains a NUL, each path ends with one. Its paths
    are not expanded. Raises nothing: what is missing becomes a UsageError in ``problems``, what is unreadable a
    SourceError.
    """
    search = _Search(Excludes(exclude, base), stdin_taken=files_from == STDIN)
    for pattern in exclude:
        if not is_known(pattern):
            search.problems.append(UsageError(f"--exclude: {pattern!r} is a pattern that cannot be followed"))
    for path in paths:
        search.add(path)
    if files_from is not None:
        try:
            listed = _listed(files_from, stdin)
            for path in listed:
                search.add(path, listed_in=files_from)
            if not listed:
                search.empty.append(f"--files-from: {files_from}")
        except ReplayError as error:
            search.problems.append(error)
    # What is named twice, or come by twice through a pattern, is told once.
    problems = {str(problem): problem for problem in search.problems}
    return Discovered(list(search.found.values()), list(problems.values()), search.empty)


def _listed(files_from: str, stdin: BinaryIO | None) -> list[str]:
    """The paths in the list of --files-from; those on lines are never blank."""
    try:
        with _list(files_from, stdin) as source:
            data = _whole(source)
    except UsageError as error:
        raise UsageError(f"--files-from: {error}") from None
    if b"\0" in data:
        return [os.fsdecode(path) for path in data.split(b"\0") if path]
    ends = b"\r\n" if b"\n" in data and data.count(b"\r\n") == data.count(b"\n") else b"\n"
    return [os.fsdecode(line) for line in data.split(ends) if line.strip()]


def _whole(source: Source) -> bytes:
    """All that a list holds. Raises UsageError if it is too large for one: it may be a log, or have no end."""
    data = bytearray()
    for chunk in source.chunks():
        data += chunk
        if len(data) > LARGEST:
            raise UsageError(f"{source.name} is larger than {LARGEST // 2**20} MiB, and so no list of paths")
    return bytes(data)


def _list(files_from: str, stdin: BinaryIO | None) -> Source:
    if files_from != STDIN:
        return open_path(files_from, raw=True)
    if stdin is None:
        raise UsageError("there is no standard input")
    return open_stream(stdin, STDIN, raw=True)


class _Kind(Enum):
    FOLDER = "folder"
    FILE = "regular file"
    OTHER = "FIFO, socket or device"
    NOWHERE = "link to nothing"


class _Place(NamedTuple):
    """Something that a walk or a pattern came by.

    ``path`` is how it is shown, ``relative`` the same from the folder that was named, ``real`` the path without
    links, which tells whether it was found before. ``linked`` says that it is a symbolic link.
    """

    path: str
    relative: str
    real: str
    kind: _Kind
    linked: bool = False

    @property
    def name(self) -> str:
        return self.relative.rpartition("/")[2]

    def inner(self, entry: os.DirEntry[str] | Path, name: str) -> _Place:
        """What ``entry``, called ``name`` in this folder, is."""
        path, linked = _join(self.path, name), entry.is_symlink()
        real = os.path.realpath(path) if linked or name in ("", ".", "..") else _join(self.real, name)
        return _Place(path, _join(self.relative, name), real, _kind(entry), linked)


def _named(path: str, kind: _Kind) -> _Place:
    return _Place(path, "", os.path.realpath(path), kind)


def _join(folder: str, name: str) -> str:
    # Neither os.path.join nor pathlib: what is shown begins with the very letters the user typed.
    return f"{folder}{name}" if not folder or folder.endswith("/") else f"{folder}/{name}"


def _kind(entry: os.DirEntry[str] | Path) -> _Kind:
    try:
        if entry.is_dir():
            return _Kind.FOLDER
        if entry.is_file():
            return _Kind.FILE
        entry.stat()
    except OSError:
        return _Kind.NOWHERE
    return _Kind.OTHER


class _Search:
    """What was found so far, by real path and in the order found."""

    def __init__(self, excludes: Excludes, stdin_taken: bool) -> None:
        self.found: dict[str, Entry] = {}
        self.problems: list[ReplayError] = []
        self.empty: list[str] = []
        self._excludes = excludes
        self._stdin_taken = stdin_taken
        # How often a pattern of --exclude took something out.
        self._left_out = 0
        self._absent = 0

    def add(self, path: str, listed_in: str | None = None) -> None:
        """Take what ``path`` names; ``listed_in`` is the list of --files-from that it stands in."""
        if path == STDIN:
            self._add_stdin()
            return
        try:
            # An empty path is not the current folder, as pathlib has it: most likely a variable was not set.
            mode = Path(path or "\0").stat().st_mode
        except OSError as error:
            self._add_absent(path, error, listed_in)
            return
        except ValueError:  # a NUL in the path
            self.problems.append(UsageError(f"no such file: {in_quotes(path)}"))
            return
        if stat.S_ISDIR(mode):
            self._add_all(path, [_named(path, _Kind.FOLDER)], len(self.problems))
        else:
            self._take(path, os.path.realpath(path), named=True)

    def _add_stdin(self) -> None:
        if self._stdin_taken:
            self.problems.append(UsageError("- is the list of --files-from already and cannot be an input too"))
        elif STDIN in self.found:
            self.problems.append(UsageError("standard input can be read only once, but - is given twice"))
        else:
            self.found[STDIN] = Entry(STDIN, named=True)

    def _add_absent(self, path: str, error: OSError, listed_in: str | None) -> None:
        if error.errno not in _ABSENT:
            self.problems.append(SourceError(path, reason(error)))
        elif listed_in is not None:
            shown = path if len(path) <= SHOWN else f"{path[:SHOWN]}..."
            listed = f"(listed by --files-from {listed_in})"
            self.problems.append(UsageError(f"no such file: {shown} {listed}{self._meant(path)}"))
        elif not is_pattern(path):
            self.problems.append(UsageError(f"no such file: {path}{self._meant(path)}"))
        else:
            problems, left_out = len(self.problems), self._left_out
            places = sorted(self._expand(path), key=lambda place: os.fsencode(place.path))
            if places or len(self.problems) > problems or self._left_out > left_out:
                self._add_all(path, places, problems)
            else:
                self.problems.append(UsageError(f"nothing matches the pattern: {path}"))

    def _meant(self, path: str) -> str:
        """What was meant perhaps by a path that leads nowhere; looked for but a few times, as a list may be long."""
        self._absent += 1
        if self._absent > GUESSED:
            return ""
        from replay_cli.resembling import meant

        return meant(path)

    def _add_all(self, named: str, places: Iterable[_Place], problems: int) -> None:
        """Take all files in and below ``places``; note if there is nothing, nor more than ``problems`` problems."""
        taken = 0
        for place in places:
            for file in self._walk(place):
                if file.kind is _Kind.FILE:
                    self._take(file.path, file.real, named=False)
                    taken += 1
                elif file.kind is _Kind.NOWHERE:
                    self.problems.append(SourceError(file.path, "is a link to nothing that can be read"))
        if not taken and len(self.problems) == problems and named not in self.empty:
            self.empty.append(named)

    def _take(self, path: str, real: str, named: bool) -> None:
        # A pattern may find a file called "-", which is not standard input.
        path = "./-" if path == STDIN else path
        before = self.found.setdefault(real, Entry(path, named))
        if named and not before.named:
            self.found[real] = Entry(before.path, named=True)

    def _walk(self, place: _Place) -> Iterator[_Place]:
        """What is not a folder, at and below ``place``, in the byte order of names. Links are not walked into."""
        waiting = [place]
        while waiting:
            place = waiting.pop()
            if place.kind is _Kind.FOLDER:
                waiting += [inner for inner in reversed(self._inside(place)) if self._wanted(inner)]
            else:
                yield place

    def _wanted(self, place: _Place) -> bool:
        """Whether a walk takes this, or walks into it."""
        if place.name.startswith("."):
            return False
        fits = not place.linked if place.kind is _Kind.FOLDER else bool(_LOG.search(place.name))
        return fits and not self._excluded(place)

    def _excluded(self, place: _Place) -> bool:
        excluded = self._excludes.takes(place.path, place.relative, place.kind is _Kind.FOLDER)
        self._left_out += excluded
        return excluded

    def _inside(self, folder: _Place) -> list[_Place]:
        """What a folder holds, in the byte order of names; nothing, and a problem, if it cannot be read."""
        try:
            with os.scandir(folder.path or ".") as entries:
                return [folder.inner(entry, entry.name) for entry in sorted(entries, key=_bytewise)]
        except OSError as error:
            self.problems.append(SourceError(folder.path or ".", reason(error)))
            return []

    def _expand(self, pattern: str) -> Iterator[_Place]:
        """What a pattern matches, in any order, some of it perhaps more than once."""
        parts = pattern.split("/")
        first = next(index for index, part in enumerate(parts) if is_pattern(part))
        folder = "/".join(parts[:first]) + "/" if first else ""
        if folder and _kind(Path(folder)) is not _Kind.FOLDER:
            return
        waiting = [(_named(folder, _Kind.FOLDER), parts[first:])]
        while waiting:
            for place, rest in self._matching(*waiting.pop()):
                if rest:
                    waiting.append((place, rest))
                else:
                    yield place

    def _matching(self, folder: _Place, parts: list[str]) -> Iterator[tuple[_Place, list[str]]]:
        """What the first of the pattern's parts matches in a folder, with those that are left to match in there."""
        part, rest = parts[0], parts[1:]
        if part == "**" and rest:
            yield folder, rest
        for place in self._inside(folder) if is_pattern(part) else self._literally(folder, part):
            is_folder = place.kind is _Kind.FOLDER
            if not _matches(place.name, part) or self._excluded(place):
                continue
            if part != "**" and (is_folder or not rest):
                yield place, rest
            elif is_folder and not place.linked:
                # "**" goes not into links, as they may lead round in circles.
                yield place, parts
            elif not is_folder and not rest:
                yield place, rest

    def _literally(self, folder: _Place, name: str) -> list[_Place]:
        """The one thing called ``name``; after a last slash that is "", the folder itself."""
        entry = Path(folder.path, name)
        try:
            entry.lstat()
        except OSError as error:
            if error.errno not in _ABSENT:
                self.problems.append(SourceError(str(entry), reason(error)))
            return []
        return [folder.inner(entry, name)]


# A pattern may be too long for a file name.
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


def _bytewise(entry: os.DirEntry[str]) -> bytes:
    return os.fsencode(entry.name)


def _matches(name: str, part: str) -> bool:
    """Whether a name matches one part of a pattern; as in a shell, a leading dot has to be there in both."""
    return fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))


def is_log(path: str) -> bool:
    """Whether a name ends in .log, as logs of every kind do (DECISIONS, Sources)."""
    return re.search(r"\.log(\.(gz|zst|bz2|xz))?\Z", path, re.IGNORECASE) is not None
