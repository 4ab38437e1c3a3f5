"""The text/event-stream framing, as a specification: WHATWG HTML 9.2.5 and 9.2.6, and what we add to it."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import astuple, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from replay_cli import audit
from replay_cli.blocks import Block
from replay_cli.cutting import HEAD_KEPT, cut
from replay_cli.frames import Fault, Frame, Piece, State
from replay_cli.sse import BOM, FAULTS_KEPT, SSE, boundary, first, line_ends
from tests.making import capture

VECTORS = Path(__file__).resolve().parents[1].parent / "shared" / "vectors" / "sse_bodies.jsonl"
NO_LIMIT = 1 << 24


def framed(data: bytes, offset: int = 0) -> list[Frame]:
    return list(SSE.frames(Block(data, offset)))


def only(data: bytes) -> Frame:
    (frame,) = framed(data)
    return frame


def whole(data: bytes) -> list[bytes]:
    return [frame.data for frame in framed(data) if frame.state is State.WHOLE]


def states(data: bytes) -> list[State]:
    return [frame.state for frame in framed(data)]


def faults(data: bytes) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.reason, fault.field) for frame in framed(data) for fault in frame.faults]


def split_at(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place for place in places if place <= len(data)), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def every(size: int, data: bytes) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def in_source(chunks: list[bytes], limit: int) -> Iterator[Frame]:
    """The frames of a source, with their lines counted from its start, not their block's."""
    above = 0
    for block in cut(chunks, SSE, limit):
        assert above or block.offset == 0
        frame = None
        for frame in SSE.frames(block):
            yield frame._replace(
                line=frame.line + above,
                faults=tuple(replace(fault, line=fault.line + above) for fault in frame.faults),
                pieces=tuple(replace(piece, line=piece.line + above) for piece in frame.pieces),
            )
        assert frame is not None
        above += frame.line - 1 + frame.lines


def shortened(frame: Frame, body: bytes) -> Frame:
    data = body[frame.offset :][:HEAD_KEPT]
    return Frame(data, frame.offset, frame.line, frame.length, frame.lines, State.OVERLONG, bom=frame.bom)


# -- lines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "data"),
    [
        (0, b""),
        (0, b"a"),
        (1, b"a\n"),
        (1, b"a\r"),
        (1, b"a\r\n"),
        (2, b"\n\r"),
        (2, b"\r\r\n"),
        (2, b"\r\n\n"),
        (3, b"a\nb\rc\r\n"),
        (0, b"\x0b\x0c\x1c\x1d\x1e\x85\xe2\x80\xa8"),
    ],
)
def test_cr_lf_and_crlf_end_lines_and_nothing_else_does(count: int, data: bytes) -> None:
    assert count == line_ends(data)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_each_line_end_may_end_every_line(end: bytes) -> None:
    body = b"event: e" + end + b"data: a" + end + b"data: b" + end + end

    assert [b"a\nb"] == whole(body)
    assert ["e"] == [frame.event for frame in framed(body)]


@pytest.mark.parametrize(
    ("texts", "body"),
    [
        ([b"a", b"b"], b"data: a\r\n\ndata: b\n\r\n"),
        ([b"a", b"b"], b"data: a\r\r\ndata: b\n\r"),
        ([b"a"], b"data: a\r\r"),
        ([b"a"], b"\r\n\r\rdata: a\r\n\r\n\n"),
        ([], b"data: a\r\n"),
        ([b"a\x0bb\x1c\x85\xe2\x80\xa8c"], b"data: a\x0bb\x1c\x85\xe2\x80\xa8c\n\n"),
        ([b"\ta", b" b ", b":c", b""], b"data:\ta\n\ndata:  b \n\ndata::c\n\ndata\n\n"),
        ([b"", b"\n"], b"data:\n\ndata\ndata: \n\n"),
    ],
)
def test_data_is_what_the_standard_dispatches(texts: list[bytes], body: bytes) -> None:
    assert texts == whole(body)


