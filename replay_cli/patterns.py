"""Patterns: whether a path fits one, and what a list of them passes over, as a .gitignore does."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache

_WILD = re.compile(r"[*?[]")

_UNKNOWN = re.compile(r"\[[^\]]*(?:\\|\[:)|(?<!\\)(?:\\\\)*\\\Z")
"""What of gitignore(5) is not known here: escapes and classes within brackets, and an escape of nothing."""


def is_pattern(path: str) -> bool:
    """Whether a path is a pattern, not the name of one file."""
    return _WILD.search(path) is not None


def escaped(path: str) -> str:
    """The pattern that fits one path and no other."""
    return re.sub(r"([*?[])", r"[\1]", path)


def name_of(pattern: str) -> str | None:
    """The one path that a pattern fits; None if it may fit others, or is none."""
    name = re.sub(r"\[([*?[])\]", r"\1", pattern)
    return name if name != pattern and escaped(name) == pattern else None


def fits(pattern: str, path: str) -> bool:
    """Whether a path as a whole matches a pattern: ``*`` stays within a name, ``**`` is any number of folders."""
    return _agree(_parts(pattern), _parts(path), False)


def is_known(pattern: str) -> bool:
    """Whether a pattern of a .gitignore means here what it means to git."""
    return _UNKNOWN.search(pattern) is None


class Excludes:
    """Patterns of files or folders to pass over, as in a .gitignore: the last that matches decides (gitignore(5)).

    Without a slash a pattern matches a name anywhere. With one it matches the path from ``base``, a folder; without
    a base from the folder that was named, or the path as it is shown. There ``*`` stays within a name and ``**`` goes
    through any number of folders. A slash at the end matches folders only. ``x/**`` is all there is in x. One that
    begins with ``!`` takes in again what those before it pass over, but nothing in a folder that is passed over.
    """

    def __init__(self, patterns: Sequence[str], base: str | None = None) -> None:
        made = [_Pattern(pattern) for pattern in patterns]
        # Where nothing is taken in again, a folder of which all is passed over need not be looked into.
        self._ends_early = not any(one.negated for one in made)
        self._patterns = made[::-1]
        self._base = base
        self._from_base = cache(self._folder_from_base)

    def takes(self, path: str, relative: str, folder: bool) -> bool:
        """Whether something is passed over: by its path as it is shown, and that from the folder that was named."""
        if not self._patterns:
            return False
        way, shown = (_parts(relative), _parts(path)) if self._base is None else (self._way(path), None)
        name = relative.rpartition("/")[2]
        taken = (one for one in self._patterns if one.takes(name, way, shown, folder, self._ends_early))
        last = next(taken, None)
        return last is not None and not last.negated

    def pass_over(self, path: str) -> bool:
        """Whether a file is passed over, by its path from the one folder that all is looked for in."""
        names = path.split("/")
        ways = ("/".join(names[:end]) for end in range(1, len(names) + 1))
        return any(self.takes(way, way, way != path) for way in ways)

    def _way(self, path: str) -> list[str]:
        above, slash, name = path.rpartition("/")
        return [*self._from_base(above or slash or os.curdir), *_parts(name)]

    def _folder_from_base(self, folder: str) -> list[str]:
        return _parts(os.path.relpath(folder, self._base))


class _Pattern:
    """One line of a .gitignore."""

    def __init__(self, text: str) -> None:
        self.negated = text.startswith("!")
        text = _plain(text.removeprefix("!"))
        self._folders_only = text.endswith("/")
        self._floating = "/" not in text.rstrip("/")
        self._parts = _parts(text)

    def takes(
        self, name: str, way: Sequence[str], shown: Sequence[str] | None, folder: bool, ends_early: bool
    ) -> bool:
        """Whether it speaks of what is called ``name``, by its way from a folder, or by that as it is shown."""
        if not self._parts or (self._folders_only and not folder):
            return False
        if self._floating:
            return fnmatchcase(name, self._parts[0])
        early = folder and ends_early and not self._folders_only
        from_folder = self._parts[1:] if self._parts[0] == "/" else self._parts
        return _agree(from_folder, way, early) or (shown is not None and _agree(self._parts, shown, early))


def _plain(text: str) -> str:
    """A pattern of git as one of fnmatch: what is escaped stands in brackets."""
    text = re.sub(r"\\(.)", lambda found: f"[{found[1]}]" if found[1] in "*?[" else found[1], text)
    return text.replace("[^", "[!")


def _parts(path: str) -> list[str]:
    """The parts of a path, "/" being the first of an absolute one; ``a//./b/`` is ``a/b``."""
    return ["/"] * path.startswith("/") + [part for part in path.split("/") if part not in ("", ".")]


def _agree(pattern: Sequence[str], path: Sequence[str], folder: bool) -> bool:
    """Whether the parts of a path match those of a pattern; a ``folder`` does if all that may be in it does."""
    if not pattern or not path:
        return (not pattern and not path) or (folder and list(pattern) == ["**"])
    if pattern[0] == "**":
        return len(pattern) == 1 or any(_agree(pattern[1:], path[at:], folder) for at in range(len(path)))
    return fnmatchcase(path[0], pattern[0]) and _agree(pattern[1:], path[1:], folder)
