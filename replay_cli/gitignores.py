"""Gitignores: what the ``.gitignore`` files of a repository pass over, as ``exclude`` of a manifest says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from replay_cli.patterns import Excludes, escaped, is_known

NAME = ".gitignore"


class Ignored(NamedTuple):
    """The patterns, from the root, by which git passes over recordings, in the order in which the last one decides.

    ``left`` are lines of a .gitignore that ``exclude`` cannot follow, each with its file and number.
    """

    patterns: list[str]
    left: list[str]


class _Line(NamedTuple):
    place: str
    text: str
    pattern: str


def ignored(root: Path, recordings: Sequence[str]) -> Ignored:
    """What git passes over of recordings, which are paths from the root.

    Patterns that make no difference to them are left out. Where one that takes in again (``!``) cannot be followed,
    nothing is passed over: better too much is looked at.
    """
    folders = {way for path in recordings for way in _above(path)}
    ways = {*folders, *recordings} - {""}
    lines: list[_Line] = []
    left: list[_Line] = []
    for folder in sorted(folders, key=_depth):
        try:
            found = [*_lines(root, folder)]
        except UnicodeDecodeError:
            left.append(_Line(_place(folder), "text that is no UTF-8", "!"))
            continue
        for one in found:
            followed = is_known(one.pattern) and _speaks_of_bytes(one.pattern, ways, folders)
            (lines if followed else left).append(one)
    told = [f"{one.place}: {one.text}" for one in left]
    if any(one.pattern.startswith("!") for one in left):
        return Ignored([], told)
    speaking = [one.pattern for one in lines if any(_spoken_of(one.pattern, ways, folders))]
    return Ignored(_without_idle(speaking, recordings), told)


def _above(path: str) -> Iterator[str]:
    """The folders that a path stands in, from the root, which is ""."""
    names = path.split("/")
    return ("/".join(names[:end]) for end in range(len(names)))


def _depth(folder: str) -> tuple[int, str]:
    return (folder.count("/") + bool(folder), folder)


def _lines(root: Path, folder: str) -> Iterator[_Line]:
    """The lines of the .gitignore in a folder, with what they are from the root."""
    try:
        # git passes over a byte-order mark, too.
        text = (root / folder / NAME).read_bytes().decode("utf-8-sig")
    except OSError:
        return
    for number, line in enumerate(re.split(r"\r?\n", text), 1):
        pattern = re.sub(r"(?<!\\)[ \t]+\Z", "", line)
        if pattern and not pattern.startswith("#"):
            yield _Line(f"{_place(folder)}:{number}", pattern, _from_root(pattern, folder) if folder else pattern)


def _place(folder: str) -> str:
    return f"{folder}/{NAME}" if folder else NAME


def _from_root(pattern: str, folder: str) -> str:
    sign = "!" * pattern.startswith("!")
    rest = pattern.removeprefix("!")
    between = "/" if "/" in rest.rstrip("/") else "/**/"
    return f"{sign}/{escaped(folder)}{between}{rest.lstrip('/')}"


def _spoken_of(pattern: str, ways: Iterable[str], folders: set[str]) -> Iterator[bool]:
    """Of each of these ways, whether a pattern matches it."""
    alone = Excludes([pattern.removeprefix("!")])
    return (alone.takes(way, way, way in folders) for way in ways)


def _speaks_of_bytes(pattern: str, ways: set[str], folders: set[str]) -> bool:
    """Whether a pattern matches the same ways of bytes, which git compares, as of characters, which we do."""
    odd = [way for way in ways if not way.isascii()]
    if not odd or not re.search(r"[?\[]", pattern):
        return True
    bare = {_bytes(way) for way in folders}
    of_bytes = _spoken_of(_bytes(pattern), map(_bytes, odd), bare)
    return [*_spoken_of(pattern, odd, folders)] == [*of_bytes]


def _bytes(text: str) -> str:
    """A text with a character for each of its bytes."""
    return text.encode(errors="surrogateescape").decode("latin-1")


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
