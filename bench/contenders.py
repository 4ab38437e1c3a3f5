"""Who runs: ``replay`` as a user starts it, and its peers, each with how to read what it counted.

A peer that is not installed is named with the reason; its rows say so, and the rest is measured all the same.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.racing import Contender, Counts, environment
from bench.variants import Log

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).with_name("peers.py")
SCHEMA = ROOT / "schemas" / "envelope.schema.json"
PYTHON = ROOT / ".venv-bench" / "bin" / "python"

SOURCEMETA, RS, PYDANTIC, ORJSON, JQ = "sourcemeta --fast", "orjson + jsonschema-rs", "pydantic", "orjson.loads", "jq"
IN_PYTHON = {RS: "jsonschema-rs", PYDANTIC: "pydantic", ORJSON: "orjson"}
"""The peers written in Python, and what ``bench/peers.py`` calls them."""

JOBS = 2
COMPRESSED = ("gzip", "zstd")
ABSENT = "not installed; `make bench` puts it into .venv-bench"


@dataclass(frozen=True, slots=True)
class Around:
    """What there is on this machine: ``replay`` and its options, peers by name, and why others are missing."""

    replay: tuple[str, ...]
    has_jobs: bool
    peers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def one(self) -> tuple[str, ...]:
        """The options for one process."""
        return ("--jobs", "1") if self.has_jobs else ()


def around(python: Path = PYTHON) -> Around:
    """Look for everybody; ``python`` is that of the peers."""
    command = Path(sys.executable).with_name("replay")
    replay = (str(command),) if command.exists() else (sys.executable, "-m", "replay_cli")
    helped = subprocess.run([*replay, "validate", "--help"], capture_output=True, text=True, env=environment())
    found = Around(replay, "--jobs" in helped.stdout)
    found.versions.update(installed(python))
    if binary := found.versions.get("binary"):
        found.peers[SOURCEMETA] = (binary, "validate", "--fast", str(SCHEMA), "{}")
    elif "sourcemeta-jsonschema" in found.versions:
        found.absent[SOURCEMETA] = "its package has no binary for this machine"
    needed = {RS: ("orjson", "jsonschema-rs"), PYDANTIC: ("pydantic",), ORJSON: ("orjson",)}
    for name, packages in needed.items():
        if all(package in found.versions for package in packages):
            found.peers[name] = (str(python), str(PEERS), IN_PYTHON[name], "{}", str(SCHEMA))
    if jq := shutil.which("jq"):
        found.peers[JQ] = (jq, "-n", "reduce inputs as $event (0; . + 1)", "{}")
    for name in (SOURCEMETA, *needed):
        if name not in found.peers:
            found.absent.setdefault(name, ABSENT)
    if JQ not in found.peers:
        found.absent[JQ] = "jq is not installed on this machine"
    if not found.has_jobs:
        absent = "not there yet: `replay validate` has no --jobs"
        found.absent.update(dict.fromkeys((two(JOBS), *map(beside, COMPRESSED)), absent))
    return found


def installed(python: Path) -> dict[str, str]:
    """What the environment of the peers holds; nothing if there is none."""
    try:
        done = subprocess.run([python, PEERS, "versions"], capture_output=True, text=True, env=environment())
        found = json.loads(done.stdout)
    except (OSError, ValueError):
        return {}
    return {str(name): str(number) for name, number in found.items()}


# --- What they counted ------------------------------------------------------------------------------------------

_REPLAY = re.compile(r"^replay: [\d,]+ sources?, ([\d,]+) events?: ([\d,]+) errors?,", re.MULTILINE)
_SOURCEMETA = re.compile(r"^\d+ validated, (\d+) passed, (\d+) failed", re.MULTILINE)


def summed(pairs: Iterable[tuple[str, str]]) -> Counts:
    """The sums of what was found, of one run or of many in a row."""
    found = [(int(events.replace(",", "")), int(bad.replace(",", ""))) for events, bad in pairs]
    if not found:
        raise ValueError("no counts")
    return sum(events for events, _ in found), sum(bad for _, bad in found)


def by_replay(said: str) -> Counts:
    """The last line of the report: readable events, and errors."""
    return summed(_REPLAY.findall(said)[-1:])


def by_sourcemeta(said: str) -> Counts:
    """Its own summary: lines that passed, and lines that failed."""
    return summed(_SOURCEMETA.findall(said))


def by_python(said: str) -> Counts:
    """The JSON of ``bench/peers.py``."""
    found = [json.loads(line) for line in said.splitlines()]
    return summed((str(one["events"] - one["bad"]), str(one["bad"])) for one in found)


def by_jq(said: str) -> Counts:
    """A number for each run."""
    return summed((line, "0") for line in said.split())


def by_bytes(said: str) -> Counts:
    """The bytes that came out of a decompressor, in the place of events."""
    return int(json.loads(said)["bytes"]), 0


COUNTS = {SOURCEMETA: by_sourcemeta, JQ: by_jq}


# --- Who runs over what -----------------------------------------------------------------------------------------


def replay(found: Around, folder: Path, log: Log, name: str = "", words: tuple[str, ...] | None = None) -> Contender:
    """``replay validate`` over a log, in one process unless other words are given."""
    command = (*found.replay, "validate", *(found.one if words is None else words), str(folder / log.file))
    code = 1 if log.bad else 0
    return Contender(name or f"replay, {log.name}", command, log, by_replay, (log.events, log.bad), (code,))


def two(jobs: int) -> str:
    """The name of the contender with so many processes."""
    return f"replay --jobs {jobs}"


def peers(found: Around, folder: Path, log: Log) -> Iterator[Contender]:
    """Every peer that is there, over a log."""
    for name, command in found.peers.items():
        filled = tuple(str(folder / log.file) if word == "{}" else word for word in command)
        yield Contender(name, filled, log, COUNTS.get(name, by_python), (log.events, log.bad))


def tried(found: Around, folder: Path, log: Log) -> Iterator[Contender]:
    """The peers that check a schema, over a log that breaks it in every line: do they check at all?"""
    for one in peers(found, folder, log):
        if one.name == SOURCEMETA:  # it would stop at the first
            at = one.command.index("--fast")
            yield replace(one, command=(*one.command[:at], "--continue", *one.command[at:]), codes=(2,))
        elif one.name in (RS, PYDANTIC):
            yield one


def alone(folder: Path, log: Log) -> Contender:
    """The decompressor that the product uses, over a compressed log; its output is thrown away."""
    command = (sys.executable, str(PEERS), log.name, str(folder / log.file))
    return Contender(f"{log.name} alone", command, log, by_bytes, (log.size, 0))


def started_each(
    found: Around, names: Iterable[str], folder: Path, log: Log, files: int, sample: int
) -> Iterator[Contender]:
    """Peers, started by xargs once for each file of a sample; their time counts as often as the sample fits in."""
    chosen = sorted((folder / log.file).iterdir())[:sample]
    listed = folder / f"first-{sample}"
    listed.write_bytes(b"".join(str(path).encode() + b"\0" for path in chosen))
    events = log.events // files * len(chosen)
    for name in names:
        counts = COUNTS.get(name, by_python)
        each = ("xargs", "-0", "-I{}", *found.peers[name])
        yield Contender(each_of(name), each, log, counts, (events, 0), scale=files / len(chosen), fed=listed)


def each_of(name: str) -> str:
    """The name of a peer that is started once for each file."""
    return f"{name}, a start per file"


def main_heat(found: Around, folder: Path, logs: dict[str, Log]) -> list[Contender]:
    """All that run over the same events; neighbours here are compared with each other."""
    runs = [replay(found, folder, logs["envelope"]), *peers(found, folder, logs["envelope"])]
    for name in ("sse", "spaced", "record", "threads", "broken", "violating", "lost"):
        runs.append(replay(found, folder, logs[name]))
    for name in COMPRESSED:
        runs += [replay(found, folder, logs[name]), alone(folder, logs[name])]
        if found.has_jobs:
            runs.append(replay(found, folder, logs[name], beside(name), ("--jobs", str(JOBS))))
    return runs


def beside(name: str) -> str:
    """The name of a run over a compressed log of which a second process does the decompressing."""
    return f"replay, {name}, decompressed beside"
