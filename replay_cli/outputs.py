"""Outputs: where a run writes to, and that it takes the place of nothing that it should not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from replay_cli.atomic import replacing, standard_output
from replay_cli.compression import compressing
from replay_cli.errors import UsageError

SUFFIXES = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2", ".xz": "xz"}
"""Endings of names, and how what is written under them is compressed."""


def is_stdout(path: str) -> bool:
    """Whether a path is a name of standard output."""
    return path in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def identity(path: str) -> tuple[int, int] | None:
    """What tells one file from another, whatever it is called; None if there is none."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino)


def opened(path: str | None, option: str) -> AbstractContextManager[BinaryIO]:
    """Standard output, or a file that is replaced as a whole. Raises UsageError, which names ``option``."""
    if path is None or is_stdout(path):
        return standard_output()
    return replacing(Path(path), option)


@contextmanager
def compressed(file: BinaryIO, kind: str | None) -> Iterator[BinaryIO]:
    """What is written goes into ``file``, compressed as ``kind`` says; as it is if that is None."""
    if kind is None:
        yield file
        return
    with compressing(file, kind) as packed:
        yield packed


def kind_of(path: str) -> str | None:
    """How what is written to a path is compressed, by its ending."""
    return SUFFIXES.get(Path(path).suffix.lower())


def refuse_overwriting(path: str, option: str) -> None:
    """Raise UsageError if there is a regular file already."""
    if not is_stdout(path) and Path(path).is_file():
        raise UsageError(f"{option}: {path} exists; --force overwrites it")
