"""Contents: what the lines that findings point at hold, as a digest and a few numbers, for formats that ask for it.

A fingerprint goes by the line's content, so that an edit above it does not make an old finding new; a region in a
text counts characters where our columns count bytes. Both take the line itself. A plain file is read again at the
places of its findings; of a stream it is taken while the blocks go by. Never more than ``LOOKED`` bytes of a line
are taken, so memory goes by the findings that are kept, whatever the lines are.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from replay_cli import rules
from replay_cli.blocks import Block
from replay_cli.cutting import HEAD_KEPT
from replay_cli.ends import seq_from
from replay_cli.findings import Content, Finding
from replay_cli.sources import read_at

LOOKED = HEAD_KEPT
"""Bytes of a line that its digest, and a region in it, take at most: of an over-long line no more is kept."""

WHOLE = frozenset(
    rule.code for rule in (rules.FOREIGN_LOG, rules.COMPAT_STREAM, rules.NO_EVENTS, rules.SECOND_THREAD)
)
"""Rules that speak of a source, not of a line in it."""

_LINE_END = {"jsonl": re.compile(rb"\r?\n"), "sse": re.compile(rb"[\r\n]")}
_EVENT_END = re.compile(rb"\r\n\r\n|\r\n\r|\r\n\n|\n\r\n|\r\r\n|\n\r|\r\r|\n\n|\r\n?\Z|\n\Z")


def content_in(path: str | Path, one: Finding, framing: str, end: int) -> Content | None:
    """The content at a finding in a plain file, of which ``end`` bytes were audited; None if it is gone."""
    if one.code in WHOLE:
        return None
    start = one.offset - one.column + 1
    ahead = read_at(path, start, one.column - 1)
    head = read_at(path, start, min(LOOKED, end - start))
    here = read_at(path, one.offset, min(LOOKED, end - one.offset))
    return _content(head, ahead, here, framing) if head else None


class Contents:
    """The contents at the places of findings of a stream, taken while its blocks go by.

    Of each rule the first ``most`` are kept: so many findings of it are.
    """

    def __init__(self, framing: str, most: int) -> None:
        self._framing = framing
        self._most = most
        self._block = Block(b"", 0)
        self._taken: Counter[str] = Counter()
        self._contents: dict[tuple[int, int], Content] = {}

    def watch(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Pass blocks on from the beginning of the source; what is kept meanwhile stands in the last one passed."""
        self._taken.clear()
        for self._block in blocks:
            yield self._block

    def keep(self, found: Iterable[Finding]) -> None:
        """Take the contents at findings in the last block."""
        for one in found:
            if one.code in WHOLE or self._taken[one.code] >= self._most:
                continue
            self._taken[one.code] += 1
            data, place = self._block.data, one.offset - self._block.offset
            start = place - one.column + 1
            head, here = data[start : start + LOOKED], data[place : place + LOOKED]
            self._contents[one.offset, one.column] = _content(head, data[start:place], here, self._framing)

    def of(self, one: Finding) -> Content | None:
        """The content at a finding; None if it is about the whole source."""
        return None if one.code in WHOLE else self._contents.get((one.offset, one.column))


def _content(head: bytes, ahead: bytes, here: bytes, framing: str) -> Content:
    """What stands at a place: from the beginning of its line, ahead of it in the line, and from it on.

    Of SSE the digest takes the event from the line on: by their first lines most events are alike.
    """
    told = (_EVENT_END if framing == "sse" else _LINE_END["jsonl"]).split(head, maxsplit=1)[0]
    region = _LINE_END[framing].split(here, maxsplit=1)[0]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    # A character that the limit cuts in two is left out; one that the line's end cuts is shown as what it is.
    characters = len(decoder.decode(region, final=len(region) < LOOKED))
    return Content(
        digest=blake2b(told, digest_size=16).hexdigest(),
        column=len(ahead.decode(errors="replace")) + 1,
        length=len(region) - len(decoder.getstate()[0]),
        characters=characters,
        seq=seq_from(head),
    )
