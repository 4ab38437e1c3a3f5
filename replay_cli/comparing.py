"""Comparing: what an event says, without what is volatile, as a digest; and where two events differ.

Ids need not be equal, but have to correspond one to one (``Ids``): what is called so in the one recording is always
called so in the other.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import orjson

from replay_cli.violation import pointer_part
from replay_cli.volatile import ID_FORM, NOWHERE, Node

IDS_KEPT = 100_000
"""Ids of each recording that are remembered, those met last."""


class Absent:
    """The value of a member that is not there."""


ABSENT = Absent()


class Pair(NamedTuple):
    """Two ids that are the same, and the lines (from 1) of the events that told so."""

    left: str
    right: str
    left_line: int
    right_line: int


class Difference(NamedTuple):
    """Where two events differ: a JSON Pointer, and both values (``ABSENT``: it is not there).

    ``clashes`` are the pairs that ids in the values contradict.
    """

    pointer: str
    left: object
    right: object
    clashes: tuple[Pair, ...] = ()


class Ids:
    """Which id of the left recording is which of the right one. ``lines`` are where the events compared stand."""

    def __init__(self, lines: tuple[int, int] = (0, 0)) -> None:
        self.lines = lines
        self._right: OrderedDict[str, Pair] = OrderedDict()
        self._left: OrderedDict[str, str] = OrderedDict()

    def agree(self, left: str, right: str) -> bool:
        """Whether two ids may be the same; two that were both not met so far are from now on."""
        known = self.knows(left, right)
        if known is None:
            self._right[left], self._left[right] = Pair(left, right, *self.lines), left
            self._forget()
            return True
        if not known:
            return False
        self._right.move_to_end(left)
        self._left.move_to_end(right)
        return True

    def agree_all(self, left: Sequence[str], right: Sequence[str]) -> bool:
        """Whether all of two rows may be the same; nothing is learned of the others where one pair cannot be."""
        if len(left) != len(right):
            return False
        if any(self.knows(one, other) is False for one, other in zip(left, right, strict=True)):
            return False
        agreed = [self.agree(one, other) for one, other in zip(left, right, strict=True)]
        return all(agreed)

    def untaught(self) -> Ids:
        """The same, for a look that teaches nothing."""
        return _Known(self)

    def knows(self, left: str, right: str) -> bool | None:
        """Whether two ids are the same; None if neither was met."""
        pair = self._right.get(left)
        if pair is None:
            return None if right not in self._left else False
        return pair.right == right

    def clashes(self, left: str, right: str) -> list[Pair]:
        """The pairs by which two ids are not the same: what the one is called, and what is called like the other."""
        pairs = [self._right.get(left), self._right.get(self._left.get(right, ""))]
        return [pair for pair in pairs if pair is not None and (pair.left, pair.right) != (left, right)]

    def _forget(self) -> None:
        if len(self._right) > IDS_KEPT:
            _, pair = self._right.popitem(last=False)
            self._left.pop(pair.right, None)


class _Known(Ids):
    """What is known of ids, for one look."""

    def __init__(self, ids: Ids) -> None:
        super().__init__(ids.lines)
        self._ids = ids

    def agree(self, left: str, right: str) -> bool:
        known = self._ids.knows(left, right)
        return super().agree(left, right) if known is None else known

    def knows(self, left: str, right: str) -> bool | None:
        known = self._ids.knows(left, right)
        return super().knows(left, right) if known is None else known

    def clashes(self, left: str, right: str) -> list[Pair]:
        return self._ids.clashes(left, right) or super().clashes(left, right)


class Essence(NamedTuple):
    """What stands for an event: a digest of all that counts in it but its ids, and these in their order."""

    digest: bytes
    ids: tuple[str, ...]


def essence(document: dict[str, object], root: Node) -> Essence:
    """What stands for an event; ``root`` tells what is left out of it, and where its ids are."""
    ids: list[str] = []
    bare = _bare(document, root, ids)
    try:
        text = orjson.dumps(bare)
    except TypeError:  # an integer beyond 64 bits, or a text that is none
        text = json.dumps(bare).encode()
    return Essence(blake2b(text, digest_size=16).digest(), tuple(ids))


def _bare(value: object, node: Node, ids: list[str]) -> object:
    """A value with marks in the place of ids, its members in order."""
    if isinstance(value, dict):
        made = {}
        for name in sorted(value):
            inner = node.at(name) or NOWHERE
            if not inner.skipped:
                made[name] = _bare(value[name], inner, ids)
        return made
    if isinstance(value, list):
        return [_bare(one, _element(node, at), ids) for at, one in enumerate(value) if not _element(node, at).skipped]
    if not isinstance(value, str):
        return value
    if node.is_id:
        ids.append(value)
        return "\0id"
    if not ID_FORM.search(value):
        return value
    ids += ID_FORM.findall(value)
    return ID_FORM.sub("\0id", value)


def _element(node: Node, at: int) -> Node:
    return (node.at(str(at)) if node.inside or node.any else None) or NOWHERE


def differences(left: object, right: object, root: Node, ids: Ids) -> Iterator[Difference]:
    """Where two events differ, in the order of the names; ids that were not met so far are taken for the same."""
    return _differences(left, right, root, ids, "")


def _differences(left: object, right: object, node: Node, ids: Ids, pointer: str) -> Iterator[Difference]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            inner = node.at(name) or NOWHERE
            if inner.skipped:
                continue
            where = pointer + pointer_part(name)
            one, other = left.get(name, ABSENT), right.get(name, ABSENT)
            yield from _differences(one, other, inner, ids, where)
    elif isinstance(left, list) and isinstance(right, list):
        for at in range(max(len(left), len(right))):
            inner = _element(node, at)
            if inner.skipped:
                continue
            one, other = (row[at] if at < len(row) else ABSENT for row in (left, right))
            yield from _differences(one, other, inner, ids, f"{pointer}/{at}")
    elif isinstance(left, str) and isinstance(right, str):
        if not _same_text(left, right, node, ids):
            yield Difference(pointer, left, right, tuple(_clashes(left, right, node, ids)))
    elif left is not right and (type(left) is not type(right) or left != right):
        yield Difference(pointer, left, right)


def _same_text(left: str, right: str, node: Node, ids: Ids) -> bool:
    if node.is_id:
        return ids.agree(left, right)
    mine, theirs = ID_FORM.findall(left), ID_FORM.findall(right)
    if not mine and not theirs:
        return left == right
    return ID_FORM.sub("\0id", left) == ID_FORM.sub("\0id", right) and ids.agree_all(mine, theirs)


def _clashes(left: str, right: str, node: Node, ids: Ids) -> Iterator[Pair]:
    """The pairs that the ids in two texts contradict, each once; none if the texts differ in something else, too."""
    rows = ([left], [right]) if node.is_id else (ID_FORM.findall(left), ID_FORM.findall(right))
    if not node.is_id and ID_FORM.sub("\0id", left) != ID_FORM.sub("\0id", right):
        return
    told = set()
    for one, other in zip(*rows, strict=True):
        for pair in ids.clashes(one, other) if ids.knows(one, other) is False else ():
            if pair not in told:
                told.add(pair)
                yield pair
