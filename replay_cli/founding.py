"""Founding: the command ``replay init``, which puts recordings under a gate.

It writes into the repository around the folder that it is called in, or into that folder if there is none, and leaves
alone what is there already.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path, PurePath
from typing import NamedTuple

from replay_cli.atomic import replacing, say, standard_output
from replay_cli.blessing import quoted
from replay_cli.checking import Request, check
from replay_cli.configured import find, load, made
from replay_cli.discovery import discover
from replay_cli.errors import UsageError, one_line
from replay_cli.gate import gather
from replay_cli.gitignores import ignored
from replay_cli.nearby import NAME, repository
from replay_cli.patterns import Excludes, escaped
from replay_cli.wording import listed

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


_OUR_HOOK = re.compile(r"""^[^#\n]*?(?<![\w-])["']?id["']?:[ \t]*(["']?)replay-check\1(?=[\s,}]|\Z)""", re.MULTILINE)


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
    place = _looked_at(root) if manifest is None else _Place([], [], [], [])
    files = [] if manifest is not None else [_Written(NAME, place.manifest, True)]
    files += _if_new(root, ".github/workflows/replay.yml", WORKFLOW)
    files += _hook(root)
    if manifest is not None:
        load(manifest)  # one that cannot be meant is told: nothing could be written into it
        shown = one_line(os.path.relpath(manifest))
        say(f"replay: {shown} is there already; `replay check --update` writes what is expected into it")
    if dry_run:
        with standard_output() as out:
            for one in files:
                out.write(f"# {one.path}\n{one.text}\n".encode(errors="backslashreplace"))
        if manifest is None:
            _tell(place)
        return 0
    if place.recordings:
        # What cannot be blessed is told before anything is written: all is, or nothing.
        problems = gather(made(root / NAME, NAME, files[0].text.encode(errors="surrogateescape")), []).problems
        if any(isinstance(problem, UsageError) for problem in problems):
            for problem in problems:
                say(f"replay: {one_line(str(problem))}")
            raise UsageError("init: not all recordings can be put under the gate; nothing was written")
    _write(root, files)
    if manifest is not None:
        return 0
    _tell(place)
    return check(Request([], str(root / NAME), update=True)) if place.recordings else 0


def _write(root: Path, files: list[_Written]) -> None:
    """Put each file into its place when all of them could be written."""
    with ExitStack() as written:
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


def _tell(place: _Place) -> None:
    """Say what the gate does not look at."""
    if place.passed_over:
        say(f"replay: {NAME} excludes what .gitignore names: {listed(place.passed_over)}")
    for said in place.left:
        say(f"replay: {one_line(said)}")
    if not place.recordings:
        say("replay: no recording was found; until there is one, `replay check` ends with exit code 3")


class _Place(NamedTuple):
    """What is in a repository: recordings by their paths from its root, and the patterns that ``exclude`` takes.

    ``passed_over`` are recordings that git does not keep, ``left`` says what else is left out, or could not be.
    """

    recordings: list[str]
    excluded: list[str]
    passed_over: list[str]
    left: list[str]

    @property
    def paths(self) -> list[str]:
        """The folders right in the root that hold recordings; the root itself if there are some in it."""
        if any("/" not in path for path in self.recordings):
            return ["."]
        return sorted({escaped(path.partition("/")[0]) for path in self.recordings})

    @property
    def manifest(self) -> str:
        """The text of a manifest without entries."""
        exclude = f"exclude = [{', '.join(map(quoted, self.excluded))}]\n" if self.excluded else ""
        return f"{HEAD}paths = [{', '.join(map(quoted, self.paths or ['.']))}]\n{exclude}"


def _looked_at(root: Path) -> _Place:
    found = [os.path.relpath(one.path, root) for one in discover([os.path.relpath(root)], stdin=None).entries]
    others = _others(root, found)
    found = [path for path in found if not any(path.startswith(f"{folder}/") for folder in others)]
    git = ignored(root, found)
    excludes = Excludes(git.patterns)
    passed_over = [path for path in found if excludes.pass_over(path)]
    kept = _Place([path for path in found if path not in set(passed_over)], git.patterns, passed_over, [])
    apart = [f"/{escaped(folder)}/" for folder in others if {".", escaped(folder.partition("/")[0])} & {*kept.paths}]
    left = [f"{folder} is left out: {why}" for folder, why in others.items()]
    left += [f"exclude cannot follow {line}; what that names may now be under the gate" for line in git.left]
    return kept._replace(excluded=[*kept.excluded, *apart], left=left)


def _others(root: Path, recordings: Sequence[str]) -> dict[str, str]:
    """The topmost folders of recordings that are not ours to put under a gate, and why."""
    found: dict[str, str] = {}
    for folder in sorted({str(above) for path in recordings for above in PurePath(path).parents} - {"."}):
        if any(folder.startswith(f"{other}/") for other in found):
            continue
        if os.path.lexists(root / folder / ".git"):
            found[folder] = "it is a repository of its own"
        elif (manifest := find(root / folder)) is not None and manifest.parent == root / folder:
            found[folder] = f"it goes by {manifest.name} of its own"
    return found


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
    if _OUR_HOOK.search(text):
        say(f"replay: {path} has the hook already")
        return []
    begin = re.search(r"^repos:[ \t]*(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n)*?(?P<indent>[ \t]*)- ", text, re.MULTILINE)
    if begin is None:
        say(f"replay: {path} has no list of repos that a hook could be added to; add it by hand:")
        say("\n".join(HOOK))
        return []
    at, indent = text.index("\n", begin.start()) + 1, begin["indent"]
    return [_Written(path, text[:at] + "".join(f"{indent}{line}{end}" for line in HOOK) + text[at:], False)]
