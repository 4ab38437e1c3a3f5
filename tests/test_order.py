"""Order: neighbours within a thread, and the second look where the order is broken (DECISIONS, Order)."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from replay_cli import Report, audit
from tests.making import capture, envelope, message, record, store

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
BAD = b"event: item.delta\ndata: {oops\n\n"


@pytest.mark.parametrize(
    ("log", "rules"),
    [
        (store(1, 2, 7), {}),
        (store(1, 2, 2), {"seq-duplicate": 1}),
        (store(1, 3, 2), {"seq-step-back": 1}),
        (store(1) + record(2) + record(2, payload={"delta": "other"}), {"seq-conflict": 1}),
        (record(5, thread="thr_1") + record(3, thread="thr_2") + record(6, thread="thr_1"), {}),
        (capture((1, 0), (2, 1), (9, 2)), {}),
        (capture((1, 0), (9, 2)), {"broken-link": 1}),
        (capture((5, 3), (9, 4)), {"broken-link": 1}),
        (capture((1, 0), (9, None)), {}),
        (capture((3, 3)), {"broken-link": 1}),
        (capture((3, 7)), {"broken-link": 1}),
        (capture((1, 0), (2, 1)) + BAD + capture((4, 3)), {"not-json": 1, "link-after-damage": 1}),
        (
            capture((1, 0), (2, 1)) + BAD + capture((4, 3), (6, 5)),
            {"not-json": 1, "link-after-damage": 1, "broken-link": 1},
        ),
        (capture((1, 0)) + HEAD + capture((4, 3)), {"new-connection": 1}),
        (HEAD + capture((1, 0)), {}),
        (capture((1, 0), (2, 1), (3, 2), (2, 1), (3, 2), (4, 3)), {"seq-step-back": 1, "new-connection": 1}),
        (capture((1, 0), (2, 1), (3, 2), (5, 2)), {"new-connection": 1}),
    ],
)
def test_an_event_is_compared_with_the_one_before_it_in_its_thread(log: bytes, rules: dict[str, int]) -> None:
    assert rules == audit(log).rules


def test_gaps_are_looked_for_only_when_asked() -> None:
    log = store(1, 2, 9, 10, 20)

    assert {} == audit(log).rules
    assert {"seq-gap": 2} == audit(log, severity=["seq-gap=warning"]).rules
    assert {"seq-gap": 2} == audit(log, select=["seq-gap"]).rules
    assert {} == audit(log, select=["all"], ignore=["seq-gap"]).rules


def conflicts(report: Report) -> list[int]:
    return [one.line for one in report.findings if one.name == "seq-conflict"]


def test_conflicts_far_apart_are_found_by_a_second_look() -> None:
    log = store(1, 2, 3) + record(1) + record(2, payload={"delta": "other"}) + record(3) + store(4)
    report = audit(log)

    assert [5] == conflicts(report)
    assert {"seq-step-back": 1, "seq-conflict": 1} == report.rules
    assert report.order is not None
    assert (2, 1, 3, True) == (
        report.order.repeated,
        report.order.conflicting,
        report.order.passed_over,
        report.order.exact,
    )


def test_what_can_be_read_only_once_says_that_its_numbers_are_lower_bounds() -> None:
    report = audit(io.BytesIO(store(1, 2, 3, 1, 2, 3)))

    assert report.order is not None
    assert (1, False) == (report.order.passed_over, report.order.exact)


def test_content_is_the_same_however_it_is_laid_out_and_linked() -> None:
    """Another connection gives an event another previous_seq, and may be recorded with other white space."""
    one = envelope(4, 3)
    other = b"event: item.delta\ndata: " + json.dumps(envelope(4, 1), sort_keys=True).encode() + b"\n\n"

    assert {"seq-duplicate": 1, "new-connection": 1} == audit(message(one) + other).rules


def test_a_store_log_of_another_thread_is_told_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "state.json").write_text('{"schema_version":2,"next_seq":9}')
    path = tmp_path / "events" / "thr_1.jsonl"
    path.write_bytes(record(1) + record(2, thread="thr_2") + record(3))
    report = audit(path)

    assert {"wrong-thread": 1} == report.rules
    assert "the runtime reads it whole; streams 2 of 3 events, 1 dropped as of another thread" == report.verdict


def test_a_capture_of_two_threads_is_one_finding_for_the_second() -> None:
    log = capture((1, 0)) + message(envelope(2, 0, thread="thr_2")) + capture((3, 1))

    assert {"second-thread": 1} == audit(log).rules


def test_a_log_of_several_threads_in_jsonl_is_no_capture() -> None:
    assert {} == audit(record(1) + record(2, thread="thr_2") + record(3)).rules


def test_time_is_compared_only_where_seq_went_on() -> None:
    early = {"timestamp": "2020-01-01T00:00:00Z"}

    assert {"time-went-back": 1} == audit(record(1) + record(2, **early)).rules
    assert {"seq-step-back": 1} == audit(record(3) + record(2, **early)).rules
