"""Fuzzing, a little of it, and every failure that it ever found (``bench/fuzz.py``; ``make fuzz`` for a million)."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("resource", reason="bench/fuzz.py measures memory as Unix does")

from bench.fuzz import Case, Trickle, fuzz, make_case, problem, read_case, shrunk, write_case
from replay_cli import Report, audit

FUZZED = sorted((Path(__file__).parent / "fuzzed").glob("*.case*"))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_few_thousand_broken_logs_break_nothing(seed: int) -> None:
    tried = fuzz(seed, range(2000), 60, None)

    assert [] == tried.failures
    assert 2000 == tried.cases


@pytest.mark.parametrize("path", FUZZED, ids=lambda path: path.name.partition(".")[0])
def test_what_fuzzing_found_stays_mended(path: Path) -> None:
    assert "" == problem(read_case(path))


def test_a_source_is_known_by_its_number() -> None:
    assert [make_case(5, number) for number in range(50)] == [make_case(5, number) for number in range(50)]


def test_a_stream_that_trickles_gives_all_its_bytes() -> None:
    data = bytes(range(256)) * 20
    stream = Trickle(data, 3)
    pieces = list(iter(lambda: stream.read(1000), b""))

    assert data == b"".join(pieces)
    assert len({len(piece) for piece in pieces}) > 2


def test_a_failure_is_shrunk_and_kept_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.fuzz.problem", lambda case: "slow: very" if b"\xff" in case.data else "")
    case = Case(b"a\n" * 100 + b"\xff" + b"b" * 100, {"profile": "record", "max_findings": 1}, None, 7)
    small = shrunk(case, "slow: very")
    path = write_case(tmp_path, "slow", small, "slow: very")

    assert Case(b"\xff", {}, None, 7) == small == read_case(path)


def test_what_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks see what they are for: an exception, another report for other reads."""

    def fails(*_: object, **__: object) -> None:
        raise RecursionError("too deep")

    case = Case(b'{"seq":1}\n', {}, b'{"seq":1}\n')
    assert "" == problem(case)
    monkeypatch.setattr("bench.fuzz.audit", fails)
    assert problem(case).startswith("raised: RecursionError 'too deep' at test_fuzz.py:fails")
    monkeypatch.undo()
    monkeypatch.setattr("bench.fuzz.Trickle", lambda data, seed: io.BytesIO(data[:-1]))
    assert problem(case).startswith("reads: ")


def test_an_audit_without_an_end_is_told_and_one_that_only_waits_for_the_machine_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def spins(*_: object, **__: object) -> None:
        while True:
            pass

    def waits(*words: Any, **options: Any) -> Report:
        time.sleep(0.8)
        return audit(*words, **options)

    monkeypatch.setattr("bench.fuzz.SLOW", 0.2)
    monkeypatch.setattr("bench.fuzz.audit", spins)
    assert ["0: hung: no end in sight"] == [one.partition(" (")[0] for one in fuzz(1, range(1), 60, None).failures]

    monkeypatch.setattr("bench.fuzz.audit", waits)
    assert not [one for one in fuzz(1, range(1), 60, None).failures if "hung" in one]
