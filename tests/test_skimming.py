"""Skimming: lines are passed over only if none of them can be an event behind the number, or of another thread."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_cli.frames import Frame
from replay_cli.jsontext import JsonReader
from replay_cli.opening import open_frame
from replay_cli.profiles import Plan, Shape
from replay_cli.skimming import Skim
from tests.making import compact, envelope, record

THREAD = json.loads(record(1))["thread_id"]
SINCE = 527


def line(seq: int) -> bytes:
    return compact(envelope(seq)) + b"\n"


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(
    ("lines", "passed"),
    [
        (record(1) + record(SINCE), True),
        (line(9) + line(99) + line(SINCE), True),
        (record(SINCE + 1), False),
        (line(1) + line(600), False),
        (record(1) + record(1000), False),
        (record(1).replace(THREAD.encode(), b"thr_other"), False),
        (record(1) + b'{"seq":1,"thread_id":"thr_other"}\n', False),
        (record(1).replace(b'"seq":1', b'"s\\u0065q":900'), False),
        (record(1).replace(b'"seq":1', b'"seq" : 900'), False),
    ],
)
def test_lines_are_passed_over_unless_one_may_be_asked_for(lines: bytes, passed: bool, exact: bool) -> None:
    assert (Skim(SINCE, exact).bounds(lines, THREAD) is not None) is passed


PIECES = [
    *(record(seq)[:-2] for seq in (1, 5, 52, 527, 528, 600, 5270, 10_000)),
    *(b',"seq":900', b',"s\\u0065q":900', b',"thread_id":"thr_other"', b'"seq":900,', b" ", b"}", b"\\", b'"', b"\n"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=6), st.booleans())
def test_what_is_passed_over_holds_no_event_that_is_asked_for(pieces: list[bytes], exact: bool) -> None:
    lines = b"".join(piece + b"}\n" for piece in pieces)
    if Skim(SINCE, exact).bounds(lines, THREAD) is None:
        return
    for text in lines.split(b"\n")[:-1]:
        event = open_frame(Frame(text, 0, 1, len(text) + 1), Plan(Shape.RECORD, "jsonl"), JsonReader()).envelope
        assert event is None or (event.seq <= SINCE and event.thread_id == THREAD)
