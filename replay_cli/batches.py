"""Batches: many small inputs, a few at a time, and several large compressed ones to the processes of the pool.

What comes back are whole reports, in the order of the inputs, or what was wrong with one. Other large inputs, and
those whose size is not known, are left to the caller: a large file is cut into spans, by all processes. One that is
compressed cannot be: a single one is decompressed beside its audit, of several each process takes a whole one.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from replay_cli.api import audit_source
from replay_cli.compression import LONGEST, compression_of
from replay_cli.discovery import Entry
from replay_cli.errors import ReplayError, WorkerDiedError
from replay_cli.planning import Options
from replay_cli.pool import ordered
from replay_cli.sources import open_path, read_at
from replay_cli.spans import LARGE
from replay_cli.told import Report

BATCH = 1024 * 1024
"""Bytes of the files in a batch, about."""

FILES = 64
"""Files in a batch at most."""

WORTH = 4 * 1024 * 1024
"""Bytes of small files in a row from which on processes are started for them."""

RATIO = 10
"""Bytes of a log, about, for each that is stored of it where it is compressed."""

SEVERAL = 2
"""Large compressed files in a row from which on each is audited by one process: two processes for one file share its
work unevenly, and have to hand over all of it.
"""


T = TypeVar("T")


class Batch(NamedTuple, Generic[T]):
    """Some files to be audited in one go, and what is made of each report before it is sent back."""

    paths: list[str]
    options: Options
    made: Callable[[Report], T]


class Answer(NamedTuple, Generic[T]):
    """What became of one file: what was made of its report, or why there is none."""

    report: T | None
    error: ReplayError | None = None


def whole(report: Report) -> Report:
    """All of a report."""
    return report


def answers(
    entries: Sequence[Entry], options: Options, made: Callable[[Report], T]
) -> Iterator[tuple[Entry, Answer[T] | None]]:
    """Each input with what became of it, in order; None for those that the caller is to audit.

    ``made`` makes of a report what is wanted of it, in the process that audits; ``whole`` takes it as it is. It must
    be a function of a module. Raises WorkerDiedError, with the first of which nothing came back. Closing the iterator
    ends the processes.
    """
    sized = [_sized(entry) if options.jobs > 1 else _Sized(entry, _Kind.LEFT) for entry in entries]
    for left, run in groupby(_settled(sized), key=_is_left):
        group = list(run)
        if left or not _are_worth_it(group):
            yield from ((one.entry, None) for one in group)
            continue
        found = ordered(_audit_batch, _batches(group, replace(options, jobs=1), made), options.jobs)
        yield from _answered([one.entry for one in group], found)


def _answered(entries: list[Entry], found: Iterator[list[Answer[T]]]) -> Iterator[tuple[Entry, Answer[T]]]:
    """Each input with its answer out of the batches that are ``found``."""
    each = (answer for batch in found for answer in batch)
    for entry in entries:
        try:
            answer = next(each)
        except WorkerDiedError:
            raise WorkerDiedError(entry.path) from None
        yield entry, answer


class _Kind(Enum):
    """What is to become of an input."""

    SMALL = "goes to the pool with others"
    COMPRESSED = "large and compressed: goes to the pool alone"
    LEFT = "left to the caller"


class _Sized(NamedTuple):
    """An input, and its bytes as they are stored where that matters."""

    entry: Entry
    kind: _Kind
    size: int = 0


def _sized(entry: Entry) -> _Sized:
    """An input as its size, and of a large one its first bytes tell it. What cannot be looked at is left."""
    try:
        found = Path(entry.path).stat()
    except (OSError, ValueError):
        return _Sized(entry, _Kind.LEFT)
    if not stat.S_ISREG(found.st_mode) or entry.path == "-":
        return _Sized(entry, _Kind.LEFT)
    if found.st_size < LARGE:
        return _Sized(entry, _Kind.SMALL, found.st_size)
    return _Sized(entry, _Kind.COMPRESSED if _is_compressed(entry) else _Kind.LEFT, found.st_size)


def _is_compressed(entry: Entry) -> bool:
    return compression_of(read_at(entry.path, 0, LONGEST)) is not None


def _is_left(one: _Sized) -> bool:
    return one.kind is _Kind.LEFT


def _settled(sized: list[_Sized]) -> Iterator[_Sized]:
    """The inputs as they are, but of large compressed ones those left that have no other in their row."""
    for _, run in groupby(sized, key=_is_left):
        row = list(run)
        few = sum(one.kind is _Kind.COMPRESSED for one in row) < SEVERAL
        for one in row:
            yield one._replace(kind=_Kind.LEFT) if few and one.kind is _Kind.COMPRESSED else one


def _are_worth_it(group: list[_Sized]) -> bool:
    """Whether processes are started for some inputs. Only where few bytes are stored it is looked what they hold."""
    if len(group) < 2:
        return False
    stored = sum(one.size for one in group)
    if not stored * RATIO >= WORTH > stored:
        return stored >= WORTH
    return sum(one.size * (RATIO if _is_compressed(one.entry) else 1) for one in group) >= WORTH


def _batches(group: list[_Sized], options: Options, made: Callable[[Report], T]) -> Iterator[Batch[T]]:
    paths: list[str] = []
    held = 0
    for entry, kind, size in group:
        # What is large, which is more than a batch holds, waits for no other, and no other for it.
        if paths and (kind is _Kind.COMPRESSED or held >= BATCH or len(paths) == FILES):
            yield Batch(paths, options, made)
            paths, held = [], 0
        paths.append(entry.path)
        held += size
    if paths:
        yield Batch(paths, options, made)


def _audit_batch(batch: Batch[T]) -> list[Answer[T]]:
    """What became of each file of a batch; runs in a worker."""
    return [_audit(path, batch) for path in batch.paths]


def _audit(path: str, batch: Batch[T]) -> Answer[T]:
    try:
        return Answer(batch.made(audit_source(partial(open_path, path), batch.options)))
    except ReplayError as error:
        return Answer(None, error)
