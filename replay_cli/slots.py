"""Slots: what stands in the slots of proven deltas in a row, as columns, for who makes something else of them.

What was found in a block is kept as it came, and looked into only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from replay_cli.deltas import Deltas


class Slots:
    """The deltas from number ``start`` to ``end`` (exclusive) of a block that ``pattern`` has split into ``flat``."""

    __slots__ = ("_end", "_flat", "_start", "pattern")

    def __init__(self, pattern: Deltas, flat: list[bytes], start: int, end: int) -> None:
        self.pattern = pattern
        self._flat, self._start, self._end = flat, start, end

    @property
    def size(self) -> int:
        """How many deltas there are."""
        return self._end - self._start

    def part(self, start: int, end: int | None = None) -> Slots:
        """The deltas from ``start``, counted from 0, to ``end`` (exclusive), or to the last."""
        return Slots(self.pattern, self._flat, self._start + start, self._end if end is None else self._start + end)

    def column(self, name: str) -> list[bytes]:
        """What stands in one slot of each delta."""
        group = self.pattern.group.get(name)
        return self.texts([name]) if group is None else self._group(group)

    def stands_alone(self, name: str) -> bool:
        """Whether a slot may hold something else in each delta; few different texts stand in all the others."""
        return name in self.pattern.group

    def texts(self, parts: Sequence[bytes | str]) -> list[bytes]:
        """For each delta a text of these parts: bytes, and names of slots that do not stand alone."""
        regions = [(name, one) for name, one in self.pattern.regions.items() if not one.names.isdisjoint(parts)]
        columns = [self._group(self.pattern.group[name]) for name, _ in regions]
        rows: Sequence[bytes | tuple[bytes, ...]]
        rows = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
        known: dict[bytes | tuple[bytes, ...], bytes] = {}
        for row in set(rows):
            slots: dict[str, bytes] = {}
            for (_, region), text in zip(regions, (row,) if isinstance(row, bytes) else row, strict=True):
                slots |= region.slots(text)
            known[row] = b"".join([part if isinstance(part, bytes) else slots[part] for part in parts])
        return list(map(known.__getitem__, rows))

    def _group(self, number: int) -> list[bytes]:
        stride = self.pattern.stride
        return self._flat[self._start * stride + number : self._end * stride : stride]