@pytest.mark.parametrize(
    ("begin", "end", "fresh", "data"),
    [
        (0, 0, True, b""),
        (0, 0, True, b"data: a\n"),
        (5, 5, True, b"a\nb\n\nc"),
        (3, 6, False, b"a\n\nb\n\nc\n"),
        (1, 1, True, b"\na"),
        (0, 0, False, b"\na"),
        (1, 4, True, b"\na\n\n"),
        # A CR that is the last byte may be half of CR LF.
        (0, 0, True, b"\r"),
        (1, 1, True, b"\r\r"),
        (2, 2, True, b"\r\n"),
        (1, 1, True, b"\ra"),
        (0, 0, False, b"a\r\r"),
        (0, 0, False, b"a\n\r"),
        (0, 0, False, b"a\r\n\r"),
        (0, 0, False, b"a\r\n"),
        (3, 3, False, b"a\r\rb"),
        (4, 4, False, b"a\r\r\n"),
        (4, 4, False, b"a\r\n\nb"),
        (5, 5, False, b"a\r\n\r\n"),
        (4, 4, False, b"a\r\n\rb"),
        (3, 4, False, b"a\r\r\r\r"),
        (4, 8, False, b"a\n\r\nb\r\r\nc\r"),
    ],
)
def test_a_boundary_lies_behind_a_blank_line_that_surely_ended(
    begin: int, end: int, fresh: bool, data: bytes
) -> None:
    assert begin == first(data, fresh)
    assert end == boundary(data, fresh)


# -- comments, byte-order mark ----------------------------------------------------------------------------------


def test_comments_and_blank_lines_are_silent_frames_of_their_own() -> None:
    body = b": keepalive\n\n\n:\n: x\n\ndata: a\n\n"

    assert [(State.SILENT, 1), (State.SILENT, 0), (State.SILENT, 2), (State.WHOLE, 0)] == [
        (frame.state, frame.comments) for frame in framed(body)
    ]


def test_comments_between_the_lines_of_an_event_belong_to_its_frame() -> None:
    frame = only(b": one\ndata: a\n:two\ndata: b\n\n")

    assert (b"a\nb", 2, 5) == (frame.data, frame.comments, frame.lines)


@pytest.mark.parametrize(
    ("texts", "marks", "body"),
    [
        ([b"a"], [True], BOM + b"data: a\n\n"),
        ([b"a"], [True, False], BOM + b"\r\ndata: a\n\n"),
        ([], [True], BOM),
        ([], [True], BOM + BOM + b"data: a\n\n"),
        ([b"a"], [False, False], b"data: a\n\n" + BOM + b"data: b\n\n"),
        ([b"\xef\xbb\xbfa"], [False], b"data:\xef\xbb\xbfa\n\n"),
        ([], [False], b"\xef\xbbdata: a\n\n"),
    ],
)
def test_one_byte_order_mark_is_taken_off_the_start_of_the_source(
    texts: list[bytes], marks: list[bool], body: bytes
) -> None:
    assert texts == whole(body)
    assert marks == [frame.bom for frame in framed(body)]
    assert len(body) == sum(frame.length for frame in framed(body))


def test_a_byte_order_mark_at_the_start_of_a_later_block_is_an_ordinary_character() -> None:
    (frame,) = framed(BOM + b"data: a\n\n", offset=100)

    assert (State.SILENT, False, "\ufeffdata") == (frame.state, frame.bom, frame.faults[0].field)


# -- event, id, retry -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "ident", "retry", "body"),
    [
        (None, None, None, b"data: a\n\n"),
        ("e", "1", 20, b"event: e\nid: 1\nretry: 20\ndata: a\n\n"),
        ("", "", None, b"event\nid:\ndata: a\n\n"),
        (" e ", " 1 ", None, b"event:  e \nid:  1 \ndata: a\n\n"),
        ("two", "2", 2, b"event: one\nevent: two\nid: 1\nid: 2\nretry: 1\nretry: 2\ndata: a\n\n"),
        ("\ufffd", "\ufffd", None, b"event: \xff\nid: \xc3\ndata: a\n\n"),
        (None, "7", None, b"id: 7\nid: \x008\ndata: a\n\n"),
        (None, None, None, b"Event: e\nID: 1\n id: 1\nRetry: 5\ndata: a\n\n"),
        (None, None, 600, b"retry:000600\n\n"),
        (None, None, 0, b"retry: 00\n\n"),
        (None, None, 7, b"retry: 7\nretry: 1_0\nretry: +1\nretry:  1\nretry:\nretry: 1.0\n\n"),
        (None, None, 7, b"retry: 7\nretry: \xd9\xa1\nretry: \xc2\xb2\n\n"),
        (None, None, 7, b"retry: 7\nretry: " + b"9" * 5000 + b"\n\n"),
    ],
)
def test_fields_are_read_by_the_standard(
    event: str | None, ident: str | None, retry: int | None, body: bytes
) -> None:
    frame = only(body)

    assert (event, ident, retry) == (frame.event, frame.id, frame.retry)


