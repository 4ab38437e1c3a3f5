"""Start-up: what a quick command may load, and how long it may take beside a program that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import FORMATS
from tests.making import record

ROOT = Path(__file__).parents[1]

HEAVY = (
    *("asyncio", "backports", "difflib", "email", "http", "importlib.metadata", "jsonschema", "logging"),
    *("multiprocessing", "orjson", "pydantic", "pydantic_core", "referencing", "rich", "rpds", "socket", "ssl"),
    *("tempfile", "urllib.request"),
)
UNUSED = (
    *("asyncio", "attr", "attrs", "backports", "bz2", "difflib", "email", "http", "importlib.metadata"),
    *("importlib.resources", "inspect", "jsonschema", "jsonschema_specifications", "logging", "lzma", "msgspec"),
    *("multiprocessing", "pydantic", "pydantic_core", "random", "referencing", "rich", "rpds", "signal", "socket"),
    *("ssl", "subprocess", "tempfile", "threading", "urllib", "warnings", "zipfile", "zlib"),
    *("replay_cli.fragments", "replay_cli.history", "replay_cli.report", "replay_cli.statistics"),
    *("replay_cli.userschema", "replay_cli.ahead", "replay_cli.memory", "replay_cli.quick", "replay_cli.resembling"),
    *("replay_cli.sse",),
)
"""What the audit of a clean log does not use."""

NAMES = {
    "replay_cli.compat": "the names of the compat stream",
    "replay_cli.findings": "types",
    "replay_cli.members": "the pattern of a string, of which others are made",
    "replay_cli.rules": "the catalogue",
    "replay_cli.version": "the version",
}
"""Modules without code of which the audit of a clean log runs any beyond their import, and what it has of them."""

QUICK = ("--version", "--help", "validate --help", "explain --help", "rules", "explain torn-tail")

LOADED = """\
import sys
from replay_cli.cli import run
code = run(sys.argv[1:])
sys.stderr.write("\\n".join(sys.modules))
sys.exit(code)
"""
RAN = """\
import sys

ran = set()

def watch(frame, event, _):
    if event == "call":
        name, frames = frame.f_globals.get("__name__", ""), [frame]
        while (before := frames[-1].f_back) is not None:
            frames.append(before)
        # A module of ours that is loaded runs its own body, and calls some of what others hold.
        loading = any(one.f_code.co_name == "<module>" and one is not frames[-1] for one in frames)
        if name.startswith("replay_cli") and not loading:
            ran.add(name)

from replay_cli.cli import run

sys.setprofile(watch)
code = run(sys.argv[1:])
sys.setprofile(None)
ours = (name for name in sys.modules if name.partition(".")[0] == "replay_cli")
sys.stderr.write("".join(f"{'ran' if name in ran else 'idle'} {name}\\n" for name in ours))
sys.exit(code)
"""
LOADED_BY_TYPER = """\
import sys
import typer
app = typer.Typer(rich_markup_mode=None)
@app.command()
def nothing() -> None:
    pass
app([], standalone_mode=False)
sys.stderr.write("\\n".join(sys.modules))
"""


def loaded(code: str, *arguments: str) -> frozenset[str]:
    """The modules that a program has loaded when it ends."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=True, timeout=60)
    return frozenset(done.stderr.split("\n"))


@cache
def loaded_by_typer() -> frozenset[str]:
    return loaded(LOADED_BY_TYPER)


@pytest.mark.parametrize("command", QUICK)
def test_quick_commands_load_nothing_heavy(command: str) -> None:
    modules = loaded(LOADED, *command.split()) - loaded_by_typer()

    assert "replay_cli.cli" in modules
    assert not {name for name in modules for heavy in HEAVY if name == heavy or name.startswith(f"{heavy}.")}


@pytest.mark.parametrize("form", FORMATS)
def test_a_clean_log_is_audited_with_what_that_takes(form: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(record(seq) for seq in range(1, 11)))
    modules = timed("-m", "replay_cli", "validate", "--format", form, str(log)) - timed("-c", LOADED_BY_TYPER)

    assert {"replay_cli.auditor", "replay_cli.told"} <= modules
    assert not {name for name in modules for unused in UNUSED if name == unused or name.startswith(f"{unused}.")}


@pytest.mark.parametrize("form", ["concise", "text"])
def test_of_each_module_that_is_loaded_for_a_clean_log_something_runs(form: str, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b"".join(record(seq) for seq in range(1, 11)))
    command = [sys.executable, "-c", RAN, "validate", "--format", form, "log.jsonl"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    told = [line.partition(" ") for line in done.stderr.splitlines()]

    assert ("ran", " ", "replay_cli.auditor") in told
    assert {name for what, _, name in told if what == "idle"} == NAMES.keys()


def test_a_log_with_findings_loads_no_models(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join([record(1), record(2, thread_id=7), record(1), b"{\n", record(9)[:50]]))
    words = ("--exit-zero", "--format", "text", "--color", "always")
    modules = timed("-m", "replay_cli", "validate", *words, str(log))

    assert {"replay_cli.fragments", "replay_cli.history", "replay_cli.render.text"} <= modules
    assert not modules & {"jsonschema", "pydantic", "referencing", "replay_cli.report", "rich", "rich.cells"}


def timed(*words: str) -> frozenset[str]:
    """The modules that Python says it loads for a program (``-X importtime``)."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "importtime", *words]
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=True, timeout=60)
    lines = (line.rpartition("|") for line in done.stderr.splitlines() if line.startswith("import time:"))
    return frozenset(name.strip() for _, _, name in lines)


def test_the_command_line_itself_loads_next_to_nothing_of_ours() -> None:
    ours = {name for name in loaded(LOADED, "--version") if name.startswith("replay_cli.")}

    words = {"replay_cli.cli", "replay_cli.cli_words", "replay_cli.late"}
    assert ours == words | {"replay_cli.errors", "replay_cli.version"}


def test_start_up_is_close_to_that_of_a_program_that_does_nothing() -> None:
    """Measured in up to three rounds; one is enough if the machine is quiet."""
    command = [sys.executable, str(ROOT / "bench" / "startup.py"), "--check", "--runs", "15"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=False)

    assert done.returncode == 0, f"over the limit:\n{done.stdout}{done.stderr}"
