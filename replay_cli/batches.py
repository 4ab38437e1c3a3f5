"""Batches: many small inputs, a few at a time, to the processes of the pool.

What comes back are whole reports, in the order of the inputs, or what was wrong with one. Inputs that are large, or
whose size is not known, are left to the caller: a large file is cut into spans, by all processes.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from replay_cli.api import audit_source
from replay_cli.discovery import Entry
from replay_cli.errors import ReplayError, WorkerDiedError
from replay_cli.planning import Options
from replay_cli.pool import ordered
from replay_cli.sources import open_path
from replay_cli.spans import LARGE
from replay_cli.told import Report

BATCH = 1024 * 1024
"""Bytes of the files in a batch, about."""

FILES = 64
"""Files in a batch at most."""

WORTH = 4 * 1024 * 1024
"""Bytes of small files in a row from which on processes are started for them."""


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
    sized = (
        [(entry, _size(entry)) for entry in entries] if options.jobs > 1 else [(entry, LARGE) for entry in entries]
    )
    for small, run in groupby(sized, key=lambda one: one[1] < LARGE):
        group = list(run)
        if not small or len(group) < 2 or sum(size for _, size in group) < WORTH:
            yield from ((entry, None) for entry, _ in group)
            continue
        found = ordered(_audit_batch, _batches(group, replace(options, jobs=1), made), options.jobs)
        yield from _answered([entry for entry, _ in group], found)


def _answered(entries: list[Entry], found: Iterator[list[Answer[T]]]) -> Iterator[tuple[Entry, Answer[T]]]:
    """Each input with its answer out of the batches that are ``found``."""
    each = (answer for batch in found for answer in batch)
    for entry in entries:
        try:
            answer = next(each)
        except WorkerDiedError:
            raise WorkerDiedError(entry.path) from None
        yield entry, answer


def _size(entry: Entry) -> int:
    """Bytes of a regular file, as they are stored; of all else so many that it is not taken for small."""
    try:
        found = Path(entry.path).stat()
    except (OSError, ValueError):
        return LARGE
    return found.st_size if stat.S_ISREG(found.st_mode) and entry.path != "-" else LARGE


def _batches(group: list[tuple[Entry, int]], options: Options, made: Callable[[Report], T]) -> Iterator[Batch[T]]:
    paths: list[str] = []
    held = 0
    for entry, size in group:
        paths.append(entry.path)
        held += size
        if held >= BATCH or len(paths) == FILES:
            yield Batch(paths, options, made)
            paths, held = [], 0
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
