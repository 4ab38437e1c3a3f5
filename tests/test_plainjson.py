"""Plain JSON: what orjson takes is what the reference takes, and it is the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_cli.jsontext import JsonReader, Reading
from replay_cli.plainjson import read_plain
from tests.proving import NASTY, WRITERS
from tests.recordings import vectors


def alike(text: bytes) -> bool:
    """Whether orjson refuses a text, or the reference takes it too, with the same value (numbers as numbers)."""
    try:
        value = read_plain(text)
    except ValueError:
        return True
    reading = JsonReader().read(text)
    # Beyond 64 bits orjson gives the nearest double.
    return isinstance(reading, Reading) and (reading.value == value or re.search(rb"[0-9]{19}", text) is not None)


@pytest.mark.parametrize("name", ["json_lines.jsonl", "envelope_lines.jsonl"])
def test_vectors_are_read_alike(name: str) -> None:
    assert [vector["bytes"] for vector in vectors(name) if not alike(vector["bytes"])] == []


@given(st.data())
def test_broken_lines_are_read_alike(data: st.DataObject) -> None:
    line = data.draw(st.sampled_from(WRITERS["envelope"].frames(60)))[:-1]
    at = data.draw(st.integers(0, len(line)))
    length = data.draw(st.integers(0, 4))

    assert alike(line[:at] + data.draw(st.sampled_from(NASTY)) + line[at + length :])


@pytest.mark.parametrize("depth", [119, 120, 121, 127, 128, 1000])
def test_what_may_be_nested_too_deep_is_left_to_the_reference(depth: int) -> None:
    text = b"[" * depth + b"]" * depth

    assert alike(text)
    if depth > 120:
        with pytest.raises(ValueError, match="deep"):
            read_plain(text)
