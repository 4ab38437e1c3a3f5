"""Reading a file from its end: the blocks tile it, and their frames are those that reading forward gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_cli import ending
from replay_cli.blocks import Block
from replay_cli.frames import JSONL, Frame, Framing
from replay_cli.sse import SSE

LINES = st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\r"]), max_size=60).map(b"".join)
MESSAGES = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"data: a", b": c", b"\n\n"]), max_size=60).map(b"".join)


def backwards(data: bytes, framing: Framing, limit: int = 1 << 20) -> list[Block]:
    """The blocks of some bytes, those of the end first."""
    return list(ending.blocks_backwards(lambda at, size: data[at : at + size], len(data), framing, limit))


def frames(framing: Framing, blocks: list[Block]) -> list[Frame]:
    """The frames without their lines, which count from each block's beginning."""
    return [frame for block in blocks for frame in framing.frames(block)]


@pytest.mark.parametrize("first", [1, 2, 3, 7])
@given(data=LINES)
def test_lines_are_those_of_reading_forward(first: int, data: bytes) -> None:
    _compare(data, JSONL, first)


@pytest.mark.parametrize("first", [1, 2, 3, 7])
@given(data=MESSAGES)
def test_messages_are_those_of_reading_forward(first: int, data: bytes) -> None:
    _compare(data, SSE, first)


def _compare(data: bytes, framing: Framing, first: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ending, "FIRST", first)
        patch.setattr(ending, "LARGEST", 16)
        blocks = backwards(data, framing)[::-1]

    assert data == b"".join(block.data for block in blocks)
    told = [(frame.offset, frame.length, frame.state, frame.data) for frame in frames(framing, blocks)]
    whole = frames(framing, [Block(data, 0)]) if data else []
    assert [(frame.offset, frame.length, frame.state, frame.data) for frame in whole] == told


@pytest.mark.parametrize("tail", [b"", b"y" * 9000], ids=["ended", "torn"])
@given(lengths=st.lists(st.sampled_from([3, 50, 900, 5000, 20_000]), max_size=8))
def test_of_a_line_beyond_the_limit_only_the_beginning_is_kept(tail: bytes, lengths: list[int]) -> None:
    data = b"".join(b"x" * length + b"\n" for length in lengths) + tail
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ending, "FIRST", 500)
        patch.setattr(ending, "LARGEST", 4000)
        blocks = backwards(data, JSONL, 3000)[::-1]

    whole = frames(JSONL, [Block(data, 0)]) if data else []
    assert [(one.offset, one.length) for one in whole] == [(one.offset, one.length) for one in frames(JSONL, blocks)]
    assert all(len(block.data) <= 3000 + 4000 for block in blocks)


def test_only_the_end_is_read() -> None:
    data = b"a line\n" * 1_000_000
    read: list[int] = []

    def reading(at: int, size: int) -> bytes:
        read.append(size)
        return data[at : at + size]

    next(ending.blocks_backwards(reading, len(data), JSONL, 1 << 20))

    assert [ending.FIRST] == read
