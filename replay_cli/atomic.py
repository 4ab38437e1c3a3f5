"""Atomic: an output file that is the whole new one or the old one, never half of one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from errno import EISDIR
from pathlib import Path
from typing import BinaryIO, TextIO

from replay_cli.errors import UsageError, one_line


@contextmanager
def replacing(path: Path, option: str, guard: AbstractContextManager[object] | None = None) -> Iterator[BinaryIO]:
    """Write to a temporary file beside ``path``; at the end fsync it and rename it into place.

    ``guard`` is entered around the renaming alone; what it raises leaves ``path`` as it was.

    Whatever interrupts the writing leaves ``path`` as it was and the temporary file gone. What is no regular file
    (``/dev/stdout``, a FIFO) is written to directly. Raises UsageError, which names ``option``, if nothing can be
    written there.
    """
    with _explained(path, option):
        if path.exists() and not path.is_file():
            with open(path, "wb") as direct:
                yield direct
            return
        target = _target(path)
        import tempfile  # with all that it loads, and most reports go to stdout

        handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent)
        try:
            with open(handle, "wb") as file:
                yield file
                settle(file)
            written = Path(name)
            written.chmod(_mode(target))
            with guard or nullcontext(True) as wanted:
                if wanted:
                    written.replace(target)
                else:
                    written.unlink()
            _sync_folder(target.parent)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise


def refuse_unwritable(path: Path, option: str) -> None:
    """Raise UsageError, which names ``option``, if ``replacing`` could write nothing there."""
    with _explained(path, option):
        if path.exists() and not path.is_file():
            # A device, or a FIFO, is opened when there is something to write, as that may wait for its reader.
            if path.is_dir():
                raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
            return
        import tempfile

        target = _target(path)
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent)
        os.close(handle)
        Path(name).unlink()


def _target(path: Path) -> Path:
    """The file that a path is, or would be, links followed.

    Raises OSError if its folder is not there: ``missing/../log`` is nothing to the system, and no other name of log.
    """
    try:
        return Path(os.path.realpath(path, strict=True))
    except FileNotFoundError:
        named = Path(os.path.realpath(path.parent, strict=True)) / path.name
        return _target(named.parent / named.readlink()) if named.is_symlink() else named


def settle(file: BinaryIO) -> None:
    """Bring what was written to the disk, and close the file; it may wait for its renaming so."""
    if not file.closed:
        file.flush()
        os.fsync(file.fileno())
        file.close()


def _sync_folder(folder: Path) -> None:
    """Let the renaming outlive a power loss too, where folders can be synced."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def keep_beside(path: Path, backup: Path) -> None:
    """Keep what ``path`` holds under another name as well, one that there is not. Raises UsageError."""
    with _explained(backup, "--backup"):
        try:
            os.link(path, backup)
        except (OSError, NotImplementedError, AttributeError):
            # Not every file system knows links.
            import shutil

            with open(path, "rb") as source, open(backup, "xb") as copy:
                shutil.copyfileobj(source, copy)
                copy.flush()
                os.fsync(copy.fileno())
            shutil.copystat(path, backup)


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Standard output as bytes. Raises UsageError if it cannot be written; a closed pipe stays BrokenPipeError."""
    if sys.stdout is None:
        raise UsageError("stdout is closed, so that nothing can be written there")
    with _explained(Path("stdout"), "output"):
        try:
            _wait_when_full(sys.stdout)
            sys.stdout.flush()
            yield sys.stdout.buffer
        except OSError:
            forget(sys.stdout)
            raise


def _wait_when_full(stream: TextIO) -> None:
    """Let writing wait for a slow reader. A program that shares the pipe may have set it to fail instead."""
    if hasattr(os, "set_blocking"):
        with suppress(OSError, ValueError):  # it may be no descriptor at all
            os.set_blocking(stream.fileno(), True)


def say(line: str) -> None:
    """A line on stderr, or several; that nobody can read it there is no reason to stop.

    Whatever else does not print is escaped, so that no line reaches a terminal raw, whoever made it.
    """
    try:
        sys.stderr.write("\n".join(map(one_line, line.split("\n"))) + "\n")
    except OSError:
        forget(sys.stderr)


def forget(stream: TextIO) -> None:
    """Send what ``stream`` still holds nowhere, or the interpreter tries again when it ends, and complains."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def _explained(path: Path, option: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"{option}: {path} cannot be written: {error.strerror or error}") from None


def append(path: Path, text: str, option: str) -> None:
    """Add text to a file that others add to as well. Raises UsageError, which names ``option``, if it cannot be."""
    with _explained(path, option), open(path, "a", encoding="utf-8") as file:
        file.write(text)


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, or those that a new file gets."""
    try:
        return target.stat().st_mode & 0o7777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