# -- what becomes of a frame ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "body"),
    [
        (State.WHOLE, b"data: a\n\n"),
        (State.WHOLE, b"data\n\n"),
        (State.TORN, b"data: a\n"),
        (State.TORN, b"data: a"),
        (State.TORN, b"event: e"),
        (State.TORN, b": x\nid: 1\n"),
        (State.TORN, b"d"),
        (State.TORN, b"\0\0\0\0"),
        (State.TORN, b"HTTP/1.1 200 OK\r\ndate: x\r\n"),
        (State.SILENT, b": x\n"),
        (State.SILENT, b": unfinished"),
        (State.SILENT, b"\n"),
        (State.SILENT, b"\r"),
        (State.SILENT, b"id: 1\n\n"),
        (State.SILENT, b"retry: 1\n\n"),
        (State.SILENT, b"<html>\n\n"),
        (State.DATALESS, b"event: e\n\n"),
        (State.DATALESS, b"event\nid: 1\n\n"),
        (State.HEAD, b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"),
        (State.WHOLE, b"HTTP/1.1 200 OK\r\ndata: a\r\n\r\n"),
    ],
)
def test_what_becomes_of_a_frame(state: State, body: bytes) -> None:
    assert [state] == states(body)


def test_a_torn_event_shows_what_came_of_it() -> None:
    frame = only(b'event: e\nid: 1\nretry: 5\ndata: {"a":\ndata: "b')

    assert (b'{"a":\n"b', "e", "1", 5) == (frame.data, frame.event, frame.id, frame.retry)
    assert (4, State.TORN) == (frame.lines, frame.state)


@pytest.mark.parametrize("cut_line", [b"event: e", b"id: 1", b"id: \0", b"retry: 5", b"retry: x", b"dat", b"event"])
def test_a_line_cut_short_says_nothing_but_data(cut_line: bytes) -> None:
    frame = only(cut_line)

    assert (None, None, None, ()) == (frame.event, frame.id, frame.retry, frame.faults)


def test_of_an_overlong_frame_the_beginning_and_the_sizes_are_told() -> None:
    (frame,) = SSE.frames(Block(b"data: aa", 40, dropped=1000, lines=3))

    assert Frame(b"data: aa", 40, 1, 1008, 3, State.OVERLONG) == frame


# -- head -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [b"HTTP/1.1 200 OK", b"HTTP/2 200 ", b"HTTP/3 503", b"HTTP/1.1 200 a:b"])
def test_the_head_that_curl_i_writes_is_no_fault_and_shows_its_status(status: bytes) -> None:
    head, event = framed(status + b"\r\ndate: x\r\nno colon\r\n\r\ndata: a\n\n")

    assert (State.HEAD, status, ()) == (head.state, head.data, head.faults)
    assert (State.WHOLE, b"a") == (event.state, event.data)


@pytest.mark.parametrize("line", [b"HTTP/1.1 20", b"HTTP/1.1 2000", b"HTTP/1.1200", b" HTTP/1.1 200", b"http/2 200"])
def test_what_is_no_status_line_is_an_unknown_field(line: bytes) -> None:
    assert [(1, "unknown", line.decode())] == faults(line + b"\n\n")


def test_a_status_line_counts_only_as_the_first_line_of_a_frame() -> None:
    assert [(2, "unknown", "HTTP/1.1 200 OK")] == faults(b"data: a\nHTTP/1.1 200 OK\n\n")


def test_every_head_in_a_capture_is_one() -> None:
    body = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\ndata: a\n\nHTTP/1.1 200 OK\r\n\r\n"

    assert [State.HEAD, State.HEAD, State.WHOLE, State.HEAD] == states(body)


def test_fields_of_a_stream_inside_a_head_keep_their_meaning() -> None:
    frame = only(b"HTTP/1.1 200 OK\nid: 4\nretry: soon\n\n")

    assert (State.HEAD, "4") == (frame.state, frame.id)
    assert ["bad-retry"] == [fault.reason for fault in frame.faults]


