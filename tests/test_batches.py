"""Batches: many files are told alike by any number of processes, in their order."""

from __future__ import annotations

import bz2
import gzip
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from replay_cli import batches, spans
from replay_cli.batches import WORTH, Batch, answers, whole
from replay_cli.discovery import Entry
from replay_cli.planning import Options
from replay_cli.told import Report
from tests.conftest import FORMATS
from tests.proving import WRITERS

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of many small logs, some broken, one no log of ours, one that cannot be read."""
    folder = tmp_path_factory.mktemp("archive")
    frames = WRITERS["record"].frames(400)
    for number in range(60):
        (folder / f"{number:03}.jsonl").write_bytes(b"".join(frames))
    (folder / "007.jsonl").write_bytes(b"{broken\n" + frames[3])
    (folder / "011.log").write_bytes(b"just text\n" * 10)
    (folder / "012.jsonl").write_bytes(b"")
    (folder / "013.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00 cut short")
    return folder


def entries(folder: Path) -> list[Entry]:
    return [Entry(str(path), True) for path in sorted(folder.iterdir())]


def test_small_files_are_answered_in_their_order(archive: Path) -> None:
    asked = entries(archive)

    found = list(answers(asked, Options(jobs=2), whole))

    assert [entry for entry, _ in found] == asked
    assert [Path(answer.report.source).name for _, answer in found if answer and answer.report] == [
        Path(entry.path).name for entry in asked
    ]


def test_few_bytes_start_no_process(archive: Path) -> None:
    few = entries(archive)[:3]

    assert [answer for _, answer in answers(few, Options(jobs=2), whole)] == [None] * 3
    assert sum(Path(entry.path).stat().st_size for entry in few) < WORTH


def test_one_job_starts_no_process(archive: Path) -> None:
    assert {answer for _, answer in answers(entries(archive), Options(jobs=1), whole)} == {None}


@pytest.mark.parametrize("form", FORMATS)
def test_folder_is_told_byte_for_byte_alike_by_any_number_of_jobs(archive: Path, form: str) -> None:
    told = {
        (run.returncode, run.stdout, run.stderr)
        for run in (
            replay("--format", form, "--jobs", jobs, str(archive), "no-such-file") for jobs in ("1", "2", "4")
        )
    }

    assert len(told) == 1


def test_statistics_are_the_same_from_run_to_run_and_by_any_number_of_jobs(archive: Path) -> None:
    assert len({replay("--statistics", "--jobs", jobs, str(archive)).stdout for jobs in ("1", "2", "2", "3")}) == 1


# -- large compressed files ------------------------------------------------------------------------------------------


LIMIT = 50_000
"""Bytes from which on a file is large here."""


@pytest.fixture
def mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of large compressed logs, whatever their names, small ones between them, and at its end a large one
    that is not compressed and one more that is.
    """
    monkeypatch.setattr(batches, "LARGE", LIMIT)
    monkeypatch.setattr(batches, "BATCH", LIMIT)
    monkeypatch.setattr(batches, "WORTH", LIMIT)
    frames = WRITERS["record"].frames(400)
    # What cannot be compressed makes a large file of a short log.
    large = b"".join(frames) + b'{"x":"' + os.urandom(2 * LIMIT).hex().encode() + b'"}\n'
    for name, data in {
        "1.jsonl.gz": gzip.compress(large),
        "2.jsonl": b"".join(frames[:10]),
        "3.log": bz2.compress(large),
        "4.jsonl": b"{broken\n",
        "5.jsonl": large,
        "6.jsonl.gz": gzip.compress(large)[: -LIMIT // 2],
    }.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def pooled(asked: list[Entry], jobs: int = 2) -> list[str]:
    """The names of the files that were not left to the caller."""
    found = answers(asked, Options(jobs=jobs), whole)
    return [Path(entry.path).name for entry, answer in found if answer is not None]


def test_several_large_compressed_files_go_to_the_pool_with_the_small_ones_between_them(mixed: Path) -> None:
    assert pooled(entries(mixed)) == ["1.jsonl.gz", "2.jsonl", "3.log", "4.jsonl"]


def test_each_large_compressed_file_is_a_batch_of_its_own(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[str]] = []
    monkeypatch.setattr(batches, "ordered", lambda work, tasks, jobs: map(work, _noted(tasks, given)))

    pooled(entries(mixed))

    assert given == [["1.jsonl.gz"], ["2.jsonl"], ["3.log"], ["4.jsonl"]]


def test_single_large_compressed_file_is_left_to_the_caller(mixed: Path) -> None:
    assert pooled([Entry(str(mixed / name), True) for name in ("1.jsonl.gz", "5.jsonl", "6.jsonl.gz")]) == []
    assert pooled([Entry(str(mixed / name), True) for name in ("2.jsonl", "1.jsonl.gz", "4.jsonl")]) == []


def test_one_job_leaves_large_compressed_files_to_the_caller(mixed: Path) -> None:
    assert pooled(entries(mixed), jobs=1) == []


def test_what_cannot_be_opened_is_left_to_the_caller(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not by taking the right away: root has it all the same.
    monkeypatch.setattr(batches, "read_at", lambda path, offset, size: b"")

    assert pooled(entries(mixed)) == []


def test_small_compressed_files_count_by_what_they_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("1.jsonl", "2.jsonl"):
        (tmp_path / name).write_bytes(gzip.compress(b"".join(WRITERS["record"].frames(2000))))
    stored = sum(path.stat().st_size for path in tmp_path.iterdir())
    monkeypatch.setattr(batches, "WORTH", stored * 2)

    assert pooled(entries(tmp_path)) == ["1.jsonl", "2.jsonl"]

    for path in tmp_path.iterdir():
        path.write_bytes(b"".join(WRITERS["record"].frames(2000))[: stored // 2])
    assert pooled(entries(tmp_path)) == []


def test_large_compressed_files_are_told_byte_for_byte_alike_by_any_number_of_jobs(tmp_path: Path) -> None:
    # Repetitive frames would be compressed to little.
    noise = b'{"x":"' + os.urandom(spans.LARGE // 2).hex().encode() + b'"}\n'
    large = gzip.compress(b"".join(WRITERS["record"].frames(400)) + noise * 3, 1)
    (tmp_path / "1.log").write_bytes(large)
    (tmp_path / "2.jsonl").write_bytes(b"{broken\n")
    (tmp_path / "3.jsonl.gz").write_bytes(large[:-10])
    assert len(large) - 10 > spans.LARGE
    runs = [replay("--format", "json", "--jobs", jobs, str(tmp_path)) for jobs in ("1", "2", "3")]

    assert len({(run.returncode, run.stdout, run.stderr) for run in runs}) == 1
    assert b"ends after" in runs[0].stdout + runs[0].stderr


def _noted(tasks: Iterable[Batch[Report]], given: list[list[str]]) -> Iterator[Batch[Report]]:
    for task in tasks:
        given.append([Path(path).name for path in task.paths])
        yield task


def replay(*words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "replay_cli", "validate", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
