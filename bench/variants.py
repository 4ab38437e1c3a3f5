"""The logs of the speed benchmark, all of the same events: clean, in other dress, compressed, broken.

They are made once, from a seed, into a folder that git ignores, and made anew when their size or the code that makes
them changes. Of each it is known what an audit must count, so that a run that skipped something is found out.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.logs import Event, envelope, events, message, record, spaced

EVENTS_PER_MB = 2640
"""Envelopes of ``bench/logs.py`` in a megabyte (1,000,000 bytes), line ends counted."""

THREADS = 8
FILES = 2000
EACH = 50
"""Events in each of the many files."""

ONE_IN = 1000
"""One line in so many is broken in the log ``broken``."""

SEED = 5
DONE = "made.json"


@dataclass(frozen=True, slots=True)
class Log:
    """A log on disk: ``size`` in bytes, after decompression; events that can be read, and lines that cannot."""

    name: str
    file: str
    size: int
    events: int
    bad: int = 0

    @property
    def mb(self) -> float:
        """Megabytes of 1,000,000 bytes."""
        return self.size / 1e6


def broken(line: bytes, number: int) -> bytes:
    """A line that cannot be read, in four ways by turns: cut short, a raw control, a key missing, a wrong type."""
    return (
        line[: len(line) // 2],
        line.replace(b'"payload":{', b'"payload":{\x01', 1),
        line.replace(b'"seq":', b'"sequence":', 1),
        line.replace(b'"thread_id":"', b'"thread_id":7,"was":"', 1),
    )[number % 4]


def violating(line: bytes) -> bytes:
    """The line with one violation of the schema, an integer written as a string; all else can be read."""
    return line.replace(b'"schema_version":1,', b'"schema_version":"1",', 1)


def dressed(event: Event, number: int) -> Iterator[tuple[str, bytes]]:
    """The event as it stands in each log that is written beside the clean one."""
    line = envelope(event)
    yield "envelope", line + b"\n"
    yield "sse", message(event.name, line)
    yield "spaced", spaced(line) + b"\n"
    yield "record", record(event) + b"\n"
    faulty = number % ONE_IN == ONE_IN // 2
    yield "broken", (broken(line, number // ONE_IN) if faulty else line) + b"\n"
    yield "violating", violating(line) + b"\n"
    yield "lost", line + b"\n"


SUFFIX = {"sse": "sse"}
NAMES = ("envelope", "sse", "spaced", "record", "broken", "violating", "lost")


def write(folder: Path, count: int) -> Iterator[Log]:
    """Write every log of so many events; one of them loses the one in the middle."""
    bad = {
        "broken": sum(1 for number in range(count) if number % ONE_IN == ONE_IN // 2),
        "violating": count,
        "lost": 1,
    }
    paths = {name: folder / f"{name}.{SUFFIX.get(name, 'jsonl')}" for name in NAMES}
    files = {name: path.open("wb", buffering=1 << 20) for name, path in paths.items()}
    for number, event in enumerate(events(count, seed=SEED)):
        for name, line in dressed(event, number):
            if name != "lost" or number != count // 2:
                files[name].write(line)
    for file in files.values():
        file.close()
    for name, path in paths.items():
        unread = bad.get(name, 0)
        yield Log(name, path.name, path.stat().st_size, count - unread, unread)
    several = folder / "threads.jsonl"
    with several.open("wb", buffering=1 << 20) as file:
        file.writelines(envelope(event) + b"\n" for event in events(count, THREADS, SEED))
    yield Log("threads", several.name, several.stat().st_size, count)
    size = paths["envelope"].stat().st_size
    yield from (Log(name, packed(paths["envelope"], name).name, size, count) for name in ("gzip", "zstd"))


def packed(path: Path, kind: str) -> Path:
    """The file, compressed as the command of that name does it: gzip at level 6, zstd at level 3; one stream."""
    target = path.with_name(path.name + {"gzip": ".gz", "zstd": ".zst"}[kind])
    with path.open("rb") as source:
        if kind == "gzip":
            with gzip.open(target, "wb", compresslevel=6) as file:
                shutil.copyfileobj(source, file, 1 << 20)
        else:
            if sys.version_info >= (3, 14):
                from compression import zstd
            else:
                from backports import zstd
            with zstd.open(target, "wb", level=3) as file:
                shutil.copyfileobj(source, file, 1 << 20)
    return target


def write_many(folder: Path, files: int, each: int) -> Log:
    """A folder of so many files of so many events each: one thread's log, cut up."""
    many = folder / "many"
    many.mkdir()
    story, size = events(files * each, seed=SEED), 0
    for number in range(files):
        content = b"".join(envelope(next(story)) + b"\n" for _ in range(each))
        size += len(content)
        (many / f"{number:04d}.jsonl").write_bytes(content)
    return Log("many", many.name, size, files * each)


def write_large(folder: Path, count: int) -> Log:
    """The clean log alone, of very many events."""
    path = folder / "envelope.jsonl"
    with path.open("wb", buffering=1 << 20) as file:
        file.writelines(envelope(event) + b"\n" for event in events(count, seed=SEED))
    return Log("large", path.name, path.stat().st_size, count)


def stamp(*sizes: int) -> str:
    """What a folder of logs depends on, as a digest: the sizes, and the code that makes them."""
    code = b"".join((Path(__file__).parent / name).read_bytes() for name in ("logs.py", "variants.py"))
    return hashlib.sha256(repr(sizes).encode() + code).hexdigest()


def kept(folder: Path, wanted: str) -> dict[str, Log] | None:
    """The logs of the folder, if they are all there and as wanted."""
    try:
        made = json.loads((folder / DONE).read_text(encoding="utf-8"))
        logs = {entry["name"]: Log(**entry) for entry in made["logs"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    there = all((folder / log.file).exists() for log in logs.values())
    return logs if there and made.get("stamp") == wanted else None


def made(folder: Path, count: int, files: int = 0, each: int = EACH, large: bool = False) -> dict[str, Log]:
    """The logs of so many events, by name, made if they are not there; ``large`` is the clean one alone."""
    wanted = stamp(count, files, each, large)
    if (found := kept(folder, wanted)) is not None:
        return found
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    logs = [write_large(folder, count)] if large else list(write(folder, count))
    if files:
        logs.append(write_many(folder, files, each))
    kept_as = {"stamp": wanted, "logs": [asdict(log) for log in logs]}
    (folder / DONE).write_text(json.dumps(kept_as, indent=1) + "\n", encoding="utf-8")
    return {log.name: log for log in logs}
