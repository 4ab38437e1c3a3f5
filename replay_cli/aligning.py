"""Aligning: two rows of items side by side, in bounded memory.

Items with equal keys belong together, in order. As long as the heads are equal nothing is held; from a difference on
a window of each row is looked at. Where the rows are whole in it, and keys are not repeated, what is paired is the
longest common row there is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

WINDOW = 10_000
"""Items of each row that are looked at together; behind a longer stretch that one lacks, pairs may not be found."""

WEIGHT = 16 * 1024 * 1024
"""Bytes of each row that are looked at together, beyond one item."""

CELLS = 500
"""Items on each side among which repeated keys are aligned exactly; longer stretches are taken in such pieces."""


class Item(Protocol):
    """What can be aligned: by ``key``, and where nothing has that, by ``near`` (None: by nothing).

    ``rank`` is its place in the order of both rows, if it has one. ``weight`` is what it takes, in bytes.
    """

    @property
    def key(self) -> object:
        """Equal in both rows for what belongs together."""

    @property
    def near(self) -> object | None:
        """Equal for what may be two versions of one."""

    @property
    def rank(self) -> int | None:
        """Its place in the order of both rows."""

    @property
    def weight(self) -> int:
        """Bytes that it takes."""


T = TypeVar("T", bound=Item)


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """Two items side by side, or one that has nothing beside it; both stand where the one before ended."""

    left: T | None
    right: T | None


class _Row(Generic[T]):
    """One of the rows, with what is looked at of it."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self.held: deque[T] = deque()
        self._weight = 0
        self.ended = False

    def fill(self, most: int) -> bool:
        """Hold up to ``most`` items; whether there is one at all."""
        while not self.ended and len(self.held) < most and (self._weight < WEIGHT or not self.held):
            item = next(self._items, None)
            if item is None:
                self.ended = True
            else:
                self.held.append(item)
                self._weight += item.weight
        return bool(self.held)

    def take(self) -> T:
        """The first item, held no longer."""
        item = self.held.popleft()
        self._weight -= item.weight
        return item


def aligned(left: Iterator[T], right: Iterator[T], window: int = WINDOW) -> Iterator[Step[T]]:
    """The two rows side by side: all of each, in its order."""
    one, other = _Row(left), _Row(right)
    while True:
        there = one.fill(1), other.fill(1)
        if not any(there):
            return
        if not there[1]:
            yield Step(one.take(), None)
        elif not there[0]:
            yield Step(None, other.take())
        elif one.held[0].key == other.held[0].key:
            yield Step(one.take(), other.take())
        else:
            one.fill(window)
            other.fill(window)
            yield from _looked_at(one, other)


def _looked_at(one: _Row[T], other: _Row[T]) -> Iterator[Step[T]]:
    """What of the two windows is sure; what is not stays in them. At least one item is taken."""
    a, b = list(one.held), list(other.held)
    keys = [item.key for item in a], [item.key for item in b]
    pairs = common(*keys)
    whole = one.ended and other.ended
    if not whole:
        # Past the middle something better may come into sight.
        sure = [pair for pair in pairs if pair[0] * 2 < len(a) and pair[1] * 2 < len(b)]
        pairs = sure or pairs[:1]
    elsewhere = set(keys[0]) & set(keys[1])
    i = j = 0
    for x, y in pairs:
        yield from _taken(_gap(a[i:x], b[j:y], elsewhere), one, other)
        yield Step(one.take(), other.take())
        i, j = x + 1, y + 1
    if whole or not pairs:
        x, y = (len(a), len(b)) if whole else _unpaired(a, b)
        yield from _taken(_gap(a[i:x], b[j:y], elsewhere), one, other)


def _taken(steps: Iterator[Step[T]], one: _Row[T], other: _Row[T]) -> Iterator[Step[T]]:
    """The steps, their items held no longer."""
    for step in steps:
        if step.left is not None:
            one.take()
        if step.right is not None:
            other.take()
        yield step


