"""What the tests of the command line share: the command, run as a user runs it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import settings

from replay_cli import profiles
from replay_cli.cli import Format
from replay_cli.violation import Violation
from tests.forking import Forks, started

# How long an example takes depends on what else the machine does; what must be fast is measured elsewhere.
settings.register_profile("here", deadline=None)
settings.load_profile("here")

MOST_REMEMBERED = 20_000


def remembering(walked: Callable[[profiles.Shape, object], list[Violation]]) -> Callable[..., list[Violation]]:
    """The same function, which the values alone decide, without the same answer worked out again.

    The laws hold the quick ways to the reference over the same few lines, cut and arranged in thousands of ways; of
    what that takes, most was the jsonschema library over lines that it had walked before.
    """
    known: dict[tuple[profiles.Shape, str], list[Violation]] = {}

    def asked(shape: profiles.Shape, value: object) -> list[Violation]:
        try:
            key = shape, repr(value)
        except ValueError:  # a number of too many digits
            return walked(shape, value)
        if key not in known:
            if len(known) == MOST_REMEMBERED:
                known.clear()
            known[key] = walked(shape, value)
        return [*known[key]]

    return asked


profiles.walked = remembering(profiles.walked)

# What is started compiles the whole package anew where an image of a machine forbids to keep what was compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).parents[1]
FORMATS = [form.value for form in Format]
"""What ``replay validate --format`` takes."""

COMMAND = [sys.executable, "-m", "replay_cli"]


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment that the command runs in: this one, without what asks for colour or forbids it."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": str(ROOT), **(changes or {})}


@cache
def forks() -> Forks | None:
    """What begins runs as forks; None where there is no fork, or where REPLAY_START=anew asks to start each anew."""
    if not hasattr(os, "fork") or os.environ.get("REPLAY_START") == "anew":
        return None
    return started(environment())


def outcome(
    words: Sequence[str | bytes | Path], cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> tuple[int, bytes, bytes]:
    """The exit code of a run of the command and what it wrote; no traceback.

    It is a fork, which takes an eighth of a start, unless its environment is one that is read at the start.
    """
    around, texts, server = environment(env), [os.fsdecode(word) for word in words], forks()
    if server is not None and server.fits(around):
        code, out, err = server.run(texts, cwd, stdin, around)
    else:
        ran = subprocess.run([*COMMAND, *texts], cwd=cwd, env=around, input=stdin, capture_output=True, timeout=60)
        code, out, err = ran.returncode, ran.stdout, ran.stderr
    assert b"Traceback" not in err, err.decode()
    return code, out, err


@dataclass(frozen=True)
class Ran:
    """How a run ended and what it wrote."""

    code: int
    stdout: str
    stderr: str

    @property
    def findings(self) -> list[str]:
        """The lines of the concise format."""
        return self.stdout.splitlines()

    @property
    def said(self) -> list[str]:
        """The lines on stderr, without the summary that ends them."""
        lines = self.stderr.splitlines()
        return lines[:-1] if lines and lines[-1].endswith((" note", " notes")) else lines


class Replay(Protocol):
    """Runs ``replay`` with these words, in the folder that the test writes into, or another."""

    def __call__(
        self, *words: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Ran: ...


@pytest.fixture
def replay(tmp_path: Path) -> Replay:
    def run(
        *words: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Ran:
        code, out, err = outcome(words, cwd or tmp_path, stdin, env)
        return Ran(code, out.decode(), err.decode())

    return run


def without_privilege() -> None:
    """Give up what lets root read everything (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH); run in the child."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(24, 1, 0, 0, 0) or libc.prctl(24, 2, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "cannot give up the privileges of root")


@pytest.fixture
def unprivileged(tmp_path: Path) -> Callable[..., Ran]:
    if sys.platform != "linux" and os.geteuid() == 0:
        pytest.skip("root reads everything here")

    def run(*words: str) -> Ran:
        try:
            ran = subprocess.run(
                [*COMMAND, *words],
                cwd=tmp_path,
                env=environment(),
                capture_output=True,
                text=True,
                preexec_fn=without_privilege,
            )
        except subprocess.SubprocessError:
            pytest.skip("root cannot give up its privileges here")
        assert "Traceback" not in ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    return run


@contextmanager
def forbidden(path: Path, mode: int = 0) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)
