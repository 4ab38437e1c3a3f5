"""Slots: what stands in the slots of proven deltas in a row, as columns, for who makes something else of them.

What was found in a block is kept as it came, and looked into only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from replay_cli.deltas import Deltas


@dataclass(frozen=True, slots=True)
class Slots:
    """The deltas from number ``start`` to ``end`` (exclusive) of those that ``pattern`` has split a block into."""

    pattern: Deltas
    start: int
    end: int
    _flat: list[bytes]

    @classmethod
    def of(cls, pattern: Deltas, flat: list[bytes]) -> Slots:
        """All deltas of a block, as it was split."""
        return cls(pattern, 0, len(flat) // pattern.stride, flat)

    @property
    def size(self) -> int:
        """How many deltas there are."""
        return self.end - self.start

    def part(self, start: int, end: int | None = None) -> Slots:
        """The deltas from ``start``, counted from 0, to ``end`` (exclusive), or to the last."""
        return replace(self, start=self.start + start, end=self.end if end is None else self.start + end)

    def column(self, name: str) -> list[bytes]:
        """What stands in one slot of each delta."""
        group = self.pattern.group.get(name)
        return self.texts([name]) if group is None else self._group(group)

    def stands_alone(self, name: str) -> bool:
        """Whether a slot may hold something else in each delta; few different texts stand in all the others."""
        return name in self.pattern.group

    def texts(self, parts: Sequence[bytes | str]) -> list[bytes]:
        """For each delta a text of these parts: bytes, and names of slots that do not stand alone."""
        ((group, region),) = self.pattern.regions.items()
        column = self._group(group)
        known = {}
        for text in set(column):
            slots = region.slots(text)
            known[text] = b"".join([part if isinstance(part, bytes) else slots[part] for part in parts])
        return [known[text] for text in column]

    def _group(self, number: int) -> list[bytes]:
        stride = self.pattern.stride
        return self._flat[self.start * stride + number : self.end * stride : stride]
