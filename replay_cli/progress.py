"""Progress: a bar on stderr while long work goes on, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from replay_cli.discovery import Entry
from replay_cli.sources import Source

PATIENCE = 1.0
"""Seconds of work before a bar is shown."""

INTERVAL = 0.1


@contextmanager
def progress(entries: Sequence[Entry]) -> Iterator[Watch]:
    """What to tell of the work on ``entries``; it shows nothing if nobody watches."""
    if not sys.stderr.isatty():
        yield Watch()
        return
    bar = _Bar(sum(_size(entry.path) for entry in entries))
    try:
        yield bar
    finally:
        bar.hide()


class Watch:
    """Nobody watches: takes note of nothing."""

    def tell(self, source: Source, audited: int) -> None:
        """Take note of how far ``source`` was read."""

    def passed(self, entry: Entry) -> None:
        """Take note that an input was read elsewhere, as a whole."""

    def hide(self) -> None:
        """Leave the screen to who wants to write on it; the next ``tell`` may come back to it."""


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size if path != "-" else 0
    except OSError:
        return 0


class _Bar(Watch):
    """A bar over the stored bytes of all inputs, with MB/s and the time left; drawn only once work takes long."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._started = self._told = time.monotonic()
        self._done = 0
        self._current: tuple[str, int] = ("", 0)
        self._bar: Any = None
        self._shown = False

    def tell(self, source: Source, audited: int) -> None:
        """Take note of how far ``source`` was read; draw now and then."""
        name, read = self._current
        if source.name != name:
            self._done += read
        self._note(source.name, source.raw_read)

    def passed(self, entry: Entry) -> None:
        """Take note that an input was read elsewhere; draw now and then."""
        self._done += self._current[1]
        self._note(entry.path, _size(entry.path))

    def _note(self, name: str, read: int) -> None:
        self._current = (name, read)
        now = time.monotonic()
        if now - self._told >= INTERVAL and now - self._started >= PATIENCE:
            self._told = now
            self._draw(name)

    def _draw(self, name: str) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        from replay_cli.errors import one_line

        if self._bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
            self._bar = Progress(
                *columns,
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bar.add_task("", total=self._size or None)
        if not self._shown:
            self._bar.start()
            self._shown = True
        description = escape(one_line(Path(name).name)[:30])
        self._bar.update(self._bar.task_ids[0], completed=self._done + self._current[1], description=description)

    def hide(self) -> None:
        """Take the bar off the screen."""
        if self._shown:
            self._bar.stop()
            self._shown = False
