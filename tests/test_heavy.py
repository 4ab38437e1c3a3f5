"""Heavy texts: what is read without building values gets the same verdict as what is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay_cli import Report, audit, heavy
from replay_cli.jsontext import JsonReader, Reading
from tests.making import record
from tests.recordings import logs, vectors

FIXTURES = Path(__file__).parents[1] / "fixtures"
LOGS = [
    *(path for path in FIXTURES.rglob("*") if path.suffix in (".jsonl", ".sse")),
    *logs("store", "captures", "old"),
]


@pytest.fixture
def every_text_is_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heavy, "HEAVY", 0)
    monkeypatch.setattr(heavy, "LARGE", 100)


def told(report: Report) -> tuple[object, ...]:
    """All that a report says, but the words of a syntax error, and conflicts of content that is only compared."""
    places = [(one.code, one.line, one.offset if one.name != "not-json" else 0) for one in report.findings]
    return (report.verdict, report.rules, report.events, report.seq, report.order, places)


def test_recordings_and_fixtures_get_the_same_report(monkeypatch: pytest.MonkeyPatch) -> None:
    built = [told(audit(path)) for path in LOGS]
    monkeypatch.setattr(heavy, "HEAVY", 0)
    monkeypatch.setattr(heavy, "LARGE", 100)

    assert built == [told(audit(path)) for path in LOGS]


def test_lines_of_the_vectors_get_the_same_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [(vector["shape"], vector["bytes"] + b"\n") for vector in vectors("envelope_lines.jsonl")]
    built = [audit(line, profile=shape, framing="jsonl").rules for shape, line in lines]
    monkeypatch.setattr(heavy, "HEAVY", 0)
    monkeypatch.setattr(heavy, "LARGE", 100)

    assert built == [audit(line, profile=shape, framing="jsonl").rules for shape, line in lines]


def test_json_is_accepted_or_not_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [vector["bytes"] for vector in vectors("json_lines.jsonl")]
    built = [isinstance(JsonReader().read(text), Reading) for text in texts]
    monkeypatch.setattr(heavy, "HEAVY", 0)
    monkeypatch.setattr(heavy, "LARGE", 8)

    assert built == [isinstance(JsonReader().read(text), Reading) for text in texts]


@pytest.mark.usefixtures("every_text_is_heavy")
def test_a_large_value_is_replaced_by_a_small_one_of_its_type() -> None:
    outcome = JsonReader().read(b'{"a":[' + b"{}," * 100 + b'{}],"b":{"c":[' + b"1," * 100 + b'1],"id":"x"},"d":1}')

    assert isinstance(outcome, Reading)
    assert isinstance(outcome.value, dict)
    assert ["a", "b", "d"] == list(outcome.value)
    assert 1 == len(outcome.value["a"])
    assert "x" == outcome.value["b"]["id"]
    assert 1 == len(outcome.value["b"]["c"])


@pytest.mark.usefixtures("every_text_is_heavy")
def test_repeated_and_conflicting_events_are_told_apart_by_what_was_replaced() -> None:
    one, other = ({"delta": "x", "more": [number] * 200} for number in (1, 2))
    lines = [record(1, payload=one), record(1, payload=one), record(1, payload=other)]

    assert {"seq-duplicate": 1, "seq-conflict": 1} == audit(b"".join(lines)).rules


@pytest.mark.usefixtures("every_text_is_heavy")
def test_long_strings_are_compared_by_what_they_say() -> None:
    long, escaped = "é😀" * 100, ("\\u00e9\\ud83d\\ude00" * 100).encode()
    one = record(1, payload=long)
    same = one.replace(long.encode(), escaped)
    other = one.replace("é😀".encode(), "é😁".encode(), 1)

    assert {"seq-duplicate": 1, "seq-conflict": 1} == audit(one + same + other).rules


@pytest.mark.usefixtures("every_text_is_heavy")
def test_what_a_doubled_name_shadows_is_replaced_too() -> None:
    outcome = JsonReader().read(b'{"a":[' + b"{}," * 100 + b'{}],"a":1}')

    assert isinstance(outcome, Reading)
    assert ("a",) == outcome.duplicates


def test_a_line_of_a_million_objects_takes_little_memory() -> None:
    tracemalloc = pytest.importorskip("tracemalloc")
    line = record(1, payload={"delta": "x"})[:-3] + b',"more":[' + b"{}," * 1_000_000 + b"{}]}}\n"
    tracemalloc.start()
    report = audit(line)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert {} == report.rules
    assert peak < 30 * 1024 * 1024
