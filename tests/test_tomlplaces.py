"""Places in TOML: what is said to stand somewhere stands there, and on the line that is told."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from replay_cli.tomlplaces import Path, places

DOCUMENTS = {
    "values": "a = 1 # one\n\"b c\" = \"x\"\n'd' = 'y # z'\ne.f . g = 2.5\n",
    "strings": 'a = """\nlong ] # [\n\\"""end"""\nb = \'\'\'\n"""\n\'\'\'\nc = "\\"]#"\nd = """""x"""""\n',
    "arrays": 'a = [ # first\n  "one", # ]\n\n  [2, 3],\n  { k = "v,}", m.n = [1] }\n]\nb = []\nc = {}\n',
    "tables": "[t]\na = 1\n[t.u.v]\nb = 2\n\n[ w ]  # end\nc = 1979-05-27 07:32:00\n",
    "arrays of tables": (
        "[[e]]\na = 1\n[[e.f]]\nb = 2\n[[e.f]]\nb = 3\n[e.g]\nc = 4\n# over\n[[e]]\na = 5\n[[e.f]]\nb = 6\n"
    ),
    "CR LF": 'a = [\r\n  1,\r\n  2,\r\n]\r\n[t]\r\nb = """\r\nx"""\r\n',
    "no newline at the end": "a = [1, 2]",
    "nothing": "# only this\n\n",
}


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, (*path, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, (*path, number))
    else:
        yield path, value


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_each_value_is_where_it_is_said_to_be(text: str) -> None:
    found = places(text)

    for path, value in leaves(tomllib.loads(text)):
        span = found[path]
        assert value == tomllib.loads(f"k = {text[span.start : span.end]}")["k"]
        assert text.count("\n", 0, span.key) + 1 == span.line


def test_a_table_ends_where_its_last_line_does() -> None:
    text = DOCUMENTS["arrays of tables"]
    found = places(text)

    assert "[[e]]\na = 1\n" == text[found["e", 0].start : found["e", 0].end]
    assert "[[e.f]]\nb = 3\n" == text[found["e", 0, "f", 1].start : found["e", 0, "f", 1].end]
