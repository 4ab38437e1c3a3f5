"""assert_valid_stream, on paths, bytes and streams that are given line by line; and the typed events of a log."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from replay_cli import ReplayError, UsageError, assert_valid_stream
from replay_cli.asserting import options_of
from replay_cli.audited import audited
from replay_cli.grading import grade
from tests import serving
from tests.making import envelope, message, record
from tests.recordings import logs, shared

CLEAN = record(1) + record(2)
TORN = CLEAN + record(3)[:40]
CAPTURE = b"".join(message(envelope(seq, seq - 1)) for seq in (1, 2, 3))
BROKEN = CAPTURE + b"event: item.delta\ndata: {\n\n" + b"".join(message(envelope(seq, seq - 1)) for seq in (4, 5))


def bare(data: bytes) -> list[str]:
    """Lines as ``iter_lines()`` gives them."""
    return data.decode().split("\n")[:-1]


def kept(data: bytes) -> list[bytes]:
    """Lines as a file gives them."""
    return data.splitlines(keepends=True)


def pieces(data: bytes) -> list[bytes]:
    """What a socket may give."""
    return [data[at : at + 7] for at in range(0, len(data), 7)]


WAYS: list[Callable[[bytes], Iterable[Any]]] = [
    bare,
    kept,
    lambda data: [line.encode() for line in bare(data)],
    lambda data: [line.decode() for line in kept(data)],
    lambda data: kept(data.replace(b"\n", b"\r\n")),
    lambda data: kept(data.replace(b"\n", b"\r")),
    lambda data: iter([data]),
    lambda data: chain([b"", data[:60]], pieces(data[60:])),
]


@pytest.mark.parametrize("way", range(len(WAYS)))
def test_a_stream_is_the_same_however_it_is_given(way: int) -> None:
    given = WAYS[way](CAPTURE)

    assert assert_valid_stream(given, name="live").model_dump(exclude={"bytes", "lines"}) == assert_valid_stream(
        CAPTURE, name="live"
    ).model_dump(exclude={"bytes", "lines"})


@pytest.mark.parametrize("give", [bytes, kept, bare])
def test_what_is_broken_is_told_line_by_line(give: Callable[[bytes], Any]) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_valid_stream(give(BROKEN), name="live")

    told = str(caught.value).splitlines()
    assert re.fullmatch(r"live:11:\d+: J101 not-json .*", told[0])
    assert told[-1].startswith("verdict: ")


def test_paths_and_bytes_are_audited_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(TORN)

    assert assert_valid_stream(CLEAN).events == 2
    for stream in (path, str(path), TORN):
        with pytest.raises(AssertionError, match=r":3:1: F101 torn-tail 40 bytes"):
            assert_valid_stream(stream)
    assert assert_valid_stream(path, ignore="F101").events == 2
    assert assert_valid_stream(path, severity=["torn-tail=note"]).counts.note == 1


@pytest.mark.parametrize("level", ["warning", "note"])
def test_from_where_on_findings_fail_can_be_said(level: Any) -> None:
    blank = record(1) + b"\n" + record(2)

    assert assert_valid_stream(blank).counts.warning == 1
    with pytest.raises(AssertionError, match="F102 blank-line"):
        assert_valid_stream(blank, fail_level=level)


@pytest.mark.parametrize("nothing", [b"", b": keepalive\n\n", iter(()), iter([""])])
def test_a_stream_without_events_fails(nothing: Any) -> None:
    with pytest.raises(AssertionError, match="verdict: holds no event"):
        assert_valid_stream(nothing)


def test_a_stream_without_events_fails_whatever_is_ignored() -> None:
    with pytest.raises(AssertionError, match="<bytes>: no event in it"):
        assert_valid_stream(b"", ignore="no-events")


def endless(first: bytes) -> Iterator[str]:
    """A stream that has no end but keepalives."""
    return chain(bare(first), chain.from_iterable(repeat([": keepalive", ""])))


def test_a_live_stream_is_read_up_to_the_event_that_is_awaited() -> None:
    done = message(envelope(4, 3, event="turn.completed", kind="turn.completed", item_id=None))
    stream = endless(CAPTURE + done)

    report = assert_valid_stream(stream, until="turn.completed")

    assert report.seq is not None
    assert (report.events, report.seq.last) == (4, 4)
    assert next(stream) == ": keepalive"


@pytest.mark.parametrize("before", [b"", CAPTURE], ids=["at once", "later"])
@pytest.mark.parametrize("error", [ConnectionError("refused"), TimeoutError("late"), ValueError("no"), KeyError(1)])
def test_what_a_stream_raises_is_raised_as_it_is(before: bytes, error: Exception) -> None:
    """The client's own exception, and where it came from."""

    def stream() -> Iterator[str]:
        yield from bare(before)
        raise error

    with pytest.raises(type(error)) as raised:
        assert_valid_stream(stream())

    assert error is raised.value
    assert "stream" == raised.traceback[-1].name


