"""Builds sdist and wheel of the last commit, twice, and has them looked at: ``make dist`` (docs/releasing.md).

Prints what it made and exits with 1 if two builds of one commit differ in a byte, or ``twine check`` has complaints.
Not collected by pytest. The time in the files is that of the commit (SOURCE_DATE_EPOCH).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 300
"""Seconds that one command may take."""


class DistError(Exception):
    """Why there is nothing to release, in words."""


def run(command: Sequence[str | Path], cwd: Path, umask: int = 0o022, **changes: str) -> str:
    """What a command prints. Raises DistError with the end of what it said if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **changes},
        umask=umask if os.name != "nt" else -1,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        raise DistError(f"{' '.join(map(str, command[:4]))}: {done.stdout.strip()[-2000:]}")
    return done.stdout


def built(work: Path, epoch: str, umask: int) -> list[Path]:
    """The sdist and the wheel of the last commit, made in a folder of their own under a umask of its own."""
    work.mkdir()
    run(["git", "archive", "--format=tar", "--prefix=source/", "--output", work / "source.tar", "HEAD"], ROOT)
    run(["tar", "-xf", work / "source.tar", "-C", work], work, umask)
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(work / "dist")]
    run(command, work / "source", umask, SOURCE_DATE_EPOCH=epoch)
    return sorted((work / "dist").iterdir())


def make(into: Path) -> list[Path]:
    """Build, compare, check, and put what was made into a folder that is replaced. Raises DistError."""
    if run(["git", "status", "--porcelain"], ROOT).strip():
        print("note: there are changes that are not committed; they are not built", file=sys.stderr)
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or run(["git", "log", "-1", "--format=%ct"], ROOT).strip()
    with tempfile.TemporaryDirectory(prefix="replay-dist-") as folder:
        once, again = built(Path(folder, "once"), epoch, 0o022), built(Path(folder, "again"), epoch, 0o077)
        differing = [one.name for one, other in zip(once, again, strict=True) if digest(one) != digest(other)]
        if differing:
            raise DistError(f"two builds differ: {', '.join(differing)}")
        run([sys.executable, "-m", "twine", "check", "--strict", *map(str, once)], ROOT)
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        return [Path(shutil.copy(path, into)) for path in once]


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def main(words: Sequence[str]) -> int:
    """Make it all; the exit code."""
    try:
        for path in make(Path(words[0]) if words else ROOT / "dist"):
            print(f"{digest(path)}  {path.name}")
    except (DistError, subprocess.TimeoutExpired) as error:
        print(f"no release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
