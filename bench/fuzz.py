"""A million broken logs: ``python bench/fuzz.py``.

Each source is a few frames of the recordings, the fixtures and the vectors, changed at random and audited with
options at random. No audit may raise, take more than two seconds, grow the memory, say something unprintable, point
outside its source, count wrongly, or depend on how the source is read. What fails is shrunk and written to a file
that ``--replay FILE`` runs again; the file may be put into ``tests/fuzzed/``, where a test runs it for ever.

The source with number N of seed S is always the same, whatever the count and the number of jobs, as long as the
files that it is made from are: ``--seed S --only N``.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import lzma
import multiprocessing
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from jsonschema import Draft202012Validator

from replay_cli import Report, audit
from replay_cli import told as plain
from replay_cli.blocks import Block
from replay_cli.outcome import Outcome
from replay_cli.profiles import schema_text
from replay_cli.render import Style, renderer
from replay_cli.walk import FRAMINGS

ROOT = Path(__file__).parents[1]
FOLDERS = (ROOT / "fixtures", ROOT.parent / "shared" / "recorded", ROOT.parent / "shared" / "vectors")
MOST_BYTES = 48 * 1024
"""Bytes that a source has at most, before it is compressed; but for the few that are stretched."""

SLOW = 2.0
"""Seconds of processor time that one audit may take."""

GROWTH = 32 * 1024 * 1024
"""Bytes that the memory may grow by once everything is imported and every cache is full."""

PEAK = 150 * 1024 * 1024
WARM = 3000
"""Sources after which nothing should be left to be loaded for the first time."""

SHOWN_EVERY = 16
"""One source in so many is also audited as a file in a store, and its reports rendered in every format."""

SCHEMA = "fixtures/rules/user-schema-violation/short-deltas.schema.json"
"""A schema for --schema, from the top of the repository."""


# -- sources ---------------------------------------------------------------------------------------------------------


@cache
def material() -> list[list[bytes]]:
    """The frames of all recordings, fixtures and vectors, those of a file in their order."""
    files = []
    for path in sorted(path for folder in FOLDERS for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if path.suffix in (".jsonl", ".sse", ".http"):
            framing = FRAMINGS["jsonl" if path.suffix == ".jsonl" else "sse"]
            frames = [data[one.offset : one.offset + one.length] for one in framing.frames(Block(data[:400_000], 0))]
            files.append([frame[:8192] for frame in frames])
        if path.parent.name == "vectors" and path.suffix == ".jsonl":
            files.append(list(_vectors(data)))
    return [frames for frames in files if frames]


def _vectors(data: bytes) -> Iterator[bytes]:
    """What the lines of a vector file hold in base64."""
    import base64

    for line in data.splitlines()[:5000]:
        vector = json.loads(line)
        for name in (name for name in vector if name.endswith("b64")):
            yield base64.b64decode(vector[name])[:8192] + b"\n"


TOKENS = [
    *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\n\r", b"\0", b"\0\0", b"\xef\xbb\xbf", b"\xff", b"\xc3"),
    *(b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xc2\x85", b"\xf0\x9f\x98\x80", b"\x1b[31m", b"\xe2\x80\xae", b"\x85"),
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"{}", b"[]", b'""', b"}{", b"}\n{", b"null", b"true", b"-"),
    *(b"1e999", b"-0", b"1.0", b"NaN", b"Infinity", b"18446744073709551616", b"9007199254740993", b"0.1e-400"),
    *(b"\\ud800", b"\\udc00", b"\\ud83d\\ude00", b"\\u0000", b"0", b"2026-02-30T25:61:61Z", b'"timestamp":"'),
    *(b"event: ", b"data: ", b"data:", b"id: 3\n", b"retry: 9\n", b": \n", b"event: done\ndata: {}\n\n", b"\ndata: "),
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
    *(b"HTTP/1.1 404 Not Found\r\n\r\n", b"HTTP/2 200\n"),
    *(b'"seq":', b'"previous_seq":', b'"kind":', b'"schema_version":', b'"payload":', b'"thread_id":'),
    *(b'"turn_id":null,', b'{"schema_version":2,"seq":'),
]
"""Bytes that mean something to a reader of logs."""

BOMBS = [
    *(b"[", b"{", b"]", b'{"a":', b'"', b"\\", b'\\"', b"9", b"1e9", b"-", b"0", b"\0", b"\n", b"\r", b"\r\n", b" "),
    *(b"data:\n", b":\n", b"id:1\n", b'{"seq":1}', b"{}", b"\xff", b"\\ud800", b'"a":1,', b'"seq"', b"\xef\xbb\xbf"),
    b"HTTP/1.1 200 OK\n\n",
]
"""Bytes that are trouble in great numbers."""

VALUES: list[object] = [
    *(None, True, False, 0, 1, -1, 2**53, 2**64 - 1, 2**64, 1.5, -0.0, 1e308, [], {}, [[]], {"id": 1}),
    *("", "x", "thr_1", "a" * 300, "\ud800", "\x00\x1b\u202e", "2026-11-21T06:34:59Z", "completed", "turn.completed"),
]
"""Values that a member of an event may be given."""

Mutator = Callable[[random.Random, bytes], bytes]


def flip_bits(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randint(0, len(data))
    new = rng.choice(TOKENS) if rng.random() < 0.8 else rng.randbytes(rng.randint(1, 12))
    return data[:at] + new + data[at:]


def delete(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 1, 2, 7, 40, 400)) :]


def overwrite(rng: random.Random, data: bytes) -> bytes:
    at, new = rng.randrange(len(data)), rng.choice(TOKENS)
    return data[:at] + new + data[at + len(new) :]


def truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))] if rng.random() < 0.7 else data[rng.randrange(len(data)) :]


def duplicate(rng: random.Random, data: bytes) -> bytes:
    start, end = sorted((rng.randrange(len(data)), rng.randrange(len(data))))
    at = rng.choice((end, rng.randint(0, len(data))))
    return data[:at] + data[start:end] * rng.choice((1, 1, 2, 5)) + data[at:]


def bomb(rng: random.Random, data: bytes) -> bytes:
    at, what = rng.randint(0, len(data)), rng.choice(BOMBS)
    number = rng.choice((2, 10, 126, 127, 128, 200, 1000, 5000))
    return data[:at] + what * min(number, 20_000 // len(what)) + data[at:]


def shuffle(rng: random.Random, data: bytes) -> bytes:
    mark = rng.choice((b"\n", b"\n\n", b","))
    pieces = data.split(mark)
    if rng.random() < 0.5:
        rng.shuffle(pieces)
    else:
        one, other = rng.randrange(len(pieces)), rng.randrange(len(pieces))
        pieces[one], pieces[other] = pieces[other], pieces[one]
    return mark.join(pieces)


def splice(rng: random.Random, data: bytes) -> bytes:
    other = some_frames(rng)
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def renumber(rng: random.Random, data: bytes) -> bytes:
    """Other numbers in place of some seq and previous_seq, mostly near ones."""
    numbers = [b"0", b"1", b"2", b"3", b"18446744073709551615", b"-1", b"null", b"9007199254740992"]

    def other(found: re.Match[bytes]) -> bytes:
        if rng.random() < 0.5:
            return found[0]
        near = str(max(0, int(found[2][:18]) + rng.randint(-3, 3))).encode()
        return found[1] + (near if rng.random() < 0.7 else rng.choice(numbers))

    return re.sub(rb'("(?:previous_)?seq":\s*)([0-9]+)', other, data)


def rewrite(rng: random.Random, data: bytes) -> bytes:
    """Some member of some event gets another value, another name, goes, or stands twice; or the layout changes."""
    found = [one for one in re.finditer(rb"\{[^\n\r]*\}", data) if len(one[0]) < 20_000]
    if not found:
        return data
    place = rng.choice(found)
    try:
        value = json.loads(place[0])
    except (ValueError, RecursionError):
        return data
    if not isinstance(value, dict) or not value:
        return data
    inner = value
    while rng.random() < 0.5 and (deeper := [one for one in inner.values() if isinstance(one, dict) and one]):
        inner = rng.choice(deeper)
    name = rng.choice(list(inner))
    action = rng.random()
    if action < 0.5:
        inner[name] = rng.choice(VALUES)
    elif action < 0.7:
        del inner[name]
    elif action < 0.8:
        inner[rng.choice(("kind", "seq", "previous_seq", "id", "x", "\ud800", "\x1b"))] = inner[name]
    layout: dict[str, Any] = {
        "separators": rng.choice(((",", ":"), (", ", ": "))),
        "ensure_ascii": rng.random() < 0.5,
    }
    text = json.dumps(value, **layout).encode("utf-8", "surrogatepass")
    if rng.random() < 0.1:
        text = text.replace(b"{", b'{"seq":1,', 1)
    return data[: place.start()] + text + data[place.end() :]


def recode(rng: random.Random, data: bytes) -> bytes:
    """Other line ends, or another encoding."""
    change = rng.choice((b"\r\n", b"\r", "utf-16-le", "utf-16", "latin-1"))
    if isinstance(change, bytes):
        return data.replace(b"\n", change)
    return data.decode(errors="replace").encode(change, "replace")


def stretch(rng: random.Random, data: bytes) -> bytes:
    """So much in one place that the source is longer than what is sniffed, and than one read."""
    at, size = rng.choice((0, 1, rng.randint(0, len(data)))), rng.randint(65_000, 70_000)
    what = rng.choice((b"x", b" ", b"[", b'{"a":1}\n', b": keepalive\n\n", b"data: 1\n", b'"', b"\0"))
    return data[:at] + (what * size)[:size] + data[at:]


MUTATORS: list[Mutator] = [
    *(flip_bits, flip_bits, insert, insert, delete, overwrite, truncate, duplicate, bomb, shuffle, splice),
    *(renumber, renumber, rewrite, rewrite, rewrite, recode),
]


def some_frames(rng: random.Random) -> bytes:
    """One to three frames of one file that stand together, now and then more."""
    frames = rng.choice(material())
    number = rng.choice((1, 1, 2, 2, 3)) if rng.random() < 0.97 else rng.randint(4, 60)
    at = rng.randrange(len(frames))
    return b"".join(frames[at : at + number])


def compressed(rng: random.Random, data: bytes) -> bytes:
    """The data compressed, in one stream or two, whole or damaged."""
    pack: Callable[[bytes], bytes] = rng.choice(
        (
            lambda data: gzip.compress(data, 1, mtime=0),
            bz2.compress,
            lambda data: lzma.compress(data, preset=0),
            zstd.compress,
        )
    )
    half = rng.randint(0, len(data))
    packed = pack(data) if rng.random() < 0.7 else pack(data[:half]) + pack(data[half:])
    if rng.random() < 0.5 and packed:
        packed = rng.choice((flip_bits, truncate, insert, delete))(rng, packed)
    return packed


@dataclass(frozen=True)
class Case:
    """One mutated source and its options. ``plain`` is what it decompresses to, None if that is not sure."""

    data: bytes
    options: dict[str, Any] = field(default_factory=dict)
    plain: bytes | None = None
    number: int = 0


def make_case(seed: int, number: int) -> Case:
    """The case with this number, the same each time."""
    rng = random.Random(f"{seed}/{number}")
    data = some_frames(rng)
    if rng.random() < 0.25:
        data += some_frames(rng)
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        if data:
            data = rng.choice(MUTATORS)(rng, data)[:MOST_BYTES]
    if rng.random() < 0.005:
        data = stretch(rng, data)
    options: dict[str, Any] = {}
    if rng.random() < 0.3:
        options["framing"] = rng.choice(("jsonl", "sse"))
    if rng.random() < 0.3:
        options["profile"] = rng.choice(("envelope", "record", "legacy"))
    if rng.random() < 0.2:
        options["max_line_bytes"] = rng.choice((1, 40, 1000, 1100, 2000, 5000))
    if rng.random() < 0.2:
        options["max_findings"] = rng.choice((0, 1, 2, 7))
    if rng.random() < 0.2:
        options["statistics"] = True
    if rng.random() < 0.2:
        options |= rng.choice(
            ({"select": ["all", "seq-gap"]}, {"ignore": ["S", "not-json"]}, {"severity": ["S107=note"]})
        )
    if rng.random() < 0.1:
        options["show_values"] = True
    if rng.random() < 0.05:
        options["max_bytes"] = rng.choice((1, 300, 3000, 70_000))
    if rng.random() < 0.05:
        options["schema"] = SCHEMA
    if rng.random() < 0.05:
        packed = compressed(rng, data)
        return Case(packed, options, None, number)
    return Case(data, options, None if _looks_packed(data) else data, number)


def _looks_packed(data: bytes) -> bool:
    return data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")) or data[1:4] == b"\x2a\x4d\x18"


# -- checks ----------------------------------------------------------------------------------------------------------


class HungError(BaseException):
    """An audit does not come to an end. No ``except Exception`` of the audit's own may hide it."""


