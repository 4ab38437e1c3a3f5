"""Writes the page of the rules, ``docs/rules.md``, to stdout: ``make docs``. A test holds the file to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

from replay_cli.findings import Rule, Severity
from replay_cli.render.markup import prose
from replay_cli.rules import RULES

FAMILIES = {
    "F": ("Framing", "How bytes become lines and SSE events."),
    "J": ("JSON", "How a text becomes a value."),
    "E": ("Schema", "Whether a value is an event of the shape that its source holds."),
    "S": ("Order", "An event beside the one before it in its thread."),
    "T": ("Time", "The timestamp of an event beside that of the one before."),
    "A": ("Agreement", "What stands twice in an event must be the same."),
    "C": ("The compat stream", "What `POST /v1/stream` sends: other names, no envelopes."),
    "L": ("The source as a whole", "What a source is altogether."),
}
"""What the letter of a code stands for: a title and a sentence."""

HEAD = """\
# The rules

<!-- Made by `python -m replay_cli.docs_made` (`make docs`). Change replay_cli/rules.py, not this page. -->

What `replay validate` looks for. `replay rules` lists the same, and `replay explain RULE` tells about one.

A rule has a code and a name, and options take either. A code is never used for anything else. The severity is the
one that a rule has if nothing else is asked for: `--severity RULE=LEVEL` grades it anew, `--ignore RULE` leaves it
out, `--select RULES` asks only for some. An **error** makes the run fail (exit code 1), a **warning** or a **note**
only with `--fail-level`. A rule that is **off** is asked when it is selected or graded.

The numbers in brackets, such as (CONTRACT.md 2.4) or just (2.4), name the sections of the [contract](contract.md).
That is the account of the runtime's store and streams on which the rules are built. It was read from the runtime's
public source and checked by running it. Names of versions are those of the runtime.
"""


def rules_page() -> str:
    """The text of ``docs/rules.md``."""
    families = [(FAMILIES[letter], list(group)) for letter, group in groupby(RULES, lambda rule: rule.code[0])]
    return "\n".join([HEAD, *_table(), *(part for family, group in families for part in _family(*family, group))])


def _table() -> Iterator[str]:
    yield "| code | name | severity | what it is |\n|---|---|---|---|"
    for rule in RULES:
        yield f"| {rule.code} | [{rule.name}](#{_anchor(rule)}) | {rule.severity} | {prose(rule.summary)} |"
    yield ""


def _family(title: str, about: str, group: list[Rule]) -> Iterator[str]:
    yield f"## {title}\n\n{about}\n"
    yield from map(_section, group)


def _section(rule: Rule) -> str:
    severity = "off until selected" if rule.severity is Severity.OFF else rule.severity.value
    example = f"\nExample:\n\n```text\n{rule.example.rstrip()}\n```\n" if rule.example else ""
    text = f"**{severity}**: {prose(rule.summary)}.\n\n{prose(rule.explanation).strip()}"
    return f"### {rule.code} {rule.name}\n\n{text}\n{example}"


def _anchor(rule: Rule) -> str:
    """The place of a rule's heading on the page, as Markdown readers make it."""
    return f"{rule.code.lower()}-{rule.name}"


if __name__ == "__main__":
    sys.stdout.buffer.write(rules_page().encode())
