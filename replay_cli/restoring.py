"""Restoring: ``replay emit --restore`` from its words to its exit code."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from typing import IO

from replay_cli.asked import Request
from replay_cli.atomic import say
from replay_cli.discovery import STDIN
from replay_cli.errors import UsageError, one_line
from replay_cli.outcome import NOBODY_READS
from replay_cli.outputs import compressed, identity, is_stdout, kind_of, opened, refuse_overwriting
from replay_cli.quarantine import restore
from replay_cli.sources import Source, open_path, open_stream
from replay_cli.wording import size


def restored(request: Request) -> int:
    """Write the input that a quarantine and its output came from; the exit code. Raises ReplayError."""
    cleaned, quarantine = request.paths[0], str(request.restore)
    inputs = [identity(path) for path in (cleaned, quarantine)]
    if request.output is not None and identity(request.output) in [one for one in inputs if one is not None]:
        raise UsageError(f"--output: {request.output} is one of the files to read")
    if request.output is not None and not request.force:
        refuse_overwriting(request.output, "--output")
    opener: Callable[[], Source] = partial(open_path, cleaned)
    if cleaned == STDIN:
        opener = partial(open_stream, sys.stdin.buffer, "<stdin>")
    try:
        number = _write(request, quarantine, opener)
    except BrokenPipeError:
        return NOBODY_READS
    if not request.quiet:
        where = "stdout" if request.output is None else one_line(request.output)
        say(f"replay: restored {size(number)} to {where}; their hash is that of the input")
    return 0


def _write(request: Request, quarantine: str, opener: Callable[[], Source]) -> int:
    to_stdout = request.output is None or is_stdout(request.output)
    with open_path(quarantine) as pieces, opener() as rest, opened(request.output, "--output") as file:
        if to_stdout:
            # Whether both belong together is known at their end, and stdout cannot be taken back.
            with _held() as held:
                number = restore(pieces, rest, request.source, held.write)
                held.seek(0)
                shutil.copyfileobj(held, file)
            return number
        with compressed(file, kind_of(str(request.output))) as output:
            return restore(pieces, rest, request.source, output.write)


def _held() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=16 * 1024 * 1024)