class SlowError(Exception):
    """An audit took longer than it may."""


@dataclass
class Clock:
    """The processor time that the longest audit took, in seconds."""

    longest: float = 0.0


CLOCK = Clock()


class Trickle(io.RawIOBase):
    """A stream that gives its bytes in reads of any size."""

    def __init__(self, data: bytes, seed: int) -> None:
        self._data = data
        self._at = 0
        self._rng = random.Random(seed)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Some of what was asked for, b"" at the end."""
        most = len(self._data) if size < 0 else size
        given = min(most, self._rng.choice((1, 2, 3, 17, 100, 1000, 5000, most)))
        piece = self._data[self._at : self._at + given]
        self._at += len(piece)
        return piece


def problem(case: Case) -> str:
    """What is wrong with the audit of a case, in words that begin with its kind; "" if nothing is."""
    try:
        report = _audit(case.data, case)
        return (
            _wrong(report, case)
            or _depends_on_reads(report, case)
            or (_as_file(case) or _unrenderable(report) if case.number % SHOWN_EVERY == 0 else "")
        )
    except HungError:
        return "hung: no end in sight"
    except SlowError as error:
        return f"slow: {error} s"
    except Exception as error:
        return f"raised: {type(error).__name__} {str(error)[:200]!r} at {_origin(error)}"


def _audit(log: bytes | io.RawIOBase | io.BytesIO | Path, case: Case) -> Report:
    options = case.options
    if "schema" in options:
        options = options | {"schema": ROOT / options["schema"]}
    started = time.process_time()
    report = audit(cast("bytes | Path", log), name="log", **options)
    seconds = time.process_time() - started
    CLOCK.longest = max(CLOCK.longest, seconds)
    if seconds > SLOW:
        raise SlowError(f"{seconds:.1f}")
    return report


def _wrong(report: Report, case: Case) -> str:
    return _unprintable(report) or _miscounted(report, case.options) or _misplaced(report, case.plain)


def _as_file(case: Case) -> str:
    """What is wrong when the source is the log of a thread in a store: other findings, and excerpts from the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events" / "thr_1.jsonl"
        path.parent.mkdir()
        path.write_bytes(case.data)
        (path.parent.parent / "state.json").write_text('{"schema_version":2,"next_seq":9}')
        report = _audit(path, case)
    return _wrong(report, case) or _unrenderable(report)


