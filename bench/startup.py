"""How long ``replay`` takes to start, beside a Typer program that does nothing: ``python bench/startup.py``.

Runs of all commands and of the other program take turns, so that whatever else the machine does meets all alike; the
medians are compared. Bytecode is kept in a folder of its own, made before anything is measured. Prints a table in
Markdown. With ``--check`` what is too slow is measured again, in up to three rounds, and the exit code is 1 if it
stays so.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
ROUNDS = 3
LIMITS = {
    "--version": 1.1,
    "--help": 1.1,
    "validate --help": 1.1,
    "rules": 1.1,
    "explain torn-tail": 1.1,
    "validate log.jsonl": 1.7,
    "validate --format text log.jsonl": 1.7,
}
"""How many times as long as the program that does nothing each command may take."""

LOG = "".join(
    f'{{"schema_version":2,"seq":{seq},"timestamp":"2026-11-21T06:34:{seq:02d}.120Z","thread_id":"thr_1",'
    f'"turn_id":"turn_1","item_id":"item_1","event":"item.delta",'
    f'"payload":{{"delta":"a word ","kind":"agent_message"}}}}\n'
    for seq in range(1, 11)
)
"""A clean log of ten lines."""

NOTHING = """\
import typer

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

@app.command()
def nothing() -> None:
    pass

app()
"""
"""The program to compare with: the settings of ours, one command, nothing in it."""

REPLAY = """\
import sys
from replay_cli.__main__ import main
sys.exit(main())
"""
"""What pip writes as the command ``replay``."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The median start-up times of a command and of the program that does nothing, in seconds."""

    command: str
    seconds: float
    nothing: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.nothing

    @property
    def limit(self) -> float:
        return LIMITS[self.command]


class Starter:
    """Starts the two programs, in this interpreter and one environment."""

    def __init__(self, folder: Path) -> None:
        self._nothing, self._replay = folder / "nothing.py", folder / "replay.py"
        self._nothing.write_text(NOTHING, encoding="utf-8")
        self._replay.write_text(REPLAY, encoding="utf-8")
        (folder / "log.jsonl").write_text(LOG, encoding="utf-8")
        self._folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self._env = {**kept, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}

    def measure(self, commands: Sequence[str], runs: int) -> list[Measured]:
        """The medians of so many runs of each command, which take turns."""
        lines = {"": [str(self._nothing)]}
        lines |= {command: [str(self._replay), *command.split()] for command in commands}
        for line in lines.values():
            self._start(line)
        times: dict[str, list[float]] = {command: [] for command in lines}
        for _ in range(runs):
            for command, line in lines.items():
                times[command].append(self._start(line))
        nothing = median(times[""])
        return [Measured(command, median(times[command]), nothing) for command in commands]

    def _start(self, line: Sequence[str]) -> float:
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started = time.perf_counter()
        subprocess.run([sys.executable, *line], cwd=self._folder, env=self._env, check=True, **quiet)
        return time.perf_counter() - started


@contextmanager
def starter() -> Iterator[Starter]:
    with tempfile.TemporaryDirectory(prefix="replay-startup-") as folder:
        yield Starter(Path(folder))


def best(start: Starter, runs: int, rounds: int) -> list[Measured]:
    """Each command's best ratio; only what is over the limit is measured once more."""
    found = {one.command: one for one in start.measure(list(LIMITS), runs)}
    for _ in range(rounds - 1):
        slow = [command for command, one in found.items() if one.ratio > one.limit]
        for one in start.measure(slow, runs) if slow else ():
            found[one.command] = min(found[one.command], one, key=lambda measured: measured.ratio)
    return list(found.values())


def table(measured: Sequence[Measured], runs: int) -> Iterator[str]:
    """The table, in Markdown."""
    yield "| command | ms | does nothing, ms | ratio | limit |"
    yield "|---|---|---|---|---|"
    for one in measured:
        yield f"| {one.command} | {one.seconds * 1e3:.1f} | {one.nothing * 1e3:.1f} | {one.ratio:.2f} | {one.limit} |"
    yield ""
    yield f"Medians of {runs} runs. {machine()}."


def machine() -> str:
    from importlib.metadata import version

    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, typer {version('typer')}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"


def main() -> int:
    """Measure, print, and judge if asked; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=21, help="runs of each command (default 21)")
    parser.add_argument("--check", action="store_true", help="exit 1 if a command stays over the limit")
    options = parser.parse_args()
    with starter() as start:
        measured = best(start, options.runs, ROUNDS if options.check else 1)
    print("\n".join(table(measured, options.runs)))
    return int(options.check and any(one.ratio > one.limit for one in measured))


if __name__ == "__main__":
    sys.exit(main())
