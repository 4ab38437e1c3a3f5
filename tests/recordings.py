"""Where the shared recordings and vectors are, for tests that skip where they are absent."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


def shared(name: str) -> Path:
    """A file or folder beside the repository; skips the test where there is none."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"../shared/{name} is not there")
    return path


def vectors(name: str) -> list[dict[str, Any]]:
    """The lines of a vector file, with every ``*b64`` field decoded into ``bytes``."""
    read = []
    for line in shared(f"vectors/{name}").read_bytes().splitlines():
        vector = json.loads(line)
        for key in [key for key in vector if key.endswith("b64")]:
            vector["bytes"] = base64.b64decode(vector[key])
        read.append(vector)
    return read


def logs(*folders: str) -> list[Path]:
    """Every log and capture below folders of ``../shared/recorded``; empty where it is absent."""
    found = (path for folder in folders for path in (SHARED / "recorded" / folder).rglob("*"))
    return sorted(path for path in found if path.suffix in (".jsonl", ".sse"))
