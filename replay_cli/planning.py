"""Planning: what a source is, from its first bytes, and so what it is to be audited for.

The first bytes are read, sniffed and given back: whoever goes on reads the source from its beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from replay_cli import rules
from replay_cli.errors import SourceError
from replay_cli.grading import Grading, grade
from replay_cli.profiles import Plan, Shape, UserSchema
from replay_cli.sniffing import HEAD, LONGER_HEAD, READ, Sniffed, sniff
from replay_cli.sources import Source
from replay_cli.told import ChosenBy

MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_FINDINGS = 1000

_LINE = re.compile(rb"\S")
_DATA = re.compile(rb"(?:\A|[\r\n])(?:\xef\xbb\xbf)?(?:data(?:[:\r\n])|[ \t]*[{\[])")
"""What tells that some lines may hold an event: JSON, or the data of an SSE message."""

_STORE_LOG = re.compile(r"(.+?)\.(?:jsonl|ndjson|log)(?:\.(?:gz|zst|bz2|xz))?\Z", re.IGNORECASE)
_THREAD_ID = re.compile(r"thr_[A-Za-z0-9_-]+\Z")


@dataclass(frozen=True, slots=True)
class Options:
    """How sources are audited and told.

    ``profile`` and ``framing`` are None to go by content. ``max_line_bytes`` is the longest line or SSE event that
    is examined, ``max_findings`` how many findings of a source are listed (all are counted). ``schema`` is
    one of the user's own (``userschema.load``). ``max_bytes`` is how much of a source is read at most, after
    decompression. ``fast`` is False to leave the prover and the quick schema check aside. ``jobs`` is in how many
    processes a large file is audited. ``cache`` lets places in large logs be kept from one call to the next.
    ``contents`` asks what the lines hold that findings point at, ``ends`` how the stream begins and ends. ``live``
    says that a source comes event by event and may have no end, so that its first events tell what it is.
    """

    profile: Shape | None = None
    framing: str | None = None
    max_line_bytes: int = MAX_LINE_BYTES
    max_findings: int = MAX_FINDINGS
    grading: Grading = field(default_factory=grade)
    statistics: bool = False
    schema: UserSchema | None = None
    show_values: bool = False
    max_bytes: int | None = None
    fast: bool = True
    jobs: int = 1
    cache: bool = False
    contents: bool = False
    ends: bool = False
    live: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A source whose first bytes were looked at.

    ``plan`` is what to audit it for, ``chosen_by`` what decided that, ``what`` names another log. ``chunks`` are all
    its bytes, from the first; they raise SourceError where reading fails, ``failure`` if that is known already.
    ``whole`` is all that there was to read, if that was looked at.
    """

    plan: Plan
    chosen_by: ChosenBy
    what: str
    chunks: Iterator[bytes]
    failure: SourceError | None
    whole: bytes | None = None


def planned(source: Source, options: Options) -> Planned:
    """Look at the first bytes of an opened source. Never raises for what it holds."""
    chunks = _bounded(source, options.max_bytes)
    if options.live:
        return _planned_live(source, chunks, options)
    head, complete, failure = _peek(chunks, HEAD)
    store = source.path is not None and in_store(source.path)
    # Whatever has become of it, the runtime reads it line by line; a capture beside it has another name.
    framing = "jsonl" if store and str(source.path).endswith(".jsonl") else None
    framing = options.framing or framing
    # Exactly so much, so that what a source is taken for does not depend on the sizes of the reads.
    sniffed = sniff(head[:HEAD], complete and len(head) <= HEAD, framing, store, options.schema is not None)
    if not sniffed.sure and not complete:
        more, complete, failure = _peek(chunks, LONGER_HEAD - len(head))
        head += more
        within = complete and len(head) <= LONGER_HEAD
        sniffed = sniff(head[:LONGER_HEAD], within, framing, store, options.schema is not None)
    plan, chosen_by = plan_for(source.path, sniffed, options)
    whole = head if complete and failure is None else None
    return Planned(plan, chosen_by, sniffed.what, _after(head, chunks, failure), failure, whole)


