"""``replay emit --pace``: a real process, read with a clock beside it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import COMMAND, Replay, environment
from tests.making import compact, envelope, message

LATE = 0.4
"""Seconds that an event may come late on a machine that has much to do."""


def at(seq: int, seconds: float) -> dict[str, object]:
    """An event of this time, in seconds of one hour."""
    minute, second = divmod(seconds, 60)
    when = f"2026-11-21T06:{int(minute):02}:{second:09.6f}+00:00"
    return {**envelope(seq, seq - 1), "timestamp": when, "created_at": when}


def log(path: Path, times: Sequence[float]) -> Path:
    path.write_bytes(b"".join(compact(at(seq, seconds)) + b"\n" for seq, seconds in enumerate(times, start=1)))
    return path


def arrivals(path: Path, *words: str) -> list[float]:
    """When each line came, in seconds after the first."""
    command = [*COMMAND, "emit", "-q", *words, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as run:
        assert run.stdout is not None
        came = [time.monotonic() for _ in iter(run.stdout.readline, b"")]
    assert 0 == run.returncode
    return [one - came[0] for one in came]


def in_time(due: Sequence[float], came: Sequence[float]) -> bool:
    # The first line may come late, and then all others seem to be early.
    return len(due) == len(came) and all(-LATE < one - then < LATE for then, one in zip(due, came, strict=True))


@pytest.mark.parametrize(
    ("words", "times", "due"),
    [
        (["--pace"], [0, 0.5, 1.5], [0, 0.5, 1.5]),
        (["--pace", "10"], [0, 5, 20], [0, 0.5, 2]),
        (["--pace=0.5"], [0, 0.5], [0, 1]),
        (["--pace", "--max-idle", "500ms"], [0, 0.2, 3000], [0, 0.2, 0.7]),
        (["--pace", "2x", "--max-idle", "1s"], [0, 1, 3000], [0, 0.5, 1.5]),
        (["--pace"], [100, 100.5, 40, 40.5], [0, 0.5, 0.5, 1]),
        (["--pace", "--as", "jsonl", "--relink"], [0, 0.8], [0, 0.8]),
        (["--pace", "--since-seq", "1"], [0, 900, 900.6], [0, 0.6]),
    ],
    ids=["as recorded", "faster", "slower", "idle", "idle and faster", "back in time", "converted", "selected"],
)
def test_events_come_when_they_are_due(
    tmp_path: Path, words: list[str], times: list[float], due: list[float]
) -> None:
    assert in_time(due, arrivals(log(tmp_path / "log.jsonl", times), *words))


def test_a_thousand_events_do_not_drift(tmp_path: Path) -> None:
    due = [seq / 500 for seq in range(1001)]

    came = arrivals(log(tmp_path / "log.jsonl", due), "--pace")

    # A thousand late wakings would add up.
    assert 1001 == len(came)
    assert 2 - LATE < came[-1] < 2 + LATE


def test_messages_of_a_capture_come_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "log.sse"
    path.write_bytes(b"".join(message(at(seq, 0.7 * seq)) for seq in (1, 2)))

    assert in_time([0, 0, 0, 0.7, 0.7, 0.7], arrivals(path, "--pace"))


def test_what_is_paced_is_byte_for_byte_what_came_in(replay: Replay, tmp_path: Path) -> None:
    path = log(tmp_path / "log.jsonl", [0, 0.1, 0.2])
    path.write_bytes(b"\n{oops\n" + path.read_bytes())

    ran = replay("emit", "-q", "--pace", "log.jsonl")

    assert path.read_text() == ran.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--pace", "-o", "out.jsonl"], "--pace: contradicts --output"),
        (["--pace", "--in-place", "--backup"], "--pace: contradicts --in-place"),
        (["--pace", "--dry-run"], "--pace: contradicts --dry-run"),
        (["--pace", "--last", "3"], "--pace: contradicts --last"),
        (["--max-idle", "2s"], "--max-idle: belongs to --pace"),
        (["--pace", "0"], "--pace: '0' is no speed"),
        (["--pace=fast"], "--pace: 'fast' is no speed"),
        (["--pace", "--max-idle", "soon"], "--max-idle: 'soon' is no length of time"),
        (["--pace="], "--pace: is given an empty value"),
    ],
)
def test_what_cannot_be_meant_is_one_line(replay: Replay, tmp_path: Path, words: list[str], said: str) -> None:
    log(tmp_path / "log.jsonl", [0, 1])

    ran = replay("emit", *words, "log.jsonl")

    assert (2, "") == (ran.code, ran.stdout)
    assert ran.stderr.startswith(f"replay: {said}")
    assert 1 == ran.stderr.count("\n")