def _origin(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_frame.f_code.co_name}" if trace else "?"


def _unprintable(report: Report) -> str:
    words = [one.message for one in report.findings] + [report.failure or ""]
    bad = next((text for text in words if not text.isprintable()), None)
    return f"unprintable: {bad!r}" if bad is not None else ""


def _miscounted(report: Report, options: dict[str, Any]) -> str:
    counts = report.counts.error + report.counts.warning + report.counts.note
    if sum(report.rules.values()) != counts:
        return f"counts: {report.rules} against {report.counts}"
    if len(report.findings) + report.not_shown != counts:
        return f"counts: {len(report.findings)} shown, {report.not_shown} not, of {counts}"
    if len(report.findings) > options.get("max_findings", 1000):
        return f"counts: {len(report.findings)} shown"
    shown = {name: sum(one.name == name for one in report.findings) for name in report.rules}
    if any(number > report.rules[name] for name, number in shown.items()):
        return f"counts: {shown} shown of {report.rules}"
    if report.not_shown == 0 and shown != report.rules:
        return f"counts: {shown} is all of {report.rules}"
    places = [(one.offset, one.column, one.code) for one in report.findings]
    return "" if places == sorted(places) else "counts: findings are not in order"


def _misplaced(report: Report, plain: bytes | None) -> str:
    """Whether a finding points outside its source, or names another line than its byte stands on."""
    if report.profile != "foreign" and plain is not None and not report.failure and report.bytes != len(plain):
        return f"bytes: {report.bytes} of {len(plain)}"
    size = len(plain) if plain is not None else None if report.profile == "foreign" else report.bytes
    for one in report.findings:
        if size is not None and one.offset > size:
            return f"place: {one.code} at byte {one.offset} of {size}"
        if plain is not None and (one.line, one.column) != _line_and_column(plain, one.offset, report.framing):
            where = _line_and_column(plain, one.offset, report.framing)
            return f"place: {one.code} on line {one.line}, column {one.column}; byte {one.offset} stands on {where}"
    return ""


