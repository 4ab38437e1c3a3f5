"""The recordings of the real runtime: what is clean is found clean, what is torn is told as what the runtime did."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay_cli import Report, audit
from tests.recordings import SHARED, logs, shared

CLEAN = logs("store", "captures", "old", "twin")
COMPAT = ("compat.sse", "compat_tools.sse")


def title(path: Path) -> str:
    return str(path.relative_to(SHARED / "recorded"))


@pytest.mark.parametrize("path", CLEAN, ids=title)
def test_a_clean_recording_has_no_finding(path: Path) -> None:
    report = audit(path)

    assert {"compat-stream": 1} if path.name in COMPAT else {} == report.rules


@pytest.mark.parametrize(
    ("name", "events", "shape"),
    [
        ("store/events/thr_e777afbf.jsonl", 94, "record"),
        ("store/events/thr_92c4e92f.jsonl", 1486, "record"),
        ("captures/story.sse", 94, "envelope"),
        ("captures/approvals.sse", 39, "envelope"),
        ("captures/compat.sse", 14, "compat"),
        ("old/v0.8.40/text.sse", 101, "legacy"),
        ("old/v0.9.0/text.sse", 100, "envelope"),
    ],
)
def test_every_event_is_seen_and_its_shape_is_known(name: str, events: int, shape: str) -> None:
    report = audit(shared(f"recorded/{name}"))

    assert (events, shape) == (report.events, report.profile)


@pytest.mark.parametrize("path", [path for path in CLEAN if "/events/" in str(path)], ids=title)
def test_the_runtime_reads_its_own_logs_whole(path: Path) -> None:
    assert "the runtime reads it whole" == audit(path).verdict


def whole_capture(path: Path) -> Report:
    return audit(path, profile="auto")


def test_captures_of_whole_threads_are_accepted_by_a_client() -> None:
    report = whole_capture(shared("recorded/captures/story.sse"))

    assert "a client accepts all 94 events" == report.verdict


@pytest.mark.parametrize(("name", "line", "tail"), [("thr_0c50b01e.jsonl", 61, 131), ("thr_596eae86.jsonl", 11, 706)])
def test_a_torn_tail_is_one_finding_and_is_cut_at_the_next_start(name: str, line: int, tail: int) -> None:
    """README of the recordings: "Each is one torn tail and nothing else", and the runtime cut both off."""
    report = audit(shared(f"recorded/torn/events/{name}"))

    assert {"torn-tail": 1} == report.rules
    assert [line] == [one.line for one in report.findings]
    assert f"the runtime reads it whole and cuts {tail} bytes of torn tail at its next start" == report.verdict


def test_a_broken_line_with_its_newline_keeps_the_runtime_from_starting() -> None:
    """Seen: `error: Failed to parse event line in …`, exit 1; the same line without its newline is cut off."""
    data = shared("recorded/store/events/thr_e777afbf.jsonl").read_bytes()
    terminated, torn = audit(data + b'{"schema_version":2,"seq":\n'), audit(data + b'{"schema_version":2,"seq":')

    assert "the runtime does not start because of line 95" == terminated.verdict
    assert "the runtime reads it whole and cuts 26 bytes of torn tail at its next start" == torn.verdict


def test_reconnected_captures_in_a_row_go_on_where_the_one_before_ended() -> None:
    one, two, three = (shared(f"recorded/captures/reconnect_{number}.sse").read_bytes() for number in (1, 2, 3))

    assert {} == audit(one + two).rules
    overlapping = audit(one + two + three)
    assert {"seq-step-back": 1, "new-connection": 1} == overlapping.rules
    assert "a client accepts 128 of 134 events and ignores 6 already seen" == overlapping.verdict


def test_a_log_whose_first_64_kib_cannot_be_read_is_still_known_for_what_it_is() -> None:
    """What power loss leaves can be long, and `tail -c` cuts into lines of any length."""
    log = shared("recorded/store/events/thr_bba987a0.jsonl").read_bytes()

    for damage, rule in ((b"\0" * 70_000 + b"\n", "nul-run"), (b"x" * 70_000 + b'"}}\n', "not-json")):
        report = audit(damage + log)
        assert ("record", {rule: 1}, 4) == (report.profile, report.rules, report.events)


def test_a_capture_that_stands_in_a_store_is_still_a_capture(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "state.json").write_text('{"schema_version":2,"next_seq":1}')
    path = tmp_path / "events" / "story.sse"
    path.write_bytes(shared("recorded/captures/story.sse").read_bytes())

    assert ({}, "a client accepts all 94 events") == (audit(path).rules, audit(path).verdict)


def test_a_capture_in_the_place_of_a_store_log_is_a_broken_log(tmp_path: Path) -> None:
    """The runtime reads whatever stands there line by line."""
    (tmp_path / "events").mkdir()
    (tmp_path / "state.json").write_text('{"schema_version":2,"next_seq":1}')
    path = tmp_path / "events" / "thr_1a2b3c4d.jsonl"
    path.write_bytes(shared("recorded/captures/story.sse").read_bytes())

    assert "the runtime does not start because of line 1" == audit(path).verdict


def test_heads_of_interim_and_redirecting_answers_may_come_first() -> None:
    capture = shared("recorded/captures/approvals.sse").read_bytes()

    assert 39 == audit(b"HTTP/1.1 100 Continue\r\n\r\n" + capture).events
    assert 39 == audit(b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /x\r\n\r\n" + capture).events
