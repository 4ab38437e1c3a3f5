"""Nearby: where a manifest may be, told without what it takes to read one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

NAME, SHARED_NAME = "replay.toml", "pyproject.toml"


def candidates(folder: Path) -> Iterator[Path]:
    """The files that may be a manifest of ours, the nearest first.

    They stand in the folder, and in those above it up to the root of the repository; outside a repository in that
    folder alone, so that nobody else's file decides what passes. A ``pyproject.toml`` is one if it speaks of us.
    """
    for one in _upward(folder):
        # What is called so is meant so: a folder, or a link to nothing, is told when it is read, of both names.
        if os.path.lexists(one / NAME):
            yield one / NAME
        elif _may_speak_of_us(one / SHARED_NAME):
            yield one / SHARED_NAME


def repository(folder: Path) -> Path | None:
    """The root of the repository that a folder belongs to; None if there is none."""
    return next((one for one in (folder, *folder.parents) if _is_there(one / ".git")), None)


def _upward(folder: Path) -> Iterator[Path]:
    root = repository(folder)
    yield folder
    if root is not None and root != folder:
        for one in folder.parents:
            yield one
            if one == root:
                return


def _may_speak_of_us(path: Path) -> bool:
    """Whether a file holds both words of ``[tool.replay]``; one that cannot be read, or is none, may."""
    try:
        if not os.path.lexists(path):
            return False
        if not path.is_file():
            return True
        data = path.read_bytes()
    except OSError:
        return True
    return b"replay" in data and b"tool" in data


def _is_there(path: Path) -> bool:
    """Whether something is there; what may not be looked at is taken for absent."""
    try:
        return path.exists()
    except OSError:
        return False
