"""The Python twins of ``replay emit``: ``replay_cli.emit`` and ``replay_cli.restore``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from replay_cli import quarantine as quarantines
from replay_cli.admission import survey_all
from replay_cli.api import FramingName, ProfileName, make_options
from replay_cli.asked import Request, arranged_of, refuse_nonsense, remake_of, selection_of
from replay_cli.emission import Emission
from replay_cli.errors import UsageError
from replay_cli.grading import grade
from replay_cli.outputs import compressed, identity, kind_of, opened, refuse_overwriting
from replay_cli.planning import MAX_LINE_BYTES
from replay_cli.sieve import Wish
from replay_cli.sources import Source, open_path, open_stream

if TYPE_CHECKING:
    from replay_cli.emitted import Emitted

Log = str | PathLike[str] | bytes
Words = str | Iterable[str]


def emit(
    logs: Log | Iterable[Log],
    output: str | PathLike[str] | BinaryIO | None = None,
    *,
    since_seq: int | None = None,
    until_seq: int | None = None,
    since: str | None = None,
    until: str | None = None,
    thread: Words = (),
    turn: Words = (),
    item: Words = (),
    event: Words = (),
    where: str | None = None,
    head: int | None = None,
    last: int | None = None,
    framing_out: Literal["jsonl", "sse"] | None = None,
    shape_out: Literal["envelope", "record"] | None = None,
    relink: bool = False,
    redact: Words = (),
    redact_key: str | None = None,
    keep_length: bool = False,
    sort: bool = False,
    merge: bool = False,
    against: str | PathLike[str] | None = None,
    clean: bool = False,
    quarantine: str | PathLike[str] | None = None,
    force: bool = False,
    profile: ProfileName = "auto",
    framing: FramingName = "auto",
    max_line_bytes: int = MAX_LINE_BYTES,
) -> Emitted:
    """Write logs again, selected or cleaned, and return what became of them. Twin: ``replay emit LOG... -o OUTPUT``.

    ``logs`` is a path, the bytes of a log, or several of these. ``output`` is a path, an open binary file, or None to
    write nothing and only count. ``framing_out`` is ``--as``, ``shape_out`` is ``--to``; the other parameters are the
    options of the same name.

    Raises UsageError for what the command calls a usage error, and SourceError for a log that cannot be opened; why
    one could not be read to its end is in ``Emitted.failures``.
    """
    # Only here: pydantic takes longer to load than a small log to write.
    from replay_cli.emitted import Emitted

    request = Request(
        ("logs",),
        since_seq=since_seq,
        until_seq=until_seq,
        since=since,
        until=until,
        thread=_words(thread),
        turn=_words(turn),
        item=_words(item),
        event=_words(event),
        where=where,
        head=head,
        last=last,
        framing_out=framing_out,
        shape_out=shape_out,
        relink=relink,
        redact=_words(redact),
        redact_key=redact_key,
        keep_length=keep_length,
        sort=sort,
        merge=merge,
        against=None if against is None else str(against),
        clean=clean,
        quarantine=None if quarantine is None else str(quarantine),
    )
    refuse_nonsense(request)
    arranged = arranged_of(request)
    wish = Wish(selection_of(request), head, last, clean, all=quarantine is not None, ordered=arranged is not None)
    remake = remake_of(request)
    options = make_options(
        profile,
        framing,
        grade([], [], []),
        max_line_bytes=max_line_bytes,
        max_findings=1000,
        statistics=False,
        schema=None,
        show_values=False,
        max_bytes=None,
        fast=True,
        jobs=1,
    )
    given = [logs] if isinstance(logs, str | PathLike | bytes) else list(logs)
    _refuse_outputs(given, output, quarantine, force)
    opens = [_opener(log) for log in given]
    with ExitStack() as stack:
        recurring = survey_all(opens, options) if clean else None
        file = _output(stack, output)
        beside = _output(stack, quarantine)
        kept = quarantines.Quarantine(beside, remake.changes or arranged is not None) if beside is not None else None
        emission = stack.enter_context(Emission(wish, options, file, kept, recurring, None, remake, None, arranged))
        for again in opens:
            with again() as source:
                emission.take(source)
            if emission.done:
                break
        if request.against is not None:
            with open_path(request.against) as log:
                emission.stand_beside(log)
        emission.close()
    return Emitted.model_validate(emission.summary.document())


def restore(
    quarantine: str | PathLike[str],
    cleaned: Log,
    output: str | PathLike[str] | BinaryIO,
    *,
    source: str | None = None,
) -> int:
    """Write the input that a quarantine and the output beside it came from. Twin: ``replay emit --restore``.

    ``source`` names the one that is wanted where there were several. Returns how many bytes were written. Raises
    UsageError if the quarantine is none, SourceError if the two do not belong together.
    """
    with ExitStack() as stack:
        pieces = stack.enter_context(open_path(Path(quarantine)))
        rest = stack.enter_context(_opener(cleaned)())
        file = _output(stack, output)
        assert file is not None
        return quarantines.restore(pieces, rest, source, file.write)


def _words(given: Words) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _opener(log: Log) -> Callable[[], Source]:
    """How a log is opened, any number of times."""
    if isinstance(log, bytes):
        return lambda: open_stream(BytesIO(log), "<bytes>")
    return partial(open_path, Path(log), str(log))


def _refuse_outputs(
    logs: list[Log],
    output: str | PathLike[str] | BinaryIO | None,
    quarantine: str | PathLike[str] | None,
    force: bool,
) -> None:
    """Raise UsageError if something would take the place of what is read, or of what is there."""
    inputs = {identity(str(log)) for log in logs if not isinstance(log, bytes)} - {None}
    for name, path in (("output", output), ("quarantine", quarantine)):
        if not isinstance(path, str | PathLike):
            continue
        if identity(str(path)) in inputs:
            raise UsageError(f"{name}: {path} is one of the logs to read")
        if not force:
            refuse_overwriting(str(path), name)
    places = [Path(path).resolve() for path in (output, quarantine) if isinstance(path, str | PathLike)]
    if len(set(places)) < len(places):
        raise UsageError(f"quarantine: {quarantine} is the file of output")


def _output(stack: ExitStack, output: str | PathLike[str] | BinaryIO | None) -> BinaryIO | None:
    """What takes the bytes: a path's file, which is replaced as a whole at the end, or what was given."""
    if not isinstance(output, str | PathLike):
        return output
    file = stack.enter_context(opened(str(output), "output"))
    return stack.enter_context(compressed(file, kind_of(str(output))))
