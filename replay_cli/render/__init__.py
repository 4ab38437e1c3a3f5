"""Rendering: reports to text. A renderer is a function from reports to pieces of text.

It is called with reports that come one after the other and with the outcome of the run, which is complete when
the reports are; so nothing is held back and memory stays flat over any number of sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from replay_cli.findings import Rule
from replay_cli.outcome import Outcome
from replay_cli.rules import RULES
from replay_cli.told import Report


class Style(NamedTuple):
    """How to show things: with colour or not, how many cells a line has, whether only findings are wanted, and
    whether a piece of the line is shown with each. ``command`` is what was called, ``rules`` are those of findings.
    """

    color: bool = False
    width: int = 100
    quiet: bool = False
    content: bool = True
    command: str = "replay validate"
    rules: Sequence[Rule] = RULES


WITHOUT_VALUES = frozenset(["github", "sarif", "junit", "gitlab", "rdjson", "markdown"])
"""Formats that are shown to whoever may see the run, and so never carry values (DECISIONS, Options)."""

WITH_CONTENTS = frozenset(["sarif", "gitlab"])
"""Formats that ask what stands where findings are (``Options.contents``)."""

Renderer = Callable[[Iterable[Report], Outcome, Style], Iterator[str]]


def renderer(name: str) -> Renderer:
    """The renderer of this name: a value of --format other than jsonl, which is written while the audit runs."""
    if name == "text":
        from replay_cli.render.text import render
    elif name == "json":
        from replay_cli.render.json import render
    elif name == "github":
        from replay_cli.render.github import render
    elif name == "sarif":
        from replay_cli.render.sarif import render
    elif name == "junit":
        from replay_cli.render.junit import render
    elif name == "gitlab":
        from replay_cli.render.gitlab import render
    elif name == "rdjson":
        from replay_cli.render.rdjson import render
    elif name == "markdown":
        from replay_cli.render.markdown import render
    else:
        from replay_cli.render.concise import render
    return render