def _line_and_column(data: bytes, offset: int, framing: str) -> tuple[int, int]:
    before = data[:offset]
    if framing == "sse":
        if before.endswith(b"\r") and data[offset : offset + 1] == b"\n":
            before = before[:-1] + b" "
        before = before.replace(b"\r\n", b" \n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1, len(before) - before.rfind(b"\n")


def _depends_on_reads(report: Report, case: Case) -> str:
    """Whether the report is another one when the bytes come in other reads.

    A stream is not read a second time, so where the order is broken it is compared with the same stream at once.
    Of damaged data that is compressed, more or less can be had, as the reads fall.
    """
    if report.failure and report.compression:
        return ""
    trickled = _audit(Trickle(case.data, case.number), case)
    if report.order is not None:
        report = _audit(io.BytesIO(case.data), case)
    names = [name for name in type(report).model_fields if getattr(report, name) != getattr(trickled, name)]
    # How the audit went is no finding: what is proven goes by the blocks, and they by the reads.
    names = [name for name in names if name not in ("proven", "unproven")]
    if not names:
        return ""
    first = names[0]
    return f"reads: {', '.join(names)}: {getattr(report, first)!r:.200} against {getattr(trickled, first)!r:.200}"


def _unpublished(model: Any) -> Any:
    """What the command line would have had of a report, or a part of one, from the model of it."""
    if isinstance(model, list):
        return [_unpublished(one) for one in model]
    if not hasattr(model, "model_fields_set"):
        return model
    parts = {name: _unpublished(getattr(model, name)) for name in type(model).model_fields}
    return getattr(plain, type(model).__name__)(**parts)


def _unrenderable(report: Report) -> str:
    json.loads(report.model_dump_json())
    outcome, shown = Outcome(), _unpublished(report)
    outcome.add(shown)
    for name in ("text", "concise", "json", "github", "sarif", "junit", "gitlab", "rdjson", "markdown"):
        written = "".join(renderer(name)([shown], outcome, Style()))
        written.encode()
        bad = next((line for line in written.split("\n") if not line.isprintable()), None)
        if bad is not None:
            return f"unprintable: in {name}: {bad[:200]!r}"
        if name == "json":
            error = next(_document_schema().iter_errors(json.loads(written)), None)
            if error is not None:
                return f"schema: {error.json_path}: {error.message[:200]}"
    return ""


@cache
def _document_schema() -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema_text("report")))


