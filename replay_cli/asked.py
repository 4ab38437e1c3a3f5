"""Asked: what was asked of ``replay emit``, and whether it can be meant."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from replay_cli.discovery import STDIN
from replay_cli.errors import UsageError, in_quotes
from replay_cli.moments import duration, moment
from replay_cli.pacing import Pace
from replay_cli.planning import MAX_LINE_BYTES
from replay_cli.profiles import Shape
from replay_cli.remaking import Remake
from replay_cli.selection import Globs, Question, Selection, question
from replay_cli.stretches import MERGED, SORTED
from replay_cli.words import listed, refuse_empty, refuse_negative, refuse_range

SUFFIX = ".bak"
"""What the name of a backup ends in, if nothing else was typed."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was typed."""

    paths: Sequence[str] = ()
    exclude: Sequence[str] = ()
    files_from: str | None = None
    stdin_filename: str | None = None
    profile: str = "auto"
    framing: str = "auto"
    max_line_bytes: int = MAX_LINE_BYTES
    since_seq: int | None = None
    until_seq: int | None = None
    since: str | None = None
    until: str | None = None
    thread: Sequence[str] = ()
    turn: Sequence[str] = ()
    item: Sequence[str] = ()
    event: Sequence[str] = ()
    where: Sequence[str] = ()
    head: int | None = None
    last: int | None = None
    framing_out: str | None = None
    shape_out: str | None = None
    relink: bool = False
    redact: Sequence[str] = ()
    redact_key: str | None = None
    keep_length: bool = False
    pace: str | None = None
    max_idle: str | None = None
    sort: bool = False
    merge: bool = False
    against: str | None = None
    clean: bool = False
    quarantine: str | None = None
    restore: str | None = None
    source: str | None = None
    output: str | None = None
    force: bool = False
    in_place: bool = False
    backup: bool = False
    suffix: str = SUFFIX
    dry_run: bool = False
    summary_json: str | None = None
    quiet: bool = False
    cache: bool = True


def selection_of(request: Request) -> Selection:
    """What was selected. Raises UsageError for a time, pattern or expression that cannot be read."""
    now = None
    selection = Selection(
        since_seq=request.since_seq,
        until_seq=request.until_seq,
        since=None if request.since is None else moment(request.since, "--since", now),
        until=None if request.until is None else moment(request.until, "--until", now, end=True),
        threads=frozenset(listed(request.thread)),
        turns=frozenset(listed(request.turn)),
        items=frozenset(listed(request.item)),
        events=Globs(listed(request.event)) if request.event else None,
        where=_all_of([question(one) for one in request.where]),
    )
    if selection.since is not None and selection.until is not None and selection.since > selection.until:
        raise UsageError(f"--since: {request.since} is later than --until {request.until}")
    return selection


def remake_of(request: Request) -> Remake:
    """What is to become of the events that are kept. Raises UsageError for a redaction that cannot be meant."""
    shape = None if request.shape_out is None else Shape(request.shape_out)
    redaction = None
    if request.redact:
        # Only here: what stays and what goes is a lot to load.
        from replay_cli.redactions import parsed

        key = None if request.redact_key is None else _key_of(request.redact_key)
        redaction = parsed(request.redact, key, request.keep_length)
    return Remake(request.framing_out, shape, request.relink, request.since_seq or 0, redaction)


def _all_of(questions: Sequence[Question]) -> Question | None:
    """One question, whose answer is yes if that of all is."""
    if len(questions) < 2:
        return questions[0] if questions else None
    return lambda value: all(ask(value) for ask in questions)


def arranged_of(request: Request) -> str | None:
    """How what is kept is to be arranged (``emission``)."""
    return MERGED if request.merge else SORTED if request.sort else None


KEY_BYTES = 4096
"""Bytes that a key may have."""


def _key_of(place: str) -> bytes:
    """The key that stands in an environment variable, ``env:NAME``, or a file, without the line end at its end."""
    if place.startswith("env:"):
        name = place.removeprefix("env:")
        value = os.environ.get(name, "")
        if not value:
            raise UsageError(f"--redact-key: the environment variable {name} is not set, or empty")
        return os.fsencode(value)
    try:
        with open(place, "rb") as file:
            key = file.read(KEY_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"--redact-key: {place}: {reason}; name a file that holds the key, or env:NAME") from None
    key = key.removesuffix(b"\n").removesuffix(b"\r")
    if not key or len(key) > KEY_BYTES:
        raise UsageError(f"--redact-key: {place} is {'longer than a key' if key else 'empty'}")
    return key


def pace_of(request: Request) -> Pace | None:
    """The tempo that was asked for. Raises UsageError for what is none."""
    if request.pace is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)x?", request.pace.strip())
    speed = float(found[1]) if found else 0.0
    if not speed:
        raise UsageError(
            f"--pace: {in_quotes(request.pace)} is no speed; 2 is twice as fast as recorded, 0.5 half as fast"
        )
    return Pace(speed, None if request.max_idle is None else duration(request.max_idle, "--max-idle"))


