"""Batches: many files are told alike by any number of processes, in their order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from replay_cli.batches import WORTH, answers, whole
from replay_cli.discovery import Entry
from replay_cli.planning import Options
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


def replay(*words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "replay_cli", "validate", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
