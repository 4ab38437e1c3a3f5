"""``emit --since-seq`` with an index: what is written is what is written without one, and what is told is true."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay_cli.emission import Emission
from replay_cli.planning import Options
from replay_cli.remaking import Remake
from replay_cli.selection import Globs, Selection
from replay_cli.sieve import Wish
from replay_cli.sources import open_path
from replay_cli.summary import Summary
from tests.conftest import Replay
from tests.indexing import CHANGES, EVENT, aged, asked, cache, log_of, remembered, told
from tests.making import compact, envelope, record

__all__ = ["cache", "remembered"]


@pytest.fixture(autouse=True)
def small_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs of a few kilobytes are read in many pieces, too."""
    monkeypatch.setattr("replay_cli.sources.CHUNK", 5 * EVENT)
    monkeypatch.setattr("replay_cli.sniffing.HEAD", 5 * EVENT)
    monkeypatch.setattr("replay_cli.planning.HEAD", 5 * EVENT)


def written(path: Path, cached: bool, selection: Selection, remake: Remake | None = None, **wish: Any) -> Any:
    """What is written of a log, and its summary."""
    output = BytesIO()
    with Emission(Wish(selection, **wish), Options(cache=cached), output, remake=remake) as emission:
        with open_path(path) as source:
            emission.take(source)
        emission.close()
    return output.getvalue(), emission.summary


def outcome(summary: Summary) -> tuple[Any, ...]:
    """What must not depend on an index: what decides the exit code, what was kept, and what was met."""
    document = summary.document()
    left = {one["reason"]: one["events"] for one in document["left_out"]}  # type: ignore[attr-defined]
    left["not-selected"] = left.get("not-selected", 0) + summary.passed_events
    read = (summary.events + summary.passed_events, summary.bytes + summary.passed_bytes)
    broken = [one._replace(source="") for one in summary.links.listed]
    return (
        read,
        summary.kept,
        summary.kept_bytes,
        {reason: number for reason, number in left.items() if number},
        (summary.lost, summary.conflicts, summary.links.caused, summary.links.before, broken),
        summary.failures,
        summary.stopped,
    )


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    begin=st.integers(0, 40),
    changes=st.lists(CHANGES, max_size=6),
    since=st.integers(0, 62),
    until=st.one_of(st.none(), st.integers(63, 64)),
    last=st.one_of(st.none(), st.integers(0, 3)),
    skimmed=st.booleans(),
)
def test_what_is_written_with_an_index_is_what_is_written_without(
    tmp_path: Path,
    cache: Path,
    begin: int,
    changes: list[tuple[str, Any]],
    since: int,
    until: int | None,
    last: int | None,
    skimmed: bool,
) -> None:
    for path, seq, step in asked(tmp_path, cache, begin, changes, since):
        selection = Selection(since_seq=seq, until_seq=None if until is None else 10_000 + until)
        if skimmed:
            told(path, seq, cached=True)
        if not path.stat().st_size:
            continue
        without, alone = written(path, False, selection, last=last)
        found, summary = written(path, True, selection, last=last)
        assert without == found, step
        assert outcome(alone) == outcome(summary), step


@pytest.mark.parametrize(
    ("remake", "more"),
    [
        (Remake(relink=True, base=10_350), {}),
        (Remake(framing="sse"), {}),
        (Remake(), {"events": Globs(["turn.*"])}),
        (Remake(), {"until_seq": 10_370}),
    ],
)
def test_what_becomes_of_events_does_not_depend_on_it(
    tmp_path: Path, cache: Path, remake: Remake, more: dict[str, Any]
) -> None:
    path = tmp_path / "log.jsonl"
    lines = [compact(envelope(10_000 + seq, 9_999 + seq)) + b"\n" for seq in range(400)]
    lines[380] = lines[380].replace(b'"previous_seq":10379', b'"previous_seq":10200')
    path.write_bytes(b"".join(lines))
    selection = Selection(since_seq=10_350, **more)
    without, alone = written(path, False, selection, remake)
    written(path, True, selection, remake)
    aged()
    found, summary = written(path, True, selection, remake)

    assert (without, outcome(alone)) == (found, outcome(summary))
    assert summary.passed_events > 300
    assert summary.bytes < 80 * EVENT * 2


@pytest.mark.parametrize("odd", [b"{oops\n", b"\n", record(10_100, thread="thr_2"), b"[1]\n"])
def test_only_events_are_passed_over(tmp_path: Path, cache: Path, odd: bytes) -> None:
    """What cannot be read decides the exit code, so a log with such a line is read from there on, at the latest."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(log_of(*range(100)) + odd + log_of(*range(100, 200)))
    selection = Selection(since_seq=10_190)
    without, alone = written(path, False, selection)
    for _ in range(3):
        found, summary = written(path, True, selection)
        assert (without, outcome(alone)) == (found, outcome(summary))
        assert summary.passed_bytes <= 100 * EVENT
        assert (summary.lost > 0) == (odd[:1] in b"{[" and b"thr_2" not in odd)


def test_tail_and_emit_share_it(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(log_of(*range(200)))
    selection = Selection(since_seq=10_190)
    told(path, 10_190, cached=True)
    # Lines that were only skimmed may be unreadable.
    assert 0 == written(path, True, selection)[1].passed_bytes
    assert 150 < written(path, True, selection)[1].passed_events
    told(path, 10_190, cached=True)
    with open(path, "ab") as file:
        file.write(log_of(*range(200, 220)))
    told(path, 10_190, cached=True)
    assert 150 < written(path, True, selection)[1].passed_events


@pytest.mark.parametrize(
    "words",
    [["--clean"], ["--quarantine", "left.jsonl"], ["--sort"], ["--no-cache"]],
)
def test_where_all_is_to_be_accounted_for_all_is_read(
    replay: Replay, remembered: dict[str, str], words: list[str]
) -> None:
    for _ in range(2):
        ran = replay("emit", *words, "--force", "--since-seq", "31998", "log.jsonl", env=remembered)
        assert (0, record(31_999).decode()) == (ran.code, ran.stdout)
        assert "did not read" not in ran.stderr
        assert "read 22,000 events" in ran.stderr
    assert "0 indexes" in replay("cache", env=remembered).stdout


def test_it_says_what_it_did_not_read(replay: Replay, tmp_path: Path, remembered: dict[str, str]) -> None:
    words = ["emit", "--since-seq", "31998", "--summary-json", "told.json", "--force", "log.jsonl"]
    first, second = replay(*words, env=remembered), replay(*words, env=remembered)
    document = json.loads((tmp_path / "told.json").read_text())

    assert (0, first.stdout) == (second.code, second.stdout)
    assert "did not read" not in first.stderr
    assert "before these, which by the index are not asked for; --no-cache reads all" in second.stderr
    assert 22_000 == document["events"]["read"] + document["not_read"]["events"]
    assert document["not_read"]["events"] > 15_000
    assert (tmp_path / "log.jsonl").stat().st_size == document["bytes"]["read"] + document["not_read"]["bytes"]
