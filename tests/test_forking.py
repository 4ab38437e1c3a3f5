"""A run that is begun as a fork is a run that was started: what the tests of the command line stand on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import COMMAND, environment, forks
from tests.forking import Forks
from tests.making import capture, record, store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

WHOLE = store(*range(1, 400), completed=True)

RUNS: dict[str, tuple[str, bytes]] = {
    "nothing asked": ("", b""),
    "help": ("validate --help", b""),
    "a version": ("--version", b""),
    "what is no command": ("nothing", b""),
    "a clean log": ("validate whole.jsonl", b""),
    "two processes": ("validate --jobs 2 whole.jsonl broken.jsonl", b""),
    "a broken log, for programs": ("validate --format json broken.jsonl", b""),
    "a broken log, for people": ("validate --format text --color always broken.jsonl", b""),
    "a missing log": ("validate missing.jsonl", b""),
    "nothing to read": ("validate empty.jsonl", b""),
    "a pipe": ("validate -", WHOLE),
    "a pipe with more than it holds": ("emit -", WHOLE * 3),
    "a pipe that is not read to its end": ("validate --max-bytes 1000 -", WHOLE * 3),
    "a large output": ("emit whole.jsonl", b""),
    "a capture": ("tail --since-seq 0 capture.sse", b""),
    "a schema": ("validate --schema any.schema.json broken.jsonl", b""),
    "a written report": ("validate -o report.txt broken.jsonl", b""),
    "a comparison": ("diff whole.jsonl broken.jsonl", b""),
    "a name with a byte that is no text": ("validate odd\udcff.jsonl", b""),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "whole.jsonl").write_bytes(WHOLE)
    (tmp_path / "broken.jsonl").write_bytes(record(1) + b"{oops\n" + record(3) + record(2))
    (tmp_path / "empty.jsonl").write_bytes(b"")
    (tmp_path / "capture.sse").write_bytes(capture((1, 0), (2, 1), (4, 3)))
    (tmp_path / "any.schema.json").write_text('{"required":["nothing"]}')
    return tmp_path


@pytest.fixture(scope="module")
def server() -> Forks:
    found = forks()
    if found is None:
        pytest.skip("runs are started anew here")
    return found


@pytest.mark.parametrize(("words", "stdin"), RUNS.values(), ids=RUNS)
def test_a_fork_does_what_a_start_does(words: str, stdin: bytes, folder: Path, server: Forks) -> None:
    forked = server.run(words.split(), folder, stdin, environment())
    ran = subprocess.run(
        [*COMMAND, *words.split()], cwd=folder, env=environment(), input=stdin, capture_output=True, timeout=60
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == forked


def test_a_fork_knows_nothing_of_the_one_before(folder: Path, server: Forks) -> None:
    words = ["validate", "--format", "json", "whole.jsonl", "broken.jsonl"]
    before = server.run(words, folder, b"", environment())
    server.run(["validate", "--severity", "not-json=off", "broken.jsonl"], folder, b"", environment())
    server.run(["rules"], Path(os.sep), b"", environment())

    assert before == server.run(words, folder, b"", environment())


@pytest.mark.parametrize(
    ("variables", "fitting"),
    [
        ({}, True),
        ({"PYTEST_CURRENT_TEST": "another", "COLUMNS": "31", "XDG_CACHE_HOME": "/nowhere"}, True),
        ({"PYTHONHASHSEED": "1"}, False),
        ({"COLUMNS": "31", "LC_ALL": "C"}, False),
        ({"FORCE_COLOR": "1"}, False),
    ],
)
def test_an_environment_that_is_read_at_the_start_needs_one(
    variables: dict[str, str], fitting: bool, server: Forks
) -> None:
    assert fitting is server.fits(environment(variables))


def test_a_fork_has_the_environment_that_it_is_given(folder: Path, server: Forks) -> None:
    wide, narrow = (
        server.run(["validate", "--help"], folder, b"", environment({"COLUMNS": width})) for width in ("120", "60")
    )

    assert wide != narrow
    assert wide == server.run(["validate", "--help"], folder, b"", environment({"COLUMNS": "120"}))


ENDINGS = {
    "a code": ("raise SystemExit(5)", 5, ""),
    "a sentence": ("raise SystemExit('a sentence')", 1, "a sentence\n"),
    "nothing": ("raise SystemExit", 0, ""),
    "the last line": ("", 0, ""),
    "what waits for the end": (
        "import atexit, sys; atexit.register(sys.stderr.write, 'the end\\n'); raise SystemExit(3)",
        3,
        "the end\n",
    ),
    "a thread": (
        "import sys, threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), sys.stderr.write('late\\n'))).start()",
        0,
        "late\n",
    ),
    "a signal": ("import os; os.kill(os.getpid(), 9)", -9, ""),
}


@dataclass(frozen=True)
class Another:
    """Another package of this name, in front of ours, the end of which is known: where, and as what it is found."""

    folder: Path
    around: dict[str, str]

    def forked(self) -> tuple[int, bytes, bytes]:
        server = Forks(self.around, self.folder)
        try:
            return server.run([], self.folder, b"", self.around)
        finally:
            server.close()


@pytest.fixture
def another(tmp_path: Path) -> Callable[[str], Another]:
    def made(code: str) -> Another:
        package = tmp_path / "replay_cli"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "__main__.py").write_text(code)
        path = f"{tmp_path}{os.pathsep}{environment()['PYTHONPATH']}"
        return Another(tmp_path, environment({"PYTHONPATH": path}))

    return made


@pytest.mark.parametrize(("code", "ended", "said"), ENDINGS.values(), ids=ENDINGS)
def test_a_fork_ends_as_a_process_does(code: str, ended: int, said: str, another: Callable[[str], Another]) -> None:
    package = another(f"print('begun')\n{code}\n")
    command = [sys.executable, "-m", "replay_cli"]
    started = subprocess.run(
        command, cwd=package.folder, env=package.around, capture_output=True, text=True, timeout=60
    )

    assert (ended, "begun\n", said) == (started.returncode, started.stdout, started.stderr)
    assert (ended, b"begun\n", said.encode()) == package.forked()


def test_an_error_is_told_with_its_traceback(another: Callable[[str], Another]) -> None:
    code, _, said = another("1 / 0\n").forked()

    assert 1 == code
    assert b"Traceback" in said
    assert b"ZeroDivisionError" in said