# -- the loop --------------------------------------------------------------------------------------------------------


def kind_of(trouble: str) -> str:
    """What of a problem has to stay while its source gets smaller: where it was raised, the rule, the fields."""
    kind, _, words = trouble.partition(": ")
    match kind:
        case "raised":
            return words.rpartition(" at ")[2]
        case "place" | "unprintable":
            return f"{kind} {words.partition(' at ' if kind == 'place' else ':')[0].partition(' on ')[0]}"
        case "reads":
            return f"{kind} {re.split('[,:]', words)[0]}"
    return kind


def shrunk(case: Case, trouble: str, seconds: float = 20) -> Case:
    """The case with as many bytes and options taken out as it takes to fail in the same way."""
    end, kind = time.monotonic() + seconds, kind_of(trouble)

    def fails(smaller: Case) -> bool:
        return kind_of(problem(smaller)) == kind

    for name in list(case.options):
        less = Case(
            case.data, {key: case.options[key] for key in case.options if key != name}, case.plain, case.number
        )
        case = less if fails(less) else case
    size = len(case.data) // 2
    while size and time.monotonic() < end:
        at, smaller = 0, False
        while at < len(case.data) and time.monotonic() < end:
            data = case.data[:at] + case.data[at + size :]
            less = Case(data, case.options, data if case.plain is not None else None, case.number)
            if fails(less):
                case, smaller = less, True
            else:
                at += size
        size = size if smaller and size == 1 else size // 2
    return case