# -- faults -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ([], b"event: e\nid: 1\nretry: 1\ndata: a\n: c\n\n"),
        ([(1, "unknown", "foo")], b"foo: x\ndata: a\n\n"),
        ([(2, "unknown", '{"a"')], b'data: a\n{"a":1}\n\n'),
        ([(1, "unknown", " ")], b" \n\n"),
        ([(1, "unknown", "\ufffd")], b"\xff\n\n"),
        ([(1, "unknown", "🦀" * 40)], "🦀".encode() * 50 + b"\n\n"),
        ([(1, "unknown", "\0")], b"\0: x\n\n"),
        ([(1, "nul-run", "\0\0\0")], b"\0\0\0\n\n"),
        ([(1, "nul-run", "x")], b"x: \0\0"),
        ([], b": \0\0\ndata: \0\0\n\n"),
        ([(1, "nul-in-id", "id")], b"id: a\0\n\n"),
        ([(1, "bad-retry", "retry"), (3, "bad-retry", "retry")], b"retry: x\n\nretry\n\n"),
        ([(2, "overwritten", "event"), (4, "overwritten", "id")], b"event: a\nevent: b\nid: 1\nid: 2\n\n"),
        ([(2, "overwritten", "event")], b"event: a\nevent\ndata: x\n\n"),
        ([], b"event: a\nevent: a\nid: 1\nid: 1\ndata: x\n\nevent: b\nid: 2\ndata: y\n\n"),
        ([(1, "unknown", "foo")], b"foo: x\n"),
    ],
)
def test_faults_are_what_the_standard_ignores_or_overwrites(
    expected: list[tuple[int, str, str]], body: bytes
) -> None:
    assert expected == faults(body)


def test_a_fault_stands_at_the_start_of_its_line() -> None:
    (frame,) = framed(b"data: a\r\nfoo: x\r\n\r\n", offset=100)

    assert (Fault(2, 109, "unknown", "foo"),) == frame.faults


def test_the_faults_of_a_frame_are_bounded_and_all_are_counted() -> None:
    frame = only(b"x\n" * 1000 + b"\0\0\n" * 10 + b"\n")

    assert FAULTS_KEPT == len(frame.faults)
    assert (("unknown", 1000 - FAULTS_KEPT), ("nul-run", 10)) == frame.beyond


def test_discarded_lines_beyond_those_kept_are_findings_too() -> None:
    report = audit(
        capture(*((seq, seq - 1) for seq in range(1, 400))) + b"x\n" * 1000 + b"\0\0\n" * 10 + capture((400, 399))
    )

    assert {"unknown-sse-field": 1000, "nul-run": 10} == report.rules


# -- places -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        ([(0, 2, 7, 115)], b'event: x\ndata: {"a"\n\n'),
        ([(0, 1, 6, 105)], b"data:a\n\n"),
        ([(0, 1, 5, 104)], b"data\n\n"),
        ([(0, 1, 7, 106), (2, 2, 7, 115), (6, 4, 6, 130)], b"data: a\r\ndata: bcd\r\n: x\r\ndata:e\r\n\r\n"),
        ([(0, 1, 7, 106), (1, 2, 7, 113)], b"data: \ndata: a"),
    ],
)
def test_each_data_line_knows_its_place(pieces: list[tuple[int, ...]], body: bytes) -> None:
    (frame,) = framed(body, offset=100)

    assert pieces == [astuple(piece) for piece in frame.pieces]


def test_columns_count_the_byte_order_mark() -> None:
    assert (Piece(0, 1, 10, 9),) == only(BOM + b"data: a\n\n").pieces
    assert (Piece(0, 1, 4, 3),) == only(BOM + b"HTTP/2 200\n\n").pieces


def test_frames_stand_where_they_begin() -> None:
    body = b"\r\ndata: a\r\n\r\n: c\n\ndata: b"

    assert [(100, 1, 2, 1), (102, 2, 11, 2), (113, 4, 5, 2), (118, 6, 7, 0)] == [
        (frame.offset, frame.line, frame.length, frame.lines) for frame in framed(body, offset=100)
    ]


# -- laws -------------------------------------------------------------------------------------------------------

tokens = st.sampled_from(
    [
        *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"),
        *(b"data: a", b"data", b"data:", b"event: e", b"event:", b"id: 1", b"id: \0", b"retry: 5", b"retry: x"),
        *(b": c", b":", b" ", b"foo: x", BOM, b"HTTP/1.1 200 OK", b"\0\0", b"\xc3", b"\xa9"),
    ]
)
bodies = st.lists(tokens | st.binary(max_size=3), max_size=30).map(b"".join)
long_bodies = st.lists(tokens | st.just(b"x" * 400), max_size=30).map(b"".join)
places = st.lists(st.integers(0, 3000), max_size=20)


@given(bodies, st.sampled_from([0, 1000]))
def test_the_frames_tile_the_block(body: bytes, offset: int) -> None:
    at, line = offset, 1
    for frame in framed(body, offset):
        assert (at, line) == (frame.offset, frame.line)
        assert frame.length > 0
        part = body[at - offset : at - offset + frame.length]
        assert line_ends(part) == frame.lines
        for piece, text in zip(frame.pieces, frame.data.split(b"\n"), strict=False):
            assert body[piece.offset - offset :].startswith(text)
        at, line = at + frame.length, line + frame.lines
    assert len(body) == at - offset


