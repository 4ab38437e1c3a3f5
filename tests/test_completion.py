"""Shell completion, by running the shells: bash, zsh and fish, installed as the manual says and asked with TAB.

``replay --install-completion`` in a shell switches it on; what the shell does then is typed into it here.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from tests.conftest import COMMAND, ROOT, Replay, environment
from tests.making import store

PATIENCE = 30.0
"""Seconds that a shell may take to answer."""

COMPLETED = {
    "val": "validate",
    "validate --sev": "validate --severity",
    "validate --format gith": "validate --format github",
    "validate --profile leg": "validate --profile legacy",
    "validate --ignore brok": "validate --ignore broken-link",
    "validate --select S101,brok": "validate --select S101,broken-link",
    "validate lo": "validate log.jsonl",
    "validate --schema lo": "validate --schema log.jsonl",
    "validate --format json lo": "validate --format json log.jsonl",
    "rules --format js": "rules --format json",
    "explain brok": "explain broken-link",
    "explain A10": None,
    "schema env": "schema envelope",
    "validate --format=gith": "validate --format=github",
    "validate --severity torn-tail=err": "validate --severity torn-tail=error",
}
"""What is typed before TAB and what it becomes; None where there is a choice, so that nothing is chosen."""

# In place of the command: it completes as the real one does; what is run at last it only writes down.
WRAPPER = f"""\
#!/bin/sh
if [ -z "$_REPLAY_COMPLETE" ] && [ "${{1%-completion}}" = "$1" ]; then
    printf '%s\\n' "$*" >> "$RECORD"
    exit 0
fi
exec "{sys.executable}" -m replay_cli "$@"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a user who has the command on the PATH, and a log in the current folder."""
    place = tmp_path_factory.mktemp("home")
    (place / "bin").mkdir()
    command = place / "bin" / "replay"
    command.write_text(WRAPPER)
    command.chmod(0o755)
    for name in (".bashrc", ".zshrc"):
        (place / name).write_text("PS1='READY> '\n")
    (place / "work").mkdir()
    (place / "work" / "log.jsonl").write_bytes(store(1))
    return place


def surroundings(home: Path) -> dict[str, str]:
    path = f"{home / 'bin'}:{os.environ['PATH']}"
    return environment(
        {"HOME": str(home), "PATH": path, "RECORD": str(home / "record"), "TERM": "vt100", "HISTFILE": "/dev/null"}
    ) | {"ZDOTDIR": str(home), "XDG_CONFIG_HOME": str(home / ".config")}


def ask(home: Path, *command: str) -> str:
    """What a shell prints that runs one script."""
    ran = subprocess.run(
        command,
        cwd=home / "work",
        env=surroundings(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (0, "") == (ran.returncode, ran.stderr)
    return ran.stdout


@pytest.fixture(params=["bash", "zsh", "fish"], scope="module")
def shell(request: pytest.FixtureRequest, home: Path) -> str:
    """A shell in which ``replay --install-completion`` was run."""
    name = str(request.param)
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    assert f"{name} completion installed in {home}" in ask(home, name, "-c", "replay --install-completion; true")
    return name


class Terminal:
    """An interactive shell, as a person uses it."""

    def __init__(self, home: Path, *command: str) -> None:
        self._record = home / "record"
        self._leader, follower = pty.openpty()
        self._shell = subprocess.Popen(
            command,
            cwd=home / "work",
            env=surroundings(home),
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
        )
        os.close(follower)
        self._shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.kill()
        self._shell.wait()
        os.close(self._leader)

    def await_prompt(self) -> None:
        """Wait until the shell can be typed into."""
        self._await(lambda: "READY> " in self._shown)

    def run(self, typed: str) -> str:
        """What runs when this is typed and Enter is pressed."""
        self._record.unlink(missing_ok=True)
        os.write(self._leader, f"{typed}\n".encode())
        self._await(self._record.exists)
        while not (written := self._record.read_text()):
            self._look(0.05)
        return written.strip()

    def _await(self, done: Callable[[], bool]) -> None:
        limit = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < limit, self._shown
            self._look(0.05)

    def _look(self, seconds: float) -> None:
        if select.select([self._leader], [], [], seconds)[0]:
            self._shown += os.read(self._leader, 4096).decode(errors="replace")


@pytest.fixture(scope="module")
def complete(shell: str, home: Path) -> Iterator[Callable[[str], str]]:
    """What a line that begins with ``replay`` has become when TAB was pressed behind it."""
    if shell == "fish":

        def offer(typed: str) -> str:
            offered = ask(home, "fish", "-c", "complete -C $argv[1]", f"replay {typed}").splitlines()
            before, _, _ = typed.rpartition(" ")
            return f"{before} {offered[0].partition(chr(9))[0]}".strip() if len(offered) == 1 else typed

        yield offer
        return
    with Terminal(home, shell, "-i") as terminal:
        terminal.await_prompt()
        if shell == "zsh":
            terminal.run("replay x\t")  # typer's script only loads itself when it is asked first
        yield lambda typed: terminal.run(f"replay {typed}\t")


def test_tab_completes(complete: Callable[[str], str]) -> None:
    wanted = {typed: typed if became is None else became for typed, became in COMPLETED.items()}

    assert wanted == {typed: complete(typed) for typed in wanted}


def long_options() -> set[str]:
    shown = subprocess.run(
        [sys.executable, "-m", "replay_cli", "validate", "--help"], env=environment(), capture_output=True, text=True
    ).stdout
    listed = shown.partition("\nOptions:\n")[2].partition("\n  Examples:\n")[0]
    return set(re.findall(r"(?:^  |, | / )(--[a-z-]+)", listed, re.MULTILINE))


ASKED = {
    "bash": """\
