"""Founding: the command ``replay init``, which puts recordings under a gate.

It writes into the repository around the folder that it is called in, or into that folder if there is none, and leaves
alone what is there already.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from replay_cli.atomic import replacing, say, standard_output
from replay_cli.blessing import quoted
from replay_cli.checking import Request, check
from replay_cli.configured import find, made
from replay_cli.discovery import discover
from replay_cli.errors import UsageError, one_line
from replay_cli.gate import gather
from replay_cli.nearby import NAME, repository

WORKFLOW = """\
name: recordings

on: [push, pull_request]

permissions:
  contents: read

jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-python@v6
        with:
          python-version: "3.x"
      - run: python -m pip install replay-cli
      - run: replay check
"""

HOOK = (
    "- repo: local",
    "  hooks:",
    "    - id: replay-check",
    "      name: replay check",
    "      entry: replay check",
    "      language: python",
    "      additional_dependencies: [replay-cli]",
    "      pass_filenames: false",
    "      always_run: true",
)
"""A hook of pre-commit, as the item of a list."""

HEAD = """\
# What is expected of the recordings in this repository: `replay check` holds them to it, `replay check --update`
# writes what it finds instead, for review. `replay schema config` is the schema of this file.
"""


class _Written(NamedTuple):
    path: str
    text: str
    new: bool


def found(dry_run: bool) -> int:
    """Write what is not there yet, bless the recordings there are, and return the exit code."""
    here = Path.cwd()
    root = repository(here) or here
    for folder in (".github", ".github/workflows"):
        if (root / folder).exists() and not (root / folder).is_dir():
            raise UsageError(f"init: {folder} is there, and no folder; nothing was written")
    manifest = find(root)
    files = [] if manifest is not None else [_Written(NAME, _manifest(root), True)]
    files += _if_new(root, ".github/workflows/replay.yml", WORKFLOW)
    files += _hook(root)
    if manifest is not None:
        say(f"replay: {one_line(os.path.relpath(manifest))} is there already")
    if dry_run:
        with standard_output() as out:
            for one in files:
                out.write(f"# {one.path}\n{one.text}\n".encode(errors="backslashreplace"))
        return 0
    if manifest is None and _recorded(root):
        # What cannot be blessed is told before anything is written: all is, or nothing.
        problems = gather(made(root / NAME, NAME, files[0].text.encode(errors="surrogateescape")), []).problems
        if any(isinstance(problem, UsageError) for problem in problems):
            for problem in problems:
                say(f"replay: {one_line(str(problem))}")
            raise UsageError("init: not all recordings can be put under the gate; nothing was written")
    with ExitStack() as written:  # each is put into its place when all of them could be written
        for one in files:
            path = root / one.path
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                said = f"{os.path.relpath(path.parent)} cannot be made: {error.strerror}"
                raise UsageError(f"init: {said}; nothing was written") from None
            written.enter_context(replacing(path, "init")).write(one.text.encode(errors="surrogateescape"))
    for one in files:
        say(f"replay: {'wrote' if one.new else 'added a hook to'} {one_line(os.path.relpath(root / one.path))}")
    if manifest is not None or not _recorded(root):
        return 0
    return check(Request([], str(root / NAME), update=True))


def _ignored(root: Path) -> list[str]:
    """The patterns of the .gitignore at the root that take out what would be a recording otherwise.

    Whoever clones the repository has none of these. A pattern that says something else again (``!``) is not followed.
    """
    try:
        text = (root / ".gitignore").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    patterns = [line.strip() for line in text.splitlines()]
    patterns = [one for one in patterns if one and not one.startswith(("#", "!")) and "\\" not in one]
    folder = os.path.relpath(root)
    there = len(discover([folder], stdin=None).entries)
    return [one for one in patterns if len(discover([folder], exclude=[one], stdin=None).entries) < there]


def _recorded(root: Path) -> list[str]:
    """The folders right in the root that hold recordings; the root itself if there are some in it."""
    inside = discover([os.path.relpath(root)], exclude=_ignored(root), stdin=None).entries
    paths = [Path(os.path.relpath(one.path, root)) for one in inside]
    return ["."] if any(len(path.parts) == 1 for path in paths) else sorted({path.parts[0] for path in paths})


def _manifest(root: Path) -> str:
    ignored = _ignored(root)
    exclude = f"exclude = [{', '.join(map(quoted, ignored))}]\n" if ignored else ""
    return f"{HEAD}paths = [{', '.join(map(quoted, _recorded(root) or ['.']))}]\n{exclude}"


def _if_new(root: Path, path: str, text: str) -> list[_Written]:
    if (root / path).exists():
        say(f"replay: {path} is there already")
        return []
    return [_Written(path, text, True)]


def _hook(root: Path) -> list[_Written]:
    """The configuration of pre-commit, with our hook as the first in it."""
    path = ".pre-commit-config.yaml"
    if not (root / path).exists():
        return [_Written(path, "\n".join(["repos:", *(f"  {line}" for line in HOOK)]) + "\n", True)]
    text = (root / path).read_bytes().decode(errors="surrogateescape")
    end = "\r\n" if "\r\n" in text else "\n"
    if "replay-check" in text:
        say(f"replay: {path} has the hook already")
        return []
    begin = re.search(r"^repos:[ \t]*(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n)*?(?P<indent>[ \t]*)- ", text, re.MULTILINE)
    if begin is None:
        say(f"replay: {path} has no list of repos that a hook could be added to; add it by hand:")
        say("\n".join(HOOK))
        return []
    at, indent = text.index("\n", begin.start()) + 1, begin["indent"]
    return [_Written(path, text[:at] + "".join(f"{indent}{line}{end}" for line in HOOK) + text[at:], False)]
