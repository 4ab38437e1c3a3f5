"""The verdict sentence, in every case that CONTRACT.md fixes (DECISIONS, "The verdict sentence")."""

from __future__ import annotations

import io

import pytest

from replay_cli import audit
from tests.making import capture, compact, envelope, message, record, store

BROKEN = b'{"schema_version":2,"seq":\n'
TORN = b'{"schema_version":2,"se'
ARRAY = b'[2,2,"2026-11-21T06:00:02.120Z","thr_1",null,null,"thread.started",{}]\n'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (store(1, 2, 3), "the runtime reads it whole"),
        (store(1, 2) + b"\n" + store(3), "the runtime reads it whole"),
        (store(1, 2) + TORN, "the runtime reads it whole and cuts 23 bytes of torn tail at its next start"),
        (
            store(1, 2) + record(3)[:-1],
            "the runtime reads it whole and cuts 198 bytes of torn tail at its next start",
        ),
        (store(1, 2) + BROKEN + store(3), "the runtime starts, but streaming this thread fails at line 3"),
        (store(1, 2) + BROKEN + store(3, completed=True), "the runtime does not start because of line 3"),
        (store(1, completed=True) + BROKEN, "the runtime does not start because of line 3"),
        (
            store(1, completed=True) + BROKEN + TORN,
            "the runtime does not start because of line 3; cuts 23 bytes of torn tail at its next start",
        ),
        (
            store(1) + record(2, "turn.completed")[:-1] + record(3),
            "the runtime does not start because of line 2",
        ),
        (
            store(1) + record(2, payload={"told": {"event": "turn.completed"}})[:-2] + b"\n",
            "the runtime starts, but streaming this thread fails at line 2",
        ),
        (
            record(1, "turn.completed")[:90] + record(2, "turn.completed"),
            "the runtime does not start because of line 1",
        ),
        (store(1) + ARRAY + store(3), "the runtime reads it whole"),
        (ARRAY, "the runtime reads it whole"),
        (store(1, 3, 2, 4), "the runtime reads it whole; streams 3 of 4 events, 1 dropped as not newer"),
        (store(1, 2, 2, 3), "the runtime reads it whole; streams 3 of 4 events, 1 dropped as not newer"),
        (store(5, 6, 1, 2, 3), "the runtime reads it whole; streams 2 of 5 events, 3 dropped as not newer"),
    ],
)
def test_of_a_store_log_it_says_what_the_runtime_does(log: bytes, sentence: str) -> None:
    assert sentence == audit(log).verdict


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (capture((1, 0), (3, 1), (4, 3)), "a client accepts all 3 events"),
        (capture((1, None), (3, None)), "a client accepts all 2 events"),
        (capture((7, 3), (8, 7)), "a client accepts all 2 events"),
        (capture((1, 0), (4, 3)), "a client accepts 1 of 2 events, reloads at seq 4, 1 time in all"),
        (
            capture((1, 0), (4, 3), (5, 4), (9, 8)),
            "a client accepts 2 of 4 events, reloads at seq 4, 2 times in all",
        ),
        (capture((1, 0), (2, 1), (2, 1), (3, 2)), "a client accepts 3 of 4 events and ignores 1 already seen"),
        (
            capture((1, 0), (2, 1), (1, 0), (2, 1), (3, 2)),
            "a client accepts 3 of 5 events and ignores 2 already seen",
        ),
        (
            capture((1, 0), (2, 1)) + b"event: item.delta\ndata: {oops\n\n" + capture((3, 2)),
            "a client accepts 2 events, stops at the broken frame at line 8",
        ),
        (
            capture((1, 0)) + b"event: x\ndata: {",
            "a client accepts all 1 event, never sees the 16 bytes of the unfinished end",
        ),
        (capture((1, 0)) + HEAD + capture((2, 1)), "a client accepts all 2 events"),
        (
            capture((0, 0), (7, 6), (8, 7)),
            "a client accepts 1 of 3 events and ignores 1 as not newer, reloads at seq 7, 1 time in all",
        ),
        (
            capture((1, 0)) + message(envelope(5, 4, thread="thr_2")) + capture((2, 1)),
            "a client accepts 2 of 3 events and ignores 1 of another thread",
        ),
    ],
)
def test_of_a_stream_it_says_what_a_client_does(log: bytes, sentence: str) -> None:
    assert sentence == audit(log).verdict


def test_no_reader_takes_an_event_numbered_0() -> None:
    """since_seq and a client's count begin at 0 (CONTRACT.md 3.2, 3.3)."""
    assert (
        "the runtime reads it whole; streams 2 of 3 events, 1 dropped as not newer" == audit(store(0, 1, 2)).verdict
    )
    assert (
        "a client accepts 2 of 3 events and ignores 1 as not newer"
        == audit(capture((0, None), (1, 0), (2, 1))).verdict
    )


def test_of_envelopes_as_jsonl_it_speaks_of_a_client_too() -> None:
    log = b"".join(compact(envelope(seq, seq - 1)) + b"\n" for seq in (1, 2, 3))

    assert "a client accepts all 3 events" == audit(log).verdict


def test_a_stream_that_can_not_be_read_twice_gets_lower_bounds() -> None:
    log = capture((1, 0), (2, 1), (3, 2), (1, 0), (2, 1), (3, 2))

    assert "a client accepts 3 of 6 events and ignores 3 already seen" == audit(log).verdict
    assert (
        "a client accepts at most 5 of 6 events and ignores at least 1 as not newer" == audit(io.BytesIO(log)).verdict
    )


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (b"", "holds no event"),
        (b"\n\n", "holds no event"),
        (b": keepalive\n\n", "holds no event"),
        (
            b'event: message.delta\ndata: {"content":"x"}\n\nevent: done\ndata: {}\n\n',
            "compat stream of POST /v1/stream: 2 events, ended by done",
        ),
        (
            b'event: message.delta\ndata: {"content":"x"}\n\n',
            "compat stream of POST /v1/stream: 1 event, no done at its end: cut, or closed after an error",
        ),
        (
            b'{"ts":1,"event":"login","details":{}}\n',
            "not read as events: the audit log of the runtime (audit.log), not an event log",
        ),
    ],
)
def test_of_what_holds_no_events_it_says_what_it_is(log: bytes, sentence: str) -> None:
    assert sentence == audit(log).verdict


def test_an_unexamined_line_is_not_called_broken() -> None:
    """The runtime has no limit on a line (CONTRACT.md 2.4), so it may well read what was too long for us."""
    log = store(1) + record(2, payload={"delta": "x" * 5000}) + store(3)

    assert (
        "the runtime reads it, as far as it was examined: line 2 was too long to examine"
        == audit(log, max_line_bytes=2000).verdict
    )
