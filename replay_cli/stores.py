"""Stores: where the runtime of this machine keeps its logs, as the runtime itself finds it (CONTRACT.md 2.2)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from replay_cli.planning import in_store


def runtime_folder(environment: Mapping[str, str], home: Path) -> Path:
    """The runtime's folder, whether or not it is there. A variable that is empty counts as not set."""
    for name in ("CODEWHALE_RUNTIME_DIR", "DEEPSEEK_RUNTIME_DIR"):
        if found := environment.get(name):
            return Path(found)
    return _tasks_folder(environment, home) / "runtime"


def _tasks_folder(environment: Mapping[str, str], home: Path) -> Path:
    for name in ("CODEWHALE_TASKS_DIR", "DEEPSEEK_TASKS_DIR"):
        if found := environment.get(name):
            return Path(found)
    if found := environment.get("CODEWHALE_HOME"):
        return Path(found) / "tasks"
    usual, old = home / ".codewhale" / "tasks", home / ".deepseek" / "tasks"
    return old if old.is_dir() and not usual.is_dir() else usual


def this_machines() -> Path:
    """The folder of the runtime of whoever calls, by their environment."""
    return runtime_folder(os.environ, Path.home())


def group_of(path: str) -> str:
    """What a log shares its numbers with: the folder of its store, or nothing but itself (CONTRACT.md 4)."""
    place = Path(path)
    return str(place.absolute().parent) if in_store(place) else str(place.absolute())