source ~/.bashrc
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_replay_completion replay
printf '%s\\n' "${{COMPREPLY[@]}}"
""",
    # Of zsh's own words for the menu, what stands before each colon.
    "zsh": "_REPLAY_COMPLETE=complete_zsh _TYPER_COMPLETE_ARGS='{words}' replay",
    "fish": "complete -C '{words}'",
}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("replay validate --", long_options()),
        ("replay validate --format j", {"json", "jsonl", "junit"}),
        ("replay schema re", {"record", "report"}),
        ("replay --install-completion p", {"powershell", "pwsh"}),
        ("replay explain A10", {f"A10{number}" for number in range(1, 10)}),
    ],
)
def test_all_that_can_be_meant_is_offered(shell: str, home: Path, words: str, offered: set[str]) -> None:
    shown = ask(home, shell, "-c", ASKED[shell].format(words=words))
    found = re.findall(r'"((?:[^":]|:(?!"))+)"(?::"|\n|\))', shown) if shell == "zsh" else shown.splitlines()

    assert offered == {line.partition("\t")[0] for line in found}


def test_the_script_can_be_had_without_installing_it(shell: str, home: Path) -> None:
    shown = ask(home, shell, "-c", "replay --show-completion; true")

    assert "_REPLAY_COMPLETE" in shown
    assert str(ROOT) not in shown


def test_asking_installs_nothing(shell: str, home: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    ask(home, shell, "-c", ASKED[shell].format(words="replay --install-completion z"))

    assert before == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


# --- A shell that does not call ---------------------------------------------------------------------------------

SCRIPTS = {
    "bash": "complete -o default -F _replay_completion replay",
    "zsh": "compdef _replay_completion replay",
    "fish": "complete --command replay",
    "powershell": "Register-ArgumentCompleter -Native -CommandName replay",
}
"""A line that the script of each shell holds, and no other's."""

INSTALLED = {
    "bash": ".bash_completions/replay.sh",
    "zsh": ".zfunc/_replay",
    "fish": ".config/fish/completions/replay.fish",
}


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("named", SCRIPTS)
@pytest.mark.parametrize("between", [" ", "="])
def test_the_script_of_any_shell_can_be_had_by_its_name(replay: Replay, named: str, between: str) -> None:
    ran = replay(*f"--show-completion{between}{named}".split())

    assert (0, "", 1) == (ran.code, ran.stderr, ran.stdout.count(SCRIPTS[named]))
    assert {named} == {shell for shell, line in SCRIPTS.items() if line in ran.stdout}


@pytest.mark.parametrize("named", INSTALLED)
def test_completion_is_installed_for_a_shell_that_is_named(replay: Replay, own_home: Path, named: str) -> None:
    ran = replay("--install-completion", named)

    place = own_home / INSTALLED[named]
    assert (0, "") == (ran.code, ran.stderr)
    assert f"{named} completion installed in {place}\n" in ran.stdout
    assert replay("--show-completion", named).stdout.strip() == place.read_text().strip()


ANSWERED = {
    "bash": ({"COMP_WORDS": "replay validate --sev", "COMP_CWORD": "2"}, "--severity"),
    "zsh": ({"_TYPER_COMPLETE_ARGS": "replay validate --sev"}, '_arguments \'*: :(("--severity":"'),
    "fish": (
        {"_TYPER_COMPLETE_ARGS": "replay validate --sev", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        "--severity\t",
    ),
}


@pytest.mark.parametrize("asking", ANSWERED)
def test_what_the_script_of_a_shell_asks_is_answered(replay: Replay, asking: str) -> None:
    """So much can be known without that shell."""
    variables, answer = ANSWERED[asking]
    script = replay("--show-completion", asking).stdout
    ran = subprocess.run(
        COMMAND,
        env=environment({"_REPLAY_COMPLETE": f"complete_{asking}", **variables}),
        capture_output=True,
        text=True,
    )

    assert not [name for name in ["_REPLAY_COMPLETE", *variables] if f"{name}=" not in script]
    assert ran.stdout.startswith(answer)


UNKNOWN = {
    "--show-completion zhs": "--show-completion: 'zhs' is not bash, zsh, fish, powershell or pwsh; did you mean zsh?",
    "--install-completion tcl": "--install-completion: 'tcl' is not bash, zsh, fish, powershell or pwsh",
    "--show-completion=": "--show-completion: '' is not bash, zsh, fish, powershell or pwsh",
    "--show-completion zsh bash": "--show-completion: takes nothing behind the shell: bash",
}


@pytest.mark.parametrize(("words", "said"), UNKNOWN.items())
def test_a_shell_that_there_is_not_is_one_line(replay: Replay, own_home: Path, words: str, said: str) -> None:
    ran = replay(*words.split())

    assert (2, "", f"replay: {said}\n") == (ran.code, ran.stdout, ran.stderr)
    assert [] == list(own_home.iterdir())


def test_a_caller_that_is_no_shell_of_these_has_to_name_one(home: Path) -> None:
    if not shutil.which("dash"):
        pytest.skip("dash is not installed")
    ran = subprocess.run(
        ["dash", "-c", "replay --show-completion; echo $?"], env=surroundings(home), capture_output=True, text=True
    )

    said = "replay: --show-completion: name the shell, as dash is what calls: bash, zsh, fish, powershell or pwsh\n"
    assert ("2\n", said) == (ran.stdout, ran.stderr)
