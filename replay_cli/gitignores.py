"""Gitignores: what the ``.gitignore`` files of a repository pass over, as ``exclude`` of a manifest says it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from replay_cli.patterns import Excludes, escaped, is_known

NAME = ".gitignore"


def ignored(root: Path, recordings: Sequence[str]) -> list[str]:
    """The patterns, from the root, by which git passes over recordings, in the order in which the last one decides.

    ``recordings`` are paths from the root. Patterns that make no difference to them are left out. Where one that
    takes in again (``!``) cannot be followed, nothing is passed over: better too much is looked at.
    """
    folders = {way for path in recordings for way in _above(path)}
    patterns = [one for folder in sorted(folders, key=_depth) for one in _patterns(root, folder)]
    if any(one.startswith("!") and not is_known(one) for one in patterns):
        return []
    ways = {*folders, *recordings} - {""}
    speaking = [one for one in patterns if is_known(one) and _speaks(one, ways, folders)]
    return _without_idle(speaking, recordings)


def _above(path: str) -> Iterator[str]:
    """The folders that a path stands in, from the root, which is ""."""
    names = path.split("/")
    return ("/".join(names[:end]) for end in range(len(names)))


def _depth(folder: str) -> tuple[int, str]:
    return (folder.count("/") + bool(folder), folder)


def _patterns(root: Path, folder: str) -> Iterator[str]:
    """The lines of the .gitignore in a folder, as they are from the root."""
    try:
        text = (root / folder / NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for line in text.splitlines():
        pattern = re.sub(r"(?<!\\)[ \t]+\Z", "", line)
        if pattern and not pattern.startswith("#"):
            yield _from_root(pattern, folder) if folder else pattern


def _from_root(pattern: str, folder: str) -> str:
    sign = "!" * pattern.startswith("!")
    rest = pattern.removeprefix("!")
    between = "/" if "/" in rest.rstrip("/") else "/**/"
    return f"{sign}/{escaped(folder)}{between}{rest.lstrip('/')}"


def _speaks(pattern: str, ways: set[str], folders: set[str]) -> bool:
    """Whether a pattern matches any of these ways."""
    alone = Excludes([pattern.removeprefix("!")])
    return any(alone.takes(way, way, way in folders) for way in ways)


def _without_idle(patterns: Sequence[str], recordings: Sequence[str]) -> list[str]:
    """The patterns without those that make no difference."""
    kept = list(patterns)
    left_out = _left_out(kept, recordings)
    for one in patterns:
        fewer = list(kept)
        fewer.remove(one)
        if _left_out(fewer, recordings) == left_out:
            kept = fewer
    return kept


def _left_out(patterns: Sequence[str], recordings: Sequence[str]) -> list[str]:
    excludes = Excludes(patterns)
    return [path for path in recordings if excludes.pass_over(path)]
