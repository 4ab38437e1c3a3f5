"""Columns: what the frames of a block say, a list for each slot, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import NamedTuple


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The name of an event, and the codes of the rules that it was asked for; one for many frames."""

    event: str
    looked: tuple[str, ...]


asked = lru_cache(maxsize=4096)(Asked)
"""The one for such frames."""


class Whole(NamedTuple):
    """What else a proven frame says, for who makes something else of it; texts as they stand in it.

    ``turn`` and ``item`` are as in JSON, None if they are left out. ``text`` is the frame without its terminator;
    ``tight`` tells that there is no white space between its tokens, but maybe in the payload; ``payload_tight`` that
    there is surely none in that.
    """

    turn: bytes | None
    item: bytes | None
    payload: bytes
    text: bytes
    tight: bool
    payload_tight: bool


class Row(NamedTuple):
    """What one proven frame says: texts as they stand in it; ``whole`` if that was wanted.

    Where its link leads is not looked at, nor whether there is such a minute: that is a matter of the order among
    frames (``sections``).
    """

    seq: bytes
    link: bytes | None
    thread: bytes
    time: bytes
    asked: Asked
    whole: Whole | None


UNSURE = Row(b"", None, b"", b"", Asked("", ()), None)
"""What stands for a frame that is not proven: no seq."""


@dataclass(slots=True)
class Columns:
    """Texts as they stand in the frames; ``links`` None where there is none. A frame without a seq is not proven."""

    seqs: list[bytes]
    links: list[bytes | None]
    threads: list[bytes]
    times: list[bytes]
    _places: dict[bytes, Sequence[int]] | None = field(default=None, init=False)

    def insert(self, runs: list[tuple[int, list[Row]]]) -> None:
        """Put frames in, as runs: the first of each with its number, from 0, as it is then. The numbers ascend."""
        if not runs:
            return
        seqs, links, threads, times, *_ = zip(*chain.from_iterable(rows for _, rows in runs), strict=True)
        done = 0
        for at, rows in runs:
            end = done + len(rows)
            self.seqs[at:at] = seqs[done:end]
            self.links[at:at] = links[done:end]
            self.threads[at:at] = threads[done:end]
            self.times[at:at] = times[done:end]
            done = end

    def part(self, start: int, end: int) -> Columns:
        """The frames from ``start`` to ``end`` (exclusive)."""
        return Columns(
            self.seqs[start:end],
            self.links[start:end],
            self.threads[start:end],
            self.times[start:end],
        )

    def unsure(self) -> list[int]:
        """The numbers of the frames that are not proven."""
        if all(self.seqs):
            return []
        return [number for number, seq in enumerate(self.seqs) if not seq]

    def places(self) -> dict[bytes, Sequence[int]]:
        """The numbers of the frames of each thread, in order; found once, for what does not change any more."""
        if self._places is None:
            size = len(self.threads)
            if size and self.threads.count(self.threads[0]) == size:
                self._places = {self.threads[0]: range(size)}
            else:
                places: defaultdict[bytes, list[int]] = defaultdict(list)
                for number, thread in enumerate(self.threads):
                    places[thread].append(number)
                self._places = dict(places)
        return self._places

    def strands(self) -> Iterator[Columns]:
        """The frames of each thread by themselves."""
        places = self.places()
        for numbers in places.values():
            yield self if len(places) == 1 else self._chosen(numbers)

    def _chosen(self, numbers: Sequence[int]) -> Columns:
        """Some frames, by their numbers."""
        if len(numbers) == 1:
            return self.part(numbers[0], numbers[0] + 1)
        chosen = itemgetter(*numbers)
        columns = (self.seqs, self.links, self.threads, self.times)
        return Columns(*(list(chosen(column)) for column in columns))