def _unpaired(a: Sequence[Item], b: Sequence[Item]) -> tuple[int, int]:
    """How many of two windows that have nothing in common are given up."""
    ends = [_below(a, _least(b)), _below(b, _least(a))]
    if not any(ends):
        ends = [(len(a) + 1) // 2, (len(b) + 1) // 2]
    return ends[0], ends[1]


def _least(row: Sequence[Item]) -> int | None:
    return min((item.rank for item in row if item.rank is not None), default=None)


def _below(row: Sequence[Item], bound: int | None) -> int:
    """How many items in a row come before all that the other window holds."""
    for at, item in enumerate(row):
        if bound is None or item.rank is None or item.rank >= bound:
            return at
    return len(row)


def _gap(a: Sequence[T], b: Sequence[T], elsewhere: set[object]) -> Iterator[Step[T]]:
    """Two stretches that have no keys in common, in order: what resembles each other, and the rest alone.

    What is ``elsewhere`` in the other row has been moved, and resembles nothing.
    """
    rows = [
        [(at, item.near) for at, item in enumerate(row) if item.near is not None and item.key not in elsewhere]
        for row in (a, b)
    ]
    pairs = common([near for _, near in rows[0]], [near for _, near in rows[1]])
    i = j = 0
    for x, y in [(rows[0][x][0], rows[1][y][0]) for x, y in pairs]:
        yield from (Step(item, None) for item in a[i:x])
        yield from (Step(None, item) for item in b[j:y])
        yield Step(a[x], b[y])
        i, j = x + 1, y + 1
    yield from (Step(item, None) for item in a[i:])
    yield from (Step(None, item) for item in b[j:])


def common(a: Sequence[object], b: Sequence[object]) -> list[tuple[int, int]]:
    """Places of a common row of two: pairs of equal values, rising on both sides.

    The longest there is where no value stands twice on one side, or the rows are short; else a long one.
    """
    found: list[tuple[int, int]] = []
    waiting = [(0, len(a), 0, len(b))]
    while waiting:
        i, m, j, n = waiting.pop()
        while i < m and j < n and a[i] == b[j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        while i < m and j < n and a[m - 1] == b[n - 1]:
            m, n = m - 1, n - 1
            found.append((m, n))
        if i == m or j == n:
            continue
        anchors = _anchors(a, i, m, b, j, n)
        if anchors:
            for x, y in anchors:
                found.append((x, y))
                waiting.append((i, x, j, y))
                i, j = x + 1, y + 1
            waiting.append((i, m, j, n))
        else:
            found += _in_pieces(a, i, m, b, j, n)
    return sorted(found)


def _anchors(a: Sequence[object], i: int, m: int, b: Sequence[object], j: int, n: int) -> list[tuple[int, int]]:
    """Pairs of values that stand once on each side: the longest row of them that rises."""
    mine, theirs = Counter(a[i:m]), Counter(b[j:n])
    at = {value: y for y, value in enumerate(b[j:n], j) if theirs[value] == 1}
    pairs = [(x, at[value]) for x, value in enumerate(a[i:m], i) if mine[value] == 1 and value in at]
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for number, (_, y) in enumerate(pairs):
        place = bisect_left(tails, y)
        if place == len(tails):
            tails.append(y)
            ends.append(number)
        else:
            tails[place], ends[place] = y, number
        before.append(ends[place - 1] if place else -1)
    row, number = [], ends[-1] if ends else -1
    while number >= 0:
        row.append(pairs[number])
        number = before[number]
    return row[::-1]


def _in_pieces(a: Sequence[object], i: int, m: int, b: Sequence[object], j: int, n: int) -> Iterator[tuple[int, int]]:
    """Pairs of values that are repeated, piece by piece, so that it takes time by the length and not its square."""
    while i < m and j < n:
        x, y = min(i + CELLS, m), min(j + CELLS, n)
        yield from _longest(a[i:x], b[j:y], i, j)
        i, j = x, y


def _longest(a: Sequence[object], b: Sequence[object], i: int, j: int) -> Iterator[tuple[int, int]]:
    """The longest common row, by the table of all beginnings' ends."""
    if not set(a) & set(b):
        return
    width = len(b) + 1
    table = [[0] * width for _ in range(len(a) + 1)]
    for x in range(len(a) - 1, -1, -1):
        below, row, value = table[x + 1], table[x], a[x]
        for y in range(len(b) - 1, -1, -1):
            row[y] = below[y + 1] + 1 if value == b[y] else max(below[y], row[y + 1])
    x = y = 0
    while x < len(a) and y < len(b):
        if a[x] == b[y]:
            yield i + x, j + y
            x, y = x + 1, y + 1
        elif table[x + 1][y] >= table[x][y + 1]:
            x += 1
        else:
            y += 1
