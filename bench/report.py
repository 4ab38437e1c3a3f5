"""What the speed benchmark says: the table in Markdown, the same as JSON and back, and the places in the pages."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from bench.figures import WORDS, Row, Unit
from bench.racing import Times

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
PRODUCT = ("orjson", "msgspec", "pydantic", "jsonschema", "typer", "backports.zstd")


@dataclass(frozen=True, slots=True)
class Speed:
    """How a contender fared: the median of its times in seconds, the least and most, and its speed in MB/s.

    ``first`` is the median, in seconds, of the runs just before those that count.
    """

    name: str
    median: float
    low: float
    high: float
    cpu: float
    user: float
    mb_per_second: float
    events_per_second: float
    runs: int
    first: float

    @classmethod
    def of(cls, name: str, times: Times, mb: float, events: int) -> Speed:
        """That of a contender whose runs were sound, over a log of so many MB and events."""
        wall, cpu, user = times.wall, times.cpu, times.user
        middle = median(wall)
        rates = (mb / middle, events / middle)
        spread, spent = (min(wall), max(wall)), (median(cpu), median(user))
        return cls(name, middle, *spread, *spent, *rates, len(wall), median(times.first))

    @classmethod
    def all_of(cls, times: Mapping[str, Times]) -> list[Speed]:
        """Those of the contenders whose runs were sound."""
        logs = {name: entry.contender.log for name, entry in times.items()}
        return [
            cls.of(name, entry, logs[name].mb, logs[name].events) for name, entry in times.items() if not entry.wrong
        ]


@dataclass(frozen=True, slots=True)
class Report:
    """All that one run of the benchmark found, and where and how it was run. Sizes in MB of 1,000,000 bytes."""

    date: str
    command: str
    machine: str
    versions: dict[str, str]
    log: str
    rows: list[Row]
    speeds: list[Speed] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def to_json(report: Report) -> str:
    return json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> Report:
    fields = json.loads(text)
    fields["rows"] = [Row(**one) for one in fields["rows"]]
    fields["speeds"] = [Speed(**one) for one in fields["speeds"]]
    return Report(**fields)


def shown(value: float | None, unit: Unit) -> str:
    """A figure as the table has it."""
    if value is None:
        return ""
    if unit == "x":
        return f"{value:.2f}x" if value < 10 else f"{value:.1f}x"
    return f"{value:.0f} {unit}"


def markdown(report: Report, contenders: bool = True) -> Iterator[str]:
    """The lines of the document; without ``contenders`` the rows that compare alone, not the time of each."""
    yield "| one process unless said | measured | least to most | must | aim | |"
    yield "|---|---:|---:|---:|---:|---|"
    for one in report.rows:
        spread = f"{shown(one.low, one.unit)} to {shown(one.high, one.unit)}" if one.runs > 1 else ""
        if one.runs == 1:
            spread = "1 run"
        said = ": ".join(part for part in (WORDS[one.state], one.note) if part)
        marks = f"{shown(one.must, one.unit)} | {shown(one.aim, one.unit)}"
        yield f"| {one.title} | {shown(one.measured, one.unit)} | {spread} | {marks} | {said.replace('|', '/')} |"
    yield ""
    if contenders and report.speeds:
        heads = ("contender, start-up included", "MB/s", "events/s", "s", "least to most, s")
        yield f"| {' | '.join((*heads, 'CPU, s', 'of it user, s', 'first run, s'))} |"
        yield "|---|---:|---:|---:|---:|---:|---:|---:|"
        for speed in report.speeds:
            rate = f"{speed.mb_per_second:,.1f} | {speed.events_per_second:,.0f}"
            wall = f"{speed.median:.2f} | {speed.low:.2f} to {speed.high:.2f}"
            yield f"| {speed.name} | {rate} | {wall} | {speed.cpu:.2f} | {speed.user:.2f} | {speed.first:.2f} |"
        yield ""
    yield f"`{report.command}`, {report.date}. {report.machine}."
    yield ", ".join(f"{name} {number}" for name, number in report.versions.items()) + "."
    yield f"{report.log}."
    yield from report.remarks


def into_page(text: str, report: Report, contenders: bool = True) -> str:
    """A page with the table between its two markers. ValueError if they are not there."""
    before, begin, rest = text.partition(BEGIN)
    _, end, behind = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no place for the table: {BEGIN} and {END} are not there")
    return f"{before}{BEGIN}\n\n" + "\n".join(markdown(report, contenders)) + f"\n\n{END}{behind}"


# --- Where it ran -------------------------------------------------------------------------------------------------


def said_by(*command: str) -> str:
    """The first line that a command prints; empty if it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.partition("\n")[0].strip() if done.returncode == 0 else ""


def processor() -> str:
    """The model of the CPU, as the system calls it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return said_by("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor() or platform.machine()


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> str:
    """CPU, cores, memory, system; and how busy it is, for others on it make all figures noisy."""
    parts = [processor(), f"{cores()} cores"]
    if "SC_PHYS_PAGES" in os.sysconf_names:
        parts.append(f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB")
    parts.append(f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}")
    if hasattr(os, "getloadavg"):
        parts.append(f"load {os.getloadavg()[0]:.1f} at the start")
    return ", ".join(parts)


def versions(root: Path, peers: Mapping[str, str]) -> dict[str, str]:
    """Of the product and its libraries, of the peers (as ``bench/peers.py`` says), of jq."""
    found = {}
    commit = said_by("git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*")
    found["replay"] = _version("replay-cli") + (f" ({commit})" if commit else "")
    found[platform.python_implementation()] = platform.python_version()
    found |= {name: number for name in PRODUCT if (number := _version(name))}
    for name, number in peers.items():
        if name != "binary":
            found[name if name not in found or found[name] == number else f"{name} beside it"] = number
    if jq := said_by("jq", "--version"):
        found["jq"] = jq.removeprefix("jq-")
    return found


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def write(text: str, path: Path | None) -> None:
    """To a file, or to standard output."""
    if path is None:
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")


def publish(report: Report, json_file: Path | None, page: Path | None, readme: Path | None = None) -> bool:
    """Print a report, and write it as JSON and into a page, where asked for. Whether every contender was right.

    ``readme`` is a page that stays short: it gets the rows that compare alone.
    """
    if json_file is not None:
        write(to_json(report), json_file)
    write("\n".join(markdown(report)) + "\n", None)
    for place, contenders in ((page, True), (readme, False)):
        if place is not None:
            write(into_page(place.read_text(encoding="utf-8"), report, contenders), place)
    return "failed" not in {one.state for one in report.rows}
