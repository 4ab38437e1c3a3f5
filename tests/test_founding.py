"""`replay init` says what it leaves out, and takes nothing under the gate that is not this repository's own."""

from __future__ import annotations

import gzip
import tomllib
from pathlib import Path

import pytest

from tests.conftest import Replay
from tests.making import record, store
from tests.test_patterns import git

WHOLE = store(1, 2, 3, completed=True)
TORN = record(1) + record(2)[:40]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    put(tmp_path, "a.jsonl")
    return tmp_path


def put(folder: Path, name: str, data: bytes = WHOLE) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def expected(folder: Path) -> list[str]:
    """The paths that have entries."""
    return [one["path"] for one in tomllib.loads((folder / "replay.toml").read_text())["expect"]]


@pytest.mark.parametrize("mark", ["gitdir: ../.git/modules/sub\n", None], ids=["submodule", "nested repository"])
def test_a_repository_in_the_repository_is_left_out(mark: str | None, folder: Path, replay: Replay) -> None:
    put(folder, "sub/deep/t.jsonl", TORN)
    if mark is None:
        (folder / "sub" / ".git").mkdir()
    else:
        put(folder, "sub/.git", mark.encode())
    ran = replay("init")

    assert "replay: sub is left out: it is a repository of its own" in ran.stderr.splitlines()
    assert ["a.jsonl"] == expected(folder)
    assert 0 == replay("check").code


@pytest.mark.parametrize("name", ["replay.toml", "pyproject.toml"])
def test_what_goes_by_a_manifest_of_its_own_is_left_out(name: str, folder: Path, replay: Replay) -> None:
    table = "[[expect]]" if name == "replay.toml" else "[[tool.replay.expect]]"
    put(folder, f"pkg/b/{name}", f'{table}\npath = "t.jsonl"\nfindings = [{{ rule = "torn-tail" }}]\n'.encode())
    put(folder, "pkg/b/t.jsonl", TORN)
    put(folder, "pkg/a/a.jsonl")
    ran = replay("init")

    assert f"replay: pkg/b is left out: it goes by {name} of its own" in ran.stderr.splitlines()
    assert ["a.jsonl", "pkg/a/a.jsonl"] == expected(folder)
    assert (0, 0) == (replay("check").code, replay("check", "pkg/b").code)


@pytest.mark.parametrize(
    ("line", "name"), [(r"rec/run\[1\].jsonl", "run[1]"), ("[[:alpha:]]*.jsonl", "x"), ("??.jsonl", "ü")]
)
def test_lines_of_gitignore_that_cannot_be_followed_are_named(
    line: str, name: str, folder: Path, replay: Replay
) -> None:
    put(folder, "rec/run.jsonl")
    put(folder, f"rec/{name}.jsonl")
    put(folder, "rec/passed.jsonl")
    put(folder, ".gitignore", f"# ours\n{line}\n/rec/passed*\n".encode())
    ran = replay("init")

    said = f"replay: exclude cannot follow .gitignore:2: {line}; what that names may now be under the gate"
    assert said in ran.stderr.splitlines()
    assert "rec/run.jsonl" in expected(folder)
    assert "rec/passed.jsonl" not in expected(folder)


def test_a_pattern_is_taken_as_git_takes_it_in_bytes(folder: Path, replay: Replay) -> None:
    put(folder, "rec/ü.jsonl")
    put(folder, ".gitignore", b"?.jsonl\n!/a.jsonl\n")

    assert "rec/ü.jsonl" in git(folder, "-c", "core.quotePath=off", "ls-files", "--others", "--exclude-standard")
    assert 0 == replay("init").code
    assert ["a.jsonl", "rec/ü.jsonl"] == expected(folder)


def test_a_byte_order_mark_at_the_start_of_gitignore_is_passed_over(folder: Path, replay: Replay) -> None:
    put(folder, "rec/b.jsonl")
    put(folder, ".gitignore", b"\xef\xbb\xbfrec/\n")

    assert "rec" not in git(folder, "ls-files", "--others", "--exclude-standard")
    assert 0 == replay("init").code
    assert ["a.jsonl"] == expected(folder)


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("# maybe replay-check one day\nrepos: []\n", False),
        ("repos:\n- repo: local\n  hooks:\n  - id: replay-checker\n", False),
        ("repos:\n- repo: local\n  hooks:\n  - id: replay-check-not\n", False),
        ("repos:\n- repo: local\n  hooks:\n  - name: x\n    id: replay-check  # ours\n", True),
        ("repos:\n- repo: local\n  hooks:\n  - id: 'replay-check'\r\n", True),
        ("repos:\n- {repo: local, hooks: [{id: replay-check}]}\n", True),
    ],
)
def test_the_hook_is_known_by_its_id(text: str, there: bool, folder: Path, replay: Replay) -> None:
    put(folder, ".pre-commit-config.yaml", text.encode())

    assert there == (".pre-commit-config.yaml has the hook already" in replay("init").stderr)


@pytest.mark.parametrize("paths", ['["."]', '["data", "a.jsonl"]'])
def test_nothing_is_gone_from_a_folder_that_is_there_and_empty(paths: str, folder: Path, replay: Replay) -> None:
    """git keeps no such folder: something is mounted or checked out there at other times."""
    for name in ("data/deep/b.jsonl", "data/c.jsonl"):
        put(folder, name)
    manifest = put(folder, "replay.toml", f"paths = {paths}\n".encode())
    assert 0 == replay("check", "--update").code
    before = manifest.read_text()
    for name in ("data/deep/b.jsonl", "data/c.jsonl"):
        (folder / name).unlink()
    assert "no such file: data/c.jsonl; its folder is there, and empty" in replay("check").stderr
    ran = replay("check", "--update")
    assert (2, before) == (ran.code, manifest.read_text())
    assert ran.stderr.endswith("replay: nothing was written into replay.toml\n")

    (folder / "data" / "deep").rmdir()
    assert (2, before) == (replay("check", "--update").code, manifest.read_text())
    (folder / "data").rmdir()
    if paths == '["."]':
        assert "wrote replay.toml: 2 gone" in replay("check", "--update").stderr
    else:
        assert (2, before) == (replay("check", "--update").code, manifest.read_text())


@pytest.mark.parametrize("text", ["paths = [\n", "pahts = 1\n"])
def test_a_manifest_that_cannot_be_meant_is_told(text: str, folder: Path, replay: Replay) -> None:
    put(folder, "replay.toml", text.encode())
    ran = replay("init")

    assert (2, True) == (ran.code, ran.stderr.startswith("replay: replay.toml:"))
    assert not (folder / ".github").exists()


def test_what_update_will_not_take_is_not_said_to_be_taken(folder: Path, replay: Replay) -> None:
    put(folder, "replay.toml", b'ignore = ["L"]\n[[expect]]\npath = "a.jsonl"\n')
    put(folder, "a.jsonl", b"")
    put(folder, "b.jsonl.gz", gzip.compress(WHOLE)[:-9])

    assert "--update` takes" not in replay("check").stderr
    put(folder, "c.jsonl", WHOLE)
    assert replay("check").stderr.endswith("2 without an entry; `replay check --update` takes them as they are\n")


def test_of_many_findings_in_a_new_recording_the_number_is_told(folder: Path, replay: Replay) -> None:
    put(folder, "replay.toml", b'paths = ["a.jsonl"]\n')
    put(folder, "a.jsonl", record(1) + b"\n" * 150 + record(2))
    told = replay("check").stdout.splitlines()

    assert ("  … 150 differences in all", 102) == (told[-1], len(told))
