"""Recordings to compare, made of lines, and what they differ in."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

from replay_cli.diffing import DiffRequest, compared
from replay_cli.divergence import Contrast
from replay_cli.planning import Options
from replay_cli.recording import Met, Recording
from replay_cli.sources import open_stream


def met(lines: Iterable[bytes]) -> list[Met]:
    """What is met in a log of these lines."""
    with open_stream(BytesIO(b"".join(lines)), "log") as source:
        return list(Recording(source, Options()).met())


def contrast(left: bytes, right: bytes, **asked: Any) -> Contrast:
    """What two logs differ in."""
    request = DiffRequest("left", "right", **asked)
    with open_stream(BytesIO(left), "left") as one, open_stream(BytesIO(right), "right") as other:
        return compared(request, [Recording(source, Options(), request.until_seq) for source in (one, other)])
