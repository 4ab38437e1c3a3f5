"""Checking: the command ``replay check`` from its words to its exit code.

Differences go to stdout; what is wrong with the manifest, and the summary, to stderr.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from replay_cli.api import audit_source, make_options
from replay_cli.atomic import replacing, say
from replay_cli.batches import answers
from replay_cli.configured import load, nearest
from replay_cli.contrast import contrast, unknown
from replay_cli.discovery import Entry as Input
from replay_cli.discovery import is_log
from replay_cli.errors import ReplayError, UsageError, WorkerDiedError, one_line
from replay_cli.expectations import MOST, Looked, compared, looked_at
from replay_cli.folders import named_in
from replay_cli.formatted import Told, pieces
from replay_cli.gate import Gate, Recording, gather, may_be_elsewhere, missing
from replay_cli.judged import Judged
from replay_cli.manifest import Manifest, Settings, grading_of
from replay_cli.outcome import FINDINGS, NOBODY_READS, NOTHING, PRECEDENCE, UNREADABLE, USAGE, Outcome
from replay_cli.outputs import identity, is_stdout, opened
from replay_cli.planning import MAX_LINE_BYTES, Options
from replay_cli.pool import cores
from replay_cli.resembling import meant
from replay_cli.rules import FOREIGN_LOG, NO_EVENTS
from replay_cli.sources import open_path
from replay_cli.wording import count, listed


class Request(NamedTuple):
    """What was typed."""

    paths: list[str]
    config: str | None = None
    update: bool = False
    jobs: int | None = None
    quiet: bool = False
    format: str = "text"
    output_file: str | None = None


def check(request: Request) -> int:
    """Hold recordings to what the manifest expects of them, write what differs, and return the exit code."""
    if any(not path.strip() for path in request.paths):
        raise UsageError("check: is given an empty path; was a variable not set?")
    if request.jobs is not None and request.jobs < 1:
        raise UsageError(f"--jobs: {request.jobs} is less than 1")
    if request.output_file is not None and not request.output_file.strip():
        raise UsageError("--output-file: is given an empty value; was a variable not set?")
    if request.update and (request.format != "text" or request.output_file is not None):
        raise UsageError("--update: writes the manifest, and nothing else; --format and --output-file are of a check")
    try:
        manifest = manifest_of(request.config, request.paths)
        gate = gather(manifest, request.paths)
    except UsageError as error:
        if request.update or request.format == "text":
            raise
        return _refused(request, error)
    _refuse_own_input(request, manifest, gate)
    return _Run(request, manifest, gate).run()


def _refused(request: Request, error: UsageError) -> int:
    """Tell it to whoever reads a format, too, and so nothing of stderr; the exit code.

    A file that is there already may be a recording: without the manifest that is not known.
    """
    if request.output_file is not None and not is_stdout(request.output_file) and os.path.exists(request.output_file):  # noqa: PTH110
        raise error
    outcome = Outcome()
    outcome.add_problem(error)
    _put(request.output_file, pieces(request.format, Told(None, [], [], outcome)))
    say(f"replay: {error}")
    return USAGE


def _put(output_file: str | None, told: Iterable[str]) -> None:
    with opened(output_file, "--output-file") as file:
        for piece in told:
            file.write(piece.encode(errors="backslashreplace"))
        file.flush()


def _refuse_own_input(request: Request, manifest: Manifest, gate: Gate) -> None:
    """Raise UsageError if what is written would take the place of what is read."""
    if request.output_file is None or is_stdout(request.output_file):
        return
    output = identity(request.output_file)
    if output is not None and output in {identity(one.full) for one in gate.recordings}:
        raise UsageError(f"--output-file: {request.output_file} is one of the recordings")
    if output is not None and output == identity(str(manifest.file)):
        raise UsageError(f"--output-file: {request.output_file} is the manifest")


def manifest_of(config: str | None, paths: Sequence[str] = ()) -> Manifest:
    """The manifest that --config names, or the nearest to the paths, or to this folder. Raises UsageError."""
    if config is not None:
        if Path(config).is_dir():
            raise UsageError(f"--config: {config} is a folder, not a manifest")
        if not Path(config).is_file():
            raise UsageError(f"--config: no such file: {config}{meant(config, only_files=True)}")
        return load(Path(config))
    found = nearest(named_in(paths))
    if found is None:
        raise UsageError("check: no replay.toml, and no [tool.replay], here or above; `replay init` writes one")
    return load(found)


class _Run:
    """One run: what is due grows as recordings are compared."""

    def __init__(self, request: Request, manifest: Manifest, gate: Gate) -> None:
        self._request, self._manifest, self._gate = request, manifest, gate
        self._due: set[int] = set()
        # What could not be done.
        self._missed = Outcome()
        self._skipped = 0
        self._stopped = False

    def run(self) -> int:
        gate, update = self._gate, self._request.update
        # Where no recording is left nothing is written anyway, which is told as a whole.
        gone = [one for one in gate.gone if not update or (gate.recordings and may_be_elsewhere(one.full))]
        for problem in (*gate.problems, *(missing(self._manifest, one) for one in gone)):
            self._miss(problem)
        for line in gate.empty:
            self._say(line)
        checked = self._checked()
        if not checked:
            if not self._due:
                self._complain("no recording was looked at")
            self._due.add(NOTHING)
        elif not self._stopped and not any(map(_saw_something, checked)):
            self._complain("no event was seen in any recording, and no finding of that is expected")
            self._due.add(NOTHING)
        if update:
            self._update(checked)
        else:
            # That none of all holds an event is told by a code of its own.
            seen_nothing = NOTHING in self._due
            if any(one.differs and not (seen_nothing and one.is_but_empty) for one in checked):
                self._due.add(FINDINGS)
            try:
                self._write(checked)
            except BrokenPipeError:
                return self._code() or NOBODY_READS
            if not self._stopped:
                self._sum_up(checked)
        return self._code()

    def _code(self) -> int:
        return next((code for code in PRECEDENCE if code in self._due), 0)

    def _complain(self, problem: str) -> None:
        """Say what could not be done; whoever reads a format is told, too."""
        self._missed.problems.append(problem)
        self._say(problem)

    def _miss(self, problem: ReplayError) -> None:
        """Say what was asked and could not be done, of which the exit code tells."""
        self._missed.add_problem(problem)
        self._due |= self._missed.due
        self._say(str(problem))

    def _say(self, line: str) -> None:
        say(f"replay: {one_line(line)}")

    # -- looking -----------------------------------------------------------------------------------------------------

    def _checked(self) -> list[Judged]:
        """Each recording beside its entry, in their order. Those with the same settings are audited together."""
        found: dict[str, Judged] = {}
        try:
            for recording, looked in self._all_looked():
                checked = self._compared(recording, looked)
                if checked is not None:
                    found[recording.full] = checked
        except WorkerDiedError as error:
            if self._request.update:  # of what was not looked at nothing can be written
                raise
            self._miss(error)
            self._stopped = True
        return [found[one.full] for one in self._gate.recordings if one.full in found]

    def _all_looked(self) -> Iterator[tuple[Recording, Looked]]:
        groups: dict[Settings, list[Recording]] = {}
        for one in self._gate.recordings:
            groups.setdefault(one.settings(self._manifest), []).append(one)
        for settings, recordings in groups.items():
            try:
                options = options_of(settings, self._request.jobs)
            except UsageError as error:
                entry = recordings[0].entry
                if settings.schema is not None and entry is not None:  # of rules it was told already
                    self._miss(self._manifest.schema_error(entry, error))
                self._due.add(USAGE)
                continue
            yield from self._looked(recordings, options)

    def _looked(self, recordings: list[Recording], options: Options) -> Iterator[tuple[Recording, Looked]]:
        inputs = [Input(one.path, one.entry is not None) for one in recordings]
        for recording, (entry, answer) in zip(recordings, answers(inputs, options, looked_at), strict=True):
            try:
                if answer is None:
                    yield recording, looked_at(audit_source(partial(open_path, entry.path), options))
                elif answer.error is not None:
                    raise answer.error
                elif answer.report is not None:
                    yield recording, answer.report
            except WorkerDiedError:
                raise
            except ReplayError as error:
                self._miss(error)

    def _compared(self, recording: Recording, looked: Looked) -> Judged | None:
        """A recording beside its entry; None for another log that a folder held."""
        if recording.entry is None and not recording.named and looked.profile == "foreign" and is_log(recording.path):
            self._skipped += 1
            return None
        if looked.failure is not None:
            self._say(looked.failure)
            self._due.add(UNREADABLE)
        result = compared(looked, recording.entry) if recording.entry is not None else None
        kept = self._request.update or result is None or result.differs
        return Judged(recording, result, looked if kept else looked._replace(seen=[]))

    # -- telling -----------------------------------------------------------------------------------------------------

    def _write(self, checked: list[Judged]) -> None:
        _put(self._request.output_file, self._pieces(checked))

    def _pieces(self, checked: list[Judged]) -> Iterator[str]:
        if self._request.format == "text":
            return (f"{line}\n" for one in checked if one.differs for line in self._lines(one))
        outcome = replace(self._missed, due=set(self._due), skipped=self._skipped)
        return pieces(self._request.format, Told(self._manifest, checked, self._gate.stale, outcome))

    def _lines(self, one: Judged) -> Iterator[str]:
        recording = one.recording
        if recording.entry is None or one.compared is None:
            return unknown(recording.path, self._manifest.shown, one.looked.seen, one.has)
        return contrast(recording.path, self._manifest.place(recording.entry), one.compared)

    def _sum_up(self, checked: list[Judged]) -> None:
        for entry in self._gate.stale:
            self._say(f"{self._manifest.place(entry)}: stale: all that {entry.path!r} matches has other entries")
        if self._request.quiet or not checked:
            return
        moved = sum(one.moved for one in checked)
        if moved:
            self._say(f"{count(moved, 'finding')} moved to another line; `replay check --update` takes note of it")
        numbers = Counter(one.status for one in checked)
        new, differ, unread = (numbers[status] for status in ("new", "different", "unreadable"))
        said = [count(len(checked), "recording"), f"{numbers['as expected']:,} as expected"]
        said += [f"{differ:,} not as expected"] if differ else []
        said += [f"{new:,} without an entry"] if new else []
        said += [f"{unread:,} not read to the end"] if unread else []
        said += [f"{count(self._skipped, 'other log')} skipped"] if self._skipped else []
        takes = any(one.differs and one.can_be_expected for one in checked)
        self._say(", ".join(said) + ("; `replay check --update` takes them as they are" if takes else ""))

    # -- blessing ----------------------------------------------------------------------------------------------------

    def _update(self, checked: list[Judged]) -> None:
        """Write what was found into the manifest; nothing of what could not be read, or has too many findings."""
        from replay_cli.blessing import Found, blessed

        if not self._manifest.holds(str(self._manifest.file)):
            raise UsageError(f"--update: {self._manifest.shown} is a link that leads out of the repository")
        folder, found, new, left = self._manifest.folder, [], 0, 0
        for one in checked:
            path = os.path.relpath(one.recording.full, folder)
            if one.looked.failure is not None:
                left += 1
                continue
            if not one.is_dated:
                continue
            if not _is_text(path):
                left += 1
                self._complain(f"{one_line(path)}: TOML has no way to tell this name, which is no UTF-8; exclude it")
                self._due.add(FINDINGS)
                continue
            if one.looked.uncompared:
                left += 1
                self._say(f"{one_line(path)}: has more than {MOST:,} findings, which none can expect")
                self._due.add(FINDINGS)
                continue
            if one.is_mute:
                left += 1
                why = f"holds no event, and no rule is asked that says so; exclude it, or ask {NO_EVENTS.name}"
                self._say(f"{one_line(path)}: {why}")
                self._due.add(FINDINGS)
                continue
            new += one.compared is None
            found.append(Found(path, one.recording.entry, one.compared, one.looked.seen, one.looked.ends))
        self._tell_of_empty([one for one in checked if one.differs and one.looked.seen and not one.looked.events])
        # A gate that looked at nothing knows nothing of what is gone: the volume may not be mounted.
        if self._due & {USAGE, NOTHING}:
            self._say(f"nothing was written into {self._manifest.shown}")
            return
        blessing = blessed(self._manifest, found, self._gate.gone)
        if blessing == self._manifest.text:
            known = count(len(checked) - left, "recording")
            said = [f"says so already of {known}"] * (not left or left < len(checked))
            said += [f"is not written of {count(left, 'recording')}"] * bool(left)
            self._say(f"{self._manifest.shown} {', '.join(said)}")
            return
        if not os.access(self._manifest.file, os.W_OK):
            # It could be replaced nevertheless, but whoever made it read-only meant something by it.
            raise UsageError(f"--update: {self._manifest.shown} cannot be written: it is read-only")
        with replacing(self._manifest.file, "--update") as file:
            file.write(blessing.encode())
        gone = len(self._gate.gone)
        said = [f"{new:,} new"] * bool(new) + [f"{len(found) - new:,} changed"] * (len(found) > new)
        said += [f"{gone:,} gone"] * bool(gone) + [f"{left:,} not written"] * bool(left)
        self._say(f"wrote {self._manifest.shown}: {', '.join(said)}")

    def _tell_of_empty(self, empty: list[Judged]) -> None:
        """Say what is expected from now on, though it may be no recording at all, or not have been fetched."""
        for kind, known, hint in (("new", False, "exclude what is no recording"), ("known", True, "was it fetched?")):
            paths = [one.recording.path for one in empty if (one.compared is not None) == known]
            if paths:
                self._say(f"{count(len(paths), f'{kind} recording')} without any event: {listed(paths)}; {hint}")


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _saw_something(one: Judged) -> bool:
    """Whether a recording holds an event, or is known to hold none: a finding of it is expected, or told.

    That it is none at all (a data set, a pointer of Git LFS) is no such finding.
    """
    same = one.compared.same if one.compared is not None else []
    known = {seen.code for seen in one.looked.seen} | {expected.code for expected, _ in same}
    return bool(one.looked.events or known - {FOREIGN_LOG.code})


def options_of(settings: Settings, jobs: int | None = None) -> Options:
    """How recordings with these settings are audited. Raises UsageError."""
    made = make_options(
        settings.profile or "auto",
        "auto",
        grading_of(settings),
        max_line_bytes=settings.max_line_bytes or MAX_LINE_BYTES,
        max_findings=MOST,
        statistics=False,
        schema=Path(settings.schema) if settings.schema is not None else None,
        show_values=False,
        max_bytes=None,
        fast=True,
        jobs=cores() if jobs is None else jobs,
    )
    return replace(made, contents=True, ends=True)