def refuse_nonsense(request: Request) -> None:
    """Raise UsageError for words that cannot be meant, alone or together."""
    given: dict[str, Sequence[str]] = {
        "--thread": request.thread,
        "--turn": request.turn,
        "--item": request.item,
        "--event": request.event,
        "--exclude": request.exclude,
        "--redact": request.redact,
        "--where": request.where,
    }
    single = {
        "--files-from": request.files_from,
        "--stdin-filename": request.stdin_filename,
        "--since": request.since,
        "--until": request.until,
        "--quarantine": request.quarantine,
        "--restore": request.restore,
        "--source": request.source,
        "--output": request.output,
        "--summary-json": request.summary_json,
        "--pace": request.pace,
        "--max-idle": request.max_idle,
        "--redact-key": request.redact_key,
        "--against": request.against,
    }
    refuse_empty(given, single)
    numbers = {"--since-seq": request.since_seq, "--until-seq": request.until_seq}
    numbers |= {"--head": request.head, "--last": request.last}
    refuse_negative(numbers)
    refuse_range(request.since_seq, request.until_seq, "written")
    _refuse_contradictions(request)


def _refuse_contradictions(request: Request) -> None:
    if request.restore is not None:
        _refuse_beside_restore(request)
        return
    if request.source is not None:
        raise UsageError("--source: belongs to --restore")
    if not request.paths and request.files_from is None:
        raise UsageError("emit: no log named; name files or folders, or - for stdin")
    if request.paths.count(STDIN) + (request.files_from == STDIN) > 1:
        raise UsageError("-: stdin can be read only once")
    if request.stdin_filename is not None and STDIN not in request.paths:
        raise UsageError("--stdin-filename: belongs to -, the standard input, which is not read")
    if request.head is not None and request.last is not None:
        raise UsageError("--head: contradicts --last")
    if request.last is not None and (request.quarantine or request.in_place):
        option = "--quarantine" if request.quarantine else "--in-place"
        raise UsageError(f"--last: cannot be had with {option}")
    if request.in_place and request.output is not None:
        raise UsageError("--in-place: contradicts --output")
    if request.in_place and not request.backup:
        raise UsageError("--in-place: is only had with --backup, which keeps what was there")
    if request.backup and not request.in_place:
        raise UsageError("--backup: belongs to --in-place")
    if request.suffix != SUFFIX and not request.in_place:
        raise UsageError("--suffix: belongs to --in-place, and names its backup")
    _refuse_unpaceable(request)
    _refuse_unredactable(request)
    _refuse_unarrangeable(request)
    if request.in_place and request.framing_out is not None:
        raise UsageError("--in-place: contradicts --as; a log keeps its framing in its place")
    if request.relink and request.shape_out == "record":
        raise UsageError("--relink: contradicts --to record; records have no previous_seq")
    if request.in_place and STDIN in request.paths:
        raise UsageError("--in-place: stdin is no file")
    if not request.suffix or "/" in request.suffix or os.sep in request.suffix:
        raise UsageError(f"--suffix: {in_quotes(request.suffix)} is no end of a file name")


def _refuse_unredactable(request: Request) -> None:
    if not request.redact:
        for option, given in {"--redact-key": request.redact_key, "--keep-length": request.keep_length}.items():
            if given:
                raise UsageError(f"{option}: belongs to --redact")
    elif request.quarantine is not None:
        raise UsageError("--quarantine: would hold what --redact takes out")


def _refuse_unarrangeable(request: Request) -> None:
    if request.against is not None and not request.merge:
        raise UsageError("--against: belongs to --merge")
    if not (request.sort or request.merge):
        return
    option = "--merge" if request.merge else "--sort"
    if request.sort and request.merge:
        raise UsageError("--sort: contradicts --merge, which puts events in order as well")
    if request.merge and request.in_place:
        raise UsageError("--merge: contradicts --in-place; it makes one stream of several")
    if request.head is not None or request.last is not None:
        raise UsageError(f"{option}: cannot be had with --head or --last; pipe the output into another replay emit -")
    if request.pace is not None:
        raise UsageError(f"{option}: cannot be had with --pace; pipe the output into replay emit --pace -")


def _refuse_unpaceable(request: Request) -> None:
    if request.pace is None:
        if request.max_idle is not None:
            raise UsageError("--max-idle: belongs to --pace")
        return
    others = {"--output": request.output not in (None, "-"), "--in-place": request.in_place}
    others |= {"--dry-run": request.dry_run, "--last": request.last is not None}
    for option, given in others.items():
        if given:
            raise UsageError(f"--pace: contradicts {option}; it writes to stdout as time passes")


def _refuse_beside_restore(request: Request) -> None:
    allowed = {"paths", "restore", "source", "output", "force", "quiet", "suffix"}
    plain = Request()
    for field in request.__slots__:
        if field not in allowed and getattr(request, field) != getattr(plain, field):
            option = {"framing_out": "as", "shape_out": "to", "cache": "no-cache"}.get(field, field.replace("_", "-"))
            raise UsageError(f"--restore: cannot be had with --{option}")
    if len(request.paths) != 1:
        raise UsageError("--restore: wants one log, the output that was written beside the quarantine")
