"""Folders: where the paths stand that were named; the manifest that these go by is the nearest to them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from replay_cli.nearby import repository
from replay_cli.patterns import is_pattern


def named_in(paths: Iterable[str]) -> set[Path]:
    """The folders of paths, of those that stand in the repository around this folder, or in it if there is none."""
    here = Path.cwd()
    root = repository(here) or here
    return {folder for folder in {_literal(path) for path in paths} if folder.is_relative_to(root)}


def _literal(path: str) -> Path:
    """The folder that a path is, or stands in; of a pattern the one before its first part that is none by itself."""
    whole = os.path.normpath(os.path.abspath(path))  # noqa: PTH100
    if not os.path.lexists(whole):
        whole = re.sub(r"/[^/]*[*?\[].*", "", whole)
        return Path(whole or "/") if is_pattern(path) else Path(whole).parent
    return Path(whole) if os.path.isdir(whole) else Path(whole).parent  # noqa: PTH112
