"""Builds sdist and wheel, installs the wheel into an empty environment, and runs ``replay`` from it: ``make wheel``.

Prints a line for each check and exits with 1 if one failed. Not collected by pytest: it installs packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]

EVENT = (
    '{"schema_version":2,"seq":1,"timestamp":"2026-11-21T06:34:56.052Z","thread_id":"thr_1a2b3c4d",'
    '"event":"thread.started","payload":{"thread":{"id":"thr_1a2b3c4d"}}}\n'
)
"""The first event of a thread, as the store writes it."""

WANTED = (
    "replay_cli/__main__.py",
    "replay_cli/py.typed",
    "replay_cli/render/text.py",
    *(f"replay_cli/schemas/{name}.schema.json" for name in ("envelope", "record", "legacy", "report", "config")),
)
PATIENCE = 120
"""Seconds that one command may take."""


class Checks:
    """Says of each check whether it held, and remembers if one did not."""

    def __init__(self) -> None:
        self.failed = 0

    def check(self, what: str, held: bool, told: str = "") -> None:
        print(f"{'ok  ' if held else 'FAIL'}  {what}{'' if held or not told else f': {told}'}", flush=True)
        self.failed += not held


def run(command: Sequence[str | Path], cwd: Path, expected: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command without what this environment would lend it; RuntimeError if it ends otherwise than expected."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, encoding="utf-8", timeout=PATIENCE
    )
    if done.returncode != expected:
        end = (done.stderr or done.stdout).strip()[-2000:]
        raise RuntimeError(f"{command[0]} ended with {done.returncode}, not {expected}: {end}")
    return done


def build(target: str, source: Path, into: Path) -> Path:
    """Build the sdist or the wheel of what stands in ``source``; the file it makes."""
    into.mkdir()
    run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into], source)
    (built,) = into.iterdir()
    return built


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as file:
        return sorted(file.namelist())


def check_content(checks: Checks, wheel: Path, sdist: Path, work: Path) -> None:
    """What is in the wheel, what is not, and that the sdist makes the same one."""
    inside = names(wheel)
    for name in WANTED:
        checks.check(f"the wheel has {name}", name in inside)
    tops = {name.split("/")[0] for name in inside}
    known = {"replay_cli", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}
    checks.check("the wheel has nothing beside the package", tops == known, ", ".join(sorted(tops - known)))
    stray = [name for name in inside if {"tests", "fixtures", "bench", "__pycache__"} & set(name.split("/"))]
    checks.check("the wheel has no tests, no fixtures", not stray, ", ".join(stray[:5]))
    with zipfile.ZipFile(wheel) as file:
        (declared,) = [file.read(name).decode() for name in inside if name.endswith("/entry_points.txt")]
    checks.check("the wheel declares the pytest plugin", "replay-cli = replay_cli.pytest_plugin" in declared)
    checks.check("the wheel has the licence", any(name.endswith("licenses/LICENSE") for name in inside))
    with tarfile.open(sdist) as file:
        if hasattr(tarfile, "data_filter"):
            file.extractall(work / "unpacked", filter="data")
        else:
            file.extractall(work / "unpacked")
    (unpacked,) = (work / "unpacked").iterdir()
    again = names(build("wheel", unpacked, work / "again"))
    differing = sorted(set(inside) ^ set(again))
    checks.check("the sdist makes the same wheel", inside == again, ", ".join(differing[:5]))


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel, with what it needs, into an empty environment; where its commands are."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "--disable-pip-version-check", "install", "--quiet"]
    run([*pip, str(wheel)], folder)
    return commands


def check_commands(checks: Checks, commands: Path, wheel: Path, elsewhere: Path) -> None:
    """That the installed ``replay`` works in a folder that has nothing to do with this one."""
    replay = shutil.which("replay", path=str(commands)) or "replay"
    version = wheel.name.split("-")[1]
    elsewhere.mkdir()
    (elsewhere / "clean.jsonl").write_text(EVENT, encoding="utf-8", newline="")
    (elsewhere / "torn.jsonl").write_text(EVENT + EVENT[:40], encoding="utf-8", newline="")
    cases: tuple[tuple[str, int, str], ...] = (
        ("--version", 0, f"replay {version}\n"),
        ("rules", 0, "F101  torn-tail"),
        ("explain torn-tail", 0, "never committed"),
        ("schema envelope", 0, '"$id"'),
        ("schema report", 0, '"$defs"'),
        ("validate clean.jsonl", 0, ""),
        ("validate --format text clean.jsonl", 0, "the runtime reads it whole\n"),
        ("validate --format json clean.jsonl", 0, '"exit_code":0}'),
        ("validate torn.jsonl", 1, "torn.jsonl:2:1: F101 torn-tail 40 bytes"),
        ("validate missing.jsonl", 2, ""),
    )
    for arguments, code, said in cases:
        try:
            done = run([replay, *arguments.split()], elsewhere, code)
        except RuntimeError as error:
            checks.check(f"replay {arguments}", held=False, told=str(error))
        else:
            quiet = not said and not done.stdout
            checks.check(f"replay {arguments} (exit code {code})", said in done.stdout and (bool(said) or quiet))
    api = "import replay_cli; assert replay_cli.audit('clean.jsonl').ok; print(replay_cli.__file__)"
    where = run([commands / "python", "-c", api], elsewhere).stdout.strip()
    checks.check("the Python API works, installed", Path(where).is_relative_to(commands.parent.resolve()), where)


@contextmanager
def timed(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    print(f"      {what}: {time.monotonic() - started:.1f} s", flush=True)


def main() -> int:
    """Check it all; the exit code."""
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="replay-wheel-") as folder:
        work = Path(folder).resolve()
        try:
            with timed("built"):
                sdist, wheel = build("sdist", ROOT, work / "sdist"), build("wheel", ROOT, work / "wheel")
            check_content(checks, wheel, sdist, work)
            with timed("installed"):
                commands = install(wheel, work / "environment")
            check_commands(checks, commands, wheel, work / "elsewhere")
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            checks.check("the wheel can be built, installed and run", held=False, told=str(error))
    print("the wheel works" if not checks.failed else f"{checks.failed} checks failed")
    return int(checks.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
