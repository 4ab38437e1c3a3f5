"""Asked of ``replay validate``: what was typed, whether it can be meant, and how each log is to be audited by it.

Where nothing was typed the nearest manifest decides, its entries before its top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from replay_cli.api import make_options
from replay_cli.atomic import say
from replay_cli.discovery import STDIN, Entry
from replay_cli.errors import PlacedError, UsageError, one_line
from replay_cli.findings import Severity
from replay_cli.folders import named_in
from replay_cli.grading import grade
from replay_cli.nearby import candidates
from replay_cli.planning import MAX_LINE_BYTES, Options
from replay_cli.pool import cores
from replay_cli.render import WITH_CONTENTS, WITHOUT_VALUES
from replay_cli.rules import BY_CODE
from replay_cli.rules import USER_SCHEMA_VIOLATION as USER_SCHEMA

if TYPE_CHECKING:
    from replay_cli.preferring import Asked, Manifests, Preferred


class Request(NamedTuple):
    """What was typed."""

    paths: list[str]
    exclude: list[str]
    files_from: str | None
    stdin_filename: str | None
    profile: str | None
    framing: str
    select: list[str]
    ignore: list[str]
    severity: list[str]
    max_line_bytes: int
    max_findings: int
    fail_level: Severity | None
    exit_zero: bool
    format: str | None
    output_file: str | None
    max_bytes: int | None
    fast: bool
    jobs: int | None
    schema: str | None
    statistics: bool
    content: bool
    show_values: bool
    quiet: bool
    color: str
    isolated: bool = False


def refuse_nonsense(request: Request) -> None:
    """Raise UsageError for words that cannot be meant, alone or together."""
    given: dict[str, list[str | None]] = {
        "--stdin-filename": [request.stdin_filename],
        "--exclude": [*request.exclude],
        "--files-from": [request.files_from],
        "--schema": [request.schema],
        "--select": [*request.select],
        "--ignore": [*request.ignore],
        "--severity": [*request.severity],
        "--output-file": [request.output_file],
    }
    for option, words in given.items():
        if any(word is not None and not word.strip(", ") for word in words):
            raise UsageError(f"{option}: is given an empty value; was a variable not set?")
    if not request.paths and request.files_from is None:
        raise UsageError("validate: no log named; name files or folders, or - for stdin")
    if request.stdin_filename is not None and STDIN not in request.paths:
        raise UsageError("--stdin-filename: belongs to -, the standard input, which is not read")
    if not request.content and request.show_values:
        raise UsageError("--no-content: contradicts --show-values")
    if request.exit_zero and request.fail_level is not None:
        raise UsageError("--exit-zero: contradicts --fail-level")


class Wishes:
    """How each log is to be audited: as was typed, and as the nearest manifest says where nothing was."""

    def __init__(self, request: Request, entries: Iterable[Entry]) -> None:
        self._request = request
        grade(request.select, request.ignore, request.severity)  # of what was typed alone it is told as that
        self._told: set[str] = set()
        self._made: dict[Asked | None, Options] = {}
        """What was made of what is asked; of None: of what was typed alone."""
        with _otherwise():
            self._manifests = None if request.isolated else _manifests(request, entries)
            tops = [] if self._manifests is None else [(one, one.top) for one in self._manifests.all]
        for one, top in tops:
            self._of(top)
            self._tell(one, one.says_all)
        if not tops:
            self._as_typed()

    @property
    def manifests(self) -> list[str]:
        """The manifests that are gone by."""
        return [] if self._manifests is None else [one.shown for one in self._manifests.all]

    def of(self, entry: Entry) -> Options:
        """How a log is audited. Raises UsageError if an entry and what was typed cannot be meant together."""
        path = self._request.stdin_filename if entry.path == STDIN else entry.path
        manifest = None if self._manifests is None else self._manifests.of(path)
        if manifest is None:
            return self._as_typed()
        if path is None:
            return self._of(manifest.top)
        with _otherwise():
            asked = manifest.of(path)
        try:
            found = self._of(asked)
        except UsageError as error:
            raise manifest.meant(path, error) from None
        self._tell(manifest, asked != manifest.top)
        return found

    def _as_typed(self) -> Options:
        request = self._request
        if None not in self._made:
            typed = (request.profile, request.select, request.ignore, request.severity)
            self._made[None] = _options(request, *typed, request.max_line_bytes, request.schema)
        return self._made[None]

    def _of(self, asked: Asked) -> Options:
        if asked not in self._made:
            longest = asked.max_line_bytes or self._request.max_line_bytes
            self._made[asked] = _options(self._request, *asked[:4], longest, asked.schema)
        return self._made[asked]

    def _tell(self, manifest: Preferred, used: bool) -> None:
        """Say once that a manifest is gone by."""
        if used and manifest.shown not in self._told:
            self._told.add(manifest.shown)
            if not self._request.quiet:
                say(f"replay: goes by {one_line(manifest.shown)}; --isolated does without")


@contextmanager
def _otherwise() -> Iterator[None]:
    """Say of what is wrong with a manifest that it can be done without."""
    try:
        yield
    except PlacedError as error:
        raise PlacedError(error.path, error.line, f"{error.said} (--isolated does without)") from None
    except UsageError as error:
        raise UsageError(f"{error} (--isolated does without)") from None


def _manifests(request: Request, entries: Iterable[Entry]) -> Manifests | None:
    """The manifests near to what is read; None if there is none."""
    paths = {*request.paths, *(one.path for one in entries if one.named), request.stdin_filename} - {STDIN, None}
    try:
        folders: set[Path | None] = {*named_in(path for path in paths if path is not None)}
        if STDIN in request.paths and request.stdin_filename is None:
            folders.add(None)
        here = Path.cwd()
        if all(next(candidates(folder or here), None) is None for folder in {here, *folders}):
            return None
    except FileNotFoundError:  # this folder is gone, but what is read may be elsewhere
        return None
    # Only here: most logs are audited where there is no manifest.
    from replay_cli.preferring import Asked, Manifests

    select, ignore, severity = (tuple(words) for words in (request.select, request.ignore, request.severity))
    longest = request.max_line_bytes if request.max_line_bytes != MAX_LINE_BYTES else None
    return Manifests(folders, Asked(request.profile, select, ignore, severity, longest, request.schema))


def _options(
    request: Request,
    profile: str | None,
    select: Sequence[str],
    ignore: Sequence[str],
    severity: Sequence[str],
    max_line_bytes: int,
    schema: str | None,
) -> Options:
    """How a log is audited. Raises UsageError for what cannot be meant."""
    grading = grade(select, ignore, severity)
    if schema is None and all(not grading.asks(code) for code in BY_CODE if code != USER_SCHEMA.code):
        raise UsageError(
            f"--select: {USER_SCHEMA.code} is asked of the schema that --schema names, and none is named"
        )
    made = make_options(
        profile or "auto",
        request.framing,
        grading,
        max_line_bytes=max_line_bytes,
        max_findings=request.max_findings,
        statistics=request.statistics,
        schema=Path(schema) if schema is not None else None,
        show_values=request.show_values and request.format not in WITHOUT_VALUES,
        max_bytes=request.max_bytes,
        fast=request.fast,
        jobs=cores() if request.jobs is None else request.jobs,
    )
    return replace(made, contents=request.format in WITH_CONTENTS)
