"""Plain TOML: what is read the quick way is what tomllib reads, and what may be another thing is left to it."""

from __future__ import annotations

import tomllib

import pytest

from replay_cli.plaintoml import read_plain

ENTRY = '[[expect]]\npath = "a.jsonl"\nstarts-at-seq = 1\nends-at-seq = 7\nends-with = "turn.completed"\n'
FOUND = (
    '[[expect]]\npath = "b # é [x].sse"\nfindings = [\n'
    '  { rule = "torn-tail", line = 17, seq = 6630, fingerprint = "c:1" },\n  { rule = "S104" },\n]\n'
)
HEAD = '# ours\npaths = ["."]\n\n[severity]\nseq-gap = "note"\n\n'


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ENTRY,
        HEAD + ENTRY + "\n" + FOUND,
        HEAD + FOUND + "\n# of the old runtime\n\n" + ENTRY + "\n\n# the end\n",
        "\n" + ENTRY + FOUND,
        '\n[[expect]]\npath = ""\n',
        '\n[[expect]]\npath = "a"\nfindings = [\n]\n',
    ],
)
def test_what_update_writes_is_read_as_tomllib_does(text: str) -> None:
    assert read_plain(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        ENTRY,
        HEAD + ENTRY.removesuffix("\n"),
        HEAD + ENTRY.replace("\n", "\r\n"),
        HEAD + ENTRY + 'profile = "record"\n',
        HEAD + ENTRY + "starts-at-seq = 2\n",
        HEAD + ENTRY + "[other]\n",
        HEAD + '[[expect]]\npath = "\\u0061"\n',
        HEAD + '[[expect]]\npath = "a\tb"\n',
        HEAD + '[[expect]]\npath = "a\x7fb"\n',
        HEAD + '[[expect]]\npath = "a"\nstarts-at-seq = 01\n',
        HEAD + "# \x07\n" + ENTRY + "# \x07\n",
        "expect = []\n" + ENTRY,
        "[expect]\n" + ENTRY,
        "[[expect]]\n" + ENTRY,
        "broken\n" + ENTRY,
        'text = """\n' + ENTRY + '"""\n',
        "text = '''\n" + ENTRY,
        "list = [\n" + ENTRY + "]\n",
        HEAD + FOUND.replace("  {", "{"),
        HEAD + FOUND.replace("},\n]", "}\n]"),
    ],
)
def test_what_is_laid_out_otherwise_is_left_to_tomllib(text: str) -> None:
    assert read_plain(text) is None
