"""Interleaving: several logs as one stream.

By seq within a store, whose threads share one counter (CONTRACT.md 4), and by time between stores and other logs.
What stands in one log keeps its order, whatever it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import Protocol, TypeVar


class Placed(Protocol):
    """Something that has a number in its store and a time, in nanoseconds since 1970."""

    @property
    def seq(self) -> int:
        """Its number."""
        ...

    @property
    def instant(self) -> int:
        """Its time."""
        ...


T = TypeVar("T", bound=Placed)


def merged(logs: Iterable[Iterable[T]], groups: Sequence[str]) -> Iterator[T]:
    """The items of ``logs`` in one row; logs of the same name in ``groups`` share their numbers."""
    stores: dict[str, list[Iterable[T]]] = {}
    for log, group in zip(logs, groups, strict=True):
        stores.setdefault(group, []).append(log)
    rows = [merge(*members, key=_seq) if len(members) > 1 else iter(members[0]) for members in stores.values()]
    return merge(*rows, key=_instant) if len(rows) > 1 else rows[0] if rows else iter(())


def _seq(item: Placed) -> int:
    return item.seq


def _instant(item: Placed) -> int:
    return item.instant