def test_an_awaited_event_that_never_came_fails() -> None:
    with pytest.raises(AssertionError, match=r"live: ended without turn\.completed"):
        assert_valid_stream(bare(CAPTURE), until="turn.completed", name="live")


LINES = record(1) + record(2)
LINKED = message(envelope(9, 8))
REPEATED = message(envelope(3, 2, payload={"delta": "other"}))


@pytest.mark.parametrize("until", [None, "turn.completed"])
@pytest.mark.parametrize("give", [bare, kept, lambda data: [data[at : at + 5] for at in range(0, len(data), 5)]])
@pytest.mark.parametrize(
    ("before", "broken", "behind", "found"),
    [
        (CAPTURE, b"data: {\n\n", b": keepalive\n\n", "J101 not-json"),
        (b"", b"data: {\n\n", b": keepalive\n\n", "J101 not-json"),
        (b": keepalive\n\n", b"event: a\ndata: {}\n\n", b": keepalive\n\n", "L101 foreign-log"),
        (CAPTURE, LINKED, b": keepalive\n\n", "S104 broken-link"),
        (CAPTURE, REPEATED, b": keepalive\n\n", "S103 seq-conflict"),
        (LINES, b'{"seq":3,\n', b"", "J101 not-json"),
        (LINES, b"[3]\n", b"", "J102 not-an-object"),
        (LINES, b"no JSON\n", b"", "J101 not-json"),
    ],
)
def test_a_live_stream_is_not_read_on_behind_a_frame_that_fails(
    before: bytes, broken: bytes, behind: bytes, found: str, give: Callable[[bytes], Any], until: str | None
) -> None:
    def stream() -> Iterator[Any]:
        yield from give(before + broken)
        # As far as it has to come for the last piece to be whole.
        yield from give(behind)
        pytest.fail("read on behind the frame that fails")

    with pytest.raises(AssertionError, match=found):
        assert_valid_stream(stream(), until=until)


def test_a_frame_of_the_compat_stream_does_not_decide_what_a_live_stream_is() -> None:
    compat = b'event: status\ndata: {"state":"idle"}\n\n'

    assert assert_valid_stream(bare(compat + CAPTURE)).profile == "envelope"


SEPARATED = message(envelope(4, 3, payload={"delta": "one\u2028two\x85three", "kind": "agent_message"}))


@pytest.mark.parametrize("data", [CAPTURE + SEPARATED, LINES + record(3, payload={"delta": "one\u2028two"})])
def test_lines_that_were_cut_at_other_separators_than_line_ends_are_told(data: bytes) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_valid_stream(data.decode().splitlines())

    told = str(caught.value).splitlines()
    assert "unterminated string" in told[0]
    assert re.match(r"hint: .* iter_bytes\(\)", told[-1])
    assert assert_valid_stream(data.splitlines()).events == data.count(b'"schema_version"')


def test_what_is_broken_otherwise_gets_no_hint() -> None:
    for stream in (bare(BROKEN), kept(CAPTURE + b'data: {"a\n\n')):
        with pytest.raises(AssertionError) as caught:
            assert_valid_stream(stream)
        assert "hint" not in str(caught.value)


@pytest.mark.parametrize("size", [1, 2, 5, 13, 60, 1000])
@pytest.mark.parametrize("data", [CAPTURE, CAPTURE.replace(b"\n", b"\r\n"), CLEAN, SEPARATED])
def test_pieces_are_put_together_whatever_their_cuts(data: bytes, size: int) -> None:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    text = data.decode()
    parts = [text[at : at + size] for at in range(0, len(text), size)]

    assert assert_valid_stream(pieces, name="").events == assert_valid_stream(data).events
    assert assert_valid_stream(parts, name="").bytes == len(data)


def test_small_pieces_of_a_long_line_take_time_by_its_length() -> None:
    data = record(1, payload={"delta": "x" * 400_000, "kind": "agent_message"}) + record(2)

    started = time.process_time()
    assert assert_valid_stream(data[at : at + 1] for at in range(len(data))).events == 2
    # Were each piece joined to all before it, it would be minutes.
    assert time.process_time() - started < 10


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_cut_just_before_a_line_end_is_a_cut(end: bytes) -> None:
    for data in (CLEAN.replace(b"\n", end), CAPTURE.replace(b"\n", end)):
        for at in range(data.index(end), data.index(end) + len(end) + 1):
            report = assert_valid_stream(iter([data[:at], data[at:]]))
            assert report.events == assert_valid_stream(data).events
            assert report.lines == data.count(b"\n")


