"""The Python twin of ``replay diff``: ``replay_cli.diff``."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from replay_cli.diffing import MAX_DIFFERENCES, DiffRequest, compared, refuse_nonsense
from replay_cli.errors import UsageError, in_quotes, renamed
from replay_cli.grading import grade
from replay_cli.planning import MAX_LINE_BYTES, Options
from replay_cli.recording import Recording
from replay_cli.sources import Source, open_path, open_stream

if TYPE_CHECKING:
    from replay_cli.diffed import Diffed

Log = str | PathLike[str] | bytes


def diff(
    left: Log,
    right: Log,
    *,
    align: Literal["auto", "seq", "shape"] = "auto",
    until_seq: int | None = None,
    fold_deltas: bool = False,
    ignore: str | Iterable[str] = (),
    strict: bool = False,
    max_differences: int = MAX_DIFFERENCES,
    max_line_bytes: int = MAX_LINE_BYTES,
) -> Diffed:
    """Compare two recordings as streams, and return what differs. Twin: ``replay diff LEFT RIGHT``.

    ``left`` and ``right`` are paths, or the bytes of a log; the other parameters are the options of the same name.
    ``Diffed.equal`` tells whether nothing differs and both were read to their ends.

    Raises UsageError for what the command calls a usage error, and for a source that is no event log, or if neither
    holds an event; SourceError for a log that cannot be opened. Why one could not be read to its end is in
    ``Diffed.left.failure`` and ``Diffed.right.failure``.
    """
    # Only here: pydantic takes longer to load than small recordings to compare.
    from replay_cli.diffed import Diffed

    if align not in ("auto", "seq", "shape"):
        raise UsageError(f"align: {in_quotes(align)} is not auto, seq or shape")
    request = DiffRequest(
        left="left",
        right="right",
        align=align,
        until_seq=until_seq,
        fold_deltas=fold_deltas,
        ignore=[ignore] if isinstance(ignore, str) else list(ignore),
        strict=strict,
        max_differences=max_differences,
        max_line_bytes=max_line_bytes,
    )
    with renamed():
        refuse_nonsense(request)
    with ExitStack() as stack:
        options = Options(max_line_bytes=max_line_bytes, grading=grade([], [], []))
        sources = [stack.enter_context(_opened(log, name)) for log, name in ((left, "<left>"), (right, "<right>"))]
        recordings = [Recording(source, options, until_seq) for source in sources]
        for one in recordings:
            if one.foreign:
                raise UsageError(f"{one.name}: {one.foreign}")
        contrast = compared(request, recordings)
        if not any(one.events for one in recordings):
            raise UsageError(f"{recordings[0].name}, {recordings[1].name}: hold no event")
        return Diffed.model_validate_json(contrast.document())


def _opened(log: Log, name: str) -> Source:
    return open_stream(BytesIO(log), name) if isinstance(log, bytes) else open_path(Path(log), str(log))
