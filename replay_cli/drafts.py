"""Drafts: patterns in the making, of a text as it stands but for what is put in place of stretches of it."""

from __future__ import annotations

import re
from collections.abc import Iterable


class Draft:
    """The pattern of a text from ``start`` to ``end`` (0-based bytes, exclusive; None: to its end)."""

    def __init__(self, text: bytes, start: int = 0, end: int | None = None) -> None:
        self.text = text
        self._at, self._end = start, end
        self._parts: list[bytes] = []
        self._named: set[str] = set()

    def put(self, start: int, end: int, pattern: bytes) -> None:
        """A pattern in place of a stretch, which comes behind those that were put so far."""
        self._parts += [re.escape(self.text[self._at : start]), pattern]
        self._at = end

    def put_slot(self, name: str, start: int, end: int, value: bytes) -> None:
        """A group of this name and pattern in place of a slot, a back-reference where there is one already."""
        group = name.encode()
        pattern = b"(?P=" + group + b")" if name in self._named else b"(?P<" + group + b">" + value + b")"
        self._named.add(name)
        self.put(start, end, pattern)

    def done(self) -> bytes:
        """The whole pattern."""
        return b"".join((*self._parts, re.escape(self.text[self._at : self._end])))


def reader(pattern: bytes, names: Iterable[str]) -> tuple[re.Pattern[bytes], list[int]]:
    """The pattern, and the numbers of the groups of these names.

    What the pattern lacks is read as a group that matches nothing, so that all patterns have the same groups.
    """
    compiled = re.compile(pattern + rb"(?P<none>(?!))?")
    return compiled, [compiled.groupindex.get(name, compiled.groupindex["none"]) for name in names]