def write_case(folder: Path, name: str, case: Case, shows: str) -> Path:
    """Keep a failure: a line of JSON on what it is, then the bytes as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.case"
    about = {"shows": shows, "options": case.options, "plain": case.plain is not None, "number": case.number}
    path.write_bytes(json.dumps(about).encode() + b"\n" + case.data)
    return path


def read_case(path: Path) -> Case:
    """A case that was kept, as it is or in gzip."""
    kept = path.read_bytes()
    about, _, data = (gzip.decompress(kept) if path.suffix == ".gz" else kept).partition(b"\n")
    told = json.loads(about)
    return Case(data, told["options"], data if told["plain"] else None, told.get("number", 0))


@dataclass
class Tried:
    """What a run came to. ``memory`` is what it grew by after the warm-up, ``peak`` its greatest, in bytes."""

    cases: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_number: int = 0
    memory: int = 0
    peak: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: Tried) -> None:
        """Count in what another process did at the same time."""
        self.cases += other.cases
        self.seconds = max(self.seconds, other.seconds)
        if other.slowest > self.slowest:
            self.slowest, self.slowest_number = other.slowest, other.slowest_number
        self.memory = max(self.memory, other.memory)
        self.peak = max(self.peak, other.peak)
        self.failures += other.failures


def resident() -> int:
    """Bytes of memory in use now; the greatest so far where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak()


