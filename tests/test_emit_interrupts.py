"""Emission interrupted, for real: signals, ``kill -9``, full disks, readers that leave, and a log that changes.

The law: an output, a quarantine, and a log that is replaced are whole and new, or what they were before.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Replay
from tests.making import record, store
from tests.test_interrupts import EVENT, MANY, SIGNALS, started

TEMPORARY = ".tmp"


@pytest.fixture(scope="module")
def text() -> bytes:
    """A log that takes a second or two, with one bad line at its end."""
    return b"".join(EVENT % seq for seq in range(1, MANY)) + b"{oops\n"


@pytest.fixture
def logs(tmp_path: Path, text: bytes) -> Path:
    """A folder with that log, and with an output and a quarantine of an earlier run."""
    (tmp_path / "long.jsonl").write_bytes(text)
    (tmp_path / "out.jsonl").write_text("old")
    (tmp_path / "left.jsonl").write_text("old too")
    return tmp_path


def await_temporary(folder: Path, size: int = 1) -> None:
    """Wait until so much of the output was written."""
    limit = time.monotonic() + 30
    while not any(path.stat().st_size >= size for path in folder.glob(f".*{TEMPORARY}")):
        assert time.monotonic() < limit
        time.sleep(0.005)


def held(folder: Path) -> dict[str, bytes]:
    """All files there, temporary ones left out."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith(TEMPORARY)}


WISHES = {
    "output": ["-o", "out.jsonl", "--force", "long.jsonl"],
    "output and quarantine": ["--clean", "-o", "out.jsonl", "--quarantine", "left.jsonl", "--force", "long.jsonl"],
    "compressed output": ["-o", "out.jsonl.zst", "long.jsonl"],
    "in place": ["--clean", "--in-place", "--backup", "long.jsonl"],
    "in place and quarantine": [
        *("--clean", "--in-place", "--backup", "--quarantine", "left.jsonl", "--force", "long.jsonl"),
    ],
}


@pytest.mark.parametrize("words", WISHES.values(), ids=WISHES.keys())
def test_kill_9_in_the_middle_leaves_every_file_as_it_was(logs: Path, words: list[str]) -> None:
    before = held(logs)
    with started(logs, "emit", *words) as run:
        await_temporary(logs)
        run.kill()
        run.wait(20)

    assert -signal.SIGKILL == run.returncode
    assert before == held(logs)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("words", [WISHES["output and quarantine"], WISHES["in place"]], ids=["output", "in place"])
def test_a_signal_leaves_every_file_as_it_was_and_nothing_else(
    logs: Path, words: list[str], number: signal.Signals
) -> None:
    before = held(logs)
    with started(logs, "emit", *words) as run:
        await_temporary(logs)
        run.send_signal(number)
        _, said = run.communicate(timeout=20)

    assert SIGNALS[number] == run.returncode
    assert before == held(logs)
    assert not [*logs.glob(f".*{TEMPORARY}")]
    assert said.count(b"\n") <= 1
    assert b"Traceback" not in said


@pytest.mark.parametrize("words", WISHES.values(), ids=WISHES.keys())
def test_a_full_disk_leaves_every_file_as_it_was_and_nothing_else(logs: Path, words: list[str]) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    before = held(logs)
    with started(logs, "emit", *words, preexec_fn=small) as run:
        _, said = run.communicate(timeout=30)

    assert (2, 1) == (run.returncode, said.count(b"\n"))
    assert b"cannot be written: File too large" in said
    assert before == held(logs)
    assert not [*logs.glob(f".*{TEMPORARY}")]


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/dev/shm").is_dir(), reason="mounting takes root")
def test_a_tiny_file_system_that_fills_up_leaves_the_log_as_it_was(logs: Path, tmp_path: Path) -> None:
    place = tmp_path / "tiny"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        data = b"".join(EVENT % seq for seq in range(1, 900)) + b"{oops\n"
        (place / "log.jsonl").write_bytes(data)
        with started(place, "emit", "--clean", "--in-place", "--backup", "log.jsonl") as run:
            _, said = run.communicate(timeout=30)

        assert (2, 1) == (run.returncode, said.count(b"\n"))
        assert b"No space left on device" in said
        assert {"log.jsonl": data} == held(place)
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_log_that_is_written_to_meanwhile_is_not_replaced(logs: Path, text: bytes) -> None:
    with started(logs, "emit", "--clean", "--in-place", "--backup", "long.jsonl") as run:
        await_temporary(logs, 100_000)
        with open(logs / "long.jsonl", "ab") as log:
            log.write(record(MANY + 5))
        _, said = run.communicate(timeout=30)

    assert 2 == run.returncode
    assert b"was changed while it was read; it stays as it is" in said
    assert text + record(MANY + 5) == (logs / "long.jsonl").read_bytes()
    assert not (logs / "long.jsonl.bak").exists()
    assert not [*logs.glob(f".*{TEMPORARY}")]


def test_a_reader_that_leaves_ends_it_and_no_quarantine_is_kept(logs: Path) -> None:
    before = held(logs)
    words = ("emit", "--clean", "--quarantine", "left.jsonl", "--force", "long.jsonl")
    with started(logs, *words) as run:
        assert run.stdout is not None
        run.stdout.readline()
        run.stdout.close()
        begun = time.monotonic()
        _, said = run.communicate(timeout=20)

    assert (141, b"") == (run.returncode, said)
    assert time.monotonic() - begun < 5
    assert before == held(logs)
    assert not [*logs.glob(f".*{TEMPORARY}")]


def test_the_stream_goes_on_while_stdin_is_open(logs: Path) -> None:
    """Piped through, events come out as they come in."""
    with started(logs, "emit", "-q", "-", stdin=subprocess.PIPE) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        run.stdin.write(store(*range(1, 700)))
        run.stdin.flush()
        assert record(1) == run.stdout.readline()
        run.stdin.write(store(700))
        run.stdin.close()
        rest = run.stdout.read()

    assert store(*range(2, 701)) == rest


def test_what_is_written_in_the_end_is_durable_and_whole(replay: Replay, logs: Path, text: bytes) -> None:
    ran = replay("emit", *WISHES["in place and quarantine"])

    assert 0 == ran.code
    assert text.removesuffix(b"{oops\n") == (logs / "long.jsonl").read_bytes()
    assert text == (logs / "long.jsonl.bak").read_bytes()
