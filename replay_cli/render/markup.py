"""Markup: text as Markdown that reads the same, whatever it holds."""

from __future__ import annotations

import re
import string

from replay_cli.errors import one_line

CELL = 400
"""Characters of a name or a sentence in a cell."""


def cell(text: str) -> str:
    """Text as a cell of a Markdown table, or an item of a list: nothing in it is markup.

    A character that is named by its number is never taken for structure, wherever it stands; a backslash before it
    would not keep ``1.`` from being a list, ``https:`` from being a link or ``\\|`` from ending a cell.
    """
    shown = one_line(text)
    shown = shown if len(shown) <= CELL else shown[:CELL] + "…"
    spaces = len(shown) - len(shown.lstrip(" "))
    return "&#32;" * spaces + "".join(map(_harmless, shown[spaces:]))


_MARKUP = frozenset(string.punctuation) - frozenset("/,;'")


def _harmless(character: str) -> str:
    return f"&#{ord(character)};" if character in _MARKUP else character


def prose(text: str) -> str:
    """Plain text of ours as Markdown: paragraphs stay, what could be markup is escaped."""
    return re.sub(r"([\\*<>`\[\]|])", r"\\\1", text)
