"""Conversion: shapes and framings as the runtime itself writes them, links made anew, and what cannot be held."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_cli import audit, wire
from replay_cli.fields import compact, fields_of
from replay_cli.planning import Options
from replay_cli.profiles import Shape
from replay_cli.prover import forget
from replay_cli.remaking import Remake
from tests.conftest import Replay
from tests.emitting import alike, damaged, emitted
from tests.making import capture, envelope, message, record, store
from tests.making import compact as text_of
from tests.recordings import SHARED, logs, shared, vectors

ENVELOPE = {"schema_version": 1, "seq": 1, "event": "item.delta", "kind": "item.delta", "thread_id": "thr_1"}
KEEPALIVES = re.compile(rb": keepalive\n\n")

WHOLE_THREADS = {
    "story": "thr_e777afbf",
    "parallel": "thr_879247d0",
    "interrupted": "thr_63e5952d",
    "reasoning": "thr_9fbe092b",
    "reasoning_cut": "thr_f31445d7",
    "unknown_tool": "thr_77cd82b2",
    "approval_timeout": "thr_48f2d434",
    "retry_recovered": "thr_0e93c110",
}
"""Captures of whole threads, and the logs of those threads."""

STREAM = Remake(framing="sse", shape=Shape.ENVELOPE, relink=True)
TO_LOG = Remake(framing="jsonl", shape=Shape.RECORD)


# --- As the runtime does it ---------------------------------------------------------------------------------------


def test_a_record_becomes_the_envelope_that_the_server_sends() -> None:
    wrong = []
    for vector in vectors("envelope_lines.jsonl"):
        if vector.get("as_envelope"):
            fields = fields_of(vector["bytes"])
            made = wire.envelope(*fields[:7]).decode() if fields else None
            wrong += [(vector["id"], made)] if made != vector["as_envelope"] else []

    assert [] == wrong


@pytest.mark.parametrize("name", WHOLE_THREADS)
def test_the_log_of_a_thread_becomes_the_stream_that_was_recorded(name: str) -> None:
    log = shared(f"recorded/store/events/{WHOLE_THREADS[name]}.jsonl").read_bytes()
    stream = shared(f"recorded/captures/{name}.sse").read_bytes()

    assert KEEPALIVES.sub(b"", stream) == emitted(log, remake=STREAM).output


@pytest.mark.parametrize("name", WHOLE_THREADS)
def test_a_recorded_stream_becomes_the_log_of_its_thread(name: str) -> None:
    log = shared(f"recorded/store/events/{WHOLE_THREADS[name]}.jsonl").read_bytes()
    stream = shared(f"recorded/captures/{name}.sse").read_bytes()

    done = emitted(stream, remake=TO_LOG)

    assert log == done.output
    assert {"not-held"} >= {*done.summary.left}


@pytest.mark.parametrize("name", ["text", "parallel", "approvals"])
def test_a_stream_from_before_the_envelope_becomes_the_log_of_its_thread(name: str) -> None:
    stream = shared(f"recorded/old/v0.8.40/{name}.sse").read_bytes()
    (thread,) = {*re.findall(rb'"thread_id":"(thr_[0-9a-f]+)","turn_id":', stream)}
    log = shared(f"recorded/old/v0.8.40/store/events/{thread.decode()}.jsonl").read_bytes()

    assert log == emitted(stream, remake=TO_LOG).output
    assert emitted(log, remake=STREAM).output == emitted(stream, remake=STREAM).output


@pytest.mark.parametrize("path", logs("store", "captures", "old"), ids=lambda path: path.name)
def test_framing_there_and_back_is_the_identity(path: Path) -> None:
    data = path.read_bytes()
    if "compat" in path.name:
        pytest.skip("holds no envelopes")
    other, own = ("sse", "jsonl") if path.suffix == ".jsonl" else ("jsonl", "sse")

    there = emitted(data, remake=Remake(framing=other)).output
    back = emitted(there, remake=Remake(framing=own)).output

    without_comments = KEEPALIVES.sub(b"", data.partition(b"\r\n\r\n")[2] if data.startswith(b"HTTP") else data)
    assert without_comments == back


def test_what_is_converted_is_valid(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(store(1, 3, 7, completed=True))

    assert 0 == replay("emit", "--to", "envelope", "--as", "sse", "--relink", "-o", "out.sse", "log.jsonl").code
    ran = replay("validate", "--format", "json", "--profile", "envelope", "out.sse")

    (told,) = json.loads(ran.stdout)["sources"]
    assert ("sse", {}) == (told["framing"], told["rules"])


# --- The fast way and the reference --------------------------------------------------------------------------------

LOGS = {
    "envelopes": b"".join(text_of(envelope(seq, seq - 1)) + b"\n" for seq in range(1, 60)),
    "threads": b"".join(text_of(envelope(seq, None, f"thr_{seq % 3}")) + b"\n" for seq in range(1, 60)),
    "records": store(*range(1, 60), completed=True),
    "spaced": b"".join(json.dumps(envelope(seq, seq - 1)).encode() + b"\n" for seq in range(1, 60)),
    "stream": capture(*((seq, seq - 1) for seq in range(1, 60))),
    "one odd": store(*range(1, 30)) + record(30).replace(b'"payload":', b'"payload" : ') + store(*range(31, 60)),
    "other times": store(*range(1, 30)) + record(30).replace(b'Z"', b'+00:00"') + store(*range(31, 60)),
}
REMAKES = [
    Remake(framing, shape, relink)
    for framing in (None, "jsonl", "sse")
    for shape in (None, Shape.ENVELOPE, Shape.RECORD)
    for relink in (False, True)
    if framing or shape or relink
]


def both_ways(data: bytes, name: str, remake: Remake) -> None:
    shape = Shape.RECORD if name in ("records", "one odd", "other times") else Shape.ENVELOPE
    if not remake.relink or (remake.shape or shape) is Shape.ENVELOPE:
        alike(data, Options(profile=shape, framing="sse" if name == "stream" else "jsonl"), remake)


@pytest.mark.parametrize("name", LOGS)
def test_the_fast_way_writes_what_the_reference_writes(name: str) -> None:
    for remake in REMAKES:
        forget()
        both_ways(LOGS[name] * (1 if remake.relink else 3), name, remake)
        both_ways(LOGS[name], name, remake)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), name=st.sampled_from(sorted(LOGS)), remake=st.sampled_from(REMAKES))
def test_the_fast_way_writes_what_the_reference_writes_of_damaged_logs(seed: int, name: str, remake: Remake) -> None:
    both_ways(damaged(LOGS[name], seed), name, remake)


def test_large_recordings_are_the_same_both_ways() -> None:
    for path in logs("store"):
        if path.stat().st_size > 200_000:
            data = path.read_bytes()
            fast = emitted(data, remake=STREAM).output
            assert fast == emitted(data, options=Options(fast=False), remake=STREAM).output


# --- Links --------------------------------------------------------------------------------------------------------


def links(output: bytes) -> list[object]:
    return [json.loads(line).get("previous_seq") for line in output.splitlines()]


def test_relinking_gives_each_event_the_one_before_it_in_its_thread() -> None:
    data = b"".join(text_of(envelope(seq, 99, f"thr_{seq % 2}")) + b"\n" for seq in (3, 4, 5, 8, 9))

    assert [0, 0, 3, 4, 5] == links(emitted(data, remake=Remake(relink=True)).output)


def test_the_first_link_is_the_number_that_the_client_asked_for(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(store(2, 5, 7))

    ran = replay("emit", "--since-seq", "3", "--to", "envelope", "--relink", "log.jsonl")

    assert [3, 5] == links(ran.stdout.encode())


def test_what_is_not_newer_is_left_out_as_the_server_does() -> None:
    done = emitted(store(1, 3, 2, 4, 4), remake=Remake(shape=Shape.ENVELOPE, relink=True))

    assert [0, 1, 3] == links(done.output)
    assert (2, 3) == (done.summary.left["not-newer"].events, done.summary.left["not-newer"].line)


def test_a_selection_that_is_linked_anew_has_no_broken_links(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(LOGS["envelopes"])

    ran = replay("emit", "--event", "!item.delta", "--relink", "-o", "out.jsonl", "log.jsonl")

    assert "names an event" not in ran.stderr
    assert audit(tmp_path / "out.jsonl", ignore=["no-events"]).ok


# --- What is lost, and what cannot be ----------------------------------------------------------------------------


def one(**changes: object) -> bytes:
    return text_of({**json.loads(text_of(envelope(1, 0))), **changes}) + b"\n"


def test_members_without_a_place_are_told(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(one(mine=1, kind="item.done") + one(seq=2, mine=2))

    ran = replay("emit", "--to", "record", "log.jsonl")

    assert 0 == ran.code
    assert "replay: lost mine in 2 events: there is no place for it\n" in ran.stderr
    assert "replay: lost kind in 1 event: there is no place for it\n" in ran.stderr


def test_fields_of_sse_without_a_place_are_told() -> None:
    data = b"id: 7\nretry: 10\n: hello\n" + message(envelope(1, 0)) + b": keepalive\n\n"

    done = emitted(data, remake=Remake(framing="jsonl"))

    assert {"id": 1, "retry": 1, "comment": 1} == dict(done.summary.remade.lost)
    assert text_of(envelope(1, 0)) + b"\n" == done.output
    assert ["not-held"] == [*done.summary.left]


def test_white_space_goes_and_is_counted() -> None:
    data = json.dumps(envelope(1, 0)).encode() + b"\r\n"

    done = emitted(data, remake=Remake(framing="sse"))

    assert message(envelope(1, 0)) == done.output
    assert (1, 1) == (done.summary.remade.converted, done.summary.remade.compacted)


@pytest.mark.parametrize(
    ("line", "words", "reason"),
    [
        (one(event="a\nb", kind="a\nb"), ["--as", "sse"], "name-breaks"),
        (one(timestamp="yesterday", created_at="yesterday"), ["--to", "record"], "no-time"),
        (b"{oops\n", ["--as", "sse"], "not-json"),
    ],
)
def test_what_cannot_be_held_is_left_out_and_the_exit_code_says_so(
    replay: Replay, tmp_path: Path, line: bytes, words: list[str], reason: str
) -> None:
    (tmp_path / "log.jsonl").write_bytes(line + one(seq=2))

    ran = replay("emit", *words, "log.jsonl")
    kept = replay("emit", *words, "--quarantine", "left.jsonl", "log.jsonl")

    assert (1, 0) == (ran.code, kept.code)
    piece = json.loads((tmp_path / "left.jsonl").read_text().splitlines()[1])
    assert (reason, 1, len(line)) == (piece["rule"], piece["line"], piece["length"])


def test_a_quarantine_beside_a_conversion_says_that_the_input_cannot_be_had_back(
    replay: Replay, tmp_path: Path
) -> None:
    (tmp_path / "log.jsonl").write_bytes(b"{oops\n" + one(seq=2))
    replay("emit", "--as", "sse", "--quarantine", "left.jsonl", "-o", "out.sse", "log.jsonl")

    ran = replay("emit", "--restore", "left.jsonl", "out.sse")

    assert (2, "") == (ran.code, ran.stdout)
    assert "stands beside what was converted" in ran.stderr


def test_logs_of_both_framings_become_one_stream(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(one(seq=1)[:-1])
    (tmp_path / "b.sse").write_bytes(b"\xef\xbb\xbf" + message(envelope(2, 1)))

    ran = replay("emit", "--as", "jsonl", "--event", "*", "a.jsonl", "b.sse")

    assert [2] == [json.loads(line)["seq"] for line in ran.stdout.splitlines()]
    assert [] == [line for line in ran.stderr.splitlines() if "Traceback" in line]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--relink", "records.jsonl"], "--relink: records.jsonl holds events without previous_seq; --to envelope"),
        (["--relink", "--to", "record", "records.jsonl"], "--relink: contradicts --to record"),
        (["--as", "sse", "--in-place", "--backup", "records.jsonl"], "--in-place: contradicts --as"),
        (["--as", "ssse", "records.jsonl"], "--as: 'ssse' is not 'jsonl' or 'sse'; did you mean sse?"),
        (["--to", "legacy", "records.jsonl"], "--to: 'legacy' is not 'envelope' or 'record'"),
        (["--as", "sse", "other.jsonl"], "other.jsonl: is another log"),
        (["--as", "jsonl", "records.jsonl", "other.jsonl"], "other.jsonl: is another log"),
        (["--as", "jsonl", "compat.sse"], "compat.sse: is a capture of the compat stream"),
        (["--restore", "records.jsonl", "--as", "sse", "records.jsonl"], "--restore: cannot be had with --as"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_nothing_is_written(
    replay: Replay, tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "records.jsonl").write_bytes(store(1, 2))
    (tmp_path / "other.jsonl").write_bytes(b'{"ts":"2026-11-21T06:00:00Z","event":"login","details":{}}\n' * 3)
    (tmp_path / "compat.sse").write_bytes(b'event: message.delta\ndata: {"content":"x"}\n\nevent: done\ndata: {}\n\n')

    ran = replay("emit", *words)

    assert (2, "") == (ran.code, ran.stdout)
    assert ran.stderr.startswith(f"replay: {said}")
    assert 1 == ran.stderr.count("\n")


# --- Spelling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tight"),
    [
        (b'{"a": 1}', b'{"a":1}'),
        (b'{"a":"b , c: \\" d"}', b'{"a":"b , c: \\" d"}'),
        (b' [ 1 ,\t"x\\\\" , {} ]\r', b'[1,"x\\\\",{}]'),
        ('{"a":"\u2028 \u00a0"}'.encode(), '{"a":"\u2028 \u00a0"}'.encode()),
    ],
)
def test_only_white_space_between_tokens_goes(text: bytes, tight: bytes) -> None:
    assert tight == compact(text)


@pytest.mark.parametrize(
    ("time", "written"),
    [
        ("2026-11-21T06:34:56.120000000Z", "2026-11-21T06:34:56.120"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60"),
        ("2026-11-21t06:34:56.1234567891z", "2026-11-21T06:34:56.123456789"),
        ("+12026-11-21T06:34:56Z", "+12026-11-21T06:34:56"),
        ("-0001-02-11T20:18:49Z", "-0001-02-11T20:18:49"),
    ],
)
def test_times_are_written_as_chrono_writes_them(time: str, written: str) -> None:
    fields = fields_of(record(1).replace(b"2026-11-21T06:00:01.120Z", time.encode()))
    assert fields is not None

    assert written.encode() == fields.time


def test_shared_recordings_are_where_they_should_be() -> None:
    if not SHARED.exists():
        pytest.skip("../shared is not there")
    assert len(logs("store")) > 20
