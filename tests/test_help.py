"""Help as good as a manual page: every option says its default, every command shows examples that run.

What is asked of the text is asked of what a user sees, at the width of 100 columns; narrower terminals get less.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Replay, environment, outcome

COMMANDS = ["", "validate", "check", "tail", "emit", "diff", "rules", "explain", "schema", "init", "cache"]
ACTIONS = {"--version", "--help", "--install-completion", "--show-completion"}
"""Options that do something at once, so that a default would mean nothing."""

EXIT_CODES = {"0", "1", "2", "3", "4", "130"}


def page(command: str, columns: int = 100) -> str:
    """The help of a command, "" for that of the program, as it is written where there is no terminal."""
    code, stdout, stderr = outcome([*command.split(), "--help"], ROOT, env={"COLUMNS": str(columns)})
    assert (0, b"") == (code, stderr)
    return stdout.decode()


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {command: page(command) for command in COMMANDS}


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next."""
    found = re.search(rf"^( *){title}:\n(.*?)(?=^ {{,2}}[A-Z][a-z ]+:\n|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"no {title} in\n{text}"
    return found[2]


def options(text: str) -> dict[str, str]:
    """Each option by its long name, with what is said of it, in one line."""
    told = re.split(r"^  (?=-)", section(text, "Options"), flags=re.MULTILINE)[1:]
    found = {}
    for entry in told:
        name = re.search(r"--[a-z-]+", entry)
        assert name, entry
        found[name[0]] = " ".join(entry.split())
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_says_what_it_does_and_its_default(pages: dict[str, str], command: str) -> None:
    for name, told in options(pages[command]).items():
        assert name in ACTIONS or re.search(r"\w\. +\[default: [^\]]+\]$", told), told


def test_the_defaults_are_those_that_the_command_has(pages: dict[str, str]) -> None:
    """Where typer does not write the default itself, somebody did: it has to be true."""
    from replay_cli import planning

    told = options(pages["validate"])

    assert f"[default: {planning.MAX_LINE_BYTES}]" in told["--max-line-bytes"]
    assert f"[default: {planning.MAX_FINDINGS}]" in told["--max-findings"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_page_names_the_command_and_says_what_it_is_for(pages: dict[str, str], command: str) -> None:
    first, empty, about, *_ = pages[command].splitlines()

    assert first.startswith(f"Usage: replay {command}".rstrip() + " ")
    assert "" == empty
    assert re.fullmatch(r"  [A-Z].*\.", about)


def test_the_program_names_every_command(pages: dict[str, str]) -> None:
    told = section(pages[""], "Commands")

    assert COMMANDS[1:] == re.findall(r"^  (\w+) ", told, re.MULTILINE)
    assert "..." not in told + section(page("", 80), "Commands")


@pytest.mark.parametrize("command", ["", "validate", "check", "tail", "emit", "diff"])
def test_exit_codes_are_told_once_each(pages: dict[str, str], command: str) -> None:
    codes = re.findall(r"^ +(\d+)  +\w", section(pages[command], "Exit codes"), re.MULTILINE)

    assert sorted(EXIT_CODES) == sorted(codes)


def test_exit_codes_are_those_of_the_manual(pages: dict[str, str]) -> None:
    manual = (ROOT / "docs" / "validate.md").read_text(encoding="utf-8").partition("\n## Exit codes\n")[2]

    assert set(re.findall(r"^\| (\d+) \|", manual, re.MULTILINE)) == EXIT_CODES
    assert "If several are due, the first of 130, 2, 4, 1, 3 wins." in manual
    assert "If several are due, the first of 130, 2, 4, 1, 3 wins." in pages["validate"]


# --- Examples ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the examples run: what they name is there."""
    place = tmp_path_factory.mktemp("examples")
    shutil.copy(ROOT / "fixtures" / "clean" / "envelopes.jsonl", place / "log.jsonl")
    shutil.copytree(ROOT / "fixtures" / "recorded" / "captures", place / "captures")
    (place / "replay.toml").write_text('[[expect]]\npath = "**"\nignore = ["compat-stream"]\n')
    return place


@pytest.mark.parametrize("command", COMMANDS)
def test_the_two_examples_run(pages: dict[str, str], folder: Path, command: str) -> None:
    examples = section(pages[command], "Examples").split("\n")
    lines = [line.strip() for line in examples if line.strip()]

    assert 2 == len(lines)
    for line in lines:
        assert line.startswith(f"replay {command}".strip() + " ") or line == f"replay {command}"
        script = f'replay() {{ "{sys.executable}" -m replay_cli "$@"; }}\n{line}'
        ran = subprocess.run(["sh", "-c", script], cwd=folder, env=environment(), capture_output=True, text=True)
        assert 0 == ran.returncode, ran.stderr
        assert ran.stdout or ran.stderr or ">" in line


# --- Widths -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_wider_than_the_terminal(pages: dict[str, str], command: str) -> None:
    for columns, text in ((100, pages[command]), (80, page(command, 80))):
        assert [] == [line for line in text.splitlines() if len(line) > columns]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_narrow_terminal_gets_the_same_options_and_examples(pages: dict[str, str], command: str) -> None:
    narrow = page(command, 40)

    assert list(options(pages[command])) == list(options(narrow))
    assert section(pages[command], "Examples") == section(narrow, "Examples")


def test_the_program_is_called_replay_however_it_is_started(replay: Replay, tmp_path: Path) -> None:
    """As a module, and as the command that an installer writes, whatever that file is called."""
    (tmp_path / "other-name").write_text("import sys\nfrom replay_cli.__main__ import main\nsys.exit(main())\n")
    script = subprocess.run(
        [sys.executable, "other-name", "--help"], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )

    assert replay("--help").stdout == script.stdout
    assert script.stdout.startswith("Usage: replay [OPTIONS] COMMAND")
