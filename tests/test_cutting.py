"""Cutting: chunking does not show, over-long frames are passed over, memory stays flat."""

import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from replay_cli.blocks import Block
from replay_cli.cutting import HEAD_KEPT, cut
from replay_cli.frames import JSONL, Frame, Framing, State
from replay_cli.sse import SSE

NO_LIMIT = 1 << 24
KIB = 1 << 10
MIB = 1 << 20


def split_at(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place for place in places if place <= len(data)), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def every(size: int, data: bytes) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def blocks(chunks: Iterable[bytes], limit: int = NO_LIMIT) -> list[Block]:
    return list(cut(chunks, JSONL, limit))


def in_source(chunks: Iterable[bytes], limit: int = NO_LIMIT) -> Iterator[Frame]:
    """The frames of a source, with their lines counted from its start, not their block's."""
    above = 0
    for block in cut(chunks, JSONL, limit):
        found = list(JSONL.frames(block))
        yield from (frame._replace(line=frame.line + above) for frame in found)
        above += sum(frame.lines for frame in found)


def asked(*answers: bytes) -> tuple[Callable[[], bytes], list[bytes]]:
    """A ``more`` that gives these answers, and the list of those that were not asked for."""
    left = list(answers)
    return lambda: left.pop(0) if left else b"", left


# -- blocks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "chunks"),
    [
        ([], []),
        ([], [b"", b""]),
        ([b"a\nb\n"], [b"a\nb\n"]),
        ([b"a\n", b"b"], [b"a\nb"]),
        ([b"a\n", b"bc\n", b"d"], [b"a\nb", b"c\nd"]),
        ([b"abcdefg\n"], [b"a", b"bc", b"", b"def", b"g", b"\n"]),
        ([b"a\r\n", b"\r\r"], [b"a\r", b"\n\r\r"]),
    ],
)
def test_a_block_ends_where_the_last_frame_of_a_chunk_does(expected: list[bytes], chunks: list[bytes]) -> None:
    assert expected == [block.data for block in blocks(chunks)]


def test_blocks_tile_the_source() -> None:
    found = blocks([b"a\nb", b"c\n", b"x" * 5000, b"\nd"], HEAD_KEPT)

    assert [(0, 2), (2, 3), (5, 5001), (5006, 1)] == [(block.offset, block.length) for block in found]


lines = st.sampled_from([b"\n", b"{}\n", b"\r\n", b"\r", b"a", b"x" * 500, b"\r" * 300, b"x" * 1023 + b"\n"])
logs = st.lists(lines, max_size=30).map(b"".join)
places = st.lists(st.integers(0, 4000), max_size=20)


@given(logs, places)
@example(b"x" * 1000 + b"\n", [1000])
def test_chunking_does_not_show(log: bytes, places: list[int]) -> None:
    expected = list(JSONL.frames(Block(log, 0)))

    assert expected == list(in_source([log]))
    assert expected == list(in_source(split_at(log, places)))
    assert expected == list(in_source(every(1, log)))


def shortened(frame: Frame) -> Frame:
    state = State.OVERLONG if frame.lines else State.TORN
    return frame._replace(data=(frame.data + b"\n")[:HEAD_KEPT], state=state)


@given(logs, places)
@example(b"a\n" + b"x" * 2000 + b"\n" + b"y" * 2000, [])
@example(b"x" * 1023 + b"\n" + b"x" * 1024 + b"\n", [1000, 1024, 2000])
def test_nor_does_it_show_in_what_is_overlong(log: bytes, places: list[int]) -> None:
    """Whether a frame is over-long depends on its own length, its end included, and on nothing else."""
    expected = [shortened(frame) if frame.length > HEAD_KEPT else frame for frame in JSONL.frames(Block(log, 0))]

    assert expected == list(in_source([log], HEAD_KEPT))
    assert expected == list(in_source(split_at(log, places), HEAD_KEPT))
    assert expected == list(in_source(every(1, log), HEAD_KEPT))


# -- over-long frames -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 1000, 3000, 100_000])
def test_of_an_overlong_line_the_beginning_is_kept_and_the_rest_counted(size: int) -> None:
    long = bytes(range(48, 58)) * 700
    found = blocks(every(size, b"a\n" + long + b"\nb\n"), 2000)
    (overlong,) = [block for block in found if block.overlong]

    assert Block(long[:HEAD_KEPT], 2, len(long) + 1 - HEAD_KEPT, 1) == overlong
    assert b"a\nb\n" == b"".join(block.data for block in found if not block.overlong)


def test_an_overlong_line_that_never_ends_has_no_line_end() -> None:
    assert [Block(b"x" * HEAD_KEPT, 0, 4000 - HEAD_KEPT, 0)] == blocks(every(100, b"x" * 4000), 2000)


