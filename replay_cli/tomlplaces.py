"""Places in a TOML text: where each table, key and value stands, so that errors name a line and edits are small.

tomllib says what a text means, and tells nothing of where it stands. This follows a text that tomllib has read
already, so it takes it for valid.
"""

from __future__ import annotations

import re
import tomllib
from typing import NamedTuple

Path = tuple[str | int, ...]
"""The way to a value: names of keys, and numbers from 0 in arrays."""


class Span(NamedTuple):
    """Where something stands: its line, from 1, and 0-based characters, end exclusive.

    Of a value ``start`` and ``end`` are those of the value itself, ``key`` is where its key begins. Of a table with a
    header ``start`` is that of the header, ``end`` the end of the last line that belongs to it.
    """

    line: int
    start: int
    end: int
    key: int


def places(text: str) -> dict[Path, Span]:
    """The places of all that stands in a valid TOML text, by the way to it."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BLANK_IN_LINE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_LONG = {'"""': re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL), "'''": re.compile(r"'''.*?'{3,5}", re.DOTALL)}
_PLAIN = re.compile(r"[^,\]}#\r\n]*")
_LINE = re.compile(r"[^\n]*\n?")


class _Scanner:
    def __init__(self, text: str) -> None:
        self.found: dict[Path, Span] = {}
        self._text = text
        self._at = 0
        self._counted = 0
        self._line = 1
        # How many tables each array of tables has so far.
        self._tables: dict[Path, int] = {}

    def document(self) -> None:
        """Follow the text to its end."""
        table: Path = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._close(table)

    def _header(self) -> Path:
        start, line = self._at, self._line_at(self._at)
        several = self._text.startswith("[[", self._at)
        self._at += 2 if several else 1
        *outer, last = self._keys()
        table: Path = ()
        for key in outer:
            table = self._into((*table, key))
        table = (*table, last)
        if several:
            number = self._tables.get(table, 0)
            self._tables[table] = number + 1
            table = (*table, number)
        self._at = self._text.index("]", self._at) + (2 if several else 1)
        self.found[table] = Span(line, start, self._at, start)
        return table

    def _into(self, table: Path) -> Path:
        """The last of an array of tables, or the table itself."""
        return (*table, self._tables[table] - 1) if table in self._tables else table

    def _close(self, table: Path) -> None:
        """What was read belongs to ``table``, to the end of its line."""
        found = _LINE.match(self._text, self._at)
        if table in self.found and found:
            self.found[table] = self.found[table]._replace(end=found.end())

    def _pair(self, table: Path) -> None:
        key, line = self._at, self._line_at(self._at)
        path = (*table, *self._keys())
        self._at = self._text.index("=", self._at) + 1
        self._skip(_BLANK_IN_LINE)
        self._value(path, line, key)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_BLANK_IN_LINE)
            quote = self._text[self._at]
            found = {'"': _BASIC, "'": _LITERAL}.get(quote, _BARE).match(self._text, self._at)
            if found is None:
                raise ValueError(f"no key at {self._at}")
            keys.append(str(tomllib.loads(f"k={found[0]}")["k"]) if quote in "\"'" else found[0])
            self._at = found.end()
            self._skip(_BLANK_IN_LINE)
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _value(self, path: Path, line: int, key: int) -> None:
        start, first = self._at, self._text[self._at]
        long = _LONG.get(self._text[start : start + 3])
        if long is not None:
            self._skip(long)
        elif first in "[{":
            self._container(path, first)
        else:
            found = {'"': _BASIC, "'": _LITERAL}.get(first, _PLAIN).match(self._text, start)
            self._at = start + len(found[0].rstrip()) if found else start
        self.found[path] = Span(line, start, self._at, key)

    def _container(self, path: Path, opening: str) -> None:
        self._at += 1
        number = 0
        while self._skip(_BLANK) < len(self._text) and self._text[self._at] not in "]}":
            if opening == "{":
                self._pair(path)
            else:
                self._value((*path, number), self._line_at(self._at), self._at)
                number += 1
            self._skip(_BLANK)
            self._at += self._text.startswith(",", self._at)
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _line_at(self, at: int) -> int:
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line