@given(bodies, places)
@example(b"data: a\r\n\r\n", [10])
@example(b"data: a\r\r\ndata: b\r\r", [8, 9])
@example(b"\r\r\n", [1, 2])
@example(BOM + b"\n\ndata: a\n\n", [1, 3])
def test_chunking_does_not_show(body: bytes, places: list[int]) -> None:
    expected = framed(body)

    assert expected == list(in_source([body], NO_LIMIT))
    assert expected == list(in_source(split_at(body, places), NO_LIMIT))
    assert expected == list(in_source(every(1, body), NO_LIMIT))


@given(long_bodies, places)
@example(b"data: " + b"x" * 1016 + b"\r\r\ndata: a\n\n", [1024])
@example(b"data: " + b"x" * 1017 + b"\r\r\ndata: a\n\n", [1024])
@example(b"x\n" * 600 + b"\r\n\r\n", [1201, 1202])
def test_frames_are_overlong_by_their_own_length_not_by_the_chunks(body: bytes, places: list[int]) -> None:
    # A blank line right behind a byte-order mark is cut off with the next frame and counts in its length.
    body = body.removeprefix(BOM)
    expected = [shortened(frame, body) if frame.length > HEAD_KEPT else frame for frame in framed(body)]

    assert expected == list(in_source([body], HEAD_KEPT))
    assert expected == list(in_source(split_at(body, places), HEAD_KEPT))
    assert expected == list(in_source(every(1, body), HEAD_KEPT))


@given(long_bodies, places)
def test_nor_do_chunks_show_behind_a_byte_order_mark(body: bytes, places: list[int]) -> None:
    body = BOM + body
    expected = list(in_source([body], HEAD_KEPT))

    assert expected == list(in_source(split_at(body, places), HEAD_KEPT))
    assert expected == list(in_source(every(1, body), HEAD_KEPT))


@pytest.mark.parametrize(
    "body",
    [
        b"\n" * 100_000,
        b"\r" * 100_000,
        b"\r\n" * 100_000,
        b": ka\n" * 100_000,
        b": ka\n\n" * 50_000,
        b"data\n" * 100_000,
        b"event: e\n" * 100_000,
        b"retry: " + b"1" * 2_000_000,
        b"data: " + b"\n" + b"x" * 4_000_000,
        b":" + b"x" * 4_000_000,
        b"x: " + b"\0" * 4_000_000,
        b"data: " + b":" * 4_000_000 + b"\n\n",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_long_runs_take_linear_time(body: bytes) -> None:
    start = time.perf_counter()
    length = sum(frame.length for frame in in_source(every(1 << 12, body), NO_LIMIT))

    assert len(body) == length
    assert time.perf_counter() - start < 8


# -- what others say --------------------------------------------------------------------------------------------


def dispatched(chunks: list[bytes]) -> tuple[list[dict[str, str]], int | None, str]:
    """Events, retry and last event id, as a client that follows the standard has them in the end."""
    events, retry, last_id = [], None, ""
    for frame in in_source(chunks, NO_LIMIT):
        if frame.retry is not None:
            retry = frame.retry
        if frame.id is not None and frame.state is not State.TORN:
            last_id = frame.id
        if frame.state is State.WHOLE:
            data = frame.data.decode(errors="replace")
            events.append({"event": frame.event or "message", "data": data, "id": last_id})
    return events, retry, last_id


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_events_are_those_a_browser_sees() -> None:
    """Chromium's answers, and the two places where it departs from the standard."""
    vectors: list[dict[str, Any]] = [json.loads(line) for line in VECTORS.read_bytes().splitlines()]
    assert len(vectors) > 700
    for vector in vectors:
        body = base64.b64decode(vector["body_b64"])
        start = time.perf_counter()
        chunkings = ([body], every(1, body), split_at(body, vector.get("splits", [])), every(1 << 16, body))
        answers = [dispatched(chunks) for chunks in chunkings]

        assert answers == [answers[0]] * len(chunkings), vector["name"]
        events, retry, last_id = answers[0]
        assert events in [vector["expected"], *vector.get("expected_also_ok", [])], vector["name"]
        if "retry" in vector:
            assert retry in [vector["retry"], *vector.get("retry_also_ok", [])], vector["name"]
            assert vector["final_id"] == last_id, vector["name"]
        assert time.perf_counter() - start < 2