def test_a_limit_below_what_is_kept_anyway_is_raised_to_it() -> None:
    assert [Block(b"x" * 1023 + b"\n", 0)] == blocks([b"x" * 1023 + b"\n"], 1)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000, 100_000])
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_the_lines_of_an_overlong_sse_event_are_counted(end: bytes, size: int) -> None:
    body = (b"data: 345" + end) * 300 + end + b"data: a" + end + end
    overlong, event = (frame for block in cut(every(size, body), SSE, HEAD_KEPT) for frame in SSE.frames(block))

    assert (State.OVERLONG, 301, body[:HEAD_KEPT]) == (overlong.state, overlong.lines, overlong.data)
    assert (State.WHOLE, b"a", overlong.length) == (event.state, event.data, event.offset)


# -- more -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "left", "chunks", "answers"),
    [
        # There is nothing to finish: more is not asked.
        ([b"a\n"], [b"b\n"], [b"a\n"], [b"b\n"]),
        ([], [b"b\n"], [], [b"b\n"]),
        # Only the pending frame is finished.
        ([b"a\n", b"bc\n"], [], [b"a\nb"], [b"c\nd\ne"]),
        ([b"a\n", b"bc\n"], [b"d"], [b"a\nb"], [b"c\n", b"d"]),
        ([b"abcd\n"], [], [b"a"], [b"b", b"c", b"d\ne\n"]),
        ([b"ab"], [], [b"a"], [b"b"]),
    ],
)
def test_more_finishes_the_pending_frame_and_no_other(
    expected: list[bytes], left: list[bytes], chunks: list[bytes], answers: list[bytes]
) -> None:
    more, unasked = asked(*answers)

    assert expected == [block.data for block in cut(chunks, JSONL, NO_LIMIT, more)]
    assert left == unasked


@pytest.mark.parametrize(
    ("expected", "left", "chunks", "answers"),
    [
        (b"data: a\n\n", [], [b"data: a\n"], [b"\ndata: b\n\n"]),
        # A CR is the last byte of the frame: what comes after the next bytes is not to be joined to it.
        (b"data: a\r\r", [b"\nx"], [b"data: a\r"], [b"\rdata: b", b"\nx"]),
        (b"data: a\r\r", [], [b"data: a\r\r"], [b"data: b"]),
        (b"data: a\r\r\n", [], [b"data: a\r\r"], [b"\ndata: b"]),
        (b"data: a\r\r", [], [b"data: a\r\r"], []),
    ],
)
def test_more_finishes_an_sse_event(
    expected: bytes, left: list[bytes], chunks: list[bytes], answers: list[bytes]
) -> None:
    more, unasked = asked(*answers)

    assert [Block(expected, 0)] == list(cut(chunks, SSE, NO_LIMIT, more))
    assert left == unasked


@pytest.mark.parametrize("chunks", [[b"x" * 3000], every(7, b"x" * 3000), [b"x" * 900]])
def test_more_finishes_an_overlong_line(chunks: list[bytes]) -> None:
    more, unasked = asked(b"y" * 300, b"z\nnext", b"other\n")
    size = sum(map(len, chunks)) + 302

    assert [Block(b"".join(chunks)[:HEAD_KEPT].ljust(HEAD_KEPT, b"y"), 0, size - HEAD_KEPT, 1)] == list(
        cut(chunks, JSONL, HEAD_KEPT, more)
    )
    assert [b"other\n"] == unasked


# -- a source that fails ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_when_the_source_fails_its_whole_frames_are_kept_and_the_unended_one_is_given_up(size: int) -> None:
    def failing() -> Iterator[bytes]:
        yield from every(size, b"a\nb\nhalf")
        raise OSError("gone")

    found: list[Block] = []
    with pytest.raises(OSError, match="gone"):
        found.extend(cut(failing(), JSONL, NO_LIMIT, lambda: b"never asked\n"))

    assert b"a\nb\n" == b"".join(block.data for block in found)


# -- time and memory --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", [JSONL, SSE], ids=["jsonl", "sse"])
@pytest.mark.parametrize("byte", [b"x", b"\r"], ids=["x", "cr"])
def test_a_line_of_64_mib_takes_linear_time_and_flat_memory(byte: bytes, framing: Framing) -> None:
    if (framing, byte) == (SSE, b"\r"):
        byte = b"x\r"
    chunk = byte * (64 * KIB // len(byte))
    tracemalloc.start()
    start = time.perf_counter()
    (block,) = cut((chunk for _ in range(1024)), framing, MIB)
    took = time.perf_counter() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (HEAD_KEPT, 64 * MIB) == (len(block.data), block.length)
    assert peak < 4 * MIB
    assert took < 4


@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_long_line_in_tiny_chunks_takes_linear_time(size: int) -> None:
    start = time.perf_counter()
    (block,) = blocks(every(size, b"x" * 600_000))

    assert 600_000 == len(block.data)
    assert time.perf_counter() - start < 6


def test_many_overlong_lines_in_one_giant_chunk_take_linear_time() -> None:
    start = time.perf_counter()
    found = list(in_source([(b"x" * 2047 + b"\n") * 8192], HEAD_KEPT))

    assert [State.OVERLONG] * 8192 == [frame.state for frame in found]
    assert time.perf_counter() - start < 4
