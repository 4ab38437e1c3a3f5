"""``replay check --update`` takes nothing for gone that it could not look at: none is lost by accident."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran, Replay, forbidden
from tests.making import record, store

WHOLE = store(1, 2, 3)
ENTRIES = """# ours
[[expect]]
path = "rec/deep/a.jsonl"

# a note on b
[[expect]]
path = "rec/deep/b.jsonl"

[[expect]]
path = "rec/deep/*.jsonl"

[[expect]]
path = "rec/top.jsonl"
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """That of a folder with two recordings in a folder within, and one more."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "rec" / "deep").mkdir(parents=True)
    for name in ("deep/a", "deep/b", "top"):
        (tmp_path / "rec" / f"{name}.jsonl").write_bytes(WHOLE)
    path = tmp_path / "replay.toml"
    path.write_text(f'paths = ["rec"]\n\n{ENTRIES}')
    return path


def test_an_unreadable_folder_keeps_its_entries(manifest: Path, unprivileged: Callable[..., Ran]) -> None:
    before = manifest.read_text()
    with forbidden(manifest.parent / "rec" / "deep"):
        updated, checked = unprivileged("check", "--update"), unprivileged("check", "-q")

    assert (4, before) == (updated.code, manifest.read_text())
    told = [f"replay: {path}: Permission denied" for path in ("rec/deep", "rec/deep/*.jsonl")]
    assert (4, told) == (checked.code, checked.stderr.splitlines())


def test_what_was_found_beside_an_unreadable_folder_is_written(
    manifest: Path, unprivileged: Callable[..., Ran]
) -> None:
    before = manifest.read_text()
    (manifest.parent / "rec" / "top.jsonl").write_bytes(WHOLE + record(4)[:20])
    with forbidden(manifest.parent / "rec" / "deep"):
        assert 4 == unprivileged("check", "--update").code

    assert manifest.read_text().startswith(before)
    assert "torn-tail" in manifest.read_text()


@pytest.mark.parametrize("entry", ["rec/*.jsonl", "rec/deep/b.jsonl"])
def test_an_update_that_looked_at_nothing_writes_nothing(entry: str, manifest: Path, replay: Replay) -> None:
    """A volume may not be mounted, or a submodule not be checked out."""
    manifest.write_text(f'paths = ["rec"]\n\n[[expect]]\npath = "{entry}"\n')
    before = manifest.read_text()
    shutil.rmtree(manifest.parent / "rec")
    (manifest.parent / "rec").mkdir()
    ran = replay("check", "--update")

    assert (3, "replay: nothing was written into replay.toml") == (ran.code, ran.stderr.splitlines()[-1])
    assert before == manifest.read_text()


@pytest.mark.parametrize("linked", ["rec/deep", "rec/deep/a.jsonl"])
def test_what_is_behind_a_link_to_nothing_is_not_gone(linked: str, manifest: Path, replay: Replay) -> None:
    before = manifest.read_text()
    path = manifest.parent / linked
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to(manifest.parent / ".git" / "annex" / "nowhere")
    ran = replay("check", "--update")

    assert (2, before) == (ran.code, manifest.read_text())
    assert "no such file: rec/deep/a.jsonl" in ran.stderr


def test_what_is_gone_for_sure_is_taken_out(manifest: Path, replay: Replay) -> None:
    (manifest.parent / "rec" / "deep" / "b.jsonl").unlink()
    ran = replay("check", "--update")

    assert (0, "replay: wrote replay.toml: 1 gone") == (ran.code, ran.stderr.splitlines()[-1])
    assert "a note on b" not in manifest.read_text()


def test_a_manifest_that_is_read_only_is_not_replaced(manifest: Path, unprivileged: Callable[..., Ran]) -> None:
    (manifest.parent / "rec" / "more.jsonl").write_bytes(WHOLE)
    before = manifest.read_text()
    with forbidden(manifest, 0o444):
        ran = unprivileged("check", "--update")

    assert (2, "replay: --update: replay.toml cannot be written: it is read-only\n") == (ran.code, ran.stderr)
    assert before == manifest.read_text()


def test_an_update_keeps_the_mode_of_the_manifest(manifest: Path, replay: Replay) -> None:
    (manifest.parent / "rec" / "more.jsonl").write_bytes(WHOLE)
    manifest.chmod(0o640)

    assert 0 == replay("check", "--update").code
    assert 0o640 == manifest.stat().st_mode & 0o777