def test_bytes_of_other_types_are_bytes() -> None:
    assert assert_valid_stream(bytearray(CLEAN)).events == assert_valid_stream(memoryview(CLEAN)).events == 2


def hold(handler: Any, data: bytes) -> None:
    """Send this, and keep the connection as the runtime does."""
    handler.begin()
    handler.wfile.write(data)
    handler.server.closing.wait(30)


def test_a_client_holds_a_real_stream_to_the_contract() -> None:
    httpx2 = pytest.importorskip("httpx2")
    with serving.serving() as runtime:
        done = serving.event(3, 2, "turn.completed")
        runtime.script = [lambda handler: hold(handler, serving.event(1, 0) + serving.event(2, 1) + done)]
        with httpx2.stream("GET", runtime.url, timeout=10) as response:
            report = assert_valid_stream(response.iter_lines(), until="turn.completed")

    assert report.events == 3


@pytest.mark.parametrize(
    ("stream", "options", "said"),
    [
        ("missing.jsonl", {}, "no such file: missing.jsonl"),
        ("event: a\ndata: b\n\n", {}, "stream: a text is the path of a log; give what a stream holds as bytes"),
        (7, {}, "stream: a path, bytes or lines are wanted, not int"),
        ([b"data: 1", 7], {}, "stream: item 2 is of type int, not text or bytes"),
        ([": one", "", "data\n"], {}, "stream: item 3 holds a line end, the ones before it were lines without one"),
        (CLEAN, {"until": "turn.completed"}, "until: is for a stream that is given line by line"),
        (CLEAN, {"fail_level": "grave"}, "fail level: 'grave' is not error, warning or note"),
        (CLEAN, {"ignore": "X999"}, "ignore: "),
        (CLEAN, {"profile": "none"}, "profile: "),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(stream: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        assert_valid_stream(stream, **options)
    assert str(caught.value).startswith(said)


def test_an_asynchronous_stream_is_refused_in_words() -> None:
    class Lines:
        def __aiter__(self) -> Lines:
            return self

    with pytest.raises(UsageError, match="not Lines; collect what an asynchronous one gives first"):
        assert_valid_stream(Lines())  # type: ignore[arg-type]


def test_a_lone_surrogate_is_a_finding_not_a_crash() -> None:
    with pytest.raises(AssertionError, match="invalid-utf8"):
        assert_valid_stream(["data: {\ud800}", ""])


def test_a_line_without_an_end_takes_bounded_memory() -> None:
    with pytest.raises(AssertionError, match="overlong-line"):
        assert_valid_stream(chain([b"event: a\ndata: "], repeat(b"x" * 65536, 400), [b"\n\n"]), framing="sse")


OPTIONS = options_of("auto", "auto", grade())


def test_events_are_typed_and_say_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "capture.sse"
    path.write_bytes(b": keepalive\n\n" + CAPTURE + b"data: {\n\n")
    log = audited(path, "capture", OPTIONS)

    first, *others = log.events

    assert not log.ok
    assert (first.seq, first.event, first.thread_id, first.item_id) == (1, "item.delta", "thr_1", "item_1")
    assert first.payload == {"delta": "a word", "kind": "agent_message"}
    assert [event.seq for event in others] == [2, 3]
    data = path.read_bytes()
    for event in log.events:
        assert data[event.offset :].startswith(b'{"schema_version":1,"seq":%d,' % event.seq)
        assert data[: event.offset].count(b"\n") + 1 == event.line


def test_events_of_what_breaks_off_raise_at_its_end(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(CLEAN * 50)[:-20])
    log = audited(path, "log", OPTIONS)

    assert log.report.failure
    with pytest.raises(ReplayError):
        list(log.events)


@pytest.mark.parametrize("log", logs("store", "captures", "old"), ids=lambda path: path.name)
def test_recordings_have_the_events_that_their_reports_count(log: Path) -> None:
    if log.stat().st_size > 300_000:
        pytest.skip("larger than what is wanted of a quick test")
    found = audited(log, log.name, OPTIONS)

    if found.report.profile == "compat":
        with pytest.raises(UsageError):
            list(found.events)
    else:
        assert sum(1 for _ in found.events) == found.report.events


def test_a_recorded_capture_holds_as_a_live_stream() -> None:
    path = shared("recorded/captures/story.sse")
    with open(path, encoding="utf-8", newline="\n") as lines:
        assert assert_valid_stream(lines).events == assert_valid_stream(path).events


def test_events_of_the_compat_stream_are_none_of_a_thread(tmp_path: Path) -> None:
    log = tmp_path / "compat.sse"
    log.write_bytes(b"event: done\ndata: {}\n\n")
    found = audited(log, "compat.sse", OPTIONS)

    assert found.ok
    with pytest.raises(UsageError, match="is the compat stream"):
        list(found.events)