def _planned_live(source: Source, chunks: Iterator[bytes], options: Options) -> Planned:
    """The same of a source that comes event by event: the first that can tell what it is decides.

    Were there to be more of them, a fault in the first would be told only when the others have come.
    """
    head, texts, complete, failure = b"", 0, True, None
    text = _LINE if options.framing == "jsonl" else _DATA

    def sniffed() -> Sniffed:
        return sniff(head[:HEAD], complete, options.framing, False, options.schema is not None)

    try:
        for chunk in chunks:
            head += chunk
            told = chunk.endswith((b"\n", b"\r")) and text.search(chunk) is not None
            texts += told
            # A frame of the compat stream may also stand in one of envelopes, where it is a finding.
            if len(head) >= HEAD or texts == READ or (told and sniffed().shape is not Shape.COMPAT):
                complete = False
                break
    except SourceError as error:
        failure = error
    found = sniffed()
    plan, chosen_by = plan_for(source.path, found, options)
    return Planned(plan, chosen_by, found.what, _after(head, chunks, failure), failure)


def plan_for(path: Path | None, sniffed: Sniffed, options: Options) -> tuple[Plan, ChosenBy]:
    """What to audit a source for, and what decided it (DECISIONS, Sources)."""
    shape, thread = sniffed.shape, None
    chosen_by: ChosenBy = "content"
    if options.profile is not None:
        shape, chosen_by = options.profile, "option"
    elif path is not None and sniffed.framing == "jsonl" and in_store(path):
        shape, chosen_by = Shape.RECORD, "path"
    elif options.schema is not None and sniffed.objects and (shape is Shape.FOREIGN or not sniffed.fits):
        shape = Shape.CUSTOM
    if path is not None and shape is Shape.RECORD and _is_in_events(path):
        match = _STORE_LOG.match(path.name)
        # A folder of this name without a store around it may hold anything; go by what only a store would write.
        thread = match[1] if match and (in_store(path) or _THREAD_ID.match(match[1])) else None
    plan = Plan(
        shape,
        sniffed.framing,
        strict=options.profile is not None,
        thread=thread,
        limit=options.max_line_bytes,
        kept=max(options.max_findings, MAX_FINDINGS),
        gaps=options.grading.asks(rules.SEQ_GAP.code),
        schema=options.schema,
        values=options.show_values,
        fast=options.fast,
    )
    return plan, chosen_by


def in_store(path: Path) -> bool:
    """Whether a file stands in a folder named ``events`` beside a ``state.json`` (CONTRACT.md 2.2)."""
    try:
        return _is_in_events(path) and (path.absolute().parent.parent / "state.json").is_file()
    except OSError:
        return False


def _is_in_events(path: Path) -> bool:
    """Whether a file stands in a folder of this name."""
    # Of most the path itself tells, and a path takes longer to take apart than a small file to read.
    folder = str(path).rpartition("/")[0]
    if folder and not folder.endswith("events"):
        return False
    return path.absolute().parent.name == "events"


def _bounded(source: Source, most: int | None) -> Iterator[bytes]:
    """The chunks of a source, up to ``most`` bytes. Raises SourceError if there is more."""
    left = most
    for chunk in source.chunks():
        if left is not None and len(chunk) > left:
            yield chunk[:left]
            raise SourceError(source.name, f"more than {most:,} bytes (--max-bytes); the rest was not read")
        left = left - len(chunk) if left is not None else None
        yield chunk


def _peek(chunks: Iterator[bytes], most: int) -> tuple[bytes, bool, SourceError | None]:
    """The first bytes, whether they are all, and what stopped the reading, if anything did."""
    pieces, size = [], 0
    try:
        for chunk in chunks:
            pieces.append(chunk)
            size += len(chunk)
            if size >= most:
                return b"".join(pieces), False, None
    except SourceError as error:
        return b"".join(pieces), True, error
    return b"".join(pieces), True, None


def _after(head: bytes, chunks: Iterator[bytes], failure: SourceError | None) -> Iterator[bytes]:
    yield from (head[at : at + HEAD] for at in range(0, len(head), HEAD))
    if failure:
        raise failure
    yield from chunks
