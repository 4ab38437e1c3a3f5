"""Asked of tail: what was asked of ``replay tail``, and whether it can be meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from replay_cli.discovery import STDIN
from replay_cli.errors import UsageError, one_line
from replay_cli.moments import duration, moment
from replay_cli.planning import MAX_LINE_BYTES
from replay_cli.saying import THREADS, bare, shortened
from replay_cli.selection import Globs, Ids, Selection
from replay_cli.words import listed, refuse_empty, refuse_negative, refuse_range

MOST = 10**12
"""Events of which nobody has more."""

MOST_REPLAYED = 4096
"""The greatest ``replay_limit`` that the runtime takes (CONTRACT.md 3.2)."""

USUAL = 20
"""Events that are shown if nothing else is asked."""


@dataclass(frozen=True, slots=True)
class TailRequest:
    """What was typed."""

    paths: Sequence[str] = ()
    number: int | None = None
    follow: bool = False
    since_seq: int | None = None
    until_seq: int | None = None
    since: str | None = None
    thread: Sequence[str] = ()
    turn: Sequence[str] = ()
    event: Sequence[str] = ()
    cursor: str | None = None
    exit_on: Sequence[str] = ()
    timeout: str | None = None
    token_file: str | None = None
    strict: bool = False
    flow: bool = False
    wrap: bool = False
    payload: bool = False
    raw: bool = False
    format: str | None = None
    utc: bool = False
    color: str = "auto"
    profile: str = "auto"
    framing: str = "auto"
    exclude: Sequence[str] = ()
    max_line_bytes: int = MAX_LINE_BYTES
    quiet: bool = False
    cache: bool = True

    @property
    def url(self) -> str | None:
        """The URL among what is to be tailed, if there is one."""
        return next((path for path in self.paths if is_url(path)), None)


def with_url(request: TailRequest) -> TailRequest:
    """The same, with what its URL asks as if it were asked by options. Raises UsageError if they contradict."""
    url = request.url
    if url is None:
        return request
    since_seq = _asked_in(url, "since_seq", "--since-seq", request.since_seq)
    return replace(request, since_seq=since_seq, number=_asked_in(url, "replay_limit", "-n", request.number))


def _asked_in(url: str, name: str, option: str, given: int | None) -> int | None:
    """The number that the query of a URL gives by this name, or else what the option was given."""
    pairs = [pair.partition("=") for pair in url.partition("#")[0].partition("?")[2].split("&")]
    values = [value for key, _, value in pairs if key == name]
    if not values:
        return given
    if not re.fullmatch("[0-9]{1,20}", values[-1]):
        raise UsageError(f"{name} in the URL: {one_line(values[-1][:80])} is no number")
    if given not in (None, int(values[-1])):
        raise UsageError(f"{option}: {given} contradicts {name}={values[-1]} in the URL")
    return int(values[-1])


def is_url(path: str) -> bool:
    """Whether what was named is to be fetched."""
    return path.lower().startswith(("http://", "https://"))


def _refuse_schemes(paths: Sequence[str]) -> None:
    for path in paths:
        scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://", path)
        if scheme and not is_url(path):
            raise UsageError(f"tail: {one_line(path)}: of URLs only http:// and https:// are read")


def tail_selection(request: TailRequest, cursor: int | None) -> Selection:
    """What was selected, behind ``cursor`` if that is further. Raises UsageError for what is no time or pattern."""
    since_seq = request.since_seq
    if cursor is not None:
        since_seq = max(cursor, since_seq or 0)
    return Selection(
        since_seq=since_seq,
        until_seq=request.until_seq,
        since=None if request.since is None else moment(request.since, "--since"),
        threads=Ids("--thread", listed(request.thread), partial(_forms, THREADS)),
        turns=Ids("--turn", listed(request.turn), partial(_forms, ("turn_",))),
        events=Globs(listed(request.event)) if request.event else None,
    )


def _forms(prefixes: Sequence[str], one: str) -> set[str]:
    """How an id may be typed beside in full: without its prefix, or as a line shows it."""
    return {bare(one, prefixes), shortened(one, prefixes)}


def timeout_of(request: TailRequest) -> float | None:
    """Seconds after which it ends. Raises UsageError for what is no length of time."""
    return None if request.timeout is None else duration(request.timeout, "--timeout")


def refuse_untailable(request: TailRequest) -> None:
    """Raise UsageError for words that cannot be meant, alone or together."""
    given: dict[str, Sequence[str]] = {
        "--thread": request.thread,
        "--turn": request.turn,
        "--event": request.event,
        "--exit-on": request.exit_on,
        "--exclude": request.exclude,
    }
    single: dict[str, str | None] = {
        "--since": request.since,
        "--cursor": request.cursor,
        "--timeout": request.timeout,
    }
    single |= {"--token-file": request.token_file}
    refuse_empty(given, single)
    _refuse_schemes(request.paths)
    if request.number is not None and request.number > MOST:
        raise UsageError(
            f"-n: {request.number} is more than any log holds; without -n and with --since-seq 0 all is shown"
        )
    numbers = {"-n": request.number, "--since-seq": request.since_seq, "--until-seq": request.until_seq}
    refuse_negative(numbers)
    refuse_range(request.since_seq, request.until_seq, "shown")
    _refuse_contradictions(request)


def _refuse_contradictions(request: TailRequest) -> None:
    if request.raw and request.format is not None:
        raise UsageError(f"--raw: contradicts --format {request.format}")
    lines = {"--flow": request.flow, "--wrap": request.wrap, "--utc": request.utc}
    for option, given in lines.items():
        if given and (request.raw or request.format is not None):
            raise UsageError(f"{option}: belongs to lines for a person, not to --raw or --format")
    if request.raw and request.payload:
        raise UsageError("--payload: contradicts --raw, which shows all there is")
    if request.flow and request.payload:
        raise UsageError("--flow: contradicts --payload")
    for option, asked in (("--exit-on", bool(request.exit_on)), ("--timeout", request.timeout is not None)):
        if asked and not request.follow and request.url is None:
            raise UsageError(f"{option}: belongs to --follow")
    _refuse_beside_url(request)
    if request.paths.count(STDIN) > 1:
        raise UsageError("-: stdin can be read only once")
    if request.follow and STDIN in request.paths and len(request.paths) > 1:
        raise UsageError("-: is followed alone, without other logs")
    if request.cursor is not None and request.cursor == STDIN:
        raise UsageError("--cursor: is a file, not stdin")


def _refuse_beside_url(request: TailRequest) -> None:
    if request.url is None:
        if request.token_file is not None:
            raise UsageError("--token-file: belongs to a URL")
        return
    if len(request.paths) > 1:
        raise UsageError("tail: a URL is followed alone, without other logs")
    if request.framing == "jsonl":
        raise UsageError("--framing: contradicts a URL, which gives SSE")
    if request.number is not None and request.number > MOST_REPLAYED:
        raise UsageError(
            f"-n: the runtime replays at most {MOST_REPLAYED} events of its end; --since-seq goes further"
        )
