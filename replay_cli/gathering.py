"""Gathering: the logs that are tailed together: which there are, also later ones, and what they say as one stream."""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from replay_cli.beginning import ForeignError
from replay_cli.discovery import STDIN, Discovered, discover
from replay_cli.errors import ReplayError, SourceError, UsageError, one_line
from replay_cli.following import files_allowed
from replay_cli.interleaving import merged
from replay_cli.looking import Seen
from replay_cli.planning import Options
from replay_cli.selection import Selection
from replay_cli.sources import open_stream
from replay_cli.stores import group_of
from replay_cli.tailed import LEAST, PIECE, TOGETHER, Key, Tailed

LOOK_AGAIN = 0.1
"""Seconds after which folders are looked into again, at the earliest."""

SHARE = 20
"""How many times as long as looking into folders takes it is left alone afterwards."""

MOST_OPEN = 200
"""Files that are held open at most; beyond that those that rest are closed."""

_WILD = frozenset("*?[")


class Logs:
    """The logs that ``paths`` name. ``tell`` is given lines on what became of them, ``complain`` what is wrong."""

    def __init__(
        self,
        paths: Sequence[str],
        exclude: Sequence[str],
        options: Options,
        selection: Selection,
        tell: Callable[[str], None],
        complain: Callable[[ReplayError], None],
    ) -> None:
        self.all: list[Tailed] = []
        self.groups: list[str] = []
        self._paths, self._exclude = paths, exclude
        self._options, self._selection = options, selection
        self._tell, self._complain = tell, complain
        self._known: set[str] = set()
        self._look_at = 0.0
        self._held: dict[int, list[Seen]] = {}
        # Others than logs are open, too, and logs for as long as they are read.
        self._most_open = min(MOST_OPEN, files_allowed() // 2)

    # -- which there are -------------------------------------------------------------------------------------------

    def find(self, follow: bool) -> None:
        """Find the logs there are. With ``follow`` a path that is not there yet is waited for."""
        found = self._discovered(follow)
        for problem in found.problems:
            self._complain(problem)
        for name in found.empty:
            waiting = "; waiting for logs" if follow else " (.jsonl .ndjson .sse .log)"
            self._tell(f"{one_line(name)}: nothing to read in it{waiting}")
        for entry in found.entries:
            self._known.add(entry.path)
            opener = partial(open_stream, sys.stdin.buffer, "<stdin>") if entry.path == STDIN else None
            log = Tailed(len(self.all), entry.path, self._options, self._selection, opener)
            if follow and opener is not None:
                self._add(log)
                return
            try:
                if not follow or log.has_line():
                    log.look()
            except ForeignError as error:
                self._tell(f"{error}{'' if entry.named else ', skipped'}")
                if not follow:
                    continue
            except UsageError:
                # It went between being found and being opened.
                if not follow:
                    self._complain(UsageError(f"no such file: {entry.path}"))
                    continue
            except SourceError as error:
                self._complain(error)
                continue
            self._add(log)
        self._look_at = time.monotonic() + LOOK_AGAIN

    def take_stream(self, name: str) -> Tailed:
        """Take in a log of this name of which all that is known is what will arrive."""
        log = Tailed(len(self.all), name, self._options, self._selection)
        self.all.append(log)
        self.groups.append(name)
        return log

    def _add(self, log: Tailed) -> None:
        self.all.append(log)
        self.groups.append("-" if log.path == STDIN else group_of(log.path))
        log.piece = max(min(PIECE, TOGETHER // len(self.all)), LEAST)

    def _discovered(self, follow: bool) -> Discovered:
        paths = list(self._paths)
        if follow:
            absent = [path for path in paths if path != STDIN and not _WILD & set(path) and not _is_there(path)]
            for path in absent:
                self._tell(f"{one_line(path)}: is not there yet; waiting for it")
            paths = [path for path in paths if path not in absent]
        stdin = sys.stdin.buffer if sys.stdin is not None else None
        if stdin is None and STDIN in paths:
            raise UsageError("-: there is no standard input")
        return discover(paths, exclude=self._exclude, stdin=stdin)

    def look_again(self) -> bool:
        """Take in what has appeared since, at most so often that it costs little; whether there is something."""
        now = time.monotonic()
        if now < self._look_at or (len(self._known) == len(self._paths) and self._known == set(self._paths)):
            return False
        before = len(self.all)
        there = [path for path in self._paths if path != STDIN and _is_there(path)]
        for entry in discover(there, exclude=self._exclude, stdin=None).entries:
            if entry.path not in self._known:
                self._known.add(entry.path)
                self._add(Tailed(len(self.all), entry.path, self._options, self._selection))
        self._look_at = now + max(LOOK_AGAIN, SHARE * (time.monotonic() - now))
        return len(self.all) > before

    # -- what there is ---------------------------------------------------------------------------------------------

    def backlog(self, last: int | None, follow: bool) -> Iterator[Seen]:
        """What is to be shown of what there is, the ``last`` so many events of all logs together (None: all)."""
        shares: Counter[int] = Counter()
        logs = [log for log in self.all if log.opened]
        for log in logs:
            log.piece = max(min(PIECE, TOGETHER // len(logs)), LEAST)
        groups = [self.groups[log.number] for log in logs]
        if last is not None:
            keys = [self._last(log, last) for log in logs]
            shares.update(key.log for key in deque(merged(keys, groups), maxlen=last))
        # One without a share may have a torn tail, or grow.
        rows = [self._read(log, None if last is None else shares[log.number], follow) for log in logs]
        yield from merged(rows, groups)
        if follow:
            for number, log in enumerate(logs):
                log.follow()
                if number >= self._most_open:
                    log.release()

    def _last(self, log: Tailed, number: int) -> list[Key]:
        try:
            return log.find_last(number)
        except SourceError as error:
            self._complain(error)
            return []

    def _read(self, log: Tailed, last: int | None, follow: bool) -> Iterator[Seen]:
        try:
            yield from log.backlog(last, follow)
        except SourceError as error:
            self._complain(error)

    def past(self, until_seq: int) -> bool:
        """Whether an event with this number, or a greater one, was met in each store, and in each other log."""
        if not self.all or any(not log.opened for log in self.all) or self._awaited():
            return False
        tops: dict[str, int] = {}
        for log, group in zip(self.all, self.groups, strict=True):
            tops[group] = max(tops.get(group, 0), log.top)
        return not self.behind and min(tops.values()) >= until_seq

    def _awaited(self) -> bool:
        """Whether a log that was named is not there."""
        return not all(_is_there(path) for path in self._paths if not _WILD & set(path))

    # -- what comes ------------------------------------------------------------------------------------------------

    def news(self) -> Iterator[Seen]:
        """What has come since the last time, merged.

        An event is written only after those with smaller numbers of its store. So when some came, all logs of a store
        are asked once more: what has come by then with a smaller number belongs before.
        """
        rows = self._sweep(range(len(self.all)))
        together = Counter(self.groups)
        tops: dict[str, int] = {}
        for number, row in rows.items():
            if row and together[self.groups[number]] > 1:
                group = self.groups[number]
                tops[group] = max(tops.get(group, 0), *(seen.seq for seen in row))
        if tops:
            again = self._sweep([number for number, group in enumerate(self.groups) if group in tops])
            for number, row in again.items():
                top = tops[self.groups[number]]
                late = next((at for at, seen in enumerate(row) if seen.seq > top), len(row))
                rows.setdefault(number, []).extend(row[:late])
                if row[late:]:
                    self._held[number] = row[late:]
        numbers = sorted(rows)
        yield from merged([rows[number] for number in numbers], [self.groups[number] for number in numbers])
        if sum(log.is_open for log in self.all) >= self._most_open:
            for log in self.all:
                if log.number not in rows:
                    log.release()

    def _sweep(self, numbers: Sequence[int] | range) -> dict[int, list[Seen]]:
        """What has come to each of these logs; only those to which something came."""
        rows: dict[int, list[Seen]] = {}
        room = self._most_open - sum(log.is_open for log in self.all)
        for number in numbers:
            row, was_open = self._held.pop(number, []), self.all[number].is_open
            try:
                for one in self.all[number].poll():
                    if isinstance(one, str):
                        self._tell(one)
                    else:
                        row.append(one)
            except SourceError as error:
                self._tell(str(error))
            room += was_open - self.all[number].is_open
            if room < 0:
                self.all[number].release()
                room += 1
            if row:
                rows[number] = row
        return rows

    @property
    def behind(self) -> bool:
        """Whether there is more to be had at once."""
        return bool(self._held) or any(log.behind for log in self.all)


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
