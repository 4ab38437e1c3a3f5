"""``replay tail URL`` against a real server on loopback, one that behaves and one that does not."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from replay_cli.errors import SourceError, UsageError
from replay_cli.remote import Broken, From, Patience, Remote
from tests.conftest import COMMAND, ROOT, Ran, Replay, environment
from tests.making import envelope, message
from tests.serving import TOKEN, Runtime, answers, event, holds, raw, redirects, refuses, sends, serving, trickles

FLEET = b'id: fev1_1\nevent: fleet.x\ndata: {"cursor":"fev1_1","event":"x","run_id":"r","payload":{}}\n\n'
UNTIL = ("--exit-on", "turn.completed", "--timeout", "20")


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with serving() as server:
        yield server


def shown(ran: Ran) -> list[int]:
    return [int(line.split()[1]) for line in ran.stdout.splitlines() if line[:2].isdigit()]


@pytest.mark.parametrize(
    ("words", "asked", "expected"),
    [
        (["--since-seq", "2"], {"since_seq": "2"}, [3, 4, 5]),
        (["-n", "2"], {"replay_limit": "2"}, [4, 5]),
        (["--since-seq", "1", "-n", "3"], {"since_seq": "1", "replay_limit": "3"}, [3, 4, 5]),
        ([], {"replay_limit": "20"}, [1, 2, 3, 4, 5]),
        (["--since", "2026-11-21T06:00:04Z"], {}, [4, 5]),
        (["-n", "0"], {"replay_limit": "0"}, []),
        (["?since_seq=2"], {"since_seq": "2"}, [3, 4, 5]),
        (["?since_seq=1&replay_limit=3"], {"since_seq": "1", "replay_limit": "3"}, [3, 4, 5]),
        (["?x=y"], {"x": "y", "replay_limit": "20"}, [1, 2, 3, 4, 5]),
        (["--until-seq", "9"], {}, [1, 2, 3, 4, 5]),
    ],
)
def test_the_runtime_is_asked_as_its_own_client_asks(
    replay: Replay, runtime: Runtime, words: list[str], asked: dict[str, str], expected: list[int]
) -> None:
    runtime.seqs = [1, 2, 3, 4, 5]
    query = "".join(word for word in words if word.startswith("?"))
    words = [word for word in words if not word.startswith("?")]
    ran = replay("tail", *words, "--timeout", "1", runtime.url + query, env={"CODEWHALE_RUNTIME_TOKEN": ""})

    assert (0, expected) == (ran.code, shown(ran))
    assert [{"authorization": "", **asked}] == runtime.asked
    assert ": 0 errors, 0 warnings, 0 notes" in ran.stderr


def test_what_comes_is_shown_at_once(runtime: Runtime) -> None:
    runtime.seqs = [1]
    with subprocess.Popen(
        [*COMMAND, "tail", "--since-seq", "0", "--raw", runtime.url],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        delays = []
        for seq in range(1, 8):
            runtime.seqs.append(seq) if seq > 1 else None
            begun = time.monotonic()
            assert event(seq, seq - 1) == b"".join(run.stdout.readline() for _ in range(3))
            delays.append(time.monotonic() - begun)
        run.kill()

    assert sorted(delays)[3] < 0.2


def test_it_connects_again_behind_the_last_event_and_ignores_what_it_has(replay: Replay, runtime: Runtime) -> None:
    torn = event(4, 3)[:70]
    runtime.script = [
        sends(event(1, 0) + event(2, 1) + torn),
        sends(event(2, 1) + event(3, 2) + b": keepalive\n\n"),
        sends(event(4, 3) + event(6, 4, "turn.completed")),
    ]
    ran = replay("tail", "--since-seq", "0", *UNTIL, runtime.url)

    assert (0, [1, 2, 3, 4, 6]) == (ran.code, shown(ran))
    assert ["0", "2", "3"] == [asked["since_seq"] for asked in runtime.asked]
    assert ran.stderr.endswith(
        "seq 1 to 6: 0 errors, 0 warnings, 0 notes; 2 reconnections; 1 event ignored, as not newer\n"
    )
    assert 2 == ran.stderr.count("closed the connection; connecting again")


def test_what_a_url_asks_is_not_asked_again_when_it_connects_again(replay: Replay, runtime: Runtime) -> None:
    runtime.script = [sends(event(8, 7) + event(9, 8)), sends(event(10, 9) + event(11, 10, "turn.completed"))]
    ran = replay("tail", *UNTIL, runtime.url + "?since_seq=4&replay_limit=2")

    assert (0, [8, 9, 10, 11]) == (ran.code, shown(ran))
    assert [{"since_seq": "4", "replay_limit": "2"}, {"since_seq": "9"}] == [
        {name: asked[name] for name in asked if name != "authorization"} for asked in runtime.asked
    ]


def test_it_ends_once_nothing_more_can_come_that_is_asked_for(replay: Replay, runtime: Runtime) -> None:
    runtime.seqs = [1, 2, 4, 7]
    last, between = (replay("tail", "--until-seq", number, runtime.url) for number in ("4", "5"))

    assert ((0, [1, 2, 4]), (0, [1, 2, 4])) == ((last.code, shown(last)), (between.code, shown(between)))
    assert 1 == replay("tail", "--until-seq", "4", *UNTIL, runtime.url).code


def test_it_says_at_the_end_what_has_matched_nothing(replay: Replay, runtime: Runtime) -> None:
    runtime.seqs = [1, 2]
    ran = replay("tail", "--thread", "thr_9", "--timeout", "1", runtime.url)

    assert (0, "replay: --thread: thr_9 matched no event") == (ran.code, ran.stderr.splitlines()[0])


def test_events_of_another_thread_are_counted_apart(replay: Replay, runtime: Runtime) -> None:
    other = message(envelope(3, 2, thread="thr_2"))
    runtime.script = [sends(event(1, 0) + other + event(1, 0) + event(4, 1, "turn.completed"))]
    ran = replay("tail", "--since-seq", "0", *UNTIL, runtime.url)

    assert (0, [1, 4]) == (ran.code, shown(ran))
    assert ran.stderr.endswith("; 1 event ignored, as not newer; 1 event ignored, as of another thread\n")


# --- The compat stream ------------------------------------------------------------------------------------------

COMPAT = (ROOT / "fixtures" / "recorded" / "captures" / "compat.sse").read_bytes()


def dribbles(data: bytes) -> Callable[[Any], None]:
    """Sends a keepalive, then the rest in small pieces."""

    def answer(handler: Any) -> None:
        handler.begin()
        for piece in [b": keepalive\n\n", *(data[at : at + 40] for at in range(0, len(data), 40))]:
            handler.wfile.write(piece)
            time.sleep(0.005)

    return answer


@pytest.mark.parametrize("answer", [sends, dribbles])
@pytest.mark.parametrize("words", [[], ["--exit-on", "done"]])
def test_the_compat_stream_is_shown_as_its_file_and_ends(
    replay: Replay, runtime: Runtime, answer: Any, words: list[str]
) -> None:
    runtime.script = [answer(COMPAT)] * 9
    ran = replay("tail", *words, runtime.url)
    lines = ran.stdout.splitlines()

    assert (0, 15, 1) == (ran.code, len(lines), len(runtime.asked))
    assert lines[0].startswith("    note C101 compat-stream: the capture is of the compat stream (POST /v1/stream)")
    assert lines[1:] == replay("tail", "-", stdin=COMPAT).stdout.splitlines()[1:]
    assert ran.stderr == "replay: showed 14 events of 1 log: 0 errors, 0 warnings, 1 note\n"


@pytest.mark.parametrize(
    ("data", "words", "code", "told"),
    [
        (COMPAT[:400], [], 4, "before the compat stream was done, and cannot go on"),
        (COMPAT[:400].rpartition(b"\n\n")[0] + b'\n\nevent: error\ndata: {"message":"no"}\n\n', [], 0, "1 note"),
        (COMPAT, ["--exit-on", "status"], 1, "1 note"),
        (COMPAT, ["--since-seq", "5"], 0, "the events of this stream have no seq, so none is in a range of it"),
    ],
    ids=["broken-off", "failed", "not-come", "range"],
)
def test_the_compat_stream_is_never_asked_for_again(
    replay: Replay, runtime: Runtime, data: bytes, words: list[str], code: int, told: str
) -> None:
    runtime.script = [sends(data)] * 9
    ran = replay("tail", *words, runtime.url)

    assert (code, 1) == (ran.code, len(runtime.asked))
    assert told in ran.stderr
    assert "C101" in ran.stdout


@pytest.mark.parametrize(
    ("words", "data", "told"),
    [
        (["--since-seq", "3"], event(9, 7), "previous_seq 7 after seq 3: the events between are missing"),
        (["--since-seq", "3"], event(4, 3) + event(9, 7), "previous_seq 7 after seq 4"),
        (["-n", "5"], event(9, 7) + event(11, 10), "previous_seq 10 after seq 9"),
    ],
)
def test_a_gap_is_told_where_the_runtimes_client_would_load_anew(
    replay: Replay, runtime: Runtime, words: list[str], data: bytes, told: str
) -> None:
    runtime.script = [sends(data + event(20, None, "turn.completed"))]
    ran = replay("tail", *words, *UNTIL, runtime.url)

    assert 0 == ran.code
    assert 1 == ran.stdout.count("broken-link")
    assert told in ran.stdout
    runtime.script = [sends(data)]
    assert 1 == replay("tail", "--strict", *words, *UNTIL, runtime.url).code


# --- The token --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["variable", "file"])
def test_the_token_is_sent_and_never_shown(replay: Replay, runtime: Runtime, tmp_path: Path, how: str) -> None:
    runtime.token, runtime.seqs = TOKEN, [1]
    (tmp_path / "token").write_text(TOKEN + "\n")
    words = ["--token-file", "token"] if how == "file" else []
    env = {"CODEWHALE_RUNTIME_TOKEN": TOKEN if how == "variable" else "another"}
    ran = replay("tail", *words, "--timeout", "1", runtime.url, env=env)

    assert (0, [1]) == (ran.code, shown(ran))
    assert TOKEN not in ran.stdout + ran.stderr


def test_without_a_token_it_says_where_one_is_taken_from(replay: Replay, runtime: Runtime) -> None:
    runtime.token = TOKEN
    ran = replay("tail", runtime.url, env={"CODEWHALE_RUNTIME_TOKEN": ""})

    assert 4 == ran.code
    assert (
        "answers 401: runtime API bearer token required; the token is taken from CODEWHALE_RUNTIME_TOKEN"
        in ran.stderr
    )
    assert 1 == len(runtime.asked)


def test_a_redirect_never_carries_the_token_anywhere(replay: Replay, runtime: Runtime) -> None:
    with serving() as other:
        runtime.script = [redirects(other.url)]
        ran = replay("tail", runtime.url, env={"CODEWHALE_RUNTIME_TOKEN": TOKEN})

        assert (4, []) == (ran.code, other.asked)
        assert f"redirects to {other.url}" in ran.stderr


@pytest.mark.parametrize("text", ["", "two words", "line\nline", "ünicode", "x" * 5000])
def test_what_is_no_token_is_refused_without_being_shown(
    replay: Replay, runtime: Runtime, tmp_path: Path, text: str
) -> None:
    (tmp_path / "token").write_text(text, encoding="utf-8")
    ran = replay("tail", "--token-file", "token", runtime.url)

    assert (2, []) == (ran.code, runtime.asked)
    assert "--token-file: token holds no token" in ran.stderr
    assert not text or text not in ran.stderr


# --- Servers that misbehave -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (refuses(404, "Thread not found: thr_nope"), "answers 404: Thread not found: thr_nope"),
        (refuses(400, "replay_limit cannot exceed 4096"), "answers 400: replay_limit cannot exceed 4096"),
        (answers(404, b'{"error":"gone"}'), "events: answers 404: gone\n"),
        (answers(404, b'{"detail":"no such page"}'), "events: answers 404: no such page\n"),
        (answers(404, b'{"errors":[1,2]}'), "events: answers 404\n"),
        (answers(404, b'{"error":{"message":"' + b"x" * 5000 + b'"}}'), f"answers 404: {'x' * 200}\n"),
        (answers(400, b"Failed to deserialize query string\nmore", "text/plain"), "400: Failed to deserialize"),
        (sends(FLEET), "the fleet stream (GET /v1/fleet/runs/ID/events), which holds no envelopes"),
        (refuses(403, "no\x1b[31m"), "answers 403: no\\x1b[31m"),
        (sends(b"<!DOCTYPE html>", "text/html; charset=utf-8"), "is no event stream but text/html"),
        (sends(b"{}", "application/json"), "is no event stream but application/json"),
        (raw(b"HTTP/1.1 200 OK\r\n\r\nhello"), "is no event stream but something without a type"),
        (
            raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n\r\nx"),
            "sends its stream compressed (gzip)",
        ),
        (raw(b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n"), "redirects; name that URL"),
    ],
)
def test_what_will_not_change_is_one_line_at_once(
    replay: Replay, runtime: Runtime, answer: Callable[[Any], None], told: str
) -> None:
    runtime.script = [answer]
    ran = replay("tail", "-q", runtime.url)

    assert (4, "") == (ran.code, ran.stdout)
    assert 1 == len(ran.stderr.splitlines())
    assert told in ran.stderr
    assert 1 == len(runtime.asked)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (sends(b""), "closed the connection"),
        (raw(b""), "without sending a response"),
        (raw(b"\x00\xff garbage\r\n\r\n"), "illegal status line"),
        (refuses(503, "busy"), "answers 503: busy"),
        (trickles, "no whole event and no keepalive"),
        (holds, "no whole event and no keepalive"),
        (sends(b": keepalive\n\n"), "closed the connection"),
    ],
)
def test_what_may_change_is_tried_again_so_many_times(
    runtime: Runtime, answer: Callable[[Any], None], told: str
) -> None:
    runtime.script = [answer] * 9
    # A connection that stood for long, and brought nothing but that, is no success.
    steady = 0.2 if answer in (trickles, holds) else 30.0
    patience = Patience(first=0.01, stall=0.3, attempts=4, steady=steady)

    with pytest.raises(SourceError) as raised:
        list(Remote(runtime.url, None, patience).arrivals(lambda: From(0, None), 0.05))

    assert told in str(raised.value)
    assert str(raised.value).endswith("; gave up after 4 attempts")
    assert 4 == len(runtime.asked)


GARBAGE = {
    "binary": bytes(range(256)) * 200,
    "text": b"hello there\n" * 30 + b"\n",
    "json": b'{"a":1}\n' * 50,
    "frames": b"data: {oops\n\n" * 30,
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_given_up_in_few_lines(replay: Replay, runtime: Runtime, kind: str) -> None:
    runtime.script = [sends(GARBAGE[kind])] * 9
    ran = replay("tail", runtime.url)

    assert (4, 6) == (ran.code, len(runtime.asked))
    assert len(ran.stdout.splitlines()) <= 20
    told = "closed the connection, and nothing of what it sent can be read as an event"
    again, last, summary = ran.stderr.splitlines()
    assert again.endswith(f"{told}; connecting again")
    assert last.endswith(f"{told}; gave up after 6 attempts")
    assert ("160 findings more, not shown" in summary) == (kind == "frames")


def test_garbage_without_end_is_given_up(replay: Replay, runtime: Runtime) -> None:
    runtime.script = [sends(event(1, 0) + b"data: {oops\n\n" * 100_000)]
    ran = replay("tail", "--since-seq", "0", runtime.url)

    assert (4, [1], 22) == (ran.code, shown(ran), len(ran.stdout.splitlines()))
    assert "sends nothing that can be read; gave up after 1,000 findings in a row" in ran.stderr
    assert 1 == len(runtime.asked)


@pytest.mark.parametrize("words", [[], ["--exit-on", "turn.*"]])
def test_a_server_that_was_never_reached_in_time_is_exit_code_4(
    replay: Replay, runtime: Runtime, words: list[str]
) -> None:
    runtime.script = [refuses(503, "busy")] * 99
    busy = replay("tail", "-q", *words, "--timeout", "1", runtime.url)
    with serving() as gone:
        url = gone.url
    dead = replay("tail", "-q", *words, "--timeout", "1", url)

    assert (4, 4) == (busy.code, dead.code)
    assert busy.stderr.endswith("/events: was not reached within --timeout 1: it answers 503: busy\n")
    assert "/events: was not reached within --timeout 1: " in dead.stderr
    assert [1, 1] == [len(ran.stderr.splitlines()) for ran in (busy, dead)]


def test_a_server_that_only_trickles_is_told_when_the_time_is_up(replay: Replay, runtime: Runtime) -> None:
    runtime.script = [trickles] * 9
    ran = replay("tail", "-q", "--since-seq", "0", "--timeout", "1", runtime.url)

    assert (4, "", 1) == (ran.code, ran.stdout, len(ran.stderr.splitlines()))
    assert re.search(r"/events: sent \d+ bytes and no whole event within --timeout 1$", ran.stderr.strip())


@pytest.mark.parametrize(("rest", "told"), [(b": keepalive\n\n", "notes\n"), (b"data: {", "; 7 bytes of an event")])
def test_an_event_that_has_not_ended_when_the_time_is_up_is_told(
    replay: Replay, runtime: Runtime, rest: bytes, told: str
) -> None:
    def stops(handler: Any) -> None:
        handler.begin()
        handler.wfile.write(event(1, 0) + rest)
        handler.server.closing.wait()

    runtime.script = [stops]
    ran = replay("tail", "--since-seq", "0", "--timeout", "1", runtime.url)

    assert (0, [1]) == (ran.code, shown(ran))
    assert told in ran.stderr


def test_nobody_at_the_other_end_is_one_line_and_exit_code_4(replay: Replay) -> None:
    with serving() as gone:
        url = gone.url
    ran = replay("tail", "-q", url)

    assert (4, 1) == (ran.code, len(ran.stderr.splitlines()))
    assert "gave up after 6 attempts" in ran.stderr


def test_a_server_that_recovers_is_read_on(runtime: Runtime) -> None:
    runtime.seqs = [1]
    runtime.script = [refuses(503, "busy"), sends(b"")]
    brought = []
    for one in Remote(runtime.url, None, Patience(first=0.01)).arrivals(lambda: From(0, None), 0.05):
        brought.append(one)
        if one == event(1, 0):
            break

    assert 2 == sum(isinstance(one, Broken) for one in brought)


def test_garbage_in_the_stream_is_a_finding_and_an_endless_line_is_not_kept(replay: Replay, runtime: Runtime) -> None:
    long = message({"event": "item.delta", "seq": 2, "x": "y" * 3_000_000})
    runtime.script = [sends(event(1, 0) + b"data: {oops\n\n" + long + event(3, 1, "turn.completed"))]
    ran = replay("tail", "--since-seq", "0", "--max-line-bytes", "100000", *UNTIL, runtime.url)

    assert (0, [1, 3]) == (ran.code, shown(ran))
    assert "not-json" in ran.stdout
    assert "overlong-line" in ran.stdout


def test_a_cursor_goes_on_behind_what_was_shown(replay: Replay, runtime: Runtime, tmp_path: Path) -> None:
    runtime.seqs = [1, 2, 3]
    first = replay("tail", "--since-seq", "1", "--cursor", "kept", "--timeout", "1", runtime.url)
    runtime.seqs.append(7)
    second = replay("tail", "--cursor", "kept", "--timeout", "1", runtime.url)

    assert ([2, 3], [7]) == (shown(first), shown(second))
    assert "7\n" == (tmp_path / "kept").read_text()


# --- What cannot be meant ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["http://127.0.0.1:1/a", "log.jsonl"], "a URL is followed alone"),
        (["--framing", "jsonl", "http://127.0.0.1:1/a"], "--framing: contradicts a URL"),
        (["-n", "5000", "http://127.0.0.1:1/a"], "-n: the runtime replays at most 4096"),
        (["--token-file", "x", "log.jsonl"], "--token-file: belongs to a URL"),
        (["--token-file", "absent", "http://127.0.0.1:1/a"], "no such file: absent"),
        (["http://me:secret@127.0.0.1:1/a"], "a URL with a password in it"),
        (["http://"], "names no host"),
        (["ftp://127.0.0.1/log"], "tail: ftp://127.0.0.1/log: of URLs only http:// and https:// are read"),
        (["file:///log\x1b"], "tail: file:///log\\x1b: of URLs only http:// and https:// are read"),
        (["--since-seq", "3", "http://h/?since_seq=4"], "--since-seq: 3 contradicts since_seq=4 in the URL"),
        (["-n", "3", "http://h/?replay_limit=4"], "-n: 3 contradicts replay_limit=4 in the URL"),
        (["http://h/?since_seq=x"], "since_seq in the URL: x is no number"),
        (["http://h/?replay_limit=5000"], "-n: the runtime replays at most 4096"),
        (["http://[::bad/"], "is no URL"),
    ],
)
def test_what_cannot_be_meant_is_one_line(replay: Replay, words: list[str], told: str) -> None:
    ran = replay("tail", "-q", *words)

    assert (2, 1) == (ran.code, len(ran.stderr.splitlines()))
    assert told in ran.stderr
    assert "secret" not in ran.stderr


def test_without_the_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)

    with pytest.raises(UsageError, match=r"pip install '\.\[http\]'"):
        Remote("http://127.0.0.1:1/", None)


def test_the_extra_is_the_one_that_is_named() -> None:
    assert 'http = ["httpx2' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_a_port_that_there_is_not_is_none(replay: Replay) -> None:
    ran = replay("tail", "http://127.0.0.1:99999/v1/threads/x/events", env={"CODEWHALE_RUNTIME_TOKEN": "sekrit"})

    assert (2, "") == (ran.code, ran.stdout)
    assert "there is no port 99999" in ran.stderr
