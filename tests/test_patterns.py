"""What is passed over is what git passes over for the same lines: git itself is asked."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from replay_cli.discovery import discover
from replay_cli.gitignores import ignored
from replay_cli.patterns import Excludes, is_known

FILES = (
    "a.jsonl",
    "b.sse",
    "[x].jsonl",
    "!a.jsonl",
    "keep/a.jsonl",
    "keep/b.sse",
    "keep/keep/a.jsonl",
    "logs/a.jsonl",
    "logs/keep/x y.jsonl",
    "lib/logs/a.jsonl",
    "lib/logs/keep/b.sse",
    "lib/build/deep/a.jsonl",
    "build/a.jsonl",
)
NAMES = ("a.jsonl", "*.jsonl", "b.*", "?.sse", "[ab].*", r"\[x].jsonl")
FOLDERS = ("keep", "logs", "build", "l*", "[^a]*", "**", "*")


def git(folder: Path, *words: str) -> str:
    asked = ["git", "-c", "core.excludesFile=", *words]
    return subprocess.run(asked, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def kept_by_git(folder: Path, lines: list[str]) -> list[str]:
    (folder / ".gitignore").write_text("\n".join(lines) + "\n")
    return sorted(set(git(folder, "ls-files", "-z", "--others", "--exclude-standard").split("\0")) & {*FILES})


def kept(folder: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(folder)
    found = discover(["."], exclude=lines, base=str(folder), stdin=None)
    assert not found.problems
    return sorted(one.path.removeprefix("./") for one in found.entries)


@pytest.mark.parametrize(
    "lines",
    [
        ["*.jsonl", "!keep/*.jsonl"],
        ["keep/*", "!keep/a.jsonl"],
        ["keep/**", "!keep/a.jsonl", "!keep/keep/a.jsonl"],
        ["keep", "!keep/a.jsonl"],
        ["logs/", "!logs/"],
        ["/build"],
        ["build/"],
        ["lib/build/"],
        ["logs/keep"],
        ["**/keep/*", "!**/keep/b.sse"],
        [r"\!a.jsonl", r"\[x].jsonl"],
        ["[^a].*"],
        ["*", "!*/", "!*.sse"],
    ],
)
def test_lines_mean_what_they_mean_to_git(
    lines: list[str], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept_by_git(repository, lines) == kept(repository, lines, monkeypatch)


def at_random(chance: random.Random) -> list[str]:
    return [
        chance.choice(["", "", "!", "/"])
        + "/".join(chance.choices(NAMES + FOLDERS, k=chance.choice([1, 1, 2, 3])))
        + chance.choice(["", "", "/"])
        for _ in range(chance.randint(1, 4))
    ]


def test_lines_at_random_mean_what_they_mean_to_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(9)
    for _ in range(500):
        lines = at_random(chance)
        assert kept_by_git(repository, lines) == kept(repository, lines, monkeypatch), lines


def test_lines_of_several_files_mean_what_they_mean_to_git(repository: Path) -> None:
    """As one list from the root."""
    chance = random.Random(9)
    for _ in range(300):
        above, within = at_random(chance), {place: at_random(chance) for place in ("logs", "lib/logs", "keep")}
        for place, lines in within.items():
            (repository / place / ".gitignore").write_text("\n".join(lines) + "\n")
        by_git = kept_by_git(repository, above)
        excludes = Excludes(ignored(repository, FILES).patterns)

        assert by_git == sorted(one for one in FILES if not excludes.pass_over(one)), (above, within)


@pytest.mark.parametrize("pattern", ["[[:alpha:]]*", r"[\]]", "a\\", r"[a\]b]"])
def test_what_git_means_otherwise_is_not_known(pattern: str) -> None:
    assert not is_known(pattern)
    assert is_known(pattern.replace("\\", "").replace("[:alpha:]", "a-z"))