def peak() -> int:
    """Bytes of memory in use at most so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _alarm(number: int, frame: FrameType | None) -> None:
    raise HungError


def fuzz(seed: int, numbers: range, seconds: float, folder: Path | None, progress: bool = False) -> Tried:
    """Try the cases with these numbers until the time is up; failures go to ``folder``, shrunk, if there is one."""
    tried, started, base = Tried(), time.monotonic(), 0
    seen: set[str] = set()
    # By the processor's time, as a busy machine is no fault of an audit; one that only waits hangs too.
    limits = ((signal.SIGVTALRM, signal.ITIMER_VIRTUAL, 10 * SLOW), (signal.SIGALRM, signal.ITIMER_REAL, 100 * SLOW))
    handlers = [signal.signal(number, _alarm) for number, _, _ in limits]
    told = started
    for number in numbers:
        case = make_case(seed, number)
        for _, timer, limit in limits:
            signal.setitimer(timer, limit)
        CLOCK.longest = 0.0
        trouble = problem(case)
        for _, timer, _ in limits:
            signal.setitimer(timer, 0)
        tried.cases += 1
        if CLOCK.longest > tried.slowest:
            tried.slowest, tried.slowest_number = CLOCK.longest, number
        if trouble and kind_of(trouble) not in seen:
            seen.add(kind_of(trouble))
            small = case if trouble.startswith(("hung", "slow")) else shrunk(case, trouble)
            where = write_case(folder, f"{seed}-{number}", small, trouble) if folder else "not kept"
            tried.failures.append(f"{number}: {trouble} ({len(small.data)} bytes, {where})")
            print(f"FAILED {tried.failures[-1]}", file=sys.stderr, flush=True)
        if tried.cases == WARM:
            base = resident()
        if tried.cases % 500 == 0:
            tried.memory = max(tried.memory, resident() - base) if base else 0
            now = time.monotonic()
            if progress and now - told > 5:
                told = now
                _tell(tried, now - started)
            if now - started > seconds:
                break
    tried.seconds, tried.peak = time.monotonic() - started, peak()
    for (number, _, _), handler in zip(limits, handlers, strict=True):
        signal.signal(number, handler)
    return tried


def _tell(tried: Tried, seconds: float) -> None:
    rate = tried.cases / seconds
    print(
        f"{tried.cases:>9,} sources, {rate:,.0f}/s, slowest {tried.slowest:.2f} s (number {tried.slowest_number}),"
        f" memory +{tried.memory / 1e6:.1f} MB, {len(tried.failures)} failed",
        file=sys.stderr,
        flush=True,
    )


def _job(wanted: tuple[int, range, float, Path]) -> Tried:
    return fuzz(*wanted)


def run(seed: int, count: int, seconds: float, jobs: int, folder: Path) -> Tried:
    """Try ``count`` cases in ``jobs`` processes."""
    if jobs == 1:
        return fuzz(seed, range(count), seconds, folder, progress=True)
    tried = Tried()
    steps = 10
    share = -(-count // (jobs * steps))
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        spans = [range(at, min(at + share, count)) for at in range(0, count, share)]
        started = time.monotonic()
        wanted = [(seed, span, seconds * jobs / len(spans), folder) for span in spans]
        for one in pool.imap_unordered(_job, wanted):
            tried.add(one)
            _tell(tried, time.monotonic() - started)
        tried.seconds = time.monotonic() - started
    return tried


def main() -> int:
    """Fuzz as the command line says; 1 if something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="what the sources are made from (default 1)")
    parser.add_argument("--count", type=int, default=1_000_000, help="how many sources (default 1,000,000)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time (default: never)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--only", type=int, help="try the source with this number, and show it if it fails")
    parser.add_argument("--replay", type=Path, help="try a failure that was kept")
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"), help="folder to keep failures in")
    asked = parser.parse_args()
    if asked.only is not None or asked.replay:
        case = read_case(asked.replay) if asked.replay else make_case(asked.seed, asked.only)
        trouble = problem(case)
        print(f"{case.options}\n{case.data[:2000]!r}\n{trouble or 'nothing wrong'}")
        return 1 if trouble else 0
    tried = run(asked.seed, asked.count, asked.seconds, asked.jobs, asked.failures)
    if tried.memory > GROWTH or tried.peak > PEAK:
        tried.failures.append(f"memory: grew by {tried.memory:,} bytes, to {tried.peak:,} at most")
    print(
        f"{tried.cases:,} sources of seed {asked.seed} in {tried.seconds:,.0f} s"
        f" ({tried.cases / max(tried.seconds, 1e-9):,.0f}/s); slowest {tried.slowest:.2f} s"
        f" (number {tried.slowest_number}); memory +{tried.memory / 1e6:.1f} MB, peak {tried.peak / 1e6:.0f} MB;"
        f" {len(tried.failures)} failures"
    )
    for failure in tried.failures:
        print(failure)
    return 1 if tried.failures else 0


if __name__ == "__main__":
    sys.exit(main())
