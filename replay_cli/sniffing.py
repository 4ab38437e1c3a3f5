"""Sniffing: what a source holds, from its first bytes: framing, shape, or that it is another log altogether.

By content, never by name (DECISIONS, Sources). The first readable lines decide by majority; a line of another
shape further down is a finding of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from replay_cli.blocks import Block
from replay_cli.compat import NAMES as COMPAT_NAMES
from replay_cli.frames import JSONL, Frame, State
from replay_cli.jsontext import JsonReader, Reading
from replay_cli.opening import is_other_stream
from replay_cli.plainjson import read_plain
from replay_cli.profiles import Shape, breaks, shape_of

HEAD = 64 * 1024
"""Bytes that are looked at."""

LONGER_HEAD = 2 * 1024 * 1024
"""Bytes that are looked at where the first ones hold nothing that can be read."""

LINES = 400
"""Lines that tell the framing."""

READ = 32
"""Readable texts that decide."""

_LINES = re.compile(rb"\r\n|\n|\r")
_FIELD = re.compile(rb"(?:data|event|id|retry)(?::|\Z)|:|HTTP/[0-9.]+ [0-9]{3}")
_RESPONSE = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})([^\r\n]*)")
_NEXT_HEAD = re.compile(rb"\r?\n\r?\n(?=HTTP/)")
_CONTENT_TYPE = re.compile(rb"^content-type:[ \t]*([^\r\n;]+)", re.IGNORECASE | re.MULTILINE)
_OBJECT = re.compile(rb'\A\{|\{"(?:schema_version|seq|event|timestamp)":')
"""A line of JSON objects, or one that holds a record of ours behind a fragment."""
_BINARY = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


class Sniffed(NamedTuple):
    """What a source seems to hold; ``what`` names a foreign log, ``objects`` tells that it holds JSON objects, and
    ``fits`` that one of them at least fulfils the schema of the shape (looked for only when asked). ``sure`` is False
    where nothing that was looked at could be read, so that more of the source may tell more.
    """

    framing: str
    shape: Shape
    what: str = ""
    objects: bool = False
    fits: bool = True
    sure: bool = True


def sniff(
    head: bytes, complete: bool, framing: str | None = None, store: bool = False, fitting: bool = False
) -> Sniffed:
    """Judge a source by its first bytes; ``complete`` says that they are all there is.

    A ``framing`` that the user named is taken as it is; only the shape is looked for then. ``store`` says that it
    stands where the runtime keeps its logs: then it is one, whatever has become of it. ``fitting`` asks also whether
    any of it fulfils the schema of the shape that its fields claim.
    """
    if store and framing is None and _framing(head, complete) != "sse":
        return Sniffed("jsonl", Shape.RECORD)
    if framing is None:
        if what := _other_file(head) or _response(head):
            return Sniffed("jsonl", Shape.FOREIGN, what)
        framing = _framing(head, complete)
    if framing is None and _is_document(head):
        return Sniffed("jsonl", Shape.FOREIGN, _DOCUMENT)
    if framing is None:
        what = "binary data" if _is_binary(head, complete) else "plain text"
        return Sniffed("jsonl", Shape.FOREIGN, f"{what}, not an event log", sure=complete)
    if framing == "sse":
        return _sniff_sse(head, fitting)
    return _sniff_jsonl(head, complete, fitting)


def _other_file(head: bytes) -> str:
    """What a file is by the bytes that it begins with; empty if that does not tell."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:4] in (b'{\0"\0', b'\0{\0"'):
        return "text in UTF-16, not an event log; convert it to UTF-8 first"
    known = next((what for magic, what in _FILES if head.startswith(magic)), "")
    if not known and head[257:262] == b"ustar":
        known = "a tar archive"
    hint = "; unpack it first" if known.endswith("archive") else ""
    return f"{known}, not an event log{hint}" if known else ""


_FILES = (
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7fELF", "a program (ELF)"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"%PDF-", "a PDF"),
)


def _framing(head: bytes, complete: bool) -> str | None:
    """ "jsonl" or "sse" by what most lines look like, None if hardly any looks like either."""
    body = head.removeprefix(b"\xef\xbb\xbf")
    if body[:1] == b"{" and b"\r" not in body and {line[:1] for line in body.split(b"\n")} <= {b"{", b""}:
        return "jsonl"  # as every line begins an object, which is what most files are
    if not body.strip(b" \t\r\n\0"):
        return "sse" if head and not body else "jsonl"
    lines = _LINES.split(body)
    if not complete and len(lines) > 1:
        lines.pop()
    lines = [line for line in (line.strip(b" \t\0") for line in lines) if line][:LINES]
    if not lines:
        return "jsonl"
    fields = sum(line[:1] != b"{" and _FIELD.match(line) is not None for line in lines)
    objects = sum(line[:1] == b"{" or _OBJECT.search(line[:4096]) is not None or _is_array(line) for line in lines)
    if lines[0].startswith(b"HTTP/") and fields > 1:
        return "sse"
    if fields * 5 >= len(lines) and fields >= objects:
        return "sse"
    return "jsonl" if objects * 5 >= len(lines) else None


def _is_array(line: bytes) -> bool:
    """Whether a line may be a record in positional form, and not the beginning of "[INFO] …"."""
    return line[:1] == b"[" and (line[-1:] == b"]" or len(line) > 4096)


_DOCUMENT = "one JSON document over several lines, not an event log"
_DOCUMENT_BEGINS = re.compile(rb'[ \t\r\n]*[{\[][ \t]*\r?\n[ \t\r\n]*(?:"|[{\[\]}]|[-0-9tfn])')


def _is_document(head: bytes) -> bool:
    """Whether a file begins as JSON that is laid out over lines."""
    return _DOCUMENT_BEGINS.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def _is_binary(head: bytes, complete: bool) -> bool:
    if _BINARY.search(head):
        return True
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return complete or error.start < len(head) - 4
    return False


def _response(head: bytes) -> str:
    """What an HTTP response is that is no event stream; empty for anything else."""
    status = _RESPONSE.match(head)
    # curl writes the heads of interim and redirecting answers before that of the stream.
    while status and status[1][:1] in b"13" and (following := _NEXT_HEAD.search(head)):
        head = head[following.end() :]
        status = _RESPONSE.match(head)
    if status is None:
        return ""
    fields, _, body = head.replace(b"\r\n", b"\n").partition(b"\n\n")
    kind = _CONTENT_TYPE.search(fields)
    content = kind[1].decode("ascii", "replace").strip().lower() if kind else ""
    streaming = content == "text/event-stream" or (not content and _FIELD.search(body) is not None)
    if status[1] == b"200" and streaming:
        return ""
    said = (status[1] + status[2]).decode("ascii", "replace").strip()[:60]
    return f"an HTTP response ({said}, {content[:40] or 'no content type'}), not an event stream"


def _sniff_jsonl(head: bytes, complete: bool, fitting: bool) -> Sniffed:
    if not fitting and (shape := _agreed(head)) is not None:
        return Sniffed("jsonl", shape, objects=True)
    texts = (frame.data for frame in JSONL.frames(Block(head, 0)) if frame.state is State.WHOLE)
    values = list(_values(texts))
    if complete and not values and not any(frame.state is State.WHOLE for frame in JSONL.frames(Block(head, 0))):
        # All there is has no newline: a torn record, unless it is whole and of another kind.
        values = list(_values(frame.data for frame in JSONL.frames(Block(head, 0)) if frame.state is State.TORN))
    objects = [value for value in values if isinstance(value, dict)]
    shapes = Counter(shape for value in objects if (shape := shape_of(value)) is not None)
    if shapes:
        return Sniffed("jsonl", shapes.most_common(1)[0][0], objects=True, fits=not fitting or _fits(objects))
    if objects:
        return Sniffed("jsonl", Shape.FOREIGN, _name_log(objects), objects=True)
    if not values and _LINES.split(head.strip(), maxsplit=1)[0].rstrip() in (b"{", b"["):
        return Sniffed("jsonl", Shape.FOREIGN, _DOCUMENT)
    shape = Shape.RECORD if values and isinstance(values[0], list) else _guess(head)
    return Sniffed("jsonl", shape, sure=complete or bool(values))


def _agreed(head: bytes) -> Shape | None:
    """The shape of the first lines if it is that of so many that it has the majority, whatever follows."""
    most = READ // 2 + 1
    lines, met = head.split(b"\n", most)[:-1], set()
    for line in lines:
        try:
            value = read_plain(line)
        except ValueError:
            return None
        met.add(shape_of(value) if isinstance(value, dict) else None)
        if len(met) > 1:
            return None
    return met.pop() if len(lines) == most else None


def _sniff_sse(head: bytes, fitting: bool) -> Sniffed:
    from replay_cli.sse import SSE

    frames = [frame for frame in SSE.frames(Block(head, 0)) if frame.state is State.WHOLE][:READ]
    objects = [value for value in _values(frame.data for frame in frames) if isinstance(value, dict)]
    ours = Counter(shape for value in objects if not is_other_stream(value) and (shape := shape_of(value)))
    if ours:
        return Sniffed("sse", ours.most_common(1)[0][0], objects=True, fits=not fitting or _fits(objects))
    named = sum(_is_compat(frame) for frame in frames)
    if frames and named * 2 >= len(frames):
        return Sniffed("sse", Shape.COMPAT)
    if not objects:
        return Sniffed("sse", _guess(head))
    if any("cursor" in value and "run_id" in value for value in objects):
        return Sniffed(
            "sse", Shape.FOREIGN, "the fleet stream (GET /v1/fleet/runs/ID/events), which holds no envelopes"
        )
    return Sniffed("sse", Shape.FOREIGN, f"an event stream of another kind ({_fields(objects)})", objects=True)


def _fits(objects: list[dict[str, object]]) -> bool:
    """Whether one of the objects at least is an event, by the schema of the shape that it claims."""
    return any((shape := shape_of(value)) is not None and not breaks(shape, value) for value in objects)


def _is_compat(frame: Frame) -> bool:
    return frame.event in COMPAT_NAMES and b'"seq"' not in frame.data


def _values(texts: Iterator[bytes]) -> Iterator[object]:
    reader, found = JsonReader(), 0
    for text in texts:
        try:
            yield read_plain(text)
        except ValueError:
            reading = reader.read(text)
            if not isinstance(reading, Reading):
                continue
            yield reading.value
        found += 1
        if found == READ:
            return


def _guess(head: bytes) -> Shape:
    """The shape of a source without a readable first text, by the names that stand in it before a payload."""
    start = head[:4096].partition(b'"payload"')[0]
    if b"\0" in head and not head.strip(b"\0 \t\r\n"):
        # What a file system leaves of appends that never reached the disk: a store's log.
        return Shape.RECORD
    if b'"kind"' in start or b'"created_at"' in start:
        return Shape.ENVELOPE
    if b'"schema_version"' in start:
        return Shape.RECORD
    return Shape.LEGACY if b'"seq"' in start else Shape.ENVELOPE


def _name_log(objects: list[dict[str, object]]) -> str:
    """What other JSONL users feed by mistake (CONTRACT.md 3.5)."""
    common = set.intersection(*(set(value) for value in objects))
    if common >= {"ts", "event", "details"}:
        return "the audit log of the runtime (audit.log), not an event log"
    if "type" in common:
        return "stream-json output (codewhale exec --output-format stream-json), not an event log"
    if common & {"run_id", "worker_id", "cursor", "fleet_id"}:
        return "a fleet log (fleet.jsonl), not an event log"
    if common & {"session_id"} or common >= {"id", "updated_at"}:
        return "a session index, not an event log"
    return f"JSON lines of another kind ({_fields(objects)}), not an event log"


def _fields(objects: list[dict[str, object]]) -> str:
    names = list(objects[0])[:5]
    return "fields " + ", ".join(name[:24] for name in names) if names else "no fields"
