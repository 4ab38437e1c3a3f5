"""A worker that is killed: the run ends at once, with a line that is true, and nothing is left of it."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from replay_cli.batches import WORTH
from replay_cli.errors import WorkerDiedError
from replay_cli.outcome import Outcome
from replay_cli.spans import LARGE
from tests.test_interrupts import EVENT, started
from tests.test_pool import await_end

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds workers in /proc")

AT_ONCE = 1
"""Seconds, by far more than it takes; the logs take some to be audited line by line."""

SAID = r"replay: {name}: a worker process was killed, [^;\n]+; the rest was not read: try --jobs 1\n"
VALIDATE = ("validate", "--no-fast", "--jobs", "2", "--format")
LARGE_ONES = {"large.jsonl", "other.jsonl"}
SMALL = r"small/\d+\.jsonl"
CASES = {
    "one large file": ("broken.jsonl large.jsonl", r"large\.jsonl"),
    "several large files": ("broken.jsonl large.jsonl other.jsonl", r"large\.jsonl"),
    "small files": ("small", SMALL),
    "a compressed file": ("broken.jsonl packed.jsonl.gz other.jsonl", r"packed\.jsonl\.gz"),
    "small files before large ones": ("small large.jsonl other.jsonl", SMALL),
    "large files before small ones": ("broken.jsonl large.jsonl small", r"large\.jsonl"),
}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two large logs, many small ones, and one with findings."""
    place = tmp_path_factory.mktemp("logs")
    events = b"".join(EVENT % seq for seq in range(1, LARGE // len(EVENT) + 1))
    (place / "broken.jsonl").write_bytes(b"{oops\n")
    for name in ("large.jsonl", "other.jsonl"):
        (place / name).write_bytes(events + b" " * (LARGE - len(events)) + b"\n")
    (place / "packed.jsonl.gz").write_bytes(gzip.compress(events, 1))
    (place / "small").mkdir()
    for number in range(60):
        (place / "small" / f"{number:02}.jsonl").write_bytes(events[: WORTH // 10].rpartition(b"\n")[0] + b"\n")
    return place


def workers(run: subprocess.Popen[bytes], number: int) -> list[int]:
    """The workers of a run, when so many are at work."""
    limit = time.monotonic() + 30
    while len(found := Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()) < number:
        assert run.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.005)
    time.sleep(0.1)
    return list(map(int, found))


def killed(logs: Path, number: signal.Signals, *words: str) -> tuple[int, bytes, str]:
    """A run of which a worker got a signal: its exit code, and what it said to stdout and stderr."""
    with tempfile.TemporaryFile() as shown, started(logs, *words, stdout=shown) as run:
        # Of a compressed file one process reads, and the command itself audits.
        processes = workers(run, 1 if "packed.jsonl.gz" in words else 2)
        os.kill(processes[0], number)
        begun = time.monotonic()
        _, said = run.communicate(timeout=20)
        took = time.monotonic() - begun
        assert not await_end(set(processes), 0.5)
        assert took < AT_ONCE
        shown.seek(0)
        return run.returncode, shown.read(), said.decode()


@pytest.mark.parametrize(("words", "name"), CASES.values(), ids=CASES.keys())
def test_a_killed_worker_ends_the_run_with_the_name_of_the_file(logs: Path, words: str, name: str) -> None:
    code, shown, said = killed(logs, signal.SIGKILL, *VALIDATE, "json", *words.split())

    document = json.loads(shown)
    sources = [source["source"] for source in document["sources"]]
    assert re.fullmatch(SAID.format(name=name), said)
    assert (4, 4) == (code, document["exit_code"])
    assert [said] == [f"replay: {problem}\n" for problem in document["problems"]]
    assert (["broken.jsonl"] if "broken" in words else sorted(set(sources) - LARGE_ONES)) == sources


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_what_ends_the_command_ends_a_worker_as_kill_9_does(logs: Path, number: signal.Signals) -> None:
    code, shown, said = killed(logs, number, *VALIDATE, "json", "large.jsonl", "other.jsonl")

    assert (4, []) == (code, json.loads(shown)["sources"])
    assert re.fullmatch(SAID.format(name=r"large\.jsonl"), said)


@pytest.mark.parametrize("form", ["sarif", "junit", "gitlab"])
def test_the_document_has_its_end_and_its_place(logs: Path, form: str) -> None:
    code, shown, _ = killed(logs, signal.SIGKILL, *VALIDATE, form, "broken.jsonl", "large.jsonl", "other.jsonl")

    told = ET.canonicalize(shown.decode()) if form == "junit" else json.dumps(json.loads(shown))
    assert 4 == code
    assert "large.jsonl: a worker process was killed" in told


# With so short a bound nothing is proven, so that it takes a while.
MANIFEST = 'paths = ["*.jsonl", "small"]\n\n[[expect]]\npath = "**/*.jsonl"\nmax-line-bytes = 9999\n'
CHECK = ("check", "--config", "gate.toml", "--jobs", "2")


@pytest.mark.parametrize(
    ("words", "name"), [("broken.jsonl large.jsonl other.jsonl", r"large\.jsonl"), ("small large.jsonl", SMALL)]
)
def test_check_ends_with_what_was_looked_at(logs: Path, words: str, name: str) -> None:
    (logs / "gate.toml").write_text(MANIFEST)
    code, shown, said = killed(logs, signal.SIGKILL, *CHECK, "--format", "json", *words.split())

    document = json.loads(shown)
    assert re.fullmatch(SAID.format(name=name), said)
    assert (4, 4) == (code, document["exit_code"])
    assert [said] == [f"replay: {problem}\n" for problem in document["problems"]]
    assert not LARGE_ONES & {recording["path"] for recording in document["recordings"]}


def test_check_writes_no_manifest_of_what_it_did_not_look_at(logs: Path) -> None:
    (logs / "gate.toml").write_text(MANIFEST)
    code, shown, said = killed(logs, signal.SIGKILL, *CHECK, "--update", "broken.jsonl", "large.jsonl", "other.jsonl")

    assert (4, b"", MANIFEST) == (code, shown, (logs / "gate.toml").read_text())
    assert re.fullmatch(SAID.format(name=r"large\.jsonl"), said)


def test_the_place_of_a_killed_worker_is_its_file() -> None:
    outcome = Outcome()
    outcome.add_problem(error := WorkerDiedError("a.jsonl"))
    outcome.add_problem(WorkerDiedError())

    assert {str(error): ("a.jsonl", 1)} == outcome.places
    assert 4 == outcome.exit_code
